"""The joint posterior of effects on compliers against a grid, and against the delta method where the first stage is clear."""

from __future__ import annotations

import numpy as np
import pytest

from causalcx.core.effect import Law
from causalcx.core.inference import posterior
from causalcx.designs.nudge.complier_law import joint_law
from causalcx.designs.nudge.wald import Moved

NOISE = 0.05
"""Relative: 4,000 draws, some of them alike."""


def found(reduced: list[float], first: list[float], covariance: np.ndarray) -> Moved:
    return Moved(np.array(reduced), np.array(first), np.linalg.cholesky(covariance).T, (None,) * len(reduced))


def law(one: Moved, sd: float) -> Law:
    many = len(one.first)
    labels = tuple(f"y{v}: b vs a" for v in range(many))
    return posterior(labels, one.ratio, one.ratio_covariance, one.df, np.zeros(many), np.full(many, sd))


@pytest.mark.parametrize(("first", "error"), [(0.3, 0.12), (0.3, 0.2), (0.1, 0.08)])
def test_a_weak_first_stage_against_a_grid(first: float, error: float) -> None:
    covariance = np.array([[0.04, 0.6 * 0.2 * error], [0.6 * 0.2 * error, error**2]])
    one = found([0.5], [first], covariance)
    b, p = np.meshgrid(np.linspace(-8, 8, 801), np.linspace(-2, 2, 801), indexing="ij")
    away = np.stack([0.5 - b * p, first - p])
    density = np.exp(-0.5 * (b / 1.5) ** 2 - 0.5 * np.einsum("iab,ij,jab->ab", away, np.linalg.inv(covariance), away))
    density /= density.sum()
    mean = float((density * b).sum())
    spread = float(np.sqrt((density * (b - mean) ** 2).sum()))
    drawn = joint_law(law(one, 1.5), one, seed=1)
    assert drawn.mean[0] == pytest.approx(mean, abs=NOISE * 1.5)
    assert np.sqrt(drawn.matrix[0][0]) == pytest.approx(spread, rel=2 * NOISE)


def test_a_clear_first_stage_agrees_with_the_delta_method() -> None:
    covariance = np.diag([0.01, 4.0, 1e-5, 1.1e-5]) + 1e-5 * np.array(
        [[0, 50, 5, 0], [50, 0, 0, 20], [5, 0, 0, 0.5], [0, 20, 0.5, 0]]
    )
    one = found([0.5, 8.0], [0.3, 0.31], covariance)
    plain = law(one, 20.0)
    drawn = joint_law(plain, one, seed=1)
    assert drawn.mean == pytest.approx(plain.mean, rel=NOISE)
    assert np.sqrt(np.diag(drawn.matrix)) == pytest.approx(np.sqrt(np.diag(plain.matrix)), rel=NOISE)
    assert (drawn.labels, drawn.prior_sd) == (plain.labels, plain.prior_sd)


def test_outcomes_with_the_same_answerers_share_their_first_stage() -> None:
    rng = np.random.default_rng(0)
    y, d = rng.normal(size=(500, 2)), rng.normal(size=500)
    influence = np.column_stack([y, d, d]) / 500
    one = Moved(np.array([0.2, 0.1]), np.array([0.1, 0.1]), influence, (None, None))
    drawn = joint_law(law(one, 1.0), one, seed=1)
    assert np.isfinite(drawn.mean).all()
    assert joint_law(law(one, 1.0), one, seed=1) == drawn
