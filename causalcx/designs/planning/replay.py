"""An A/A test on history: random arms that nobody was treated by, and the estimator of the plan on each.

The truth is no effect, so an interval that leaves out 0 is a false alarm, and the spread of the estimates is what their standard
errors have to state.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from causalcx.core import inference
from causalcx.core.clusters import Clusters, clusters_of_columns
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Moments, Whole
from causalcx.core.need import ANSWERED_BY, COVARIATE, EVERYONE, Frame, Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.sizing import LEVEL, Replay, ReplayedOutcome, monte_carlo_error
from causalcx.core.survival import answers
from causalcx.designs.arms.factors import main_effects
from causalcx.designs.contrasts import Estimates, contrasts
from causalcx.designs.planning.columns import filled_covariates, stratum_of_rows
from causalcx.designs.planning.split import Split
from causalcx.designs.randomised import means_of

MOST_ROWS = 20_000
"""Rows of history that a replay splits; of a longer one, as many drawn by lot."""


def history_need(experiment: Experiment, design: Randomised) -> Need:
    """The outcomes, covariates and strata of the plan, of everybody; who entered when is not asked."""
    need = Need.of(
        experiment,
        dt.date.max,
        treatment=EVERYONE,
        control=EVERYONE,
        covariates=tuple(design.covariates) if design.adjustment != "none" else (),
        strata=tuple(design.strata),
        labels=(*design.strata, *([design.cluster] if design.cluster else [])),
        cluster=design.cluster,
        equal_clusters=design.weight == "cluster",
        numbers=tuple(dict.fromkeys(c for o in experiment.outcomes if o.kind == "ratio" for c in o.columns)),
    )
    return replace(need, entered=None, as_of=None)


def replayed(experiment: Experiment, frame: Frame, split: Split, *, splits: int, seed: int) -> Replay:
    """False alarms and coverage over random splits within strata, with the plan's own estimator."""
    rng = np.random.default_rng(seed)
    rows = _rows(
        stratum_of_rows(frame, _strata(experiment)), _variables(experiment, frame), _groups_of(experiment, frame), rng
    )
    found = [_estimates(experiment, rows, split, rng) for _ in range(splits)]
    value = np.array([e.value for e in found])
    error = np.array([np.sqrt(np.diag(e.covariance)) for e in found])
    first = found[0]
    inside = [[_holds_zero(e, error[i, c], c) for c in range(len(e.value))] for i, e in enumerate(found)]
    alarms = sum(_alarm(e, error[i]) for i, e in enumerate(found))
    return Replay(
        splits=splits,
        units=len(rows.stratum),
        rows=len(frame.arm),
        false_alarms=alarms / splits,
        false_alarms_error=monte_carlo_error(alarms, splits),
        outcomes=tuple(
            ReplayedOutcome(
                outcome=outcome.key,
                comparison=first.comparisons[c],
                coverage=float(np.mean([row[c] for row in inside])),
                coverage_error=monte_carlo_error(sum(row[c] for row in inside), splits),
                spread_ratio=float(value[:, c].std(ddof=1) / error[:, c].mean()),
            )
            for c, outcome in enumerate(first.outcomes)
        ),
    )


def _strata(experiment: Experiment) -> tuple[str, ...]:
    return tuple(getattr(experiment.design, "strata", ()))


@dataclass(frozen=True)
class _Rows:
    """History in the order of its strata; V variables, less their means so that sums of squares lose no digits."""

    names: tuple[str, ...]
    centre: Array
    """[V]"""
    filled: Array
    """[n, V] 0 where missing."""
    seen: Array
    """[n, V] 1 where known."""
    stratum: Whole
    """[n] position of the stratum, ascending."""
    strata: tuple[str, ...]
    clusters: Clusters | None = None
    """Sums of the groups that are drawn as one."""
    cluster: Whole | None = None
    """[n] position of the row's group."""

    @property
    def drawn(self) -> Whole:
        """Stratum of everything that is drawn: of each row, or of each group."""
        return self.stratum if self.clusters is None else self.clusters.stratum

    def groups(self, arm: Whole) -> Iterator[tuple[int, int, Array, Array]]:
        """Arm, stratum, values and masks of every group."""
        edges = np.searchsorted(self.stratum, np.arange(len(self.strata) + 1))
        for s, (low, high) in enumerate(pairwise(edges.tolist())):
            for a in range(int(arm.max()) + 1):
                own = low + np.flatnonzero(arm[low:high] == a)
                yield a, s, self.filled[own], self.seen[own]


def _rows(
    strata: tuple[str, ...], variables: Mapping[str, Array], group: Whole | None, rng: np.random.Generator
) -> _Rows:
    names, stratum = np.unique(np.array(strata), return_inverse=True)
    kept = _kept(np.arange(len(stratum)) if group is None else group, rng)
    order = kept[np.argsort(stratum[kept], kind="stable")]
    values = np.column_stack(list(variables.values()))[order]
    seen = ~np.isnan(values)
    centre = np.nanmean(values, axis=0)
    rows = _Rows(
        tuple(variables),
        centre,
        np.where(seen, values - centre, 0.0),
        seen.astype(float),
        stratum[order],
        tuple(names.tolist()),
    )
    return rows if group is None else _grouped(rows, np.unique(group[order], return_inverse=True)[1])


def _kept(group: Whole, rng: np.random.Generator) -> Whole:
    """Rows of whole groups, by lot where there are too many."""
    if len(group) <= MOST_ROWS:
        return np.arange(len(group))
    place = rng.permutation(int(group.max()) + 1)[group]
    size = np.cumsum(np.bincount(place))
    return np.flatnonzero(place < max(2, int(np.searchsorted(size, MOST_ROWS, side="right"))))


def _groups_of(experiment: Experiment, frame: Frame) -> Whole | None:
    """[n] position of each row's group, where groups are drawn."""
    column = getattr(experiment.design, "cluster", None)
    return np.unique(frame.labels[column].position, return_inverse=True)[1] if column else None


def _grouped(rows: _Rows, group: Whole) -> _Rows:
    """With the sums of its groups."""
    values = np.where(rows.seen > 0, rows.filled, np.nan)
    columns = dict(zip(rows.names, values.T, strict=True))
    covariates = {n: y for n, y in columns.items() if n.startswith(COVARIATE) and ANSWERED_BY not in n}
    outcomes = {n: y for n, y in columns.items() if not n.startswith(COVARIATE)}
    found = clusters_of_columns(np.zeros(len(group), np.int64), group, outcomes, covariates, rows.stratum)
    level = np.array([0.0, *(rows.centre[rows.names.index(n)] for n in outcomes)])
    return replace(rows, clusters=replace(found, level=level), cluster=group)


def _variables(experiment: Experiment, frame: Frame) -> dict[str, Array]:
    """Outcome variables, covariates, and the covariates of those who answered each outcome that has gaps."""
    columns: dict[str, Array] = {}
    covariates = filled_covariates(frame)
    for outcome in experiment.outcomes:
        parts = _parts(outcome, frame)
        gaps = np.isnan(parts[0])
        columns |= dict(zip(variables_of(outcome), parts, strict=True))
        if gaps.any():
            columns |= {f"{c}{ANSWERED_BY}{outcome.key}": np.where(gaps, np.nan, x) for c, x in covariates.items()}
    return columns | covariates


def _parts(outcome: Outcome, frame: Frame) -> tuple[Array, ...]:
    """[n] each: what stands for the outcome, as in the moments."""
    values = frame.outcomes[outcome.key]
    gaps = np.isnan(values)
    if outcome.kind == "nps":
        return np.where(gaps, np.nan, values >= 9), np.where(gaps, np.nan, values <= 6)
    if outcome.kind == "duration":
        return tuple(answers(outcome, values, frame.left[outcome.key]).T)
    return _both(outcome, frame) if outcome.kind == "ratio" else (values,)


def _both(outcome: Outcome, frame: Frame) -> tuple[Array, Array]:
    """Numerator and denominator of the units that have both; where the denominator is 0, an empty numerator is 0 too."""
    above, below = (frame.numbers[str(column)] for column in (outcome.numerator, outcome.denominator))
    above = np.where(below == 0, np.nan_to_num(above), above)
    gaps = np.isnan(above) | np.isnan(below)
    return np.where(gaps, np.nan, above), np.where(gaps, np.nan, below)


def _estimates(experiment: Experiment, rows: _Rows, split: Split, rng: np.random.Generator) -> Estimates:
    """One random split within strata, estimated as the plan says."""
    drawn = _random_arms(rows.drawn, len(rows.strata), split, rng)
    arm = drawn if rows.cluster is None else drawn[rows.cluster]
    arms, k = tuple(split.shares), len(rows.names)
    shape = (len(arms), len(rows.strata))
    units, count, mean, product = np.zeros(shape), *(np.zeros((*shape, k, k)) for _ in range(3))
    for a, s, x, m in rows.groups(arm):
        units[a, s], count[a, s] = len(x), m.T @ m
        away = (x.T @ m) / np.maximum(count[a, s], 1)
        mean[a, s] = np.where(count[a, s] > 0, away + rows.centre[:, None], 0.0)
        product[a, s] = x.T @ x - count[a, s] * away * away.T
    clusters = replace(rows.clusters, arm=drawn) if rows.clusters else None
    found = means_of(experiment, Moments(arms, rows.strata, rows.names, units, count, mean, product, clusters))
    if split.factors:
        return main_effects(found, experiment.outcomes, split.factors, "replay", "replay")
    return contrasts(found, experiment.outcomes, split.control, "replay")


def _random_arms(stratum: Whole, strata: int, split: Split, rng: np.random.Generator) -> Whole:
    """Arms with their planned shares in every stratum, rounded at random, of what is drawn: rows, or groups."""
    ends = np.cumsum(list(split.shares.values()))[:-1]
    sizes = np.bincount(stratum, minlength=strata)
    drawn = [np.searchsorted(ends, (np.arange(n) + rng.random()) / n, side="right") for n in sizes]
    arm = np.empty(len(stratum), np.int64)
    arm[np.argsort(stratum, kind="stable")] = np.concatenate([rng.permutation(arms) for arms in drawn])
    return arm


def _holds_zero(estimates: Estimates, error: float, c: int) -> bool:
    low, high = inference.t_interval(float(estimates.value[c]), float(error), estimates.df[c], LEVEL)
    return low <= 0 <= high


def _alarm(estimates: Estimates, error: Array) -> bool:
    """Whether a primary is significant after Holm's adjustment over primaries and arms."""
    p = [
        inference.two_sided_p(float(estimates.value[c]), float(error[c]), estimates.df[c])
        for c, outcome in enumerate(estimates.outcomes)
        if outcome.role == "primary"
    ]
    return min(inference.holm(p)) < 1 - LEVEL
