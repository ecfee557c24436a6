"""What is asked: how much, from whose budget, decided by whom and when, compared with what."""

from __future__ import annotations

from typing import Any

from causalcx.core.case import Case
from causalcx.core.experiment import Experiment
from causalcx.core.money_terms import Cost, Value
from causalcx.core.readout import Readout
from causalcx.reports.voice import Voice, mean_of
from causalcx.words import horizon, listing

FORMS = ("once", "monthly", "per_unit", "per_unit_month")
BOXES = ("scale", "part", "extend", "stop")
TICKED = {"scale": "scale", "keep": "keep", "part": "part", "stop": "stop", "extend": "extend", "wait": "extend"}
"""The box that an advice recommends."""
MONEY_ROW = {"scale": "ask.for", "keep": "ask.for", "part": "ask.would-cost.all"}
"""What the money row is called; else it says what it would cost."""


def ask(experiment: Experiment, readout: Readout, case: Case | None, comparison: str, voice: Voice) -> dict[str, Any]:
    """Rows of label and text, and the decision boxes (none without a case)."""
    decision = experiment.decision
    rows = [
        *_money_row(experiment, case, voice),
        (voice.say("ask.budget" if experiment.budget_line else "ask.sponsored"), _budget(experiment, voice)),
        (voice.say("ask.decision"), _decided(decision, voice) if decision else ""),
        (voice.say("ask.compared"), _compared(experiment, readout, comparison, voice)),
        (voice.say("ask.reach"), _reach(case, experiment, voice)),
    ]
    return {
        "title": voice.say("ask.title"),
        "rows": [row for row in rows if row[1]],
        "priced": case is not None,
        "boxes": _boxes(case, voice),
    }


def _money_row(experiment: Experiment, case: Case | None, voice: Voice) -> list[tuple[str, str]]:
    if case is None or experiment.value is None:
        return []
    label = voice.say(MONEY_ROW.get(case.decision.advice, "ask.would-cost"))
    return [(label, _money(experiment, experiment.value, case, voice))]


def _money(experiment: Experiment, value: Value, case: Case, voice: Voice) -> str:
    costs = [c for c in value.costs if not c.sunk and (c.arms is None or case.arm in c.arms)]
    if not costs:
        return voice.say("ask.nothing")
    named = {a.key: a.value for a in experiment.assumptions}
    sums = {form: _total(costs, form, named) for form in FORMS}
    parts = [
        voice.say(f"ask.{form}", amount=voice.money(x, case.currency), unit=voice.names.each)
        for form, x in sums.items()
        if x
    ]
    spent = sum(c.present_value.mean or 0.0 for c in case.costs if not c.sunk)
    total = voice.say(
        "ask.total", total=voice.money(spent, case.currency), horizon=horizon(case.horizon_months, voice.language)
    )
    return voice.say("ask.together", parts=listing(parts, voice.language), total=total)


def _total(costs: list[Cost], form: str, named: dict[str, Any]) -> float:
    return sum(mean_of(getattr(c, form), named) for c in costs if getattr(c, form) is not None)


def _budget(experiment: Experiment, voice: Voice) -> str:
    if not experiment.budget_line:
        return experiment.sponsor or ""
    parts = [voice.text(experiment.budget_line)]
    if experiment.sponsor:
        parts.append(voice.say("ask.sponsor", name=experiment.sponsor))
    return _joined(parts, voice)


def _decided(decision: Any, voice: Voice) -> str:
    parts = []
    if decision.decided_by:
        parts.append(voice.say("ask.by-whom", who=decision.decided_by))
    if decision.decide_on:
        parts.append(voice.say("ask.when", when=decision.decide_on))
    return (", " if voice.language == "en" else "，").join(parts)


def _joined(parts: list[str], voice: Voice) -> str:
    return ("; " if voice.language == "en" else "；").join(parts)


def _compared(experiment: Experiment, readout: Readout, comparison: str, voice: Voice) -> str:
    treated, control = voice.names.sides(comparison)
    units = {arm.label: arm.units for arm in readout.arms}
    shape = "course" if experiment.design.kind == "interrupted-time-series" else "sides"
    return voice.say(
        f"ask.compared.{shape}", treated=treated, control=control,
        n_treated=units.get(treated), n_control=units.get(control),
    )  # fmt: skip


def _reach(case: Case | None, experiment: Experiment, voice: Voice) -> str:
    if case is None or experiment.value is None:
        return ""
    reach, named = experiment.value.reach, {a.key: a.value for a in experiment.assumptions}
    if reach.stock == 1 and voice.names.whole:
        return voice.say("ask.reach.everybody")
    kind, quantity = ("flow", reach.per_month) if reach.stock is None else ("stock", reach.stock)
    told = voice.say(f"ask.reach.{kind}", count=mean_of(quantity, named), units=voice.names.many)
    ramp = reach.ramp_months
    return told + (voice.say("ask.reach.ramp", months=ramp) if ramp else "") + _counted(case, voice)


def _counted(case: Case, voice: Voice) -> str:
    """Whom the money is counted for, where that is not everybody who is reached."""
    shares = [s.share for s in case.streams if s.cash and s.share < 1]
    return voice.say("ask.reach.counted", share=min(shares)) if shares else ""


def _boxes(case: Case | None, voice: Voice) -> list[dict[str, Any]]:
    if case is None:
        return []
    ticked = TICKED.get(case.decision.advice)
    boxes = ("keep", *BOXES[2:]) if ticked == "keep" else BOXES
    return [{"text": voice.say(f"ask.box.{box}"), "recommended": box == ticked} for box in boxes]
