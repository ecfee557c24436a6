"""Assumptions with their owners, definitions, who is held to it, and the words explained."""

from __future__ import annotations

from typing import Any

from causalcx.core.case import AssumptionUsed, Case
from causalcx.core.experiment import Experiment
from causalcx.core.money_terms import Cost
from causalcx.core.outcomes import Outcome
from causalcx.reports.asking import FORMS
from causalcx.reports.voice import Voice, capital, span_words
from causalcx.words import date, length

GLOSSARY = ("npv", "payback", "irr", "frequency", "guardrail", "sealed", "evidence", "freed", "nps", "exploratory")


def assumptions(experiment: Experiment, case: Case, voice: Voice) -> dict[str, Any]:
    """The named assumptions, and the terms that the plan states in place."""
    stated = [f"{name} {told}" for name, told in _terms(experiment, case, voice)]
    terms = ("; " if voice.language == "en" else "；").join(stated)
    return {
        "rows": [_assumption(a, case, voice) for a in case.assumptions if a.used],
        "stated": voice.say("assume.stated", terms=terms) if stated else "",
    }


def _assumption(used: AssumptionUsed, case: Case, voice: Voice) -> dict[str, Any]:
    source = [part for part in (used.owner, voice.text(used.source)) if part]
    if used.as_of:
        source.append(voice.say("assume.as-of", date=used.as_of))
    return {
        "name": capital(voice.text(used.name)),
        "value": span_words(used.value, voice, used.unit),
        "source": ("; " if voice.language == "en" else "；").join(source),
        "agreed": _agreed(used.agreed, voice),
        "open": used.agreed in (None, "proposed"),
        "swing": "" if used.swing is None else voice.money(abs(used.swing), case.currency),
    }


def _agreed(agreed: str | None, voice: Voice) -> str:
    if agreed in (None, "proposed", "finance"):
        return voice.say(f"assume.agreed.{agreed or 'none'}")
    return voice.say("assume.agreed.by", who=agreed)


def _terms(experiment: Experiment, case: Case, voice: Voice) -> list[tuple[str, str]]:
    value = experiment.value
    if value is None:
        return []
    reach = (
        ("assume.reach", value.reach.stock)
        if value.reach.per_month is None
        else ("assume.reach.month", value.reach.per_month)
    )
    costs = [c for c in value.costs if not c.sunk and (c.arms is None or case.arm in c.arms)]
    stated = [
        (voice.say(reach[0], units=voice.names.many), None if voice.names.whole and reach[1] == 1 else reach[1], None),
        (voice.say("assume.discount"), value.discount_rate, "share"),
        (voice.say("assume.half-life"), value.half_life_months, "months"),
        (voice.say("assume.attrition"), value.monthly_attrition, "share"),
        *(
            (
                voice.say("assume.worth", name=voice.names.outcome(s.outcome)),
                s.worth,
                _worth_unit(experiment, s.outcome),
            )
            for s in value.streams
        ),
    ]
    told = [(name, span_words(x, voice, unit)) for name, x, unit in stated if x is not None and not isinstance(x, str)]
    return told + [(voice.text(c.name), _price(c, value.currency, voice)) for c in costs if not _named(c)]


def _worth_unit(experiment: Experiment, outcome: str) -> str | None:
    amount = experiment.outcome(outcome).kind == "amount"
    return "share" if amount else experiment.value.currency if experiment.value else None


def _named(cost: Cost) -> bool:
    return any(isinstance(getattr(cost, form), str) for form in FORMS)


def _price(cost: Cost, currency: str, voice: Voice) -> str:
    form = next(form for form in FORMS if getattr(cost, form) is not None)
    return voice.say(f"ask.{form}", amount=span_words(getattr(cost, form), voice, currency), unit=voice.names.each)


def definitions(experiment: Experiment, voice: Voice) -> list[dict[str, str]]:
    """What each outcome means, over which window, with which cap."""
    return [_definition(experiment, o, voice) for o in experiment.outcomes]


def _definition(experiment: Experiment, outcome: Outcome, voice: Voice) -> dict[str, str]:
    facts = {
        "units": voice.names.many,
        "unit": voice.names.one,
        "numerator": outcome.numerator,
        "denominator": outcome.denominator,
        "event": outcome.event,
    }
    parts = [voice.text(outcome.description).rstrip(".。 ")] if outcome.description else []
    if outcome.kind == "duration":
        facts["horizon"] = length(outcome.length, experiment.time_unit(outcome), voice.language)
    parts.append(voice.say(f"define.{_kind_told(outcome, voice)}", **facts))
    if outcome.window_months and outcome.kind != "duration":
        parts.append(voice.say("define.window", months=outcome.window_months))
    if outcome.cap is not None:
        parts.append(voice.say("define.cap", cap=outcome.cap))
    joined = ("; " if voice.language == "en" else "；").join(parts)
    return {
        "name": voice.head(outcome.key),
        "role": voice.say(f"define.role.{outcome.role}"),
        "text": joined,
        "column": outcome.column or "",
    }


def _kind_told(outcome: Outcome, voice: Voice) -> str:
    if outcome.kind == "duration":
        return "duration.left" if outcome.tells_leaving else "duration.stayed"
    return "score" if voice.names.whole and outcome.kind in ("amount", "count") else outcome.kind


def held(experiment: Experiment, voice: Voice) -> dict[str, Any]:
    """Who answers for it, and when the realised numbers are looked at again."""
    decision = experiment.decision
    review = decision.review_on if decision else None
    rows = [
        (voice.say("held.owner"), experiment.owner),
        (voice.say("held.finance"), experiment.finance_partner),
        (voice.say("held.decider"), decision.decided_by if decision else None),
        (voice.say("held.review"), date(review, voice.language) if review else voice.say("held.review.none")),
        (voice.say("held.count"), voice.text(experiment.programme)),
    ]
    return {
        "rows": [(k, v) for k, v in rows if v],
        "sign": [voice.say(f"held.sign.{who}") for who in ("business", "finance", "legal")],
    }


def glossary(voice: Voice, wanted: set[str]) -> list[dict[str, str]]:
    """The words used on the page, in a fixed order."""
    return [
        {"key": key, "word": voice.say(f"term.{key}"), "meaning": voice.say(f"term.{key}.explain")}
        for key in GLOSSARY
        if key in wanted
    ]
