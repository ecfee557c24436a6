"""Verdicts about a threshold from facts alone."""

from __future__ import annotations

from typing import Any

import pytest

from causalcx.checks import discontinuity as verdicts
from causalcx.core.effect import Effect
from causalcx.words import check_sentence

EFFECT = Effect(
    outcome="churn", comparison="treated vs untreated", estimand="ATE at the cutoff", applies_to="at the cutoff", share=0.2, unit="share",
    estimate=-0.03, std_error=0.01, df=None, low=-0.05, high=-0.01, method="local linear", n_treated=100, n_control=100, role="primary",
)  # fmt: skip


def of(segment: str | None, p: float) -> dict[str, Any]:
    return {"segment": segment, "p": p, "ratio": 1.5, "bandwidth": 2.0, "bin": 0.1, "at_cutoff": 10}


@pytest.mark.parametrize(("p", "verdict"), [(0.2, "pass"), (0.03, "warn"), (0.001, "fail")])
def test_density_by_its_p(p: float, verdict: str) -> None:
    check = verdicts.density("hours", 8.0, [of(None, p)])
    assert (check.verdict, check.value, check.facts["where"]) == (verdict, p, [])


def test_density_says_where_it_fails() -> None:
    check = verdicts.density("hours", 8.0, [of(None, 0.2), of("region=6", 0.4), of("region=7", 1e-6)])
    assert (check.verdict, check.facts["where"]) == ("fail", ["region=7"])
    assert "region=7" in check_sentence(check)
    assert "region=7" in check_sentence(check, "zh")


def test_many_segments_are_allowed_for() -> None:
    """Holm: the smallest of twenty p-values is multiplied by twenty."""
    levels = [of(f"region={i}", 0.5) for i in range(18)]
    assert verdicts.density("hours", 8.0, [of(None, 0.5), of("region=x", 0.004), *levels]).verdict == "pass"


def test_what_cannot_be_asked_is_info() -> None:
    assert verdicts.density("hours", 8.0, []).verdict == "info"
    assert verdicts.covariate_continuity([]).verdict == "info"
    assert verdicts.placebo_cutoffs("churn", [], "share").verdict == "info"


def test_covariates_that_jump_are_named() -> None:
    check = verdicts.covariate_continuity(
        [{"name": "age", "jump": 0.1, "p": 0.4}, {"name": "spend", "jump": 0.5, "p": 0.001}]
    )
    assert (check.verdict, check.facts["jumps"]) == ("fail", ["spend"])


@pytest.mark.parametrize(
    ("below", "above", "p", "verdict"),
    [(0.5, 0.5, 0.9, "pass"), (0.5, 0.4, 0.005, "warn"), (0.5, 0.4, 1e-5, "fail"), (0.5, 0.49, 1e-5, "warn")],
)
def test_answers_that_jump(below: float, above: float, p: float, verdict: str) -> None:
    check = verdicts.answers("nps", below, above, p)
    assert (check.name, check.verdict) == ("missing-by-arm", verdict)


def test_a_weak_first_stage_warns() -> None:
    assert verdicts.first_stage("credit", 0.1, 0.2, 6.0).verdict == "warn"
    assert verdicts.first_stage("credit", 0.1, 0.9, 600.0).verdict == "pass"


def test_the_bandwidth_curve_warns_where_it_leaves_the_interval() -> None:
    near, steady, far = (
        {"multiple": 0.5, "estimate": -0.04},
        {"multiple": 1, "estimate": -0.02},
        {"multiple": 2, "estimate": 0.02},
    )
    assert verdicts.bandwidth(EFFECT, [near, steady]).verdict == "pass"
    assert verdicts.bandwidth(EFFECT, [near, far]).verdict == "warn"


def test_a_curve_that_could_not_look_nearer_says_so() -> None:
    near, used = ({"multiple": m, "estimate": -0.03} for m in (0.5, 1))
    said = [check_sentence(verdicts.bandwidth(EFFECT, curve)) for curve in ([near, used], [used])]
    assert ["half as far there are too few" in sentence for sentence in said] == [False, True]


def test_a_donut_that_changes_the_answer_fails() -> None:
    check = verdicts.donut(EFFECT, 0.01, 40, 0.001)
    assert check.verdict == "fail"
    assert "40 units nearest" in check_sentence(check)


def test_placebo_cutoffs_name_where_the_outcome_jumps() -> None:
    tests = [{"cutoff": 5.2, "p": 0.001}, {"cutoff": 9.1, "p": 0.6}]
    check = verdicts.placebo_cutoffs("churn", tests, "share")
    assert (check.verdict, check.facts["jumps"]) == ("fail", [5.2])


@pytest.mark.parametrize(("near", "verdict"), [(29, "fail"), (30, "warn"), (50, "pass")])
def test_few_near_the_cutoff(near: int, verdict: str) -> None:
    thin = EFFECT.model_copy(update={"n_control": near})
    assert verdicts.small_sample([EFFECT, thin]).verdict == verdict
