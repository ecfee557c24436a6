"""Jumps at a cutoff against naive twins: neighbours by a loop, fits by least squares, ratios by differentiation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array
from causalcx.designs.cutoff.local_polynomial import NEIGHBOURS, Rows, Widths, jump, neighbours, residuals, widths

SAME = 1e-9
"""Relative: the same sums in another order, and inverses of well-conditioned matrices."""
SLOPE = 1e-6
"""Relative: a derivative by differences of 1e-6."""
AT = Widths(jump=0.8, bias=1.1)


def drawn(n: int = 400, seed: int = 0, covariates: int = 0, *, fuzzy: bool = False) -> Rows:
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(-1.5, 1.5, n))
    z = rng.normal(size=(n, covariates))
    taken = (rng.uniform(size=n) < np.where(x >= 0, 0.8, 0.1)).astype(float) if fuzzy else None
    y = x + x**2 + (x >= 0) * 0.5 + (0 if taken is None else taken) + z.sum(axis=1) + rng.normal(size=n)
    return Rows("y", x, y, taken, z)


def least_squares(rows: Rows, y: Array, width: float, order: int, power: int = 0) -> float:
    """Difference of a coefficient between two weighted fits."""
    found = []
    for own in (rows.x >= 0, rows.x < 0):
        near = own & (np.abs(rows.x) < width)
        root = np.sqrt(1 - np.abs(rows.x[near]) / width)
        powers = np.vander(rows.x[near], order + 1, increasing=True)
        found.append(np.linalg.lstsq(powers * root[:, None], y[near] * root, rcond=None)[0][power])
    return found[0] - found[1]


def corrected(rows: Rows, y: Array) -> float:
    """The local linear jump less half its second derivative's bias (Calonico et al. 2014, section 2): bias of x^2 times the curvature."""
    total = least_squares(rows, y, AT.jump, 1)
    for sign, side in ((1, rows.x >= 0), (-1, rows.x < 0)):
        bias = least_squares(rows, np.where(side, rows.x**2, 0.0), AT.jump, 1)
        curvature = sign * least_squares(rows, np.where(side, y, 0.0), AT.bias, 2, power=2)
        total -= bias * curvature
    return total


def by_loop(x: Array, y: Array) -> Array:
    """Residuals by the definition: the nearest others, a place with all its rows, both places where two are as near."""
    found = []
    for i in range(len(x)):
        inside = x == x[i]
        while inside.sum() - 1 < min(NEIGHBOURS, len(x) - 1):
            distance = np.where(inside, np.inf, np.abs(x - x[i]))
            lower, upper = (distance[side].min(initial=np.inf) for side in (x < x[i], x > x[i]))
            nearest = min(lower, upper)
            inside |= (x < x[i]) & (distance == nearest) & (lower == nearest)
            inside |= (x > x[i]) & (distance == nearest) & (upper == nearest)
        j = int(inside.sum()) - 1
        found.append(np.sqrt(j / (j + 1)) * (y[i] - (y[inside].sum() - y[i]) / j))
    return np.array(found)


@given(places=st.lists(st.integers(0, 12), min_size=2, max_size=30), seed=st.integers(0, 99))
def test_residuals_are_those_of_a_loop_also_with_ties(places: list[int], seed: int) -> None:
    x = np.sort(np.array(places, float))
    y = np.random.default_rng(seed).normal(size=len(x))
    assert residuals(x, y[:, None])[:, 0] == pytest.approx(by_loop(x, y), rel=1e-7, abs=1e-9)


def test_every_row_has_its_three_nearest() -> None:
    first, last = neighbours(np.array([0.0, 1.0, 2.5, 2.6, 9.0]))
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == [(0, 4), (0, 4), (0, 4), (0, 4), (1, 5)]


def test_the_conventional_jump_is_that_of_two_weighted_fits() -> None:
    rows = drawn()
    found = jump(rows, AT)
    assert found.value == pytest.approx(least_squares(rows, rows.y, AT.jump, 1), rel=SAME)
    assert found.corrected == pytest.approx(corrected(rows, rows.y), rel=SAME)
    assert found.pull @ rows.y[found.rows] == pytest.approx(found.corrected, rel=SAME)


def test_covariates_get_one_slope_on_both_sides() -> None:
    rows = drawn(covariates=2)
    near = np.abs(rows.x) < AT.jump
    x, above = rows.x[near], (rows.x[near] >= 0).astype(float)
    columns = np.column_stack([above, np.ones_like(x), x, above * x, rows.covariates[near]])
    root = np.sqrt(1 - np.abs(x) / AT.jump)
    together = np.linalg.lstsq(columns * root[:, None], rows.y[near] * root, rcond=None)[0]
    found = jump(rows, AT)
    assert found.value == pytest.approx(together[0], rel=SAME)
    adjusted = rows.y - rows.covariates @ together[4:]
    assert found.corrected == pytest.approx(corrected(rows, adjusted), rel=SAME)
    assert found.error < jump(drawn(covariates=0), AT).error * 3


def test_a_fuzzy_jump_is_a_ratio_with_linearised_bias_and_error() -> None:
    rows = drawn(fuzzy=True)
    assert rows.taken is not None
    found = jump(rows, AT)
    own, received = jump(Rows("y", rows.x, rows.y), AT), jump(Rows("t", rows.x, rows.taken), AT)
    assert found.value == pytest.approx(own.value / received.value, rel=SAME)

    def ratio(step: Array) -> float:
        return float((own.value + step[0]) / (received.value + step[1]))

    small = 1e-6
    gradient = np.array([(ratio(e) - ratio(-e)) / (2 * small) for e in small * np.eye(2)])
    bias = np.array([own.value - own.corrected, received.value - received.corrected])
    assert found.corrected == pytest.approx(found.value - gradient @ bias, rel=SLOPE)
    influence = gradient @ np.array([own.influence, received.influence])
    assert found.error == pytest.approx(np.linalg.norm(influence), rel=SLOPE)


def test_the_baseline_of_a_fuzzy_jump_is_that_of_those_moved_without_the_treatment() -> None:
    """Whichever side of the cutoff got it; the sharp one is the level just below."""
    rows = drawn(fuzzy=True)
    assert rows.taken is not None
    expected = least_squares(rows, rows.y * (1 - rows.taken), AT.jump, 1) / least_squares(
        rows, 1 - rows.taken, AT.jump, 1
    )
    assert jump(rows, AT).base == pytest.approx(expected, rel=SAME)
    turned = Rows("y", -rows.x[::-1], rows.y[::-1], rows.taken[::-1])
    found = jump(turned, AT)
    assert (found.base, found.base_error) == pytest.approx((expected, jump(rows, AT).base_error), rel=SAME)


def test_bandwidths_follow_the_scale_of_the_running_variable_and_not_that_of_the_outcome() -> None:
    rows = drawn(2000)
    at = widths(rows)
    wide = widths(Rows("y", 10 * rows.x, 7 * rows.y + 3))
    assert (wide.jump, wide.bias) == pytest.approx((10 * at.jump, 10 * at.bias), rel=1e-6)


def test_more_rows_narrow_the_bandwidth() -> None:
    assert widths(drawn(20_000)).jump < widths(drawn(2_000)).jump < 1.5


def test_too_few_values_are_refused_with_their_counts() -> None:
    x = np.sort(np.tile(np.array([-3.0, -2.0, -1.0, *range(15)]), 20))
    with pytest.raises(CannotAnswer, match="3 different values below the cutoff and 15 from it on") as refused:
        widths(Rows("churn", x, np.random.default_rng(0).normal(size=len(x))))
    assert refused.value.exit_code == 5


def test_an_outcome_that_is_constant_near_the_cutoff_is_refused() -> None:
    x = np.sort(np.random.default_rng(0).uniform(-1, 1, 500))
    with pytest.raises(CannotAnswer, match="same value for everyone near the cutoff"):
        widths(Rows("churn", x, np.zeros(500)))


def test_windows_always_hold_enough_places() -> None:
    """Whole numbers, where the best width would be narrower than a few of them."""
    rng = np.random.default_rng(1)
    x = np.sort(rng.integers(-40, 40, 50_000)).astype(float)
    assert widths(Rows("y", x, np.sin(x) + (x >= 0) + 0.01 * rng.normal(size=len(x)))).jump >= 10


def test_no_bias_at_all_asks_for_the_whole_range() -> None:
    """Rare events near the cutoff alone: the pilot's parabola of the far field is flat."""
    x = np.linspace(-10, 10, 401)
    y = np.zeros(401)
    y[[200, 203, 197]] = 1
    at = widths(Rows("churn", x, y))
    assert 0 < at.jump <= 10
    assert np.isfinite(jump(Rows("churn", x, y), at).error)
