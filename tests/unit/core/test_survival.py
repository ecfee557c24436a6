"""Kaplan-Meier by hand, Greenwood, another package, and the plain answers where nobody is lost."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalcx.core.survival import life_table, pseudo_values, until

SAME = 1e-12
"""Relative: sums in another order."""
TIMES = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 6.0, 6.0])
LEFT = np.array([1, 1, 0, 0, 1, 1, 0, 0], bool)


def table(time=TIMES, left=LEFT, horizon=6.0):
    return life_table(*until(time, left, horizon), np.ones(len(time)), horizon)[0]


def test_by_hand() -> None:
    """Eight units: 7/8 stay at 1, 6/7 at 2, 3/4 at 4 (two were lost by then), 2/3 at 5."""
    found = table()
    assert found.share == pytest.approx([7 / 8, 3 / 4, 3 / 4, 9 / 16, 3 / 8, 3 / 8], rel=SAME)
    greenwood = (3 / 8) * np.sqrt(1 / (8 * 7) + 1 / (7 * 6) + 1 / (4 * 3) + 1 / (3 * 2))
    assert found.error[-1] == pytest.approx(greenwood, rel=SAME)
    assert found.pseudo_values().shape == (6, 2, 2)
    area = 1 + 7 / 8 + 2 * 3 / 4 + 9 / 16 + 3 / 8
    assert pseudo_values(TIMES, LEFT, 6.0).mean(axis=0) == pytest.approx([5 / 8, area], rel=SAME)


def test_the_curve_counts_who_left_and_who_was_lost() -> None:
    curve = table().curve()
    assert (curve.units, curve.left, curve.lost, curve.followed) == (8, 4, 2, True)
    assert all(
        0 <= low <= share <= high <= 1 for low, share, high in zip(curve.low, curve.share, curve.high, strict=True)
    )


def test_leaving_at_the_horizon_counts_and_after_it_does_not() -> None:
    left = pseudo_values(np.array([6.0, 7.0, 8.0, 9.0]), np.array([True, True, False, True]), 6.0)[:, 0]
    assert left == pytest.approx([1, 0, 0, 0])


def test_nobody_seen_to_the_horizon_is_not_followed_unless_everybody_left() -> None:
    assert not table(horizon=7.0).followed
    assert table(np.array([1.0, 2.0]), np.array([True, True]), 7.0).followed


def test_against_statsmodels() -> None:
    from statsmodels.duration.survfunc import SurvfuncRight

    rng = np.random.default_rng(2)
    leaves, lost = rng.exponential(20, 700), rng.exponential(15, 700)
    for round_up in (lambda t: t, np.ceil):
        time, left = round_up(np.minimum(leaves, lost)), leaves <= lost
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            other = SurvfuncRight(time, left.astype(int))
        k = np.searchsorted(other.surv_times, 12.0, side="right") - 1
        own = pseudo_values(time, left, 12.0)[:, 0]
        assert own.mean() == pytest.approx(1 - other.surv_prob[k], rel=1e-9)
        assert own.std() / np.sqrt(700) == pytest.approx(other.surv_prob_se[k], rel=1e-9)


UNITS = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=2, max_size=40)


@given(UNITS)
def test_the_mean_is_the_product_limit_and_the_spread_greenwoods(units) -> None:
    """A naive twin: the product over times, and its variance by the sum."""
    time, left = np.array([float(t) for t, _ in units]), np.array([e for _, e in units])
    time, left = np.append(time, 10.0), np.append(left, False)
    stay, variance, before, area = 1.0, 0.0, 0.0, 0.0
    for t in np.unique(time[left & (time <= 8)]):
        n, d = (time >= t).sum(), ((time == t) & left).sum()
        area += stay * (t - before)
        stay, before, variance = stay * (1 - d / n), t, variance + d / (n * (n - d))
    values = pseudo_values(time, left, 8.0)
    assert values.mean(axis=0) == pytest.approx([1 - stay, area + stay * (8 - before)], abs=1e-9)
    assert values[:, 0].std() / np.sqrt(len(time)) == pytest.approx(stay * np.sqrt(variance), abs=1e-9)


@given(st.lists(st.integers(1, 20), min_size=1, max_size=40))
def test_where_nobody_is_lost_they_are_the_plain_answers(times) -> None:
    time = np.array(times, float)
    values = pseudo_values(time, np.ones(len(time), bool), 12.0)
    assert values[:, 0] == pytest.approx((time <= 12).astype(float), abs=1e-9)
    assert values[:, 1] == pytest.approx(np.minimum(time, 12), abs=1e-9)
