"""Counts, means and squares of a roll-out by cohort and period: what its checks, arms and pictures ask, whoever summed them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.cohorts import CohortSums
from causalcx.core.curve import Curve
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.outcomes import Outcome
from causalcx.designs.roll_out.cohort_moments import CohortMoments
from causalcx.designs.roll_out.waves import Starts, Waves, cohorts_of, refuse_early, refuse_gaps

ROUNDING = 1e-10
"""Standard deviation, relative to the mean, below which values are equal but for rounding."""


@dataclass(frozen=True)
class Tally(Starts):
    """Axes: G cohorts, T periods, V variables. Records (units; rows in cross-sections) count for a variable where they have all of it."""

    records: Array
    """[G]"""
    complete: Array
    """[G, V] records that count."""
    objects: Array
    """[G] units, rows or clusters that are drawn as one."""
    dropped: Array
    """[G] units without a complete outcome, which were left out."""
    count: Array
    """[G, T, V]"""
    mean: Array
    """[G, T, V]; NaN where nobody counts."""
    square: Array
    """[G, T, V] sums of squared deviations from the mean."""
    crossed: bool
    """Whether other units are seen in every period."""
    notices: tuple[Notice, ...] = ()
    survival: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)

    @property
    def treated_now(self) -> Flags:
        """[G, T] cells under treatment."""
        return np.arange(self.periods) >= self.first[:, None]

    def mean_over(self, cells: Flags, v: int) -> float:
        """Mean of a variable over [G, T] cells."""
        own = cells & (self.count[:, :, v] > 0)
        return float(np.average(self.mean[own, v], weights=self.count[own, v]))

    def deviation_over(self, cells: Flags, v: int) -> float:
        """Standard deviation of a variable over [G, T] cells; exactly 0 where its values are equal."""
        own = cells & (self.count[:, :, v] > 0)
        n, middle = self.count[own, v].sum(), self.mean_over(cells, v) if own.any() else 0.0
        squares = self.square[own, v].sum() + self.count[own, v] @ (self.mean[own, v] - middle) ** 2
        found = float(np.sqrt(squares / max(n - 1, 1.0)))
        return found if found > ROUNDING * abs(middle) else 0.0


def tally(found: Waves) -> Tally:
    """Of records."""
    cohorts, variables = len(found.first), found.values.shape[2]
    cell = (found.cohort[:, None] * found.periods + _time(found)).ravel()
    shape = (cohorts, found.periods, variables)
    count, mean, square = (np.zeros(shape) for _ in range(3))
    for v in range(variables):
        known = np.broadcast_to(found.complete[:, v][:, None], found.values.shape[:2]).ravel()
        own, y = cell[known], found.values[:, :, v].ravel()[known]
        n = np.bincount(own, minlength=cohorts * found.periods)
        with np.errstate(invalid="ignore"):
            centre = np.bincount(own, y, len(n)) / n
        away = np.bincount(own, (y - centre[own]) ** 2, len(n))
        count[:, :, v], mean[:, :, v], square[:, :, v] = (x.reshape(shape[:2]) for x in (n, centre, away))
    return Tally(
        found.clock, found.cohorts, found.first, records=np.bincount(found.cohort, minlength=cohorts).astype(float),
        complete=np.array([found.complete[found.cohort == g].sum(axis=0) for g in range(cohorts)], float),
        objects=np.array([len(np.unique(found.cluster[found.cohort == g])) for g in range(cohorts)], float), dropped=found.dropped,
        count=count, mean=mean, square=square, crossed=found.time is not None, notices=found.notices, survival=found.survival,
    )  # fmt: skip


def _time(found: Waves) -> Whole:
    return np.arange(found.periods)[None, :] if found.time is None else found.time[:, None]


def tally_of_sums(experiment: Experiment, design: Staggered, sums: CohortSums) -> tuple[Tally, CohortMoments]:
    """Of a panel that was reduced at the source, with the moments behind the effects.

    Raises CannotAnswer and DataError as :func:`causalcx.designs.roll_out.waves.waves` does.
    """
    refuse_gaps(sums.clock)
    names, first, place = cohorts_of(sums.clock, design.cohort, tuple(n for n in sums.labels if n))
    of_label = _placed(sums.labels, place)
    units, dropped = (np.bincount(of_label, x, len(first)) for x in (sums.units, sums.dropped))
    moments = _merged(sums, of_label, len(first), _in_units(experiment))
    early = (first == 0) & (units > 0)
    notices = [*_gaps(experiment, float(dropped.sum()), float(units.sum()))]
    if early.any():
        notices.append(refuse_early(sums.clock, first[units > 0], int(units[early].sum())))
    kept = (units > 0) & ~early
    mean, product = moments.mean[kept], moments.product[kept]
    whole = np.broadcast_to(units[kept][:, None, None], mean.shape)
    seen = Tally(
        sums.clock, tuple(n for n, k in zip(names, kept, strict=True) if k), first[kept], records=units[kept], complete=whole[:, 0],
        objects=units[kept], dropped=dropped[kept], count=whole, mean=mean,
        square=np.array([np.diag(p) for p in product]).reshape(mean.shape), crossed=False, notices=tuple(notices),
    )  # fmt: skip
    return seen, CohortMoments(units[kept], mean, product)


def _placed(labels: tuple[str, ...], place: Whole) -> Whole:
    """The cohort of every label; of units without one, the last."""
    named = np.array([bool(n) for n in labels])
    found = np.full(len(labels), place[-1])
    found[named] = place[:-1]
    return found


def _gaps(experiment: Experiment, dropped: float, kept: float) -> list[Notice]:
    facts = {"left_out": int(dropped), "units": int(dropped + kept)}
    return [Notice(code="units-with-gaps", facts={"outcome": o.key} | facts) for o in experiment.outcomes if dropped]


def _in_units(experiment: Experiment) -> Array:
    """[V, S] the design's variables from the source's: NPS is 100 x (promoters - detractors); their shares come last."""
    rows, shares, at = [], [], 0
    width = sum(2 if o.kind == "nps" else 1 for o in experiment.outcomes)
    for outcome in experiment.outcomes:
        row = np.zeros(width)
        row[at : at + _parts(outcome)] = (100.0, -100.0) if outcome.kind == "nps" else 1.0
        shares += [np.eye(width)[at], np.eye(width)[at + 1]] if outcome.kind == "nps" else []
        rows.append(row)
        at += _parts(outcome)
    return np.array(rows + shares)


def _parts(outcome: Outcome) -> int:
    return 2 if outcome.kind == "nps" else 1


def _merged(sums: CohortSums, of_label: Whole, cohorts: int, units: Array) -> CohortMoments:
    """Labels of one cohort put together, in the design's variables."""
    periods, variables = sums.mean.shape[1], len(units)
    over = np.kron(np.eye(periods), units)
    flat = sums.mean.reshape(len(sums.labels), -1) @ over.T
    mean, product = np.zeros((cohorts, periods * variables)), np.zeros((cohorts, *(periods * variables,) * 2))
    number = np.bincount(of_label, sums.units, cohorts)
    for c, g in enumerate(of_label):
        mean[g] += flat[c] * sums.units[c] / max(number[g], 1.0)
    for c, g in enumerate(of_label):
        away = flat[c] - mean[g]
        product[g] += over @ sums.product[c] @ over.T + sums.units[c] * np.outer(away, away)
    return CohortMoments(number, mean.reshape(cohorts, periods, variables), product)
