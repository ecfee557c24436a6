"""The evidence level, 0 to 5, by the public rules of docs/reference/evidence-levels.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from causalcx.core.check import HIDES_ALL, HIDES_ONE, Check, Grade, Notice
from causalcx.core.experiment import Experiment

START = {
    "randomised": 5,
    "switchback": 4,
    "instrument": 4,
    "discontinuity": 4,
    "observational": 2,
    "synthetic-control": 3,
    "staggered": 3,
    "interrupted-time-series": 3,
}
TOP = 5
COSTS = {
    ("missing-by-arm", "fail"): 2,
    ("balance", "fail"): 1,
    ("assignment", "fail"): 1,
    ("early-look", "fail"): 1,
    ("small-sample", "warn"): 1,
    ("small-sample", "fail"): 2,
    ("pre-trends", "fail"): 1,
    ("negative-controls", "fail"): 2,
    ("selected-on-outcome", "warn"): 1,
    ("composition", "fail"): 1,
    ("refuter-placebo", "fail"): 1,
    ("first-stage", "warn"): 1,
    ("first-stage", "fail"): 2,
    ("refuter-random-cause", "fail"): 1,
    ("density", "fail"): 2,
    ("covariate-continuity", "fail"): 1,
    ("donut", "fail"): 1,
    ("placebo-cutoffs", "fail"): 1,
    ("pre-fit", "fail"): 1,
    ("placebo-time", "fail"): 1,
    ("carry-over", "warn"): 1,
    ("balance-over-time", "fail"): 2,
    ("pseudo-starts", "fail"): 1,
    ("residual-autocorrelation", "fail"): 1,
    ("touched-regressor", "fail"): 1,
}
"""Levels that a verdict costs."""
REMEDIES = {"small-sample": "more-units", "selected-on-outcome": "draw-among-them"}
"""What mends a failed check, where there is more to say than its name."""
BLOCKED, SHARED, UNASKED = 1, 3, 4
"""Highest level after a failed blocking check; with arms that share something; with interference not declared."""


def grade(
    experiment: Experiment,
    checks: Sequence[Check],
    sealed_days_before_data: int | None,
    changed: Sequence[str] = (),
    seen_on: dt.date | None = None,
) -> Grade:
    """Start from the design, pay for what failed, cap by what blocks; with the reasons and what would raise it.

    ``changed`` names the fields of the plan that differ from the seal; ``seen_on`` is the day on which effects had been
    estimated before it.
    """
    kind = experiment.design.kind
    level = START[kind]
    because = [Notice(code="design-start", facts={"design": kind, "level": level})]
    unregistered = registration(sealed_days_before_data, changed, seen_on)
    paid = [(1, unregistered)] if unregistered else []
    checks = [c for c in checks if _rests_on(experiment, c)]
    for cost, notice in (*paid, *_transport(experiment), *_failures(checks)):
        level -= cost
        because.append(notice)
    raises = _to_raise(experiment, checks, unregistered is not None, level)
    for cap, notice, _ in _caps(checks):
        if level > cap:
            level = cap
            because.append(notice)
    return Grade(
        level=max(level, 0), because=tuple(because), to_raise=raises, sealed_days_before_data=sealed_days_before_data
    )


def registration(days: int | None, changed: Sequence[str] = (), seen_on: dt.date | None = None) -> Notice | None:
    """Why a plan does not count as registered beforehand; None where it does."""
    if changed:
        return Notice(code="plan-changed", facts={"fields": list(changed)})
    if days is None:
        return Notice(code="not-registered")
    if seen_on is not None:
        return Notice(code="sealed-after-fit", facts={"on": seen_on.isoformat()})
    return Notice(code="sealed-after-data", facts={"days": -days}) if days < 0 else None


def _rests_on(experiment: Experiment, check: Check) -> bool:
    """Whether the result rests on it: who answered counts for primaries, guardrails and what is priced; of others it hides their effect alone."""
    if check.name != HIDES_ONE:
        return True
    priced = {s.outcome for s in experiment.value.streams} if experiment.value else set()
    spared = {o.key for o in experiment.outcomes if o.role == "secondary"} - priced
    return check.facts.get("outcome") not in spared


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


def _caps(checks: Sequence[Check]) -> list[tuple[int, Notice, Notice]]:
    """Each cap with its reason and its remedy."""
    caps = []
    for check in checks:
        if check.name in HIDES_ALL and check.verdict == "fail":
            caps.append((BLOCKED, Notice(code="blocked-by", facts={"check": check.name}), _fix(check)))
        if check.name == "interference" and check.verdict == "warn":
            caps.append(_shared(check))
    return caps


def _shared(check: Check) -> tuple[int, Notice, Notice]:
    declared = check.facts["declared"]
    cap, remedy = (SHARED, "separate-arms") if declared == "shared" else (UNASKED, "declare-interference")
    because = Notice(code="interference-cap", facts={"level": cap, "declared": declared})
    return cap, because, Notice(code=remedy, facts={"shares": check.facts["shares"]})


def _to_raise(experiment: Experiment, checks: Sequence[Check], unsealed: bool, paid: int) -> tuple[Notice, ...]:
    """Remedies of what holds the level: of what was paid down to ``paid``, of the lowest cap, of both where they agree."""
    caps = _caps(checks)
    ceiling = min((cap for cap, _, _ in caps), default=TOP)
    notices = [remedy for cap, _, remedy in caps if cap == ceiling <= paid]
    if paid <= ceiling:
        notices += [Notice(code="register-before-data")] if unsealed else []
        notices += [_fix(check) for check in checks if (check.name, check.verdict) in COSTS]
    if experiment.design.kind == "observational":
        notices.append(Notice(code="randomise"))
    if experiment.design.kind == "interrupted-time-series":
        notices.append(Notice(code="second-series"))
    return tuple({(n.code, str(n.facts)): n for n in notices}.values())


def _fix(check: Check) -> Notice:
    """What would mend a failed check."""
    return Notice(code=REMEDIES.get(check.name, "fix-check"), facts={"check": check.name})
