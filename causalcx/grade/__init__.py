"""The evidence level, 0 to 5, by the public rules of docs/reference/evidence-levels.md."""

from __future__ import annotations

from collections.abc import Sequence

from causalcx.core.check import HIDES_ALL, Check, Grade, Notice
from causalcx.core.experiment import Experiment

START = {"randomised": 5, "observational": 2}
THIRD_PARTY = 2
"""Where a design starts that a third party brought for a kind not built in: no rule about it is public yet."""
COSTS = {
    ("missing-by-arm", "fail"): 2,
    ("balance", "fail"): 1,
    ("early-look", "fail"): 1,
    ("refuter-placebo", "fail"): 1,
    ("refuter-random-cause", "fail"): 1,
}
"""Levels that a verdict costs."""
BLOCKED, SHARED, UNASKED = 1, 3, 4
"""Highest level after a failed blocking check; with arms that share something; with interference not declared."""


def grade(experiment: Experiment, checks: Sequence[Check], sealed_days_before_data: int | None) -> Grade:
    """Start from the design, pay for what failed, cap by what blocks; with the reasons and what would raise it."""
    kind = experiment.design.kind
    level = START.get(kind, THIRD_PARTY)
    because = [Notice(code="design-start", facts={"design": kind, "level": level})]
    for cost, notice in (*_registration(sealed_days_before_data), *_transport(experiment), *_failures(checks)):
        level -= cost
        because.append(notice)
    for cap, notice in _caps(checks):
        if level > cap:
            level = cap
            because.append(notice)
    raises = _to_raise(experiment, checks, sealed_days_before_data)
    return Grade(
        level=max(level, 0), because=tuple(because), to_raise=raises, sealed_days_before_data=sealed_days_before_data
    )


def _registration(days: int | None) -> list[tuple[int, Notice]]:
    if days is None:
        return [(1, Notice(code="not-registered"))]
    return [(1, Notice(code="sealed-after-data", facts={"days": -days}))] if days < 0 else []


def _transport(experiment: Experiment) -> list[tuple[int, Notice]]:
    carried = experiment.value.transport if experiment.value else None
    return [(1, Notice(code="transported", facts={"reason": carried.reason}))] if carried else []


def _failures(checks: Sequence[Check]) -> list[tuple[int, Notice]]:
    paid = {}
    for check in checks:
        cost = COSTS.get((check.name, check.verdict))
        if cost:
            facts = {"check": check.name, "levels": cost, "verdict": check.verdict}
            paid[check.name] = (cost, Notice(code="check-cost", facts=facts))
    return list(paid.values())


def _caps(checks: Sequence[Check]) -> list[tuple[int, Notice]]:
    caps = []
    for check in checks:
        if check.name in HIDES_ALL and check.verdict == "fail":
            caps.append((BLOCKED, Notice(code="blocked-by", facts={"check": check.name})))
        if check.name == "interference" and check.verdict == "warn":
            cap = SHARED if check.facts["declared"] == "shared" else UNASKED
            caps.append(
                (cap, Notice(code="interference-cap", facts={"level": cap, "declared": check.facts["declared"]}))
            )
    return caps


def _to_raise(experiment: Experiment, checks: Sequence[Check], days: int | None) -> tuple[Notice, ...]:
    notices = []
    if days is None or days < 0:
        notices.append(Notice(code="register-before-data"))
    if experiment.design.kind == "observational":
        notices.append(Notice(code="randomise"))
    for check in checks:
        if check.verdict == "fail" and (check.name in HIDES_ALL or (check.name, check.verdict) in COSTS):
            notices.append(Notice(code="fix-check", facts={"check": check.name}))
        if check.name == "interference" and check.verdict == "warn":
            unasked = check.facts["declared"] == "undeclared"
            notices.append(
                Notice(
                    code="declare-interference" if unasked else "separate-arms", facts={"shares": check.facts["shares"]}
                )
            )
        if check.name == "sample-ratio" and check.verdict == "info" and experiment.design.kind == "randomised":
            notices.append(Notice(code="plan-ratio"))
    return tuple({(n.code, str(n.facts)): n for n in notices}.values())
