"""Every verdict, and what comes before what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from causalcx.core.case import Verdict
from causalcx.core.check import Check
from causalcx.core.looks import LookRecord
from causalcx.value import value_case
from causalcx.words import notice_sentence

Make = Callable[..., Any]
STRONG = {"revenue": (20.0, 0.8), "churn": (-0.05, 0.004), "calls": (-0.05, 0.03)}
HARMFUL = {"revenue": (-20.0, 0.8), "churn": (0.05, 0.004), "calls": (0.05, 0.03)}
BETWEEN = {"revenue": (2.0, 0.8), "churn": (-0.0075, 0.004), "calls": (-0.05, 0.03)}


@pytest.fixture
def verdict(experiment: Make, readout: Make) -> Callable[..., Verdict]:
    def decided(effects: Any = STRONG, *checks: Check, changes: Any = None, **fields: Any) -> Verdict:
        made = readout(effects, checks=checks, **fields)
        return value_case(experiment(changes), made, seed=1, draws=2000).cases[0].decision

    return decided


def codes(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.because]


def failed(name: str, **facts: Any) -> Check:
    return Check(name=name, verdict="fail", facts=facts)


BREACHED = failed("guardrail", outcome="calls", comparison="merged vs today")


def test_scale(verdict: Make) -> None:
    found = verdict(STRONG)
    assert (found.verdict, found.rule) == ("scale", "P(npv > 0) >= 0.9")
    assert found.because[0].code == "probability"
    assert found.because[0].facts == {"quantity": "npv", "probability": 1.0, "rule": "P(npv > 0) >= 0.9"}


def test_stop(verdict: Make) -> None:
    found = verdict(HARMFUL)
    assert (found.verdict, found.rule, codes(found)) == ("stop", "P(npv > 0) <= 0.2", ["probability"])


def test_extend_between_the_rules(verdict: Make) -> None:
    found = verdict(BETWEEN)
    assert (found.verdict, codes(found)) == ("extend", ["between-rules"])
    assert 0.2 < found.because[0].facts["probability"] < 0.9
    told = notice_sentence(found.because[0], "en")
    assert "asks that the net present value is above 0 in at least 9 of 10 cases" in told
    assert "Stopping asks that the net present value is above 0 in at most 2 of 10 cases" in told


def test_both_rules_met_is_extend_with_both_named(verdict: Make) -> None:
    rules = {"decision": {"scale_if": "P(npv > 0) >= 0.1", "stop_if": "P(roi > 5) <= 0.95"}}
    found = verdict(BETWEEN, changes=rules)
    assert (found.verdict, codes(found)) == ("extend", ["probability", "probability"])
    assert [r.facts["rule"] for r in found.because] == ["P(npv > 0) >= 0.1", "P(roi > 5) <= 0.95"]


@pytest.mark.parametrize(
    ("check", "reason", "facts"),
    [
        (BREACHED, "guardrail-breached", {"outcome": "calls", "comparison": "merged vs today"}),
        (failed("sample-ratio"), "sample-ratio-failed", {}),
        (failed("immaturity"), "windows-not-over", {}),
        (failed("leakage", outcome="revenue"), "effect-hidden", {"outcome": "revenue", "check": "leakage"}),
        (failed("overlap"), "effect-hidden", {"outcome": "revenue", "check": "overlap"}),
        (failed("missing-by-arm", outcome="churn"), "effect-hidden", {"outcome": "churn", "check": "missing-by-arm"}),
    ],
)
def test_what_forbids_a_decision(verdict: Make, check: Check, reason: str, facts: dict[str, Any]) -> None:
    found = verdict(STRONG, check)
    assert found.verdict == "cannot decide"
    assert (found.because[0].code, found.because[0].facts) == (reason, facts)


@pytest.mark.parametrize(
    "check",
    [
        failed("guardrail", outcome="calls", comparison="other vs today"),
        failed("missing-by-arm", outcome="nps"),
        Check(name="guardrail", verdict="warn", facts={"outcome": "calls", "comparison": "merged vs today"}),
        Check(name="immaturity", verdict="info", facts={"left_out": 3}),
        Check(name="sample-ratio", verdict="info"),
        failed("balance"),
    ],
)
def test_what_does_not_forbid_it(verdict: Make, check: Check) -> None:
    assert verdict(STRONG, check).verdict == "scale"


@pytest.mark.parametrize(
    ("level", "needed", "word"),
    [(3, 3, "scale"), (2, 3, "cannot decide"), (None, 1, "cannot decide"), (None, 0, "scale")],
)
def test_the_grade_must_reach_what_was_agreed(verdict: Make, level: int | None, needed: int, word: str) -> None:
    found = verdict(STRONG, changes={"decision": {"min_grade": needed}}, level=level)
    assert found.verdict == word
    if word == "cannot decide":
        assert found.because[0].facts == {"level": level or 0, "needed": needed}


def test_an_unplanned_look_waits(verdict: Make) -> None:
    found = verdict(STRONG, failed("early-look"))
    assert (found.verdict, codes(found)) == ("wait", ["unplanned-look"])


def test_a_leak_is_named_beside_the_grade_that_it_costs(verdict: Make) -> None:
    found = verdict(STRONG, failed("leakage", outcome="revenue"), changes={"decision": {"min_grade": 3}}, level=1)
    assert (found.verdict, codes(found)[0], codes(found)[-1]) == ("cannot decide", "effect-hidden", "grade-too-low")
    assert found.because[0].facts["check"] == "leakage"


def test_order_of_reasons(verdict: Make) -> None:
    every = (failed("overlap"), failed("early-look"), failed("immaturity"), failed("sample-ratio"), BREACHED)
    changes = {"decision": {"min_grade": 4}}
    found = verdict(STRONG, *every, changes=changes, level=1)
    assert codes(found)[0] == "effect-hidden"
    assert codes(found)[-4:] == ["guardrail-breached", "sample-ratio-failed", "windows-not-over", "grade-too-low"]
    assert verdict(STRONG, *every[:2]).verdict == "wait"


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("P(payback_months <= 36) >= 0.9", "scale"),
        ("P(payback_months <= 0) >= 0.1", "extend"),
        ("P(roi > 0.1) >= 0.5", "scale"),
    ],
)
def test_rules_on_other_figures(verdict: Make, rule: str, word: str) -> None:
    assert verdict(STRONG, changes={"decision": {"scale_if": rule}}).verdict == word


def test_never_paying_back_is_no_payback(verdict: Make) -> None:
    rules = {"decision": {"scale_if": "P(payback_months <= 36) >= 0.1", "stop_if": "P(payback_months > 36) >= 0.9"}}
    assert verdict(HARMFUL, changes=rules).verdict == "stop"


def test_a_rule_on_an_undefined_return_cannot_decide(verdict: Make) -> None:
    found = verdict(STRONG, changes={"value.costs": [], "decision": {"scale_if": "P(roi > 0) >= 0.9"}})
    assert (found.verdict, codes(found)) == ("cannot decide", ["roi-undefined"])


def test_freed_capacity_does_not_hide(verdict: Make) -> None:
    """NPV does not rest on a stream that is shown apart."""
    freed = {
        "value.streams": [
            {"outcome": "revenue", "worth": "margin", "recurs": False},
            {"outcome": "calls", "worth": 2, "cash": False},
        ]
    }
    assert verdict(STRONG, failed("missing-by-arm", outcome="calls"), changes=freed).verdict == "scale"


# At planned looks ------------------------------------------------------------------------------------------------------
COMPARISON = "merged vs today"


def looked_at(**fields: Any) -> LookRecord:
    now = {"rule": "obrien-fleming", "number": 2, "of": 4, "last": False, "information": 0.5, "critical": 2.963}
    return LookRecord(**(now | fields))


@pytest.mark.parametrize(
    ("effects", "look", "said", "reasons"),
    [
        (STRONG, looked_at(), "extend", ["probability", "look-no-gain-yet"]),
        (STRONG, looked_at(may_scale=(COMPARISON,)), "scale", ["probability"]),
        (STRONG, looked_at(may_stop=(COMPARISON,)), "extend", ["probability", "look-no-gain-yet"]),
        (STRONG, looked_at(last=True), "scale", ["probability"]),
        (HARMFUL, looked_at(), "extend", ["probability", "look-not-ruled-out"]),
        (HARMFUL, looked_at(may_stop=(COMPARISON,)), "stop", ["probability"]),
        (BETWEEN, looked_at(may_scale=(COMPARISON,)), "extend", ["between-rules"]),
    ],
)
def test_before_the_last_look_ranges_must_agree(
    verdict: Make, effects: Any, look: Any, said: str, reasons: Any
) -> None:
    found = verdict(effects, looks=look)
    assert (found.verdict, codes(found)) == (said, reasons)
    assert found.because[-1].facts.get("look", 2) == 2


def test_an_unplanned_look_waits_whatever_the_ranges_say(verdict: Make) -> None:
    found = verdict(STRONG, failed("early-look"), looks=looked_at(number=None, may_scale=(COMPARISON,)))
    assert (found.verdict, codes(found)) == ("wait", ["unplanned-look"])
