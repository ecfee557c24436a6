"""The arithmetic of instruments against naive twins, hand-made numbers and its own limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from causalcx.designs.nudge.wald import (
    anderson_rubin,
    classical_f,
    freedom,
    jackknife_strength,
    leave_one_out,
    moved,
    two_valued,
)

SAME = 1e-9
"""Relative: the same sums in another order."""


def world(n: int = 600, levels: int = 12, seed: int = 0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    level = rng.integers(levels, size=n)
    taken = (rng.uniform(size=n) < 0.2 + 0.5 * level / levels + 0.1 * (x[:, 0] > 0)).astype(float)
    y = np.column_stack([1 + 2 * taken + x[:, 0] + rng.normal(size=n), taken - x[:, 1] + rng.normal(size=n)])
    return y, taken, level, x


def test_without_covariates_it_is_walds_ratio_of_differences() -> None:
    y, taken, level, _ = world()
    z = (level > 5).astype(float)
    found = moved(y, taken, z, np.zeros((len(z), 1)), None)
    apart = [y[z == 1].mean(axis=0) - y[z == 0].mean(axis=0), taken[z == 1].mean() - taken[z == 0].mean()]
    assert found.ratio == pytest.approx(apart[0] / apart[1], rel=SAME)
    assert found.first == pytest.approx([apart[1]] * 2, rel=SAME)


def test_the_joint_covariance_is_that_of_two_stage_least_squares_with_robust_errors() -> None:
    y, taken, level, x = world()
    z, n = (level > 5).astype(float), len(level)
    outer, inner = np.column_stack([np.ones(n), x, z]), np.column_stack([np.ones(n), x, taken])
    fitted = outer @ np.linalg.lstsq(outer, inner, rcond=None)[0]
    slopes = np.linalg.lstsq(fitted, y, rcond=None)[0]
    left, bread = y - inner @ slopes, np.linalg.inv(fitted.T @ fitted)
    meat = [[(fitted * (left[:, [i]] * left[:, [j]])).T @ fitted for j in range(2)] for i in range(2)]
    joint = [[(bread @ meat[i][j] @ bread)[3, 3] * n / (n - 4) for j in range(2)] for i in range(2)]
    found = moved(y, taken, z, x, None)
    assert found.ratio == pytest.approx(slopes[3], rel=SAME)
    assert found.ratio_covariance == pytest.approx(np.array(joint), rel=1e-8)


def test_the_freedom_of_a_nudge_is_that_of_its_rarer_side() -> None:
    none = np.zeros((1_000, 1))
    assert freedom(np.repeat([0.0, 1.0], 500), none) == pytest.approx(998)
    assert freedom(np.repeat([0.0, 1.0], [996, 4]), none) == pytest.approx(4, rel=0.02)


def test_clustered_errors_are_cr2_with_bell_and_mccaffreys_degrees_of_freedom() -> None:
    """With matrices: residuals of cluster j times (I - H_jj)^(-1/2), and the freedom of the squares they make."""
    y, taken, level, x = world(n=60, levels=6)
    z = (level > 2) + 0.1 * level
    found = moved(y[:, :1], taken, z, x, level)
    wide = np.column_stack([np.ones(60), x])
    c = (z - wide @ np.linalg.lstsq(wide, z, rcond=None)[0])[:, None]
    both = np.column_stack([wide, z])
    hat = both @ np.linalg.inv(both.T @ both) @ both.T
    annihilator = np.eye(60) - hat
    left = annihilator @ y[:, 0]
    turned = []
    for j in range(6):
        own = np.flatnonzero(level == j)
        values, vectors = np.linalg.eigh(np.eye(len(own)) - hat[np.ix_(own, own)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        turned.append((annihilator[:, own] @ root @ c[own])[:, 0] / (c**2).sum())
    sums = np.array([turned_j @ left for turned_j in turned])
    gram = np.array(turned) @ np.array(turned).T
    assert found.covariance[0, 0] == pytest.approx(sums @ sums, rel=SAME)
    assert found.df[0] == pytest.approx(np.trace(gram) ** 2 / np.trace(gram @ gram), rel=SAME)


def test_an_outcome_with_missing_values_is_estimated_among_those_who_have_it() -> None:
    y, taken, level, x = world()
    z, some = (level > 5).astype(float), level % 2 == 0
    y[~some, 1] = np.nan
    found, part = moved(y, taken, z, x, None), moved(y[some, 1:], taken[some], z[some], x[some], None)
    assert found.ratio[1] == pytest.approx(part.ratio[0], rel=SAME)
    assert found.ratio_covariance[1, 1] == pytest.approx(part.ratio_covariance[0, 0], rel=SAME)


@pytest.mark.parametrize("covariates", [0, 2])
def test_leniency_is_what_a_regression_without_the_unit_predicts(covariates: int) -> None:
    _, taken, level, x = world(n=120, levels=5)
    x = x[:, :covariates]
    z = leave_one_out(taken, level, x)
    narrow = np.column_stack([np.ones(len(level)), x])
    wide = np.column_stack([(level[:, None] == np.arange(5)).astype(float), x])
    for i in (0, 17, 119):
        others = np.arange(len(level)) != i
        predicted = [m[i] @ np.linalg.lstsq(m[others], taken[others], rcond=None)[0] for m in (wide, narrow)]
        assert z[i] == pytest.approx(predicted[0] - predicted[1], rel=1e-7)


def test_a_unit_alone_in_its_level_has_no_leniency() -> None:
    z = leave_one_out(np.array([1.0, 0, 1, 0, 1]), np.array([0, 0, 1, 1, 2]), np.zeros((5, 1)))
    assert np.isnan(z).tolist() == [False, False, False, False, True]


def test_the_level_that_treats_more_often_counts_as_one() -> None:
    z, sides = two_valued(np.array([0, 0, 1, 1]), np.array([1.0, 1, 0, 1]))
    assert (z.tolist(), sides) == ([1, 1, 0, 0], (0, 1))


def test_a_strong_first_stage_gives_one_interval_around_the_ratio() -> None:
    ((low, high),) = anderson_rubin(2.0, 1.0, np.diag([0.01, 1e-12]), 1.96)
    assert (low, high) == pytest.approx((2 - 0.196, 2 + 0.196), rel=1e-6)


def test_a_weak_first_stage_leaves_two_half_lines_or_everything() -> None:
    (left, right) = anderson_rubin(1.0, 0.1, np.diag([0.01, 0.01]), 1.96)
    assert left[0] is None
    assert right[1] is None
    assert left[1] < right[0]  # type: ignore[operator]
    assert anderson_rubin(0.1, 0.1, np.diag([0.01, 0.01]), 1.96) == ((None, None),)


@pytest.mark.parametrize("first", [0.1, 0.3, 1.0])
def test_the_set_holds_exactly_what_its_test_keeps(first: float) -> None:
    covariance = np.array([[0.02, 0.008], [0.008, 0.01]])
    pieces = anderson_rubin(0.5, first, covariance, 1.96)
    for b in np.linspace(-40, 40, 801):
        direction = np.array([1, -b])
        kept = (0.5 - b * first) ** 2 <= 1.96**2 * direction @ covariance @ direction
        inside = any((-math.inf if lo is None else lo) <= b <= (math.inf if hi is None else hi) for lo, hi in pieces)
        assert inside == kept


def test_strength_is_a_squared_t() -> None:
    y, taken, level, x = world()
    z = (level > 5).astype(float)
    found = moved(y, taken, z, x, None)
    assert found.strength(0) == pytest.approx(found.first[0] ** 2 / found.covariance[2, 2], rel=SAME)
    assert classical_f(taken, z, x) == pytest.approx(found.strength(0), rel=0.1)


def test_levels_that_treat_alike_have_no_strength_to_speak_of() -> None:
    """Under no first stage the squared distance is a chi-square of one degree of freedom: 1 % lie above 6.6."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(300):
        level, taken = rng.integers(40, size=800), (rng.uniform(size=800) < 0.4).astype(float)
        nothing = np.zeros((800, 1))
        found.append(jackknife_strength(leave_one_out(taken, level, nothing), taken, level, nothing))
    assert np.mean(found) == pytest.approx(1, abs=0.4)
    assert np.mean(np.array(found) > 6.6) < 0.04
