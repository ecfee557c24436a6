"""Piling up at a cutoff: the density from either side, and the rows on the cutoff itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from causalcx.designs.cutoff.density import Coefficient, coefficient, piling_up

WORLDS = 200
MOST = 0.085
"""Share of smooth worlds with p < 0.05 that 200 of them stay under with probability 0.98 when the true share is 0.05."""

Draw = Callable[[np.random.Generator], np.ndarray]
SMOOTH: dict[str, Draw] = {
    "uniform": lambda rng: rng.uniform(-1, 1, 1000),
    "at the top of a bell": lambda rng: rng.normal(size=1000),
    "on its slope": lambda rng: rng.normal(size=1000) - 1,
    "waits": lambda rng: rng.gamma(2, 3.2, 1000) - 8,
    "waits in tenths": lambda rng: np.round(np.round(rng.gamma(2, 3.2, 2000), 1) - 8, 6),
    "whole numbers": lambda rng: np.round(15 * rng.normal(size=2000)),
    "whole numbers, six on a side": lambda rng: rng.integers(-6, 7, 2000).astype(float),
}


def share_below(draw: Draw, p: float = 0.05) -> float:
    found = [piling_up(np.sort(draw(np.random.default_rng(seed)))) for seed in range(WORLDS)]
    return float(np.mean([f["p"] < p for f in found if f is not None]))


@pytest.mark.parametrize("world", SMOOTH)
def test_smooth_worlds_raise_few_alarms(world: str) -> None:
    assert share_below(SMOOTH[world]) <= MOST


def moved(rng: np.random.Generator, digits: int) -> np.ndarray:
    """Waits of which three in ten of those within an hour short of the cutoff are written as on it."""
    x = rng.gamma(2, 3.2, 3000) - 8
    on_it = (x < 0) & (x > -1) & (rng.uniform(size=len(x)) < 0.3)
    return np.where(on_it, 0.0, np.round(x, digits))


@pytest.mark.parametrize("digits", [8, 2, 1])
def test_rows_written_as_on_the_cutoff_are_seen(digits: int) -> None:
    assert share_below(lambda rng: moved(rng, digits), 0.01) >= 0.95


def test_a_jump_of_the_density_beside_the_cutoff_is_seen() -> None:
    def thinned(rng: np.random.Generator) -> np.ndarray:
        x = rng.uniform(-1, 1, 12_000)
        return x[(x >= 0) | (rng.uniform(size=len(x)) < 0.5)]

    assert share_below(thinned) >= 0.95


def test_too_few_values_say_nothing() -> None:
    assert piling_up(np.array([-1.0, 0.0, 1.0])) is None
    assert piling_up(np.repeat([-2.0, -1.0, 0.0, 1.0, 2.0], 100)) is None


def naive(x: np.ndarray, bandwidth: float, degree: int) -> Coefficient:
    """The slope above 0 by its definition, and the influence of every row by counting whom it stands below."""
    n = len(x)
    share = np.array([(x <= v).sum() / n for v in x])
    near = np.flatnonzero((x >= 0) & (x < bandwidth))
    root = np.sqrt(1 - x[near] / bandwidth)
    basis = np.column_stack([x[near] ** k for k in range(degree + 1)])
    own = np.linalg.pinv(basis * root[:, None])[1] * root
    stands = np.array([sum(w for w, j in zip(own, near, strict=True) if x[i] <= x[j]) for i in range(n)])
    return Coefficient(float(own @ share[near]), float((stands**2).sum()) / n**2, float(own @ x[near] ** 3))


@pytest.mark.parametrize("digits", [8, 1])
def test_the_density_is_that_of_the_definition(digits: int) -> None:
    x = np.sort(np.round(np.random.default_rng(1).normal(size=150), digits))
    found, twin = coefficient(x, 1, 1.3, 3, 1), naive(x, 1.3, 3)
    assert [found.value, found.odd] == pytest.approx([twin.value, twin.odd], rel=1e-8)
    assert found.square == pytest.approx(
        twin.square, rel=1e-2
    )  # rows below the cutoff add what is zero but for rounding


def test_the_error_is_what_the_estimates_scatter_by() -> None:
    draws = [coefficient(np.sort(np.random.default_rng(s).uniform(-1, 1, 2000)), 1, 0.6, 2, 1) for s in range(300)]
    error = np.mean([d.variance(2000) ** 0.5 for d in draws])
    assert error == pytest.approx(np.std([d.value for d in draws]), rel=0.15)
    assert np.mean([d.value for d in draws]) == pytest.approx(0.5, abs=0.02)


def test_one_value_alone_tells_nothing() -> None:
    assert piling_up(np.full(40, 3.0)) is None
