"""The robust set under trends that part: against another package's, a brute-force twin, its own coverage, and by its limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalcx.core.inference import t_interval
from causalcx.designs.roll_out.robust_trends import MOST, Steps, breakdown, possible, robust_interval

OF_WIDTH = 0.025
"""Of the set's width: the package simulates its first stage from 1,000 draws, and is about 2 % wider at M = 0, where the set is known."""
LEADS = {
    "three leads": ([0.10, -0.05, 0.08], 0.8, 0.01 * np.eye(4) + 0.01 + np.diag([0, 0, 0, 0.01])),
    "two leads": ([0.3, 0.2], -1.0, np.diag([0.02, 0.02, 0.05])),
}
PACKAGE = {
    "three leads": {0.0: (0.45398, 1.14602), 0.5: (0.38720, 1.21899), 1.0: (0.27092, 1.32908), 2.0: (-0.06068, 1.66068)},
    "two leads": {0.0: (-1.44671, -0.55329), 0.5: (-1.52872, -0.47128), 1.0: (-1.65243, -0.34757), 2.0: (-2.00927, 0.00927)},
}  # fmt: skip
"""moderndid 0.4.1, create_sensitivity_results_rm(..., num_post_periods=1, method="C-LF", grid_points=8000)."""


def steps_of(leads: list[float], effect: float, covariance: np.ndarray, exposure: float = 1.0) -> Steps:
    """From effects before the start, the last of them two periods before it, and the effect in the first period."""
    k = len(leads)
    to_steps = np.zeros((k + 1, k + 1))
    to_steps[0, k] = 1
    for s in range(k):
        to_steps[1 + s, s] = -1
        if s + 1 < k:
            to_steps[1 + s, s + 1] = 1
    return Steps(effect, (to_steps @ [*leads, effect])[1:], to_steps @ covariance @ to_steps.T, exposure)


@pytest.mark.parametrize("name", LEADS)
@pytest.mark.parametrize("multiple", [0.0, 0.5, 1.0, 2.0])
def test_with_one_period_after_the_start_it_is_the_packages_hybrid_set(name: str, multiple: float) -> None:
    low, high = PACKAGE[name][multiple]
    found = robust_interval(steps_of(*LEADS[name]), multiple)
    assert found == pytest.approx((low, high), abs=OF_WIDTH * (high - low))
    assert low <= found[0] < found[1] <= high


def test_without_drift_it_is_the_t_interval() -> None:
    steps = Steps.of(1.0, np.array([0.2, -0.1]), np.diag([0.04, 0.01, 0.01]), 2.0, df=6)
    assert robust_interval(steps, 0.0) == pytest.approx(t_interval(1.0, 0.2, 6, 0.95), abs=1e-4)


def test_where_the_steps_are_known_it_is_bias_and_a_one_sided_error() -> None:
    steps = Steps(5.0, np.array([0.5, -1.0]), np.diag([0.01, 1e-12, 1e-12]), 2.0)
    edge = 2.0 + stats.norm.ppf(0.95) * 0.1
    assert robust_interval(steps, 1.0) == pytest.approx((5 - edge, 5 + edge), abs=1e-2)


@pytest.mark.parametrize("name", LEADS)
def test_nothing_is_clear_any_more_where_the_set_reaches_zero(name: str) -> None:
    steps = steps_of(*LEADS[name])
    low, high = robust_interval(steps, breakdown(steps))
    assert min(abs(low), abs(high)) == pytest.approx(0, abs=1e-3)


def test_an_unclear_result_survives_nothing_and_a_sure_one_much() -> None:
    assert breakdown(Steps(0.1, np.array([0.2]), np.diag([0.04, 0.01]), 1.0)) == 0
    assert breakdown(Steps(100.0, np.array([0.2]), np.diag([0.04, 0.01]), 1.0)) == MOST


def test_least_favourable_sets_by_brute_force_contain_it() -> None:
    """A twin without the second stage: reject where the larger bound exceeds what the larger of two normals does in 1 of 20."""
    leads, effect, covariance = LEADS["three leads"]
    steps, rng = steps_of(leads, effect, covariance), np.random.default_rng(0)
    grid, inside = np.linspace(-1.5, 3, 451), np.zeros(451, bool)
    for s, step in enumerate(steps.step):
        for sign in (1, -1):
            bounds = np.array([[1.0, -sign], [-1.0, -sign]])
            own = steps.covariance[np.ix_([0, 1 + s], [0, 1 + s])]
            spread = bounds @ own @ bounds.T
            draws = rng.multivariate_normal([0, 0], spread, 20_000) / np.sqrt(np.diag(spread))
            edge = np.quantile(draws.max(axis=1), 0.95)
            beyond = (
                np.array([effect - grid - sign * step, grid - effect - sign * step]) / np.sqrt(np.diag(spread))[:, None]
            )
            inside |= beyond.max(axis=0) <= edge
    low, high = robust_interval(steps, 1.0)
    twin = grid[inside]
    assert twin[0] - 0.05 < low < twin[0] + 0.1
    assert twin[-1] - 0.1 < high < twin[-1] + 0.05


@pytest.mark.parametrize(
    ("true", "multiple", "exposure"), [([1.0, 0.2], 1.0, 1.0), ([0.5], 2.0, 1.0), ([0.3, 0.25, -0.3], 1.0, 2.0)]
)  # fmt: skip
def test_the_set_holds_the_truth_at_the_largest_drift_allowed(
    true: list[float], multiple: float, exposure: float
) -> None:
    """600 draws; 0.93 is three Monte Carlo errors below 0.95."""
    rng, k = np.random.default_rng(3), len(true)
    root = np.eye(k + 1) - np.eye(k + 1, k=1) * (np.arange(k + 1) > 0)[:, None]
    covariance = 0.02 * root @ (np.eye(k + 1) + 0.5) @ root.T
    bias = multiple * exposure * max(np.abs(true))
    drawn = rng.multivariate_normal([bias, *true], covariance, 600)
    held = [possible(Steps(d[0], d[1:], covariance, exposure), multiple, np.zeros(1))[0] for d in drawn]
    assert np.mean(held) > 0.93
