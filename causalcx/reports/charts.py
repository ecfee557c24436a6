"""Two static charts as SVG: the distribution of net present value, and the effects with their intervals."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from causalcx.core.case import Case, Valuation
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.reports.drawing import BLUE, GREY, INK, LIGHT, ORANGE, WIDTH, altair, styled, svg
from causalcx.reports.evidence import effect_rows, effects_of
from causalcx.reports.pictures import pictures
from causalcx.reports.view import comparison_of, effects_caption, npv_caption
from causalcx.reports.voice import Voice
from causalcx.words import blocking_check, bounds_text, hidden_money, hidden_outcomes
from causalcx.words.effects import change_text, moved_well, per_base, unit_of
from causalcx.words.formats import money_scale, money_unit

ROW = 62
"""Height of one effect."""


def charts(
    readout: Readout, valuation: Valuation | None, experiment: Experiment, arm: str, language: str
) -> dict[str, str]:
    """SVG by name: ``npv`` (where there is money to show), ``effects`` (both unless a failed check hides them) and pictures."""
    voice = Voice.of(experiment, language)
    comparison = comparison_of(readout, arm, voice)
    if blocking_check(readout):
        return pictures(experiment, readout, language)
    case = next((c for c in valuation.cases if c.comparison == comparison), None) if valuation else None
    drawn = {}
    if case is not None and case.histogram is not None and not hidden_money(readout, case):
        drawn["npv"] = svg(npv_chart(case, voice), voice.say("chart.npv.title"), npv_caption(case, voice))
    rows = effect_rows(experiment, readout, comparison, voice)
    told = " ".join(voice.say("chart.effects.row", name=row["name"], text=row["text"]) for row in rows)
    chart = effects_chart(experiment, readout, comparison, voice)
    if chart is not None:
        drawn["effects"] = svg(
            chart, voice.say("chart.effects.title"), f"{effects_caption(experiment, comparison, voice)} {told}"
        )
    return drawn | pictures(experiment, readout, language)


def bars(case: Case, divisor: float) -> list[dict[str, Any]]:
    """The histogram's bars on the page's scale; a bar across zero is cut there, its count shared by width."""
    assert case.histogram is not None
    edges, counts = case.histogram.edges, case.histogram.counts
    cut = []
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        pieces = [(low, 0.0), (0.0, high)] if low < 0 < high else [(low, high)]
        cut += [
            {"low": a / divisor, "high": b / divisor, "height": count / (high - low), "gain": b > 0, "foot": 0.0}
            for a, b in pieces
            if count
        ]
    tallest = max((bar["height"] for bar in cut), default=1.0) or 1.0
    return [bar | {"height": bar["height"] / tallest} for bar in cut]


def npv_chart(case: Case, voice: Voice) -> Any:
    """The histogram, its part below zero in orange, with break-even and the median marked."""
    alt = altair()

    scale = money_scale([case.npv.mean, case.npv.p5, case.npv.p95], voice.language)
    values = bars(case, scale.divisor)
    title = voice.say("chart.npv.axis", unit=money_unit(scale, case.currency, voice.language))
    axis = alt.Axis(
        title=title,
        grid=False,
        format="~f" if scale.divisor > 1 else ",~f",
        tickCount=6,
        domainColor=GREY,
        tickColor=GREY,
    )
    domain = [min([0.0, *(b["low"] for b in values)]), max([0.0, *(b["high"] for b in values)])]
    x = alt.X("low:Q", axis=axis, scale=alt.Scale(domain=domain, nice=False))
    y = alt.Y("height:Q", axis=None, scale=alt.Scale(domain=[0, 1.16]))
    colour = alt.Color("gain:N", scale=alt.Scale(domain=[True, False], range=[BLUE, ORANGE]), legend=None)
    histogram = (
        alt.Chart(alt.Data(values=values))
        .mark_bar(stroke="white", strokeWidth=0.6)
        .encode(x=x, x2="high:Q", y=y, y2="foot:Q", color=colour)
    )
    median = (case.npv.p50 or 0.0) / scale.divisor
    marks = [
        {"at": 0.0, "text": voice.say("chart.npv.zero"), "dash": [1, 0], "row": 1.02},
        {
            "at": median,
            "text": voice.say("chart.npv.median", median=voice.money(case.npv.p50, case.currency, scale=scale)),
            "dash": [4, 3],
            "row": 1.12,
        },
    ]
    layers = [
        histogram,
        *(_mark(alt, mark, side) for mark, side in zip(marks, _sides(0.0, median, domain), strict=True)),
    ]
    return styled(alt.layer(*layers).properties(width=WIDTH, height=215))


def _sides(zero: float, median: float, domain: list[float]) -> list[str]:
    """Alignment of the two labels: away from each other, unless one would leave the chart."""
    width = (domain[1] - domain[0]) or 1.0
    places = [(x - domain[0]) / width for x in (zero, median)]
    lefts = [zero <= median, median < zero]
    return [
        "right" if (left and place > 0.24) or place > 0.72 else "left"
        for left, place in zip(lefts, places, strict=True)
    ]


def _mark(alt: Any, mark: dict[str, Any], align: str) -> Any:
    values = [{"at": mark["at"], "text": mark["text"], "row": mark["row"], "foot": 0.0}]
    base = alt.Chart(alt.Data(values=values)).encode(x="at:Q")
    rule = base.mark_rule(color=INK, strokeDash=mark["dash"], strokeWidth=1.3).encode(y="foot:Q", y2=alt.Y2("row:Q"))
    text = base.mark_text(align=align, dx=5 if align == "left" else -5, dy=3, color=INK, fontSize=13)
    return rule + text.encode(y="row:Q", text="text:N")


def effect_points(experiment: Experiment, readout: Readout, comparison: str, voice: Voice) -> list[dict[str, Any]]:
    """One row per effect, each on its own scale from -1 to 1 with better to the right; hidden effects carry no numbers."""
    hidden = hidden_outcomes(readout)
    return [
        _hidden(e, i, experiment, readout, voice) if e.outcome in hidden else _point(e, i, experiment, voice)
        for i, e in enumerate(effects_of(readout, comparison))
    ]


def _hidden(effect: Effect, row: int, experiment: Experiment, readout: Readout, voice: Voice) -> dict[str, Any]:
    """A row without numbers; limits, where there are any, stand in words below the chart."""
    bounds = bounds_text(readout, effect, experiment.outcome(effect.outcome), voice.language, voice.names)
    why = voice.say("chart.hidden", check=voice.say("check-name.missing-by-arm"))
    text = voice.say("chart.bounded") if bounds else why
    return {"row": row, "name": voice.head(effect.outcome), "text": text, "hidden": True}


def _point(effect: Effect, row: int, experiment: Experiment, voice: Voice) -> dict[str, Any]:
    outcome, name = experiment.outcome(effect.outcome), voice.head(effect.outcome)
    ends = [x for x in (effect.low, effect.high) if x is not None]
    largest = max([abs(effect.estimate), outcome.matters or 0.0, *map(abs, ends)]) or 1.0
    scaled = [
        outcome.sign * (x if x is not None else s * largest) / largest for x, s in ((effect.low, -1), (effect.high, 1))
    ]
    unit, base = unit_of(effect, outcome), per_base(effect.estimate, effect.low, effect.high)
    return {
        "row": row, "name": name, "text": change_text(effect.estimate, unit, voice.names, sign=True, base=base, largest=largest), "hidden": False,
        "low": min(scaled), "high": max(scaled), "at": outcome.sign * effect.estimate / largest,
        "matters": outcome.matters / largest if outcome.matters else None,
        "clear": effect.clear, "good": moved_well(effect, outcome),
    }  # fmt: skip


def effects_chart(experiment: Experiment, readout: Readout, comparison: str, voice: Voice) -> Any | None:
    """Dots with intervals, one row per outcome; None when every effect is hidden."""
    alt = altair()

    points = effect_points(experiment, readout, comparison, voice)
    if all(p["hidden"] for p in points):
        return None
    height = ROW * len(points)
    y_domain = alt.Scale(domain=[-0.02, len(points) + 0.02], reverse=True)
    edges = [{"at": -1.0, "text": "← " + voice.say("chart.effects.worse"), "row": float(len(points))},
             {"at": 1.0, "text": voice.say("chart.effects.better") + " →", "row": float(len(points))}]  # fmt: skip
    x = alt.X("at:Q", axis=None, scale=alt.Scale(domain=[-1.06, 1.06]))

    def layer(rows: list[dict[str, Any]], offset: float) -> Any:
        values = [r | {"y": r["row"] + offset} for r in rows]
        return alt.Chart(alt.Data(values=values)).encode(y=alt.Y("y:Q", axis=None, scale=y_domain))

    shown = [p for p in points if not p["hidden"]]
    zero = alt.Chart(alt.Data(values=[{"at": 0.0, "top": 0.0, "foot": float(len(points))}]))
    layers = [
        layer(points, 1.0).mark_rule(color=LIGHT).encode(x=alt.value(0), x2=alt.value(WIDTH)),
        zero.mark_rule(color=GREY, strokeWidth=1).encode(x=x, y=alt.Y("top:Q", scale=y_domain, axis=None), y2="foot:Q"),
        *_row_layers(alt, layer, shown, x),
        layer(points, 0.26).mark_text(align="left", color=INK, fontSize=13, fontWeight=600).encode(x=alt.value(0), text="name:N"),
        layer(points, 0.26).mark_text(align="right", color=INK, fontSize=13).encode(x=alt.value(WIDTH), text="text:N"),
        *(layer([edge], 0.0).mark_text(align=side, baseline="top", dy=7, color=GREY, fontSize=12).encode(x=alt.value(at), text="text:N")
          for edge, side, at in zip(edges, ("left", "right"), (0, WIDTH), strict=True)),
    ]  # fmt: skip
    return styled(alt.layer(*layers).properties(width=WIDTH, height=height))


def _row_layers(alt: Any, layer: Any, shown: list[dict[str, Any]], x: Any) -> list[Any]:
    made, x_scale = [], alt.Scale(domain=[-1.06, 1.06])
    ticks = [p | {"at": p["matters"]} for p in shown if p["matters"]]
    if ticks:
        made.append(layer(ticks, 0.66).mark_tick(orient="vertical", color=GREY, thickness=1.5, size=15).encode(x=x))
    for point in shown:
        colour = GREY if not point["clear"] else BLUE if point["good"] else ORANGE
        row = layer([point], 0.66)
        made.append(
            row.mark_rule(color=colour, strokeWidth=3, strokeCap="round").encode(
                x=alt.X("low:Q", axis=None, scale=x_scale), x2="high:Q"
            )
        )
        fill = colour if point["clear"] else "white"
        made.append(
            row.mark_point(shape="circle", size=95, fill=fill, stroke=colour, strokeWidth=2.4, opacity=1).encode(x=x)
        )
    return made
