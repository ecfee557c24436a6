"""Group-time effects unit by unit: with covariates, or where outcomes were seen of different units.

For cohort g and period t, with D = 1 in the cohort, dY the change of the outcome since the base, p(x) a logit of D given
covariates at the base, and m(x) a linear regression of dY among the comparison:

    ATT(g, t) = E[D (dY - m)] / E[D] - E[w (dY - m)] / E[w],   w = (1 - D) p / (1 - p)

(Sant'Anna & Zhao 2020, Journal of Econometrics 219: 101-122, eq. 2.6). It is right if either model is. The influence values
contain what estimating both models adds (their section 3.1). Without covariates it is the plain difference of means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Flags, Whole
from causalcx.designs.roll_out.cohort_moments import Block, objects_by_cohort
from causalcx.designs.roll_out.group_time import Compare, GroupTime, compared_with, pairs
from causalcx.designs.roll_out.waves import Waves

ROUNDS, SETTLED = 50, 1e-10
CERTAIN = 0.999
"""Probability of the cohort from which covariates tell who was treated; the logit is then of no use."""

LEAST = 2
"""Units of the comparison per column of the regression (text covariates have a column for every value but one)."""


@dataclass(frozen=True)
class Logit:
    """Odds of being in the cohort, and their influence values per coefficient."""

    odds: Array
    """[n]; 0 for the cohort's own units."""
    influence: Array
    """[n, K] of the coefficients, times n; zeros where the odds were not fitted."""


def by_unit(waves: Waves, compare: Compare) -> tuple[GroupTime, tuple[str, ...]]:
    """Effects with one influence value per unit, and the cohorts of which covariates tell too much for a logit.

    Of those cohorts the regression alone makes the comparison.
    """
    wanted = np.array(pairs(waves.first, waves.periods, compare))
    units, variables = waves.complete.shape
    value, level = np.zeros((len(wanted), variables)), np.zeros((len(wanted), variables))
    influence = np.zeros((units, len(wanted), variables))
    told, found_for = set(), np.zeros((len(wanted), variables), bool)
    for v in range(variables):
        for g, inside, own in comparisons(waves, wanted, v, compare):
            members = np.flatnonzero(waves.complete[:, v] & ((waves.cohort == g) | inside[waves.cohort]))
            base = int(waves.first[g]) - 1
            change = waves.values[members][:, wanted[own, 1], v] - waves.values[members, base, v][:, None]
            treated = waves.cohort[members] == g
            x = np.column_stack([np.ones(len(members)), waves.covariates[members, base]])
            found_for[own, v] = True
            value[own, v], found, fitted = effects_of(change, treated, independent(x, ~treated))
            told |= set() if fitted else {waves.cohorts[g]}
            influence[np.ix_(members, own, [v])] = found[:, :, None]
            level[own, v] = waves.values[members[treated]][:, wanted[own, 1], v].mean(axis=0)
    return of_influences(waves, wanted, compare, found_for, value, level, influence), tuple(sorted(told))


def comparisons(waves: Waves, wanted: Whole, v: int, compare: Compare) -> Iterator[tuple[int, Flags, Whole]]:
    """Pairs that share cohort and comparison, so that their models are fitted once."""
    seen = np.bincount(waves.cohort[waves.complete[:, v]], minlength=len(waves.first)) > 0
    groups: dict[tuple[int, bytes], list[int]] = {}
    for a, (g, t) in enumerate(wanted.tolist()):
        inside = compared_with(waves.first, g, t, compare) & seen
        if seen[g] and inside.any():
            groups.setdefault((g, inside.tobytes()), []).append(a)
    for (g, inside), own in groups.items():
        yield g, np.frombuffer(inside, bool), np.array(own)


def independent(x: Array, comparison: Flags) -> Array:
    """Columns that are no sum of others among the comparison (pivoted QR); the constant is first and stays."""
    from scipy.linalg import qr

    centred = x[:, 1:] - x[:, 1:].mean(axis=0)
    scale = centred.std(axis=0)
    centred = centred[:, scale > 0] / scale[scale > 0]
    if not centred.shape[1]:
        return x[:, :1]
    own = centred[comparison] - centred[comparison].mean(axis=0)
    if len(own) < LEAST * (own.shape[1] + 1):
        raise CannotAnswer(
            "A wave has {units} units to compare with, too few for {columns} columns of covariates; leave some out.",
            units=len(own), columns=own.shape[1],
        )  # fmt: skip
    _, r, order = qr(own, mode="economic", pivoting=True)
    kept = np.abs(np.diag(r)) > 1e-8 * max(np.sqrt(len(own)), 1.0)
    return np.column_stack([x[:, 0], centred[:, np.sort(order[: len(kept)][kept])]])


def effects_of(change: Array, treated: Flags, x: Array) -> tuple[Array, Array, bool]:
    """[A] effects, [n, A] influence values (their sum is 0) and whether the logit could be fitted.

    ``change`` [n, A], ``x`` [n, K] with a constant first, linearly independent among the comparison.
    """
    n, d = len(treated), treated.astype(float)[:, None]
    logit = fitted_logit(treated, x)
    odds = logit.odds if logit else np.ones(n)
    comparison = 1 - d
    bread = np.linalg.inv(x.T @ (comparison * x) / n)
    slope = bread @ (x.T @ (comparison * change)) / n
    residual = change - x @ slope
    own, weight = d, comparison * odds[:, None]
    mean_own, mean_other = (w * residual for w in (own, weight))
    eta_own, eta_other = mean_own.mean(axis=0) / own.mean(), mean_other.mean(axis=0) / weight.mean()
    of_slope = comparison * x @ bread
    first = (mean_own - own * eta_own - residual * (of_slope @ (own * x).mean(axis=0))[:, None]) / own.mean()
    second = mean_other - weight * eta_other - residual * (of_slope @ (weight * x).mean(axis=0))[:, None]
    if logit:
        second = second + logit.influence @ ((weight * x).T @ (residual - eta_other)) / n
    return eta_own - eta_other, (first - second / weight.mean()) / n, logit is not None


def fitted_logit(treated: Flags, x: Array) -> Logit | None:
    """Maximum likelihood by Newton's method; None where some probability of an untreated unit is nearly one."""
    d, n = treated.astype(float), len(treated)
    beta = np.zeros(x.shape[1])
    beta[0] = np.log(d.mean() / (1 - d.mean()))
    for _ in range(ROUNDS):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        information = x.T @ (x * (p * (1 - p))[:, None]) / n
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, x.T @ (d - p) / n)
        beta = beta + step
        if np.abs(step).max() < SETTLED:
            break
    else:
        return None
    p = 1 / (1 + np.exp(-x @ beta))
    if p[~treated].max() > CERTAIN:
        return None
    odds = np.exp(np.where(treated, -np.inf, x @ beta))
    return Logit(odds, (x * (d - p)[:, None]) @ np.linalg.inv(information))


def of_influences(
    waves: Waves, wanted: Whole, compare: Compare, seen: Flags, value: Array, level: Array, influence: Array
) -> GroupTime:
    """Blocks from influence values summed over clusters; positions: effects [A, V], then presence in cohorts [G, V]."""
    some = seen.any(axis=1)
    wanted, seen, value, level, influence = wanted[some], seen[some], value[some], level[some], influence[:, some]
    cohorts, (units, _, variables) = len(waves.first), influence.shape
    presence = np.zeros((units, cohorts, variables))
    presence[np.arange(units), waves.cohort] = waves.complete
    values = np.concatenate([influence.reshape(units, -1), presence.reshape(units, -1)], axis=1)
    totals = _summed(values, waves.cluster)
    at = np.arange(values.shape[1])
    answered = _summed(waves.complete.astype(float), waves.cluster) > 0
    blocks = [
        Block(at, totals[own].T @ totals[own], answered[own].sum(axis=0)[at % variables].astype(float))
        for own in objects_by_cohort(waves)
    ]

    def positions(weights: Array, of_presence: Array) -> Array:
        return np.concatenate([weights.reshape(len(weights), -1), of_presence.reshape(len(weights), -1)], axis=1)

    g, t = wanted.T
    if waves.time is None:
        blocks = [
            _borrowed(waves, wanted, compare, c, b) if (b.objects == 1).any() else b for c, b in enumerate(blocks)
        ]
    return GroupTime(
        g, t - waves.first[g], waves.first, presence.sum(axis=0), seen, value, level, tuple(blocks), positions
    )


def _summed(values: Array, cluster: Whole) -> Array:
    """Rows of [n, W] values summed over clusters."""
    order = np.argsort(cluster, kind="stable")
    starts = np.searchsorted(cluster[order], np.arange(int(cluster.max()) + 1))
    return np.add.reduceat(values[order], starts, axis=0)


def _borrowed(waves: Waves, wanted: Whole, compare: Compare, g: int, block: Block) -> Block:
    """The block of a cohort of which a variable has one unit (or cluster), with the spread of the other cohorts' changes.

    The unit's change counts once where its cohort is the treated one, and by its share where it is compared with.
    """
    away, freedom = _changes_elsewhere(waves, wanted, g)
    units = np.array([waves.complete[waves.cohort == c].sum(axis=0) for c in range(len(waves.first))])
    inside = np.array([compared_with(waves.first, h, t, compare) for h, t in wanted])[:, :, None] * units
    load = np.where(wanted[:, :1] == g, 1.0, -inside[:, g] / np.maximum(inside.sum(axis=1), 1))
    lone, freedom = block.objects == 1, freedom[block.at % len(freedom)]
    load = load.ravel() * (lone / np.sqrt(np.maximum(freedom, 1)))[: load.size]
    product, own = block.product.copy(), np.arange(len(load))
    product[np.ix_(own, own)] += np.outer(load, load) * (away.T @ away)
    share = np.where(lone, np.sqrt(freedom / (freedom + 1)), 1.0)
    return Block(block.at, np.outer(share, share) * product, np.where(lone, freedom + 1, block.objects))


def _changes_elsewhere(waves: Waves, wanted: Whole, g: int) -> tuple[Array, Array]:
    """[C, A x V] changes of the other cohorts' clusters less their cohort's mean, and [V] the degrees of freedom behind them.

    0 for a variable that a cluster does not have, or that no other of its cohort has.
    """
    changes = waves.values[:, wanted[:, 1]] - waves.values[:, waves.first[wanted[:, 0]] - 1]
    known = waves.complete[:, None]
    total = _summed(np.where(known, changes, 0.0).reshape(len(changes), -1), waves.cluster)
    size = _summed(waves.complete.astype(float), waves.cluster)
    means = total.reshape(len(size), *changes.shape[1:]) / np.maximum(size, 1)[:, None]
    cohort = waves.cohort[np.unique(waves.cluster, return_index=True)[1]]
    away, freedom = np.zeros_like(means), np.zeros(size.shape[1])
    for c in set(range(len(waves.first))) - {g}:
        own = (cohort == c)[:, None] & (size > 0)
        n = own.sum(axis=0)
        middle = np.where(own[:, None], means, 0.0).sum(axis=0) / np.maximum(n, 1)
        away += np.where(own[:, None] & (n > 1), means - middle, 0.0)
        freedom += np.maximum(n - 1, 0)
    return away.reshape(len(size), -1), freedom
