"""Bounds of several looks, against published tables, a simulated Brownian motion, and the laws that they must obey."""

from __future__ import annotations

import math

import numpy as np
import pytest

from causalcx.core.sequential import (
    ALPHA,
    AlwaysValid,
    Bound,
    Spending,
    bounds,
    ever_beyond,
    spent,
    t_critical,
    z_of,
)

PRINTED = 6e-4
"""Tables print three decimals."""
RUNS = 40_000
MONTE_CARLO = 4 * math.sqrt(0.05 * 0.95 / RUNS)
"""Four standard errors of a simulated 5 %."""


def evenly(looks: int) -> tuple[float, ...]:
    return tuple((k + 1) / looks for k in range(looks))


# Two-sided 5 %, equally spaced looks, as ldbounds (Casper & Perez, R) and Reboussin et al. 2000, Controlled Clinical Trials 21: 190-207, print.
@pytest.mark.parametrize(
    ("shape", "looks", "published"),
    [
        ("obrien-fleming", 2, [2.963, 1.969]),
        ("obrien-fleming", 4, [4.333, 2.963, 2.359, 2.014]),
        ("obrien-fleming", 5, [4.877, 3.357, 2.680, 2.290, 2.031]),
        ("pocock", 5, [2.438, 2.427, 2.410, 2.397, 2.386]),
    ],
)
def test_bounds_are_those_of_the_tables(shape, looks, published):
    times = evenly(looks)
    assert bounds(times, [spent(shape, t) for t in times]) == pytest.approx(published, abs=PRINTED)


# Armitage, McPherson & Rowe 1969, table 2: chance of p < .05 at one of n equally spaced looks.
@pytest.mark.parametrize(("looks", "published"), [(1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193)])
def test_plain_looking_misleads_as_often_as_the_table_says(looks, published):
    assert ever_beyond(evenly(looks), (1.96,) * looks) == pytest.approx(published, abs=PRINTED)


@pytest.mark.parametrize("shape", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("times", [evenly(4), evenly(28), (0.1, 0.12, 0.7, 1.0), (0.001, 1.0)])
def test_all_looks_together_use_up_the_error_and_no_more(shape, times):
    found = bounds(times, [spent(shape, t) for t in times])
    assert ever_beyond(times, found) == pytest.approx(ALPHA, abs=1e-7)


def test_a_simulated_motion_crosses_as_often_with_and_without_a_drift():
    times = (0.2, 0.5, 0.9, 1.0)
    found = bounds(times, [spent("pocock", t) for t in times])
    rng = np.random.default_rng(3)
    motion = np.cumsum(rng.standard_normal((RUNS, 4)) * np.sqrt(np.diff((0.0, *times))), axis=1)
    for drift in (0.0, 2.0):
        z = (motion + drift * np.array(times)) / np.sqrt(times)
        crossed = (np.abs(z) > found).any(axis=1).mean()
        assert ever_beyond(times, found, drift) == pytest.approx(crossed, abs=3 * MONTE_CARLO)


def test_what_a_look_may_spend_grows_to_the_whole():
    for shape in ("obrien-fleming", "pocock"):
        used = [spent(shape, t) for t in (0.01, 0.3, 0.6, 0.99, 1.0, 1.4)]
        assert used == sorted(used)
        assert used[-2:] == [ALPHA, ALPHA]


BOUNDS: list[Bound] = [
    Spending("obrien-fleming", (0.25, 0.5), last=False),
    Spending("pocock", evenly(4), last=True),
    Spending("obrien-fleming", (0.25, 0.5, 0.8), last=True),
    AlwaysValid(3_000, 10_000),
]


@pytest.mark.parametrize("bound", BOUNDS)
def test_a_p_value_is_below_the_error_exactly_where_the_range_leaves_zero_out(bound):
    edge = bound.critical()
    assert bound.p_value(edge) == pytest.approx(ALPHA, rel=1e-5)
    assert bound.p_value(edge + 0.01) < ALPHA < bound.p_value(edge - 0.01)
    values = [bound.p_value(z) for z in (0.0, 0.5, 1.5, 3.0, 5.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] == 1.0
    assert bound.p_value(-3.0) == bound.p_value(3.0)


def test_a_last_look_that_comes_early_spends_what_is_left():
    early = Spending("obrien-fleming", (0.25, 0.5, 0.8), last=True).critical()
    assert early < Spending("obrien-fleming", (0.25, 0.5, 0.8), last=False).critical()
    scaled = bounds((0.25, 0.5, 0.8), [spent("obrien-fleming", 0.25), spent("obrien-fleming", 0.5), ALPHA])
    assert early == pytest.approx(scaled[-1])


def test_an_always_valid_range_is_tightest_where_it_was_tuned():
    there = AlwaysValid(10_000, 10_000).critical()
    assert there == pytest.approx(3.0351, abs=1e-4)  # sqrt(1 + v), v = log(1 + v) - 2 log 0.05
    assert there < min(AlwaysValid(n, 10_000).critical() for n in (5_000, 9_000, 11_000, 20_000))


def test_an_always_valid_range_holds_at_every_unit():
    """Waudby-Smith et al. 2024, eq. 8, looked at after every one of 2,000 units."""
    rng = np.random.default_rng(5)
    n = np.arange(1, 2_001)
    critical = np.array([AlwaysValid(float(k), 1_000).critical() for k in n])
    runs = 2_000
    crossed = np.mean(
        [(np.abs(rng.standard_normal(2_000).cumsum()) / np.sqrt(n) > critical).any() for _ in range(runs)]
    )
    assert crossed < ALPHA


def test_few_degrees_of_freedom_widen_a_bound():
    bound = Spending("obrien-fleming", (0.25,), last=False)
    assert t_critical(bound, None) == pytest.approx(bound.critical())
    assert t_critical(bound, 10) > t_critical(bound, 100) > bound.critical()


def test_the_normal_value_of_a_p_value():
    assert z_of(0.05) == pytest.approx(1.959964)
    assert math.isfinite(z_of(0.0))
