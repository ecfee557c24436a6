"""Planned looks: whether this is one of them."""

from __future__ import annotations

from causalcx.core.check import Check
from causalcx.core.experiment import Experiment
from causalcx.core.looks import LookRecord


def planned_look(experiment: Experiment, record: LookRecord) -> Check:
    """The check `early-look` where looks are planned: passes at every one of them, and whenever ranges always hold."""
    facts = {
        "as_of": experiment.as_of.isoformat() if experiment.as_of else None, "end": experiment.period.end.isoformat(),
        "look": record.number, "of": record.of, "information": record.information, "widening": record.widening,
        "declared": _declared(record), "next": _next(record),
    }  # fmt: skip
    return Check(name="early-look", verdict="fail" if record.number is None else "pass", facts=facts)


def _declared(record: LookRecord) -> str:
    if record.number is None:
        return "unplanned-day" if record.planned[-1].on else "unplanned" if _next(record) else "beyond"
    if record.rule == "always-valid":
        return "anytime"
    return "planned" if not record.last else "last" if record.widened else "last-plain"


def _next(record: LookRecord) -> str | float | None:
    """Place of the next planned look, as a date or a share."""
    ahead = [p for p in record.planned if p.information > record.information]
    return None if not ahead else ahead[0].on.isoformat() if ahead[0].on else ahead[0].information
