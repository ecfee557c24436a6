"""The figures of a case: three numbers, the arms side by side, cash by year, break-even values."""

from __future__ import annotations

from typing import Any

from causalcx.core.case import BreakEven, Case, CostValue, StreamValue, Valuation
from causalcx.core.experiment import Experiment
from causalcx.core.text import text_key
from causalcx.reports.voice import Voice, capital
from causalcx.words import horizon, share_of
from causalcx.words.effects import change_text
from causalcx.words.formats import Scale, money_figure, money_scale, money_unit

HUGE_RETURN = 10.0
"""A yearly return beyond 1,000 % is said to be beyond it: its digits mean nothing."""


def numbers(case: Case, voice: Voice) -> list[dict[str, Any]]:
    """The three numbers: net present value with its span, chance that it pays, payback with the rate of return."""
    return [_npv(case, voice), _chance(case, voice), _payback(case, voice)]


def _npv(case: Case, voice: Voice) -> dict[str, Any]:
    scale = money_scale([case.npv.mean, case.npv.p5, case.npv.p95], voice.language)
    notes = [voice.say("number.npv.span", span=voice.span(case.npv.p5, case.npv.p95, case.currency, scale=scale))]
    if case.roi_of_means is not None:
        notes.append(voice.say("number.roi", roi=round(case.roi_of_means, 2)))
    head = voice.say("number.npv", horizon=horizon(case.horizon_months, voice.language))
    return {"head": head, "term": "npv", "big": voice.money(case.npv.mean, case.currency, scale=scale), "notes": notes}


def _chance(case: Case, voice: Voice) -> dict[str, Any]:
    notes = [voice.say("number.chance.note")]
    above = [(float(x), p) for x, p in case.chance_by_threshold.items() if float(x) > 0]
    if above:
        threshold, chance = above[0]
        notes.append(voice.say("number.chance.above", threshold=voice.money(threshold, case.currency), chance=chance))
    big = voice.say("number.chance.big", chance=case.probability_pays)
    return {"head": voice.say("number.chance"), "term": "frequency", "big": big, "notes": notes}


def _payback(case: Case, voice: Voice) -> dict[str, Any]:
    span, notes = case.payback_months, []
    invested = any(c.present_value.mean for c in case.costs if not c.sunk)
    if span.p50 is None:
        big = voice.say("number.payback.none", horizon=horizon(case.horizon_months, voice.language))
    elif not invested:
        big = voice.say("number.payback.now")
    else:
        big = voice.say("headline.payback.months", months=span.p50)
        notes += _payback_span(span, voice)
    if span.never >= 0.005:
        notes.append(voice.say("number.payback.never", never=span.never))
    rate = case.irr.p50 if case.irr.undefined < 0.5 and case.horizon_months >= 12 else None
    if rate is not None:
        huge = ".huge" if rate > HUGE_RETURN else ""
        notes.append(voice.say(f"number.irr{huge}", irr=min(round(rate, 2), HUGE_RETURN), rate=case.discount_rate))
    if invested and case.deepest is not None and (case.deepest.mean or 0) < 0:
        notes.append(voice.say("number.deepest", amount=voice.money(case.deepest.mean, case.currency)))
    return {"head": voice.say("number.payback"), "term": "payback", "big": big, "notes": notes, "irr": rate is not None}


def _payback_span(span: Any, voice: Voice) -> list[str]:
    if span.p5 is None:
        return []
    if span.p95 is None:
        return [voice.say("number.payback.open", low=span.p5)]
    if round(span.p5) == round(span.p95):
        return [voice.say("number.payback.same")]
    return [voice.say("number.payback.span", low=span.p5, high=voice.say("headline.payback.months", months=span.p95))]


def arms(valuation: Valuation, this: Case, voice: Voice) -> list[dict[str, Any]]:
    """One row per arm, where there is more than one."""
    if len(valuation.cases) < 2:
        return []
    scale = money_scale([x for c in valuation.cases for x in (c.npv.mean, c.npv.p5, c.npv.p95)], voice.language)
    return [
        {
            "name": voice.names.arm(case.arm),
            "npv": voice.money(case.npv.mean, case.currency, scale=scale),
            "span": voice.span(case.npv.p5, case.npv.p95, case.currency, scale=scale),
            "chance": share_of(case.probability_pays, voice.language),
            "verdict": voice.say(f"decision-name.{case.decision.advice}"),
            "this": case.comparison == this.comparison,
        }
        for case in valuation.cases
    ]


def cash_table(case: Case, voice: Voice) -> dict[str, Any] | None:
    """Undiscounted means by year on one scale; freed capacity and sunk costs stand below the table, not in it."""
    if not case.years:
        return None
    scale = _table_scale(case, voice)
    years = [voice.say("cash.start") if y.year == 0 else voice.say("cash.year", year=y.year) for y in case.years]
    streams = [(i, s) for i, s in enumerate(case.streams) if s.cash]
    costs = [(i, c) for i, c in enumerate(case.costs) if not c.sunk]
    rows = [
        _row(stream_name(s, voice), [y.streams[i] for y in case.years], scale, _covered(s, voice)) for i, s in streams
    ]
    rows += [_row(voice.text(c.name), [-y.costs[i] for y in case.years], scale) for i, c in costs]
    return {
        "unit": voice.say("cash.unit", unit=money_unit(scale, case.currency, voice.language)),
        "years": [*years, voice.say("cash.total")],
        "rows": rows,
        "net": _row(voice.say("cash.net"), [y.net for y in case.years], scale),
        "freed": _freed(case, voice),
        "sunk": _sunk(case, voice),
    }


def _table_scale(case: Case, voice: Voice) -> Scale:
    figures = [x for y in case.years for x in (*y.streams, *y.costs, y.net)]
    scale = money_scale(figures, voice.language)
    finer = {"M": Scale(1e3, "k", 0), " 亿": Scale(1e4, " 万", 0), " 万": Scale(1e4, " 万", 1)}
    return finer.get(scale.suffix, scale)


def _row(name: str, figures: list[float], scale: Scale, note: str = "") -> dict[str, Any]:
    told = [
        money_figure(x, scale, sign=True) if round(x / scale.divisor, scale.decimals) else "0"
        for x in (*figures, sum(figures))
    ]
    return {"name": name, "note": note, "figures": told}


def stream_name(stream: StreamValue, voice: Voice) -> str:
    """The name that the file gives a stream, else that of its outcome."""
    return voice.text(stream.name) if stream.name is not None else voice.names.outcome(stream.outcome)


def _covered(stream: StreamValue, voice: Voice) -> str:
    code = "cash.months" if stream.months[0] < stream.months[1] else "cash.month"
    code += ".whole" if voice.names.whole or voice.names.passing else ""
    return voice.say(code, first=stream.months[0], last=stream.months[1], unit=voice.names.each)


def _freed(case: Case, voice: Voice) -> list[str]:
    return [
        voice.say(
            "cash.freed", name=stream_name(s, voice), amount=voice.money(s.present_value.mean, case.currency),
            span=voice.span(s.present_value.p5, s.present_value.p95, case.currency),
            horizon=horizon(case.horizon_months, voice.language),
        )
        for s in case.streams if not s.cash
    ]  # fmt: skip


def _sunk(case: Case, voice: Voice) -> list[str]:
    return [
        voice.say("cash.sunk", name=voice.text(c.name), amount=voice.money(c.present_value.mean, case.currency))
        for c in case.costs if c.sunk
    ]  # fmt: skip


def overturn(case: Case, experiment: Experiment, voice: Voice) -> dict[str, Any] | None:
    """Break-even of each input alone."""
    if not case.break_even:
        return None
    return {
        "title": voice.say("overturn.title" + (".negative" if _loses(case) else "")),
        "rows": [_break_even(b, case, experiment, voice) for b in case.break_even],
    }


def _break_even(found: BreakEven, case: Case, experiment: Experiment, voice: Voice) -> dict[str, str]:
    assumed = {a.key: a for a in experiment.assumptions}
    name = voice.text(assumed[found.of].name) if found.of in assumed else _cost_name(found.of, case.costs, voice)
    kind = "assumption" if found.of in assumed and found.kind != "effect" else found.kind
    tell = _told_change if found.kind == "effect" else _told_level
    return {
        "name": capital(voice.say(f"overturn.{kind}", name=name)),
        "now": tell(found.now, found.unit, voice),
        "at": _never(case, voice) if found.at is None else tell(found.at, found.unit, voice),
    }


def _never(case: Case, voice: Voice) -> str:
    return voice.say("overturn.none" + (".negative" if _loses(case) else ""))


def _loses(case: Case) -> bool:
    return (case.npv.mean or 0) < 0


def _cost_name(key: str, costs: tuple[CostValue, ...], voice: Voice) -> str:
    named = {text_key(c.name): voice.text(c.name) for c in costs}
    return named.get(key) or voice.names.of(key)


def _told_change(x: float, unit: str, voice: Voice) -> str:
    return change_text(x, unit, voice.names, sign=True, base=100 if abs(x) >= 0.0001 else None)


def _told_level(x: float, unit: str, voice: Voice) -> str:
    return voice.figure(x, unit)
