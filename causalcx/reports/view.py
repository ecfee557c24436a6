"""What a case page shows, as one plain dictionary; the template only lays it out. What is not there is left out."""

from __future__ import annotations

from typing import Any

from causalcx.core.case import Case, Valuation
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan
from causalcx.reports.appendix import appendix, trace
from causalcx.reports.asking import ask
from causalcx.reports.evidence import believed, effect_rows, known, origin, seal_words
from causalcx.reports.figures import arms, cash_table, numbers, overturn
from causalcx.reports.terms import assumptions, definitions, glossary, held
from causalcx.reports.voice import Voice
from causalcx.words import blocking_check, exploratory, headline, hidden_money, listing, notice_sentence
from causalcx.words.formats import money_scale

LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
WAVES = "waves-that-pay"
"""The reason that names the waves which gained what the case needs."""


def page(
    experiment: Experiment,
    readout: Readout,
    valuation: Valuation | None,
    *,
    arm: str,
    sealed: SealedPlan | None,
    language: str,
) -> dict[str, Any]:
    """The content of the page of one arm, sentences and figures ready to print."""
    voice = Voice.of(experiment, language)
    comparison = comparison_of(readout, arm, voice)
    case = _case(valuation, comparison)
    failed = blocking_check(readout)
    priced = case is not None and failed is None and not hidden_money(readout, case)
    content = {
        **_head(experiment, readout, case, comparison, sealed, voice),
        "blocked": _blocked(readout, voice) if failed else None,
        "ask": ask(experiment, readout, case if priced else None, comparison, voice),
        **(_money(experiment, valuation, case, voice) if priced and case and valuation else NO_MONEY),
        "effects": [] if failed else effect_rows(experiment, readout, comparison, voice),
        "believed": [] if failed else believed(experiment, readout, comparison, voice),
        "known": known(experiment, readout, comparison, sealed, voice),
        "definitions": definitions(experiment, voice),
        "held": held(experiment, voice),
        "appendix": appendix(experiment, readout, case if priced else None, sealed, voice, show_effects=failed is None),
        "trace": trace(readout, voice),
    }
    return content | {"glossary": glossary(voice, _wanted(content, experiment))}


NO_MONEY: dict[str, Any] = {
    "numbers": [],
    "decision": None,
    "arms": [],
    "cash": None,
    "overturn": None,
    "assumptions": None,
    "captions": {},
}


def comparison_of(readout: Readout, arm: str, voice: Voice) -> str:
    """The comparison in which the arm is the treated side; the first one when no effect names it."""
    comparisons = [e.comparison for e in readout.headlines]
    return next((c for c in comparisons if voice.names.sides(c)[0] == arm), comparisons[0])


def _case(valuation: Valuation | None, comparison: str) -> Case | None:
    return next((c for c in valuation.cases if c.comparison == comparison), None) if valuation else None


def _head(
    experiment: Experiment,
    readout: Readout,
    case: Case | None,
    comparison: str,
    sealed: SealedPlan | None,
    voice: Voice,
) -> dict[str, Any]:
    grade, why = readout.grade, exploratory(readout)
    return {
        "language": LANGUAGE_TAGS[voice.language],
        "key": experiment.key,
        "title": voice.text(experiment.title),
        "headline": headline(experiment, readout, case, voice.language, comparison=comparison),
        "seal": seal_words(readout, sealed, voice),
        "level": {
            "level": grade.level,
            "of": grade.of,
            "text": voice.say("page.evidence", level=grade.level, of=grade.of),
        }
        if grade
        else None,
        "origin": origin(experiment, voice),
        "exploratory": voice.say(f"page.exploratory.{why}") if why else None,
        "sides": [voice.names.arm(side) for side in voice.names.sides(comparison)],
    }


def _blocked(readout: Readout, voice: Voice) -> dict[str, Any]:
    steps = readout.grade.to_raise if readout.grade else ()
    return {
        "title": voice.say("page.blocked"),
        "steps": [notice_sentence(n, voice.language, names=voice.names) for n in steps],
    }


def _money(experiment: Experiment, valuation: Valuation, case: Case, voice: Voice) -> dict[str, Any]:
    return {
        "numbers": numbers(case, voice),
        "decision": _decision(case, voice),
        "arms": arms(valuation, case, voice),
        "cash": cash_table(case, voice),
        "overturn": overturn(case, experiment, voice),
        "assumptions": assumptions(experiment, case, voice),
        "captions": {"npv": npv_caption(case, voice)},
    }


def npv_caption(case: Case, voice: Voice) -> str:
    """The chart of net present values in words."""
    scale = money_scale([case.npv.mean, case.npv.p5, case.npv.p95], voice.language)
    median = voice.money(case.npv.p50, case.currency, scale=scale)
    return voice.say("chart.npv.caption", draws=case.draws, loss=1 - case.probability_pays, median=median)


def effects_caption(experiment: Experiment, comparison: str, voice: Voice) -> str:
    """The chart of effects in words."""
    control = voice.names.arm(voice.names.sides(comparison)[1])
    observed = experiment.design.kind == "observational"
    caption = voice.say("chart.effects.caption" + (".observed" if observed else ""), control=control)
    if len(experiment.outcomes) < 2:
        return caption
    return caption + (" " if voice.language == "en" else "") + voice.say("chart.effects.scales")


def _decision(case: Case, voice: Voice) -> dict[str, Any]:
    advice = case.decision.advice
    return {
        "sentence": voice.say(f"decision.{advice}"),
        "because": [notice_sentence(n, voice.language, names=voice.names) for n in case.decision.because]
        + [_of_all_waves(n.facts, voice) for n in case.decision.because if n.code == WAVES and advice == "part"],
    }


def _of_all_waves(found: dict[str, Any], voice: Voice) -> str:
    """That the money is that of all waves, and what each of them gained."""
    waves = [
        voice.say("decision.part.wave", wave=[day], effect=effect, unit=found["unit"])
        for day, effect in found["effects"].items()
    ]
    return voice.say("decision.part.all", outcome=found["outcome"], waves=listing(waves, voice.language))


def _wanted(content: dict[str, Any], experiment: Experiment) -> set[str]:
    wanted = {"sealed", "evidence"}
    if content["numbers"]:
        wanted |= {"npv", "payback", "frequency"}
    if any(n.get("irr") for n in content["numbers"]):
        wanted |= {"irr"}
    if content["cash"] and content["cash"]["freed"]:
        wanted |= {"freed"}
    if any(o.role == "guardrail" for o in experiment.outcomes):
        wanted |= {"guardrail"}
    if any(o.kind == "nps" for o in experiment.outcomes):
        wanted |= {"nps"}
    return wanted | ({"exploratory"} if content["exploratory"] else set())
