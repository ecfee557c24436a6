"""One line of the list per case and arm: figures of the stored result, written for the reader. Nothing is computed."""

from __future__ import annotations

from dataclasses import dataclass

from causalcx import words
from causalcx.core.case import Case
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.text import text_in
from causalcx.service.portal import PublishedCase
from causalcx.words.effects import change_text, per_base, span_text, unit_of
from causalcx.words.formats import money_scale

MOST_EFFECTS = 2
"""Primary outcomes that fit on a line of the list."""


@dataclass(frozen=True)
class Told:
    """A figure and the span beneath it."""

    name: str
    figure: str
    span: str = ""


@dataclass(frozen=True)
class Card:
    """What the list shows of one arm of a case."""

    key: str
    arm: str
    arm_name: str
    several: bool
    """Whether the case has several arms, so that the arm is named."""
    title: str
    design: str
    origin: str | None
    owner: str
    published: str
    failed: str | None
    """The failed check that stands in place of the effects."""
    effects: tuple[Told, ...]
    money: Told | None
    chance: str | None
    level: int | None
    of: int
    advice: str | None
    breached: str | None
    """The guardrails that were breached, whatever the money says."""
    exploratory: bool


def cards_of(case: PublishedCase, language: str) -> list[Card]:
    """The cards of a published case, one per arm with a page; without a control, a page goes by its whole comparison."""
    experiment = Experiment.model_validate(case.experiment)
    names, told = words.names_of(experiment, language), {e.comparison for e in case.readout.headlines}
    comparisons = {arm: comparison for comparison in told for arm in (names.sides(comparison)[0], comparison)}
    return [_card(case, experiment, names, arm, comparisons[arm], language) for arm in case.pages if arm in comparisons]


def _card(
    case: PublishedCase, experiment: Experiment, names: words.Names, arm: str, comparison: str, language: str
) -> Card:
    blocking = words.blocking_check(case.readout)
    money = next((c for c in case.valuation.cases if c.comparison == comparison), None) if case.valuation else None
    priced = money if money and blocking is None and not words.hidden_money(case.readout, money) else None
    grade, origin = case.readout.grade, experiment.data.origin
    return Card(
        key=case.key, arm=arm, arm_name=names.arm(arm), several=len(case.pages) > 1, title=text_in(case.title, language),
        design=words.sentence(f"design.{experiment.design.kind}", {}, language), owner=experiment.owner,
        origin=words.sentence(f"page.origin.{origin.kind}", {}, language) if origin else None,
        published=words.date(case.published_at, language),
        failed=words.check_sentence(blocking, language, names=names) if blocking else None,
        effects=() if blocking else _effects(case, experiment, names, comparison, language),
        money=_money(priced, language) if priced else None,
        chance=words.share_of(priced.probability_pays, language) if priced else None,
        level=grade.level if grade else None, of=grade.of if grade else 5,
        advice=money.decision.advice if money else None, breached=_breached(money, names, language) if money else None,
        exploratory=grade is not None and grade.sealed_days_before_data is None,
    )  # fmt: skip


def _breached(money: Case, names: words.Names, language: str) -> str | None:
    outcomes = [n.facts["outcome"] for n in money.decision.because if n.code == "guardrail-breached"]
    return words.listing([names.outcome(o) for o in outcomes], language) if outcomes else None


def _effects(
    case: PublishedCase, experiment: Experiment, names: words.Names, comparison: str, language: str
) -> tuple[Told, ...]:
    hidden = words.hidden_outcomes(case.readout)
    primaries = [e for e in case.readout.headlines if e.comparison == comparison and e.role == "primary"]
    return tuple(
        Told(names.outcome(e.outcome), words.check_sentence(hidden[e.outcome], language, names=names))
        if e.outcome in hidden
        else _effect(e, experiment, names)
        for e in primaries[:MOST_EFFECTS]
    )


def _effect(effect: Effect, experiment: Experiment, names: words.Names) -> Told:
    unit = unit_of(effect, experiment.outcome(effect.outcome))
    base = per_base(effect.estimate, effect.low, effect.high)
    largest = max(abs(x) for x in (effect.estimate, effect.low, effect.high) if x is not None)
    figure = change_text(effect.estimate, unit, names, sign=True, base=base, largest=largest)
    return Told(names.outcome(effect.outcome), figure, span_text(effect.low, effect.high, unit, names))


def _money(case: Case, language: str) -> Told:
    scale = money_scale([case.npv.mean, case.npv.p5, case.npv.p95], language)
    figure = words.money(case.npv.mean, case.currency, language, scale=scale)
    span = words.money_span(case.npv.p5, case.npv.p95, case.currency, language, scale=scale)
    return Told(words.horizon(case.horizon_months, language), figure, span)
