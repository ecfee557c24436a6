"""Who was treated from when on: the cohorts of a roll-out, and what was seen of every unit in every period."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame, variables_of
from causalcx.core.panel import Clock
from causalcx.designs.features import features
from causalcx.designs.neighbours.nearby import Nearby, nearby_of_panel, refuse_single_rows
from causalcx.designs.survival.durations import Curves, by_wave
from causalcx.designs.values import clusters_of, in_units

NEVER = "never"
"""Label of the cohort that is not treated within the data."""
NEVER_LABELS = ("0", "inf", "-inf", NEVER)


@dataclass(frozen=True)
class Starts:
    """Cohorts and when they started."""

    clock: Clock
    cohorts: tuple[str, ...]
    first: Whole
    """[G] position of the first treated period; T for those never treated within the data."""

    @property
    def periods(self) -> int:
        """T."""
        return len(self.clock.at)

    @property
    def treated(self) -> Flags:
        """[G] cohorts that were treated within the data."""
        return self.first < self.periods


@dataclass(frozen=True)
class Waves(Starts):
    """Records, each of one cohort: units of a panel with T periods, or rows of repeated cross-sections with one each.

    Axes: N records, G cohorts in the order of their start with those never treated last, P periods of a record (T in a
    panel, 1 in cross-sections), V variables in effect units, K covariates.
    """

    cohort: Whole
    """[N]"""
    time: Whole | None
    """[N] period of a row in cross-sections; None in a panel."""
    values: Array
    """[N, P, V]; NaN where missing."""
    covariates: Array
    """[N, P, K]"""
    cluster: Whole
    """[N] the group within which records move together: the record itself unless the plan names a column."""
    dropped: Array
    """[G] units that do not have all their periods, and were left out."""
    notices: tuple[Notice, ...] = ()
    nearby: Nearby | None = None
    """What units of a panel feel from their neighbours, where the plan says who feels whose change."""
    survival: Curves = field(default_factory=dict)
    """Who is still there over time, of every duration: rows under treatment against the others."""

    @cached_property
    def complete(self) -> Flags:
        """[N, V] records with every value of a variable."""
        return ~np.isnan(self.values).any(axis=1)

    def only(self, records: Flags) -> Waves:
        """The same with some records, and with the cohorts that remain."""
        kept = np.unique(self.cohort[records])
        place = np.full(len(self.first), -1)
        place[kept] = np.arange(len(kept))
        return replace(
            self, cohorts=tuple(self.cohorts[g] for g in kept), first=self.first[kept], cohort=place[self.cohort[records]],
            time=None if self.time is None else self.time[records], values=self.values[records], dropped=self.dropped[kept],
            covariates=self.covariates[records], cluster=np.unique(self.cluster[records], return_inverse=True)[1],
            nearby=self.nearby.only(records) if self.nearby else None,
        )  # fmt: skip


def waves(experiment: Experiment, design: Staggered, frame: Frame) -> Waves:
    """The records that can be compared.

    Raises DataError for cohorts that change within a unit or cannot be placed, and for periods without a row.
    """
    panel = frame.panel
    assert panel is not None
    refuse_gaps(panel.clock)
    labels = frame.labels[design.cohort]
    cohorts, first, place = cohorts_of(panel.clock, design.cohort, labels.names)
    row_cohort = place[labels.position]
    frame, survival = by_wave(experiment, frame, row_cohort, panel.time >= first[row_cohort])
    values = np.column_stack(
        [in_units(o, frame.outcomes[o.key]) for o in experiment.outcomes]
        + _shares(experiment, frame)
        + [frame.outcomes[variables_of(o)[1]] for o in experiment.outcomes if o.kind == "duration"]
    )
    covariates = features(frame, tuple(design.covariates)).values if design.covariates else np.zeros((len(values), 0))
    cluster = clusters_of(frame, design.cluster)
    if panel.size[0] == len(panel.unit):
        refuse_single_rows(experiment)
        found = Waves(
            panel.clock, cohorts, first, row_cohort, panel.time, values[:, None], covariates[:, None], cluster, np.zeros(len(first))
        )  # fmt: skip
    else:
        cohort = panel.constant(row_cohort, design.cohort).astype(np.int64)
        own = panel.constant(cluster, design.cluster).astype(np.int64) if design.cluster else np.arange(len(cohort))
        wide, known = (
            np.stack([panel.wide(c) for c in x.T], axis=2) if x.size else np.zeros((*panel.size, 0))
            for x in (values, covariates)
        )
        found = Waves(panel.clock, cohorts, first, cohort, None, wide, known, own, np.zeros(len(first)))
        if experiment.felt:
            found = replace(found, nearby=nearby_of_panel(experiment, frame, first[cohort]))
    return replace(_with_a_before(_whole(found, experiment)), survival=survival)


def refuse_gaps(clock: Clock) -> None:
    """Periods follow each other, and there are at least two."""
    if len(clock.at) < 2:
        raise CannotAnswer(
            "Column `{column}` (time) holds one period only, so there is no before to compare with.",
            column=clock.column,
        )
    if clock.missing or not clock.regular:
        number = np.round(clock.number)
        after = int(np.argmax(np.diff(number) > 1)) if clock.regular else int(np.argmax(np.diff(clock.at)))
        raise DataError(
            "Column `{column}` (time) has a gap between {before} and {after}: periods must follow each other at equal distances.",
            column=clock.column, before=clock.labels[after], after=clock.labels[after + 1],
        )  # fmt: skip


def cohorts_of(clock: Clock, column: str, labels: tuple[str, ...]) -> tuple[tuple[str, ...], Whole, Whole]:
    """Names and first periods of the cohorts in order, those never treated last; and the cohort of each label, then of none.

    A period within which a cohort started is its first treated one, though only in part: the one before it is then untreated.
    """
    periods = len(clock.at)
    start = np.array([periods if n.lower() in NEVER_LABELS else clock.holding(n, column) for n in labels] + [periods])
    first, place = np.unique(start, return_inverse=True)
    return tuple(NEVER if f == periods else clock.labels[f] for f in first), first, place


def _shares(experiment: Experiment, frame: Frame) -> list[Array]:
    """Shares of promoters and of detractors, for every NPS outcome: what its change is made of."""
    scores = [frame.outcomes[o.key] for o in experiment.outcomes if o.kind == "nps"]
    return [np.where(np.isnan(y), np.nan, hit) for y in scores for hit in (y >= 9, y <= 6)]


def _whole(found: Waves, experiment: Experiment) -> Waves:
    """Without records that have no complete outcome, and with what was left out of which outcome."""
    complete = found.complete[:, : len(experiment.outcomes)]
    some = complete.any(axis=1)
    if not some.any():
        raise CannotAnswer(
            "No unit has a value in every one of the {periods} periods, so none can be followed over time; leave `unit` unique "
            "per row to compare repeated cross-sections.",
            periods=found.periods,
        )  # fmt: skip
    dropped = np.bincount(found.cohort[~some], minlength=len(found.first)).astype(float)
    notices = [
        Notice(code="units-with-gaps", facts={"outcome": o.key, "left_out": int((~own).sum()), "units": own.size})
        for o, own in zip(experiment.outcomes, complete.T, strict=True)
        if not own.all() and found.time is None
    ]
    return replace(found, dropped=dropped, notices=tuple(notices)).only(some)


def _with_a_before(found: Waves) -> Waves:
    """Without the cohorts that were treated from the first period on: of them there is no before."""
    early = found.first[found.cohort] == 0
    if not early.any():
        return found
    notice = refuse_early(found.clock, found.first, int(early.sum()))
    return replace(found.only(~early), notices=(*found.notices, notice))


def refuse_early(clock: Clock, first: Whole, units: int) -> Notice:
    """That units treated from the first period on were left out. Raises CannotAnswer where no other was treated."""
    label = clock.labels[0]
    if not ((first > 0) & (first < len(clock.at))).any():
        raise CannotAnswer(
            "Every treated unit was treated from the first period ({period}) on, so there is no before to compare with; add earlier periods.",
            period=label,
        )  # fmt: skip
    return Notice(code="no-before", facts={"cohort": label, "left_out": units})
