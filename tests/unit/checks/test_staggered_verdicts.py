"""Verdicts on roll-outs, from hand-made effects before the start."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalcx.checks.staggered import anticipation, composition, few_clusters, mix, pre_trends, sensitivity

FACTS = {"outcome": "sales", "estimate": 5.0, "unit": "USD"}
DISTANCE = np.array([-3.0, -2.0, -1.0])


def trends(value: list[float], variance: float = 1.0, estimate: float = 5.0, exposure: float = 2.0):
    return pre_trends(FACTS | {"estimate": estimate}, np.array(value), variance * np.eye(3), 1e6, DISTANCE, exposure)


def test_the_joint_test_is_a_wald_test_with_many_units() -> None:
    check = trends([1.0, -0.5, 2.0])
    assert check.value == pytest.approx(stats.chi2.sf(1 + 0.25 + 4, 3), rel=1e-3)


@pytest.mark.parametrize(
    ("value", "variance", "verdict", "seen"),
    [([0, 0, 0], 0.1, "pass", "sharp"), ([0, 0, 0], 9.0, "warn", "blunt"), ([2, 1, 2], 1.0, "warn", "sharp"), ([4, 3, 2], 1.0, "fail", "sharp")],
)  # fmt: skip
def test_trends_before_the_start(value: list[float], variance: float, verdict: str, seen: str) -> None:
    check = trends(value, variance)
    assert (check.verdict, check.facts["seen"]) == (verdict, seen)


def test_the_named_drift_is_seen_four_times_in_five() -> None:
    slope = trends([0, 0, 0]).facts["slope"]
    rng = np.random.default_rng(1)
    found = [trends((slope * DISTANCE + rng.normal(size=3)).tolist()).value < 0.05 for _ in range(1000)]
    assert np.mean(found) == pytest.approx(0.8, abs=4 * np.sqrt(0.16 / 1000))


def test_a_drift_biases_by_the_weeks_under_treatment() -> None:
    facts = trends([0, 0, 0], exposure=3.5).facts
    assert facts["bias"] == pytest.approx(3.5 * facts["slope"])


def test_without_a_second_period_before_there_is_nothing_to_test() -> None:
    assert pre_trends(FACTS, np.empty(0), np.empty((0, 0)), 9.0, np.empty(0), 1.0).verdict == "info"


@pytest.mark.parametrize(("multiple", "verdict"), [(2.0, "pass"), (1.0, "pass"), (0.5, "warn"), (0.0, "info")])
def test_how_much_drift_a_result_survives(multiple: float, verdict: str) -> None:
    check = sensitivity(FACTS, multiple, (1.0, 9.0))
    assert (check.verdict, check.value, check.facts["low"], check.facts["high"]) == (verdict, multiple, 1.0, 9.0)


def test_without_steps_sensitivity_is_not_known() -> None:
    assert sensitivity(FACTS, None, None).facts["seen"] == "none"


def test_a_reaction_just_before_the_start_warns() -> None:
    assert [anticipation(FACTS, 1.0, p).verdict for p in (0.5, 0.02, 0.001)] == ["pass", "pass", "warn"]


@pytest.mark.parametrize(
    ("treated", "untreated", "lone", "verdict"),
    [(8, 8, (), "pass"), (7, 90, (), "warn"), (40, 90, ("2026-03",), "warn")],
)  # fmt: skip
def test_few_units_or_a_wave_of_one_warn(treated: int, untreated: int, lone: tuple[str, ...], verdict: str) -> None:
    assert few_clusters(treated, untreated, lone, None).verdict == verdict


@pytest.mark.parametrize(("left_out", "verdict"), [(4, "pass"), (10, "warn"), (30, "fail")])
def test_units_with_gaps(left_out: int, verdict: str) -> None:
    assert composition({"4": left_out, "never": 0}, {"4": 50, "never": 50}).verdict == verdict


def test_a_mix_that_shifts_warns() -> None:
    steady = np.full((2, 4), 500.0)
    assert mix(steady, ("4", "never")).verdict == "pass"
    shifting = mix(steady + np.outer([1, -1], [150, 50, -50, -150]), ("4", "never"))
    assert (shifting.verdict, shifting.value) == ("warn", pytest.approx(0.3))
