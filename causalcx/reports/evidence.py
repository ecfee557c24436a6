"""What was learnt and how it is known: effects, beliefs, design, seal, checks, evidence level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from causalcx.core.check import Check, Grade, Notice
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan
from causalcx.reports.voice import Voice
from causalcx.words import (
    bounds_text,
    check_sentence,
    effect_text,
    exploratory,
    hidden_outcomes,
    notice_sentence,
    shown_checks,
    tells_hidden,
    text_in,
)
from causalcx.words.effects import span_with_unit, unit_of

TOLD = (
    "randomised",
    "randomised.failed",
    "observational",
    "observational.graph",
    "instrument",
    "discontinuity",
    "staggered",
    "switchback",
    "synthetic-control",
    "interrupted-time-series",
)
"""Designs with a paragraph of their own."""
ORDER = {"fail": 0, "warn": 1, "info": 2, "pass": 3}


def effects_of(readout: Readout, comparison: str) -> list[Effect]:
    """The headline effects of one comparison, in file order."""
    return [e for e in readout.headlines if e.comparison == comparison]


def effect_rows(experiment: Experiment, readout: Readout, comparison: str, voice: Voice) -> list[dict[str, Any]]:
    """Each effect in words; a hidden one shows its bounds, or the failed check, in its place."""
    hidden = hidden_outcomes(readout)
    return [_effect_row(e, experiment, readout, hidden.get(e.outcome), voice) for e in effects_of(readout, comparison)]


def _effect_row(
    effect: Effect, experiment: Experiment, readout: Readout, failed: Check | None, voice: Voice
) -> dict[str, Any]:
    outcome, name = experiment.outcome(effect.outcome), voice.head(effect.outcome)
    if failed:
        bounds = bounds_text(readout, effect, outcome, voice.language, voice.names)
        why = voice.say("chart.hidden", check=voice.say(f"check-name.{failed.name}"))
        return {"name": name, "text": bounds or why, "hidden": True}
    return {"name": name, "text": effect_text(effect, outcome, voice.language, names=voice.names), "hidden": False}


def believed(experiment: Experiment, readout: Readout, comparison: str, voice: Voice) -> list[dict[str, str]]:
    """What the owner expected against what was measured, for each outcome with a stated belief."""
    hidden = hidden_outcomes(readout)
    rows = []
    for effect in effects_of(readout, comparison):
        span = experiment.expects.get(effect.outcome)
        if span is not None:
            rows.append(_believed(effect, experiment, span, effect.outcome in hidden, voice))
    return rows


def _believed(
    effect: Effect, experiment: Experiment, span: tuple[float, float], hidden: bool, voice: Voice
) -> dict[str, str]:
    outcome = experiment.outcome(effect.outcome)
    failed = voice.say("chart.hidden", check=voice.say("check-name.missing-by-arm"))
    learnt = failed if hidden else effect_text(effect, outcome, voice.language, names=voice.names)
    return {
        "name": voice.head(effect.outcome),
        "before": span_with_unit(*span, unit_of(effect, outcome), voice.names),
        "learnt": learnt,
        "so": voice.say(f"believed.{'unclear' if hidden else _against(effect, span, outcome.sign)}"),
    }


def _against(effect: Effect, span: tuple[float, float], sign: int) -> str:
    low, high = span
    if low <= effect.estimate <= high:
        return "within"
    if (
        effect.low is not None
        and effect.high is not None
        and effect.low <= high
        and effect.high >= low
        and not effect.clear
    ):
        return "unclear"
    return "better" if sign * (effect.estimate - (low + high) / 2) > 0 else "worse"


def known(
    experiment: Experiment, readout: Readout, comparison: str, sealed: SealedPlan | None, voice: Voice
) -> dict[str, Any]:
    """How we know: the design in plain words, the seal, the checks (what is not in order first), the evidence level."""
    observed = ".observed" if experiment.design.kind == "observational" else ""
    period = voice.say(f"know.period{observed}", start=experiment.period.start, end=experiment.period.end)
    checks = [c for c in shown_checks(readout) if c.facts.get("comparison") in (None, comparison)]
    if experiment.design.kind != "randomised":  # nobody planned a split, so there is none to speak of
        checks = [c for c in checks if (c.name, c.verdict) != ("sample-ratio", "info")]
    passed = [c for c in checks if c.verdict == "pass"]
    rest = sorted((c for c in checks if c.verdict != "pass"), key=lambda c: ORDER[c.verdict])
    said = {n.code for n in readout.grade.because} if readout.grade else set()
    notices = (*readout.warnings, *readout.fallbacks, *readout.failures)
    more = [n for n in notices if n.code not in said and not tells_hidden(n, readout)]
    return {
        "design": [
            _design(experiment, readout, voice),
            f"{period} {seal_words(readout, sealed, voice)}{'。' if voice.language == 'zh' else '.'}",
            *_looks(readout, voice),
            *([text_in(experiment.notes, voice.language)] if experiment.notes else []),
        ],
        "open": [check_row(c, voice) for c in rest],
        "passed": [check_row(c, voice) for c in passed],
        "passed_count": voice.say("know.checks", passed=len(passed)) if passed else "",
        "grade": _grade(readout, voice),
        "notices": sentences(more, voice),
    }


def _design(experiment: Experiment, readout: Readout, voice: Voice) -> str:
    counts = {arm.label: arm.units for arm in readout.arms}
    kind, covariates = experiment.design.kind, getattr(experiment.design, "covariates", [])
    if kind == "observational" and not covariates:
        kind = "observational.graph"
    ratio = readout.check("sample-ratio")
    if kind == "randomised" and ratio is not None and ratio.verdict == "fail":
        kind = "randomised.failed"
    code = f"know.{kind}" if kind in TOLD else "know.other"
    return voice.say(code, counts=counts, units=voice.names.many, covariates=list(covariates), design=kind)


def _looks(readout: Readout, voice: Voice) -> list[str]:
    """Which planned look this is; a look that was not planned is told among the checks."""
    now = readout.looks
    if now is None or now.number is None:
        return []
    facts = {"look": now.number, "of": now.of, "times": len(now.seen), "widening": now.widening}
    shape = ".anytime" if now.rule == "always-valid" else "" if now.widened else ".plain"
    return [voice.say(f"know.looks{shape}", **facts)]


def seal_words(readout: Readout, sealed: SealedPlan | None, voice: Voice) -> str:
    """When the plan was sealed, against the data."""
    grade = readout.grade
    days = grade.sealed_days_before_data if grade else None
    if grade is None or sealed is None or days is None:
        return voice.say(f"page.sealed.{exploratory(readout) or 'never'}")
    fitted = any(n.code == "sealed-after-fit" for n in grade.because)
    when = "fitted" if fitted else "before" if days > 0 else "same" if days == 0 else "after"
    return voice.say(f"page.sealed.{when}", on=sealed.sealed_on, days=days)


def check_row(check: Check, voice: Voice) -> dict[str, str]:
    """A check for a list: its verdict as a word, its sentence."""
    return {
        "name": check.name, "verdict": check.verdict, "word": voice.say(f"verdict.{check.verdict}"),
        "sentence": check_sentence(check, voice.language, names=voice.names),
    }  # fmt: skip


def sentences(notices: Iterable[Notice], voice: Voice) -> list[str]:
    """Notices as sentences, each once."""
    return list(dict.fromkeys(notice_sentence(n, voice.language, names=voice.names) for n in notices))


def _grade(readout: Readout, voice: Voice) -> dict[str, Any] | None:
    grade = readout.grade
    if grade is None:
        return None
    return {
        "level": grade.level, "of": grade.of,
        "label": voice.say("know.level", level=grade.level, of=grade.of),
        "meaning": voice.say(_meaning(grade)),
        "because": sentences(grade.because, voice),
        "to_raise": sentences(grade.to_raise, voice),
    }  # fmt: skip


def _meaning(grade: Grade) -> str:
    """The code of what a level means; level 1 is a first sign, or a result that a failed check holds back."""
    blocked = any(n.code == "blocked-by" for n in grade.because)
    return "know.level.1.blocked" if grade.level == 1 and blocked else f"know.level.{grade.level}"


def origin(experiment: Experiment, voice: Voice) -> dict[str, str] | None:
    """Where the data come from, with licence and source; None when the file does not say."""
    found = experiment.data.origin
    if found is None:
        return None
    parts = [text_in(found.note, voice.language)] if found.note else []
    if found.source:
        parts.append(voice.say("page.origin.source", source=found.source))
    if found.licence:
        parts.append(voice.say("page.origin.licence", licence=found.licence))
    return {"kind": found.kind, "label": voice.say(f"page.origin.{found.kind}"), "text": " ".join(parts)}
