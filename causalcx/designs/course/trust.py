"""What speaks against a course: false starts before the start, what the model left over, columns that the change touched."""

from __future__ import annotations

import numpy as np

from causalcx.checks import interrupted as verdicts
from causalcx.checks.interrupted import FalseStart
from causalcx.core.check import Check
from causalcx.core.design_keys.interrupted_time_series import Season
from causalcx.core.panel import Clock
from causalcx.designs.course.found import Found, mean_of
from causalcx.designs.course.rows import Course, required
from causalcx.designs.headline import unit_of
from causalcx.models.structural import Series

MOST_STARTS = 8
LONGEST = 3
"""The time after a false start is at most a third of the time before the true one."""
HOURS, DAYS, WEEKS, MONTHS = (24, 168), (7,), (52,), (12,)
"""Patterns of a calendar, by the length of a period."""


def before(found: Found, seasons: list[Season]) -> tuple[Check, ...]:
    """Per outcome; what came after the start is not looked at."""
    checks: list[Check] = []
    for k, outcome in enumerate(found.experiment.outcomes):
        unit, residual = unit_of(found.experiment, outcome), found.means[k].model.one_step[1]
        series = found.course.series(k)
        horizon, starts = false_starts(series, found.course)
        checks += [
            verdicts.pseudo_starts(outcome.key, unit, horizon, starts),
            verdicts.residual_autocorrelation(outcome.key, residual),
            verdicts.season_undeclared(outcome.key, residual, _undeclared(found.course.clock, seasons)),
        ]
    return tuple(checks)


def false_starts(series: Series, course: Course) -> tuple[int, tuple[FalseStart, ...]]:
    """Starts before the start, one horizon apart, each with enough periods before it; the effects found there."""
    horizon = min(len(series.y) - series.start, series.start // LONGEST)
    starts = [series.start - horizon * (i + 1) for i in range(MOST_STARTS)] if horizon else []
    return horizon, tuple(_false_start(series, s, horizon, course) for s in starts if _enough(series, s, horizon))


def _enough(series: Series, start: int, horizon: int) -> bool:
    least = max(required(series)[0], series.start // LONGEST)
    return start > 0 and int(series.known[:start].sum()) >= least and bool(series.known[start : start + horizon].any())


def _false_start(series: Series, start: int, horizon: int, course: Course) -> FalseStart:
    end = start + horizon
    mean = mean_of(Series(series.y[:end], series.x[:end], start, series.drifts))
    low, high = mean.interval
    return FalseStart(course.labels[start] or str(start), mean.value, mean.student[0], low <= 0 <= high)


def _undeclared(clock: Clock, seasons: list[Season]) -> list[int]:
    """Patterns of the calendar that no declared season covers."""
    declared = [round(s.period) for s in seasons]
    return [
        p
        for p in _patterns(clock)
        if not any(d % p == 0 and s.waves >= d // p for d, s in zip(declared, seasons, strict=True))
    ]


def _patterns(clock: Clock) -> tuple[int, ...]:
    if clock.kind == "number":
        return DAYS + MONTHS + WEEKS
    if clock.kind == "month":
        return MONTHS if clock.step < 1.5 else ()
    return {1 / 24: HOURS, 1.0: DAYS, 7.0: WEEKS}.get(round(clock.step * 24) / 24, ())


def regressors(course: Course, names: list[str]) -> tuple[Check, ...]:
    """The same model on every covariate; a column of two values is a calendar, of which nothing can be forecast."""
    return tuple(_regressor(course, j, name) for j, name in enumerate(names))


def _regressor(course: Course, j: int, name: str) -> Check:
    series = course.of_covariate(j)
    values = series.y[series.known]
    before, after = series.y[: series.start][series.known[: series.start]], series.known[series.start :]
    if len(np.unique(values)) <= 2 or before.min() == before.max() or not after.any():
        return verdicts.untested_regressor(name)
    mean = mean_of(series)
    low, high = mean.interval
    return verdicts.touched_regressor(name, mean.value, low, high, mean.p_value)
