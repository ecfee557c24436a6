"""A design's own pictures as SVG: waves, before and after, a threshold, a schedule. One way of drawing for all of them."""

from __future__ import annotations

import re
from typing import Any

from causalcx.core.experiment import Experiment
from causalcx.core.picture import Picture, Series
from causalcx.core.readout import Readout
from causalcx.core.text import text_in
from causalcx.reports.drawing import BLUE, GREY, INK, LIGHT, ORANGE, WIDTH, altair, styled, svg
from causalcx.reports.voice import Voice
from causalcx.words import blocking_check, hidden_outcomes, known
from causalcx.words.formats import is_currency, money_scale, money_unit

HEIGHT = 230
MOST = 3
"""Pictures on a page."""
PLAIN = ("first-stage", "reduced-form", "threshold", "threshold-received", "waves", "since-switch")
"""Pictures of means as they are, whatever covariates the result holds equal."""
DIFFERENCES = ("event-time", "event-time-own", "gap", "bandwidth", "placebo-cutoffs", "looks")
"""Pictures of effects: between shares, these are percentage points."""
TICKS = 5
LONG = 120
"""Periods from which on only the last are drawn: as many after the start as there are, and twice as many before."""
OWN = {
    "observed": BLUE,
    "treated": BLUE,
    "effect": BLUE,
    "expected": ORANGE,
    "untreated": ORANGE,
    "above": BLUE,
    "below": ORANGE,
    "left-alone": ORANGE,
    "naive": ORANGE,
    "placebo": LIGHT,
}
OTHERS = (BLUE, ORANGE, GREY, "#7fb2d6", "#8a5a2b", "#1d3f5e", "#e8b98a", "#9aa5b1")
"""Colours of series that are named after the data, such as cohorts."""


def shown(readout: Readout) -> tuple[Picture, ...]:
    """Pictures that may be seen: none of a hidden outcome; where a failed check hides every effect, the check's own alone."""
    if blocking := blocking_check(readout):
        return tuple(p for p in readout.pictures if p.code == blocking.name)
    hidden = hidden_outcomes(readout)
    return tuple(p for p in readout.pictures if p.outcome not in hidden and p.series)[:MOST]


def titles(experiment: Experiment, readout: Readout, language: str) -> list[dict[str, str]]:
    """Name, title and caption of each picture."""
    voice = Voice.of(experiment, language)
    return [
        {
            "name": f"picture-{i}",
            "title": _said(picture, "title", voice),
            "caption": _told(picture, experiment, voice),
        }
        for i, picture in enumerate(shown(readout))
    ]


def _told(picture: Picture, experiment: Experiment, voice: Voice) -> str:
    """The caption; where the picture shows plain means and the result is adjusted, it says so."""
    told, adjusted = _said(picture, "caption", voice), len(getattr(experiment.design, "covariates", []))
    if picture.code not in PLAIN or not adjusted:
        return told
    return told + ("" if voice.language == "zh" else " ") + voice.say("picture.plain", count=adjusted)


def _said(picture: Picture, part: str, voice: Voice) -> str:
    code, names = f"picture.{picture.code}.{part}", {s.name for s in picture.series}
    variants = (f"{code}.{name}" for name in ("placebo", "above") if name in names)
    if picture.code == "since-switch" and picture.rule is not None:
        variants = (f"{code}.washout",)
    code = next((variant for variant in variants if known(variant, voice.language)), code)
    return voice.say(code, outcome=voice.head(picture.outcome) if picture.outcome else "", **picture.facts)


def pictures(experiment: Experiment, readout: Readout, language: str) -> dict[str, str]:
    """SVG by name."""
    voice = Voice.of(experiment, language)
    told = titles(experiment, readout, language)
    return {
        t["name"]: svg(chart(_readable(p, experiment, language), voice), t["title"], t["caption"])
        for t, p in zip(told, shown(readout), strict=True)
    }


def _readable(picture: Picture, experiment: Experiment, language: str) -> Picture:
    """The horizontal axis in the reader's words, and only what lies near the start where periods are many."""
    column = experiment.columns.get(picture.x)
    labels = (column.labels if column else None) or {}
    ticks = tuple(text_in(labels[t], language) if t in labels else t for t in picture.ticks)
    x = text_in(column.label, language) if column and column.label is not None else picture.x
    if known(f"picture.{picture.code}.x", language):
        voice = Voice.of(experiment, language)
        x = voice.say(f"picture.{picture.code}.x", unit=voice.names.unit(picture.x))
    return _near_the_start(picture.model_copy(update={"x": x, "ticks": _short(ticks)}))


def _short(ticks: tuple[str, ...]) -> tuple[str, ...]:
    """Firsts of months as months; times without year and seconds."""
    if ticks and all(re.fullmatch(r"\d{4}-\d\d-01", t) for t in ticks):
        return tuple(t[:7] for t in ticks)
    if any(" " in t for t in ticks):
        return tuple(re.sub(r"^\d{4}-(\d\d-\d\d)(?:( \d\d:\d\d):\d\d)?$", r"\1\2", t) for t in ticks)
    return ticks


def _near_the_start(picture: Picture) -> Picture:
    periods = len(picture.ticks)
    if periods <= LONG or picture.rule is None:
        return picture
    first = max(0, int(picture.rule - 2 * (periods - picture.rule)))
    return picture.model_copy(update={"series": tuple(_from(s, first) for s in picture.series)})


def _from(series: Series, first: int) -> Series:
    kept = [i for i, x in enumerate(series.x) if x >= first]
    parts = ("x", "y", "low", "high")
    return series.model_copy(
        update={p: tuple(getattr(series, p)[i] for i in kept) for p in parts if getattr(series, p)}
    )


def chart(picture: Picture, voice: Voice) -> Any:
    """Bands below, lines and points above, the beginning of the treatment as a rule."""
    alt = altair()
    names = [_name(picture, s, voice) for s in picture.series]
    plain = [s for s in picture.series if s.name not in OWN]
    colours = [OWN.get(s.name) or OTHERS[plain.index(s) % len(OTHERS)] for s in picture.series]
    legend = (
        alt.Legend(orient="bottom", title=None, labelLimit=300, labelFontSize=12, symbolOpacity=1)
        if len(set(names)) > 1
        else None
    )
    scale = alt.Scale(domain=list(dict.fromkeys(names)), range=list(dict(zip(names, colours, strict=True)).values()))
    colour = alt.Color("name:N", scale=scale, legend=legend)
    layers = [
        layer
        for s, name in zip(picture.series, names, strict=True)
        for layer in _layers(alt, picture, s, name, voice, colour)
    ]
    if picture.rule is not None:
        rule = alt.Chart(alt.Data(values=[{"x": picture.rule}])).mark_rule(color=INK, strokeDash=[4, 3])
        layers.append(rule.encode(x=_x(alt, picture)))
    return styled(alt.layer(*layers).properties(width=WIDTH, height=HEIGHT))


def _name(picture: Picture, series: Series, voice: Voice) -> str:
    codes = (f"series.{picture.code}.{series.name}", f"series.{series.name}")
    return next((voice.say(code) for code in codes if known(code, voice.language)), voice.names.arm(series.name))


def _x(alt: Any, picture: Picture) -> Any:
    axis: dict[str, Any] = {"title": picture.x or None, "grid": False, "domainColor": GREY, "tickColor": GREY}
    if all(x == int(x) for s in picture.series for x in s.x):
        axis |= {"tickMinStep": 1, "format": "d"}
    if picture.ticks:
        first, last = int(min(at := [x for s in picture.series for x in s.x])), int(max(at))
        step = max(1, -(-(last + 1 - first) // TICKS))
        axis |= {
            "values": list(range(first, min(last + 1, len(picture.ticks)), step)),
            "labelExpr": f"{list(picture.ticks)!r}[datum.value]",
        }
    few = bool(picture.ticks) and all(s.mark == "points" for s in picture.series)
    return alt.X("x:Q", axis=alt.Axis(**axis), scale=alt.Scale(zero=False, nice=False, padding=60 if few else 8))


def _layers(alt: Any, picture: Picture, series: Series, name: str, voice: Voice, colour: Any) -> list[Any]:
    share = 100.0 if picture.unit == "share" else 1.0
    points = [
        {"x": x, "y": y * share, "name": name}
        | ({"low": low * share, "high": high * share} if low is not None and high is not None else {})
        for x, y, low, high in zip(series.x, series.y, *_ends(series), strict=True)
        if y is not None
    ]
    base = alt.Chart(alt.Data(values=points)).encode(x=_x(alt, picture), color=colour)
    title = _unit(picture, voice) or None
    axis = alt.Axis(
        title=title,
        gridColor=LIGHT,
        domain=False,
        ticks=False,
        tickCount=5,
        labels=series.mark != "steps" or bool(picture.unit),
    )
    y = {"axis": axis, "scale": alt.Scale(zero=False)}
    if series.mark == "points":
        drawn = [base.mark_circle(size=38, opacity=0.9).encode(y=alt.Y("y:Q", **y))]
        band = base.mark_rule(strokeWidth=1.6)
    else:
        width = 0.8 if series.name == "placebo" else 2.2
        shape = {"interpolate": "step-after"} if series.mark == "steps" else {}
        drawn = [base.mark_line(strokeWidth=width, **shape).encode(y=alt.Y("y:Q", **y), order="x:Q")]
        band = base.mark_area(opacity=0.18)
    ends = (
        [band.transform_filter("isValid(datum.low)").encode(y=alt.Y("low:Q", **y), y2="high:Q")] if series.low else []
    )
    return [*ends, *drawn]


def _ends(series: Series) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    nothing = (None,) * len(series.x)
    return series.low or nothing, series.high or nothing


def _unit(picture: Picture, voice: Voice) -> str:
    if picture.unit == "share":
        return voice.say("picture.points") if picture.code in DIFFERENCES else "%"
    if voice.language == "zh" and is_currency(picture.unit):
        return money_unit(money_scale([], "zh"), picture.unit, "zh")
    return voice.names.unit(picture.unit) if picture.unit else ""
