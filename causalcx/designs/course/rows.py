"""From rows to the course of each outcome: a grid of equal periods, regression columns, the first treated period."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.design_keys.interrupted_time_series import InterruptedTimeSeries, Season
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import Frame
from causalcx.core.panel import Clock
from causalcx.designs.values import in_units
from causalcx.models.structural import Series

LEAST_BEFORE, PER_PARAMETER = 10, 3
"""Periods before the start that are needed, at all and per parameter."""
VARIANCES = 2
"""Parameters beside the columns: noise and steps of the level; a drifting slope adds its first value and its steps."""


@dataclass(frozen=True)
class Course:
    """What the rows hold, period by period. T periods of the grid, some of which may have no row."""

    clock: Clock
    labels: tuple[str, ...]
    """[T] of the periods; empty where a period has no row."""
    outcomes: tuple[Array, ...]
    """[T] mean per outcome, in effect units; NaN where missing."""
    covariates: Array
    """[T, number of covariates]"""
    columns: Array
    """[T, k] of the regression: covariates, then seasons, then trend."""
    start: int
    drifts: bool
    notices: tuple[Notice, ...]

    def series(self, k: int) -> Series:
        """Outcome ``k`` as the model sees it."""
        return Series(self.outcomes[k], self.columns, self.start, self.drifts)

    def of_covariate(self, j: int) -> Series:
        """A covariate in the place of the outcome, without the other covariates."""
        return Series(self.covariates[:, j], self.columns[:, self.covariates.shape[1] :], self.start, self.drifts)


def course_of(experiment: Experiment, design: InterruptedTimeSeries, frame: Frame) -> Course:
    """Refuses what is no course of equal periods with enough of them before the start."""
    panel = frame.panel
    assert panel is not None
    clock, words = panel.clock, [c for c in design.covariates if c in frame.levels]
    if words:
        raise CannotAnswer(
            "Covariate `{column}` holds words; an interrupted time series takes numbers that change over time.", column=words[0]
        )  # fmt: skip
    at, start = _grid(design, clock)
    place = at[panel.time]
    if design.unit is None and len(np.unique(place)) < len(place):
        _refuse_several(place, clock, at)
    length = int(at[-1]) + 1
    outcomes = tuple(_means(in_units(o, frame.outcomes[o.key]), place, length) for o in experiment.outcomes)
    covariates = np.array([_means(frame.covariates[c], place, length) for c in design.covariates]).reshape(-1, length).T
    made = [
        *(_waves(s, length) for s in design.season),
        *([np.arange(length)[:, None]] if design.trend == "linear" else []),
    ]
    labels = np.full(length, "", object)
    labels[at] = clock.labels
    course = Course(
        clock, tuple(labels), outcomes, covariates, np.concatenate([covariates, *made], axis=1).astype(float), start,
        design.trend == "local", _averaged(design, place),
    )  # fmt: skip
    for k, outcome in enumerate(experiment.outcomes):
        _refuse_short(outcome.key, design, course, k)
    return course


def _grid(design: InterruptedTimeSeries, clock: Clock) -> tuple[Whole, int]:
    """Place of each period on the grid, and that of the start."""
    if not clock.regular or clock.missing > len(clock.at):
        raise DataError(
            "The periods of column `{column}` are not equally far apart ({first}, {second} … {last}); give one row per day, week or month.",
            column=clock.column, first=clock.labels[0], second=clock.labels[min(1, len(clock.at) - 1)], last=clock.labels[-1],
        )  # fmt: skip
    start = clock.position(design.start, "design.start")
    if not 0 < start < len(clock.at):
        raise DataError(
            "`design.start` is {start}, and the data run from {first} to {last}: it must lie after the first period and not after the last.",
            start=str(design.start), first=clock.labels[0], last=clock.labels[-1],
        )  # fmt: skip
    at = np.round(clock.number).astype(np.int64)
    return at, int(at[start])


def _refuse_several(place: Whole, clock: Clock, at: Whole) -> None:
    counts = np.bincount(place)
    raise DataError(
        "{periods} periods of column `{column}` have several rows (first: {first}); name `design.unit`, and the rows of a period are averaged, or sum them up.",
        periods=int((counts > 1).sum()), column=clock.column, first=clock.labels[int(np.searchsorted(at, (counts > 1).argmax()))],
    )  # fmt: skip


def _means(values: Array, place: Whole, length: int) -> Array:
    """[length] mean of the rows with a value, NaN where there is none."""
    known = ~np.isnan(values)
    count = np.bincount(place[known], minlength=length)
    total = np.bincount(place[known], values[known], minlength=length)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _waves(season: Season, length: int) -> Array:
    """[length, w] sines and cosines; the sine of half a period is 0 throughout."""
    angle = 2 * np.pi * np.outer(np.arange(length), np.arange(1, season.waves + 1)) / season.period
    sines = np.sin(angle[:, : season.waves - (2 * season.waves == season.period)])
    return np.concatenate([np.cos(angle), sines], axis=1)


def _averaged(design: InterruptedTimeSeries, place: Whole) -> tuple[Notice, ...]:
    if design.unit is None:
        return ()
    counts = np.unique(place, return_counts=True)[1]
    facts = {"unit": design.unit, "fewest": int(counts.min()), "most": int(counts.max())}
    return (Notice(code="rows-averaged", facts=facts),)


def required(series: Series) -> tuple[int, int]:
    """Known periods that a model needs before the start, and its parameters."""
    parameters = series.x.shape[1] + VARIANCES + 2 * series.drifts
    return max(LEAST_BEFORE, PER_PARAMETER * parameters), parameters


def _refuse_short(name: str, design: InterruptedTimeSeries, course: Course, k: int) -> None:
    series = course.series(k)
    known = series.known
    before, after = int(known[: course.start].sum()), int(known[course.start :].sum())
    least, parameters = required(series)
    if before < least:
        raise CannotAnswer(
            "Outcome {outcome} is known in {before} periods before the start, and {least} are needed for {parameters} parameters "
            "(covariates, season, trend, variances); give a longer course or fewer columns, or compare with sites that did not change "
            "(`kind: synthetic-control`).",
            outcome=name, before=before, least=least, parameters=parameters,
        )  # fmt: skip
    if not after:
        raise DataError(
            "From the start on no period has a value of outcome {outcome} and of every covariate.", outcome=name
        )
    for season in design.season:
        if season.period > course.start:
            raise CannotAnswer(
                "A season of {period} periods cannot be learnt from {before} periods before the start; leave it out or give a longer course.",
                period=season.period, before=course.start,
            )  # fmt: skip
