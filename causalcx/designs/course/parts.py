"""What a course shows beside its headline: effects by period and summed up, pictures, what careless readings claim."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.effect import Effect
from causalcx.core.inference import quantile
from causalcx.core.moments import Array
from causalcx.core.panel import Clock
from causalcx.core.picture import Picture
from causalcx.designs.course.found import Found
from causalcx.designs.curves import line
from causalcx.designs.headline import PLAIN

MOST_SHOWN = 400
"""Periods of a picture."""
SUMMED = ("amount", "count")
"""Kinds of outcome of which a sum over periods means something."""
WEEKS_OF_A_YEAR = 364
"""Days back to the same weekday of last year."""
ENOUGH = 0.5
"""Share of the periods after the start that need a value a year before."""


@dataclass(frozen=True)
class Path:
    """One outcome period by period. T periods; ``low`` and ``high`` are NaN before the start."""

    observed: Array
    expected: Array
    """One step ahead before the start, the forecast from it on."""
    low: Array
    high: Array
    p_value: Array


def path_of(found: Found, k: int) -> Path:
    """Forecasts of every period; before the start each knows all periods before it."""
    mean, start = found.means[k], found.course.start
    y = found.course.outcomes[k]
    law = mean.model.forecast(np.diag(mean.known.astype(float))[mean.known])
    after = start + np.flatnonzero(mean.known)
    expected, low, high, p = np.full((4, len(y)), np.nan)
    expected[:start] = mean.model.one_step[0]
    expected[after], low[after], high[after] = law.mean, law.quantile(0.025), law.quantile(0.975)
    below = law.below(y[after])
    p[after] = np.minimum(1.0, 2 * np.minimum(below, 1 - below))
    return Path(np.where(np.isnan(expected), np.nan, y), expected, low, high, p)


def parts(found: Found, effects: tuple[Effect, ...], paths: dict[str, Path]) -> tuple[Effect, ...]:
    """Primaries by period, and sums over the periods where they mean something."""
    shown = tuple(
        _period(found, effect, paths[effect.outcome], t)
        for effect in effects
        if effect.outcome in paths
        for t in range(found.course.start, len(found.course.labels))
        if not np.isnan(paths[effect.outcome].low[t])
    )
    sums = (_sum(e) for e in effects if found.experiment.outcome(e.outcome).kind in SUMMED)
    return (*sums, *shown)


def _period(found: Found, headline: Effect, path: Path, t: int) -> Effect:
    y = path.observed[t]
    half = (path.high[t] - path.low[t]) / 2
    own = {
        "period": found.course.labels[t], "estimand": f"{headline.estimand} in the period", "estimate": float(y - path.expected[t]),
        "std_error": float(half) / quantile(0.975, headline.df), "low": float(y - path.high[t]), "high": float(y - path.low[t]),
        "p_value": float(path.p_value[t]), "baseline": float(path.expected[t]), "n_treated": 1,
    }  # fmt: skip
    return headline.model_copy(update=PLAIN | own)


def _sum(headline: Effect) -> Effect:
    """The mean times the periods."""
    scaled = ("estimate", "std_error", "low", "high", "baseline")
    own = {name: headline.n_treated * getattr(headline, name) for name in scaled}
    own |= {"aggregation": "cumulative", "estimand": f"{headline.estimand}, summed over the periods"}
    return headline.model_copy(update=PLAIN | own)


def pictures(found: Found, effects: tuple[Effect, ...], paths: dict[str, Path]) -> tuple[Picture, ...]:
    """Before and after, and the gap, per primary."""
    return tuple(p for e in effects if e.outcome in paths for p in _pair(found, e, paths[e.outcome]))


def _pair(found: Found, effect: Effect, path: Path) -> tuple[Picture, Picture]:
    first = max(0, len(path.observed) - MOST_SHOWN)
    if first > found.course.start - 1:
        first = found.course.start - 1
    last = first + MOST_SHOWN
    y, expected, low, high = (v[first:last] for v in (path.observed, path.expected, path.low, path.high))
    observed = (line("observed", y), line("expected", expected, low, high))
    gap = (line("effect", y - expected, y - high, y - low),)
    ticks, rule = found.course.labels[first:last], float(found.course.start - first)
    before_after, alone = (
        Picture(
            code=code, outcome=effect.outcome, unit=effect.unit, x=found.course.clock.column, ticks=ticks, rule=rule, series=series
        )
        for code, series in (("before-after", observed), ("gap", gap))
    )  # fmt: skip
    return before_after, alone


def careless(found: Found, effects: tuple[Effect, ...]) -> tuple[Notice, ...]:
    """What before against after, and the same weeks of last year, would claim."""
    lag = _year(found.course.clock)
    return tuple(_careless(found, k, effect, lag) for k, effect in enumerate(effects))


def _careless(found: Found, k: int, effect: Effect, lag: int | None) -> Notice:
    y, start = found.course.outcomes[k], found.course.start
    facts = {
        "outcome": effect.outcome, "unit": effect.unit, "estimate": effect.estimate,
        "before_after": float(np.nanmean(y[start:]) - np.nanmean(y[:start])),
    }  # fmt: skip
    last_year = _against_last_year(y, start, lag) if lag else None
    if last_year is None:
        return Notice(code="careless-before-after", facts=facts)
    return Notice(code="careless-last-year", facts=facts | {"last_year": last_year})


def _year(clock: Clock) -> int | None:
    """Periods back to the same place of last year, where there is such a place."""
    if clock.kind == "number":
        return None
    back = (12 if clock.kind == "month" else WEEKS_OF_A_YEAR) / clock.step
    return round(back) if abs(back - round(back)) < 1e-6 else None


def _against_last_year(y: Array, start: int, lag: int) -> float | None:
    """Mean difference to a year before, over the periods whose last year was before the start and is known."""
    after = np.arange(max(start, lag), min(len(y), start + lag))
    change = y[after] - y[after - lag]
    known = change[~np.isnan(change)]
    return float(known.mean()) if len(known) >= ENOUGH * (len(y) - start) else None
