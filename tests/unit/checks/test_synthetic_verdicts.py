"""Verdicts on synthetic controls, from hand-made numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from causalcx.checks import synthetic_control as verdicts
from causalcx.core.effect import Effect

BEFORE = np.array([[0.0, 2, 0, 2], [5.0, 7, 5, 7], [1.0, 3, 1, 3]])
"""Each donor moves by 1 around its mean."""


def effect(estimate: float = -4.0, std_error: float = 1.0, half: float = 2.0) -> Effect:
    return Effect(
        outcome="churn", comparison="treated vs untreated", estimand="ATT", applies_to="treated", share=1.0, unit="points", estimate=estimate,
        std_error=std_error, df=19.0, low=estimate - half, high=estimate + half, method="", n_treated=1, n_control=20, role="primary",
    )  # fmt: skip


@pytest.mark.parametrize(("misfit", "verdict"), [(0.5, "pass"), (1.5, "warn"), (2.5, "fail")])
def test_misfit_is_held_against_the_donors_own_movement(misfit: float, verdict: str) -> None:
    check = verdicts.pre_fit("churn", "points", misfit, BEFORE)
    assert (check.verdict, check.value) == (verdict, misfit)


def test_a_rank_among_few_placebos_settles_nothing() -> None:
    check = verdicts.placebo_space(effect(), 1.0, np.arange(10.0), np.ones(10))
    assert (check.verdict, check.facts["larger"], check.value) == ("info", 6, 7 / 11)


def test_a_rank_is_scaled_by_the_misfit() -> None:
    """An effect of 4 at misfit 0.1 stands out among effects of 10 at misfit 1."""
    check = verdicts.placebo_space(effect(), 0.1, np.full(39, 10.0), np.ones(39))
    assert (check.verdict, check.value) == ("pass", 1 / 40)


def test_a_clear_interval_that_placebos_contradict_is_a_warning() -> None:
    check = verdicts.placebo_space(effect(), 1.0, np.full(39, 10.0), np.ones(39))
    assert (check.verdict, check.value) == ("warn", 1.0)


def test_no_placebos() -> None:
    assert verdicts.placebo_space(effect(), 1.0, np.array([]), np.array([])).facts["declared"] == "none"


@pytest.mark.parametrize(("early", "verdict"), [(0.5, "pass"), (2.5, "warn"), (-2.5, "warn"), (4.0, "fail")])
def test_an_effect_before_there_was_a_change(early: float, verdict: str) -> None:
    assert verdicts.placebo_time("churn", "points", "7", (early, 1.0, 30.0)).verdict == verdict


def test_no_time_for_an_earlier_start() -> None:
    assert verdicts.placebo_time("churn", "points", "7", None).verdict == "info"


@pytest.mark.parametrize(("without", "verdict"), [(-3.5, "pass"), (-2.5, "warn")])
def test_an_effect_that_hangs_on_one_donor(without: float, verdict: str) -> None:
    check = verdicts.leave_one_donor_out(effect(), {"a": -4.1, "b": without})
    assert (check.verdict, check.facts["donor"]) == (verdict, "b")


def test_nobody_to_leave_out() -> None:
    assert verdicts.leave_one_donor_out(effect(), {}).verdict == "info"


@pytest.mark.parametrize(
    ("target", "constant", "verdict"),
    [([1.0, 3, 1, 3], False, "pass"), ([9.0, 9, 9, 9], False, "fail"), ([19.0, 21, 19, 21], True, "pass")],
)
def test_hull(target: list[float], constant: bool, verdict: str) -> None:
    assert verdicts.hull("churn", np.array(target), BEFORE, constant=constant).verdict == verdict


def test_weights_are_named_from_the_largest() -> None:
    check = verdicts.donor_weights("churn", ["a", "b", "c"], np.array([0.2, 0.5, 0.3]))
    weights: dict[str, Any] = check.facts["weights"]
    assert (check.verdict, list(weights)) == ("info", ["b", "c", "a"])
    assert verdicts.donor_weights("churn", ["a", "b"], np.array([0.9, 0.1])).verdict == "warn"
