"""Histories over time: whole units (or clusters) are drawn, and stretches of consecutive periods, so that what follows each other stays so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import comb
from typing import Any, cast, override

import numpy as np

from causalcx.core.design_keys.interrupted_time_series import InterruptedTimeSeries
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.design_keys.synthetic_control import SyntheticControl
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Whole
from causalcx.core.need import Frame
from causalcx.core.panel import Clock, Panel, moments_of
from causalcx.designs.course.rows import LEAST_BEFORE, PER_PARAMETER, VARIANCES
from causalcx.designs.planning.worlds import (
    DAYS_A_MONTH,
    World,
    middle,
    months_of,
    part_of,
    parted,
    places,
    rows_of,
    window,
    with_labels,
)
from causalcx.designs.roll_out.waves import NEVER, NEVER_LABELS

LEAST_GROUPS, MOST_GROUPS, MOST_HISTORY = 4, 1_000, 5_000
"""Units or clusters from which waves can be drawn, and how many are (of more, errors fall with the root of their number), from how many."""


def panel_of(frame: Frame) -> Panel:
    """The panel of a history over time."""
    assert frame.panel is not None
    return frame.panel


def planned_periods(experiment: Experiment, clock: Clock, sizes: tuple[int, int]) -> int:
    """As many as `period` holds; between the shortest and the longest where the clock does not tell."""
    days, month = (experiment.period.end - experiment.period.start).days + 1, months_of(clock)
    found = round(days / DAYS_A_MONTH / month) if month else middle(sizes)
    return min(max(found, sizes[0]), sizes[1])


def redesigned(experiment: Experiment, **keys: Any) -> Experiment:
    """The same plan with other keys of its design."""
    return experiment.model_copy(update={"design": experiment.design.model_copy(update=keys)})


@dataclass(frozen=True)
class Roll:
    """Waves as they are planned: periods after the first wave, and shares of the units; never treated are the last."""

    offsets: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def span(self) -> int:
        """Periods between the first and the last wave."""
        return max(self.offsets)


@dataclass(frozen=True)
class RollOut(World):
    """`staggered`: units drawn with all their periods, and waves by lot over a stretch in which nobody was treated."""

    roll: Roll
    where: Whole
    """[U, T] rows of units while nobody was treated."""
    cluster: Whole
    """[U] what is drawn together."""
    groups: int
    """Units or clusters that are drawn."""

    @cached_property
    def _members(self) -> list[Whole]:
        order = np.argsort(self.cluster, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.cluster[order])) + 1)

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        length = 1 + self.roll.span + size
        chosen = rng.integers(len(self._members), size=self.groups)
        units = np.concatenate([self._members[c] for c in chosen])
        group = np.repeat(np.arange(self.groups), [len(self._members[c]) for c in chosen])
        first = int(rng.integers(self.where.shape[1] - length + 1))
        frame, place = window(self.frame, self.where, units, first, length)
        wave = parted(self.groups, self.roll.shares, rng)[group[place]]
        design, labels = cast(Staggered, self.experiment.design), panel_of(frame).clock.labels
        names = [*(labels[1 + o] for o in self.roll.offsets), NEVER]
        frame = with_labels(frame, design.cohort, wave, names[: len(self.roll.shares)])
        if design.cluster:
            frame = with_labels(frame, design.cluster, group[place], [str(g) for g in range(self.groups)])
        return self.experiment, frame


def roll_out(experiment: Experiment, frame: Frame, treated: float | None, seed: int) -> RollOut:
    """The waves that the cohort column tells; without it, a share of the units (half unless told) treated at once."""
    design, panel = cast(Staggered, experiment.design), panel_of(frame)
    where = places(panel)
    units, periods = where.shape
    cluster = frame.labels[design.cluster].position if design.cluster else None
    first_row = where[np.arange(units), (where >= 0).argmax(axis=1)]
    own = np.arange(units) if cluster is None else cluster[first_row]
    if design.cohort not in frame.labels:
        share = 0.5 if treated is None else treated
        return _whole(experiment, frame, Roll((0,), (share, 1 - share)), where, own, len(np.unique(own)), seed)
    labels = frame.labels[design.cohort]
    starts = _starts(panel.clock, labels.names, design.cohort)
    start = np.append(starts, np.inf)[labels.position[first_row]]
    waves = np.unique(start[np.isfinite(start)])
    if not len(waves):
        raise CannotAnswer("Column `{column}` names no wave; every unit stays as it is.", column=design.cohort)
    groups = np.array([len(np.unique(own[start == w])) for w in [*waves, np.inf]], float)
    roll = Roll(tuple(int(w - waves[0]) for w in waves), tuple((groups / groups.sum()).tolist()))
    roll = roll if groups[-1] else Roll(roll.offsets, roll.shares[:-1])
    before, least = int(min(waves[0], periods)), 2 + roll.span
    if before >= least:
        return _whole(experiment, frame, roll, where[:, :before], own, int(groups.sum()), seed)
    never = ~np.isfinite(start)
    return _whole(experiment, frame, roll, where[never], own[never], int(groups.sum()), seed)


def _whole(
    experiment: Experiment, frame: Frame, roll: Roll, where: Whole, own: Whole, groups: int, seed: int
) -> RollOut:
    """Refuses what leaves nothing to draw from."""
    kept = (where >= 0).any(axis=1)
    if where.shape[1] < 2 + roll.span or len(np.unique(own[kept])) < LEAST_GROUPS:
        raise CannotAnswer(
            "The history shows {periods} periods of {units} units before anybody was treated, and these waves take {least} periods and {groups} "
            "units at least; give a longer history with --history.",
            periods=where.shape[1], units=int(kept.sum()), least=2 + roll.span, groups=LEAST_GROUPS,
        )  # fmt: skip
    drawn = min(groups, MOST_GROUPS)
    frame, where, own = _some_groups(frame, where[kept], own[kept], seed)
    sizes = 1, where.shape[1] - 1 - roll.span
    return RollOut(
        experiment=experiment, frame=frame, counts="periods", sizes=sizes, usual=middle(sizes), scale=float(np.sqrt(drawn / groups)),
        months=months_of(panel_of(frame).clock), roll=roll, where=where, cluster=own, groups=drawn,
    )  # fmt: skip


def _some_groups(frame: Frame, where: Whole, own: Whole, seed: int) -> tuple[Frame, Whole, Whole]:
    """Of very many units or clusters, some by lot: worlds travel between processes."""
    groups = np.unique(own)
    if len(groups) <= MOST_HISTORY:
        return frame, where, own
    chosen = np.random.default_rng(seed).choice(groups, MOST_HISTORY, replace=False)
    units = np.flatnonzero(np.isin(own, chosen))
    few, _ = window(frame, where, units, 0, where.shape[1])
    return few, places(panel_of(few)), own[units]


def _starts(clock: Clock, names: tuple[str, ...], column: str) -> np.ndarray:
    """[labels] number of the first treated period, counted on from the first of the history; infinite where never treated."""
    found = []
    for name in names:
        never = name.lower() in NEVER_LABELS
        at = None if never else moments_of([name], clock.kind)[0]
        if not never and at is None:
            clock.position(name, column)
        found.append(np.inf if at is None else np.ceil((at - clock.at[0]) / clock.step - 1e-6))
    return np.array(found)


@dataclass(frozen=True)
class Sites(World):
    """`synthetic-control`: sites by lot in the place of the treated, over a stretch in which nobody was."""

    where: Whole
    """[U, T] rows of units while nobody was treated."""
    treated: int
    """Units that are treated together."""
    before: int
    """Periods before a pseudo-start."""

    @override
    def independent(self, size: int, runs: int) -> float:
        stretches = max(1, (self.where.shape[1] - self.before) // size)
        return float(min(runs, stretches * (len(self.where) // self.treated), comb(len(self.where), self.treated)))

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        length = self.before + size
        first = int(rng.integers(self.where.shape[1] - length + 1))
        frame, _ = window(self.frame, self.where, np.arange(len(self.where)), first, length)
        panel = panel_of(frame)
        chosen = rng.choice(len(panel.units), self.treated, replace=False)
        treated = [panel.units[u] for u in np.sort(chosen)]
        return redesigned(self.experiment, treated=treated, start=panel.clock.labels[self.before]), frame


def sites(experiment: Experiment, frame: Frame, *, whole: bool) -> Sites:
    """The time before the start; all of the history where it is one of its own (``whole``)."""
    design, panel = cast(SyntheticControl, experiment.design), panel_of(frame)
    where = places(panel)
    end = where.shape[1] if whole else panel.clock.position(design.start, "design.start")
    where, treated = where[:, :end], len(design.treated)
    if end < 4 or len(where) < treated + 2:
        raise CannotAnswer(
            "The history shows {periods} periods of {units} units before the start; four periods, and two units beside those treated, are the least. "
            "Give a longer history with --history.",
            periods=end, units=len(where),
        )  # fmt: skip
    before = max(2, (end + 1) // 2)
    return Sites(
        experiment=experiment, frame=frame, counts="periods", sizes=(1, end - before), usual=planned_periods(experiment, panel.clock, (1, end - before)),
        months=months_of(panel.clock), where=where, treated=treated, before=before,
    )  # fmt: skip


@dataclass(frozen=True)
class Courses(World):
    """`interrupted-time-series`: pseudo-starts in a time in which nothing changed."""

    periods: int
    """Of the history."""
    least: int
    """Periods before a pseudo-start."""

    @override
    def independent(self, size: int, runs: int) -> float:
        return float(min(runs, max(1, (self.periods - self.least) // size)))

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        """All pseudo-starts in turn where they are few, else by lot."""
        ways = self.periods - self.least - size + 1
        start = self.least + (run % ways if ways <= MOST_STARTS else int(rng.integers(ways)))
        panel = panel_of(self.frame)
        rows = np.flatnonzero(panel.time < start + size)
        clock = part_of(panel.clock, 0, start + size)
        unit = np.unique(panel.unit[rows], return_inverse=True)[1]
        frame = replace(rows_of(self.frame, rows), panel=Panel(clock, panel.time[rows], unit, ()))
        return redesigned(self.experiment, start=clock.labels[start]), frame


MOST_STARTS = 100
"""Pseudo-starts up to which each is tried once."""


def courses(experiment: Experiment, frame: Frame, *, whole: bool) -> Courses:
    """The time before the start; all of the history where it is one of its own (``whole``)."""
    design, clock = cast(InterruptedTimeSeries, experiment.design), panel_of(frame).clock
    periods = len(clock.at) if whole else clock.position(design.start, "design.start")
    waves = sum(2 * s.waves - (2 * s.waves == s.period) for s in design.season)
    parameters = len(design.covariates) + waves + (design.trend == "linear") + VARIANCES + 2 * (design.trend == "local")
    longest = max((s.period for s in design.season), default=0)
    least = max(LEAST_BEFORE, PER_PARAMETER * parameters, int(np.ceil(longest)))
    if periods <= least:
        raise CannotAnswer(
            "The history shows {periods} periods before the start, and this model learns from {least} at least; give a longer one with --history.",
            periods=periods, least=least,
        )  # fmt: skip
    least = max(least, min(periods // 2, periods - 1))
    sizes = 1, max(1, (periods - least) // 2)
    return Courses(
        experiment=experiment, frame=frame, counts="periods", sizes=sizes, usual=planned_periods(experiment, clock, sizes), months=months_of(clock),
        periods=periods, least=least,
    )  # fmt: skip
