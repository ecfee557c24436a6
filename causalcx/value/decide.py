"""The rule agreed before the data, applied; reasons are codes and facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from causalcx.core.case import Verdict
from causalcx.core.check import HIDES_ALL, HIDES_ONE, Check, Notice
from causalcx.core.money_terms import Decision
from causalcx.core.readout import Readout
from causalcx.core.rules import DecisionRule
from causalcx.value.numbers import Array

FORBIDS = "sample-ratio"
"""The check whose failure forbids a decision by itself, and is said once."""
Word = Literal["scale", "stop", "extend", "wait", "cannot decide"]


def decide(
    decision: Decision, readout: Readout, comparison: str, priced: list[str], figures: Mapping[str, Array | None]
) -> Verdict:
    """The verdict on one arm.

    In this order: what forbids a decision whatever the money says (a breached guardrail of this comparison, a failed sample
    ratio, windows not over, a grade below ``min_grade``) gives ``cannot decide``; an unplanned look ``wait``; a hidden effect of
    a priced outcome ``cannot decide``; then the rules: ``scale``, ``stop``, and ``extend`` between them or where rules
    on different quantities are both met; at a planned look before the last, ``extend`` too unless the ranges allow more.
    ``figures`` are draws of npv, roi (None where undefined) and payback_months.
    """
    forbidden, hidden = _forbidden(decision, readout, comparison), _hidden(readout, priced)
    if forbidden:
        return _verdict(decision.scale_if, "cannot decide", [*hidden, *forbidden])
    if _failed(readout, "early-look"):
        return _verdict(decision.scale_if, "wait", [Notice(code="unplanned-look")])
    if hidden:
        return _verdict(decision.scale_if, "cannot decide", hidden)
    return at_this_look(by_rules(decision, figures), readout, comparison)


def by_rules(decision: Decision, figures: Mapping[str, Array | None]) -> Verdict:
    """What the two rules say of draws, where nothing forbids a decision."""
    scale, stop = (_probability(rule, figures) for rule in (decision.scale_if, decision.stop_if))
    if scale is None or stop is None:
        return _verdict(decision.scale_if, "cannot decide", [Notice(code="roi-undefined")])
    may_scale, may_stop = decision.scale_if.met(scale), decision.stop_if.met(stop)
    if may_scale and may_stop:
        return _verdict(
            decision.scale_if, "extend", [_reason(decision.scale_if, scale), _reason(decision.stop_if, stop)]
        )
    if may_scale:
        return _verdict(decision.scale_if, "scale", [_reason(decision.scale_if, scale)])
    if may_stop:
        return _verdict(decision.stop_if, "stop", [_reason(decision.stop_if, stop)])
    between = {
        "probability": scale, "quantity": decision.scale_if.quantity,
        "rule": str(decision.scale_if), "stop": str(decision.stop_if),
    }  # fmt: skip
    return _verdict(decision.scale_if, "extend", [Notice(code="between-rules", facts=between)])


def at_this_look(said: Verdict, readout: Readout, comparison: str) -> Verdict:
    """Before the last look the money alone does not end an experiment: the ranges that pay for several looks must agree."""
    now = readout.looks
    if now is None or now.last or said.verdict not in ("scale", "stop"):
        return said
    if comparison in (now.may_scale if said.verdict == "scale" else now.may_stop):
        return said
    facts = {"look": now.number, "of": now.of}
    held = Notice(code="look-no-gain-yet" if said.verdict == "scale" else "look-not-ruled-out", facts=facts)
    return said.model_copy(update={"verdict": "extend", "because": (*said.because, held)})


def _forbidden(decision: Decision, readout: Readout, comparison: str) -> list[Notice]:
    breached = [c.facts["outcome"] for c in _failed(readout, "guardrail") if c.facts.get("comparison") == comparison]
    reasons = [Notice(code="guardrail-breached", facts={"outcome": o, "comparison": comparison}) for o in breached]
    if _failed(readout, FORBIDS):
        reasons.append(Notice(code="sample-ratio-failed"))
    if _failed(readout, "immaturity"):
        reasons.append(Notice(code="windows-not-over"))
    level = readout.grade.level if readout.grade else 0
    if level < decision.min_grade:
        reasons.append(Notice(code="grade-too-low", facts={"level": level, "needed": decision.min_grade}))
    return reasons


def _hidden(readout: Readout, priced: list[str]) -> list[Notice]:
    hiding = [(o, name) for name in HIDES_ALL if name != FORBIDS and _failed(readout, name) for o in priced]
    hiding += [(o, HIDES_ONE) for c in _failed(readout, HIDES_ONE) for o in priced if c.facts.get("outcome") == o]
    return [Notice(code="effect-hidden", facts={"outcome": o, "check": name}) for o, name in hiding]


def _failed(readout: Readout, name: str) -> list[Check]:
    return [check for check in readout.checks if check.name == name and check.verdict == "fail"]


def _probability(rule: DecisionRule, figures: Mapping[str, Array | None]) -> float | None:
    """Share of draws in which the rule's inner test holds; None where its quantity is undefined."""
    draws = figures[rule.quantity]
    return None if draws is None else float(np.mean(rule.holds_in(draws)))


def _reason(rule: DecisionRule, probability: float) -> Notice:
    return Notice(code="probability", facts={"quantity": rule.quantity, "probability": probability, "rule": str(rule)})


def _verdict(rule: DecisionRule, word: Word, because: list[Notice]) -> Verdict:
    return Verdict(rule=str(rule), verdict=word, because=tuple(because))
