"""Verdicts on a course before and after, from hand-made numbers."""

from __future__ import annotations

import numpy as np
import pytest

from causalcx.checks import interrupted as verdicts
from causalcx.checks.interrupted import FalseStart


def starts(held: int, missed: int, found: float = 0.0) -> list[FalseStart]:
    return [FalseStart(str(i), found, 1.0, i < held) for i in range(held + missed)]


@pytest.mark.parametrize(
    ("held", "missed", "found", "verdict", "seen"),
    [(5, 0, 1.0, "pass", "coverage"), (5, 0, 1.1, "warn", "bias"), (2, 0, 1.5, "pass", "coverage"), (0, 1, 0.0, "warn", "coverage"), (2, 2, 0.0, "warn", "coverage"), (2, 3, 0.0, "fail", "coverage")],
)  # fmt: skip
def test_false_starts_fail_where_the_range_held_zero_too_seldom(held, missed, found, verdict, seen) -> None:
    check = verdicts.pseudo_starts("calls", "calls", 8, starts(held, missed, found))
    assert (check.verdict, check.facts["seen"]) == (verdict, seen)
    assert check.value == held / (held + missed)
    assert check.facts["bias"] == pytest.approx(found)


def test_without_time_before_no_false_start_is_made() -> None:
    assert verdicts.pseudo_starts("calls", "calls", 8, []).verdict == "info"


def test_ljung_box_by_hand() -> None:
    residual = np.array([1.0, -1, 1, -1, 1, -1, 1, -1, 1, -1])
    check = verdicts.residual_autocorrelation("calls", residual)
    statistic = 10 * 12 * (0.9**2 / 9 + 0.8**2 / 8)
    assert check.facts["lags"] == 2
    assert check.value == pytest.approx(np.exp(-statistic / 2))  # chi-squared with two degrees of freedom
    assert check.verdict == "fail"


def test_white_noise_passes_and_a_gap_is_no_pattern() -> None:
    residual = np.random.default_rng(4).normal(size=200)
    residual[50:60] = np.nan
    assert verdicts.residual_autocorrelation("calls", residual).verdict == "pass"
    assert verdicts.season_undeclared("calls", residual, [7]).verdict == "pass"


def test_a_week_that_is_not_declared_is_named() -> None:
    week = np.tile([3.0, 1, 0, 0, 1, -2, -3], 10) + np.random.default_rng(1).normal(size=70)
    check = verdicts.season_undeclared("calls", week, [7, 12])
    assert (check.verdict, check.facts["period"]) == ("warn", 7)
    assert verdicts.season_undeclared("calls", week[:20], [7]).verdict == "info"
    assert verdicts.season_undeclared("calls", week, []).verdict == "info"


@pytest.mark.parametrize(("p", "verdict"), [(0.5, "pass"), (0.03, "warn"), (0.001, "fail")])
def test_a_column_that_jumps_at_the_start(p: float, verdict: str) -> None:
    assert verdicts.touched_regressor("visits", 3.0, 1.0, 5.0, p).verdict == verdict
