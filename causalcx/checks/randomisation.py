"""Whether chance did what the plan said: the split between the arms, and the balance of what was known before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from scipy import stats

from causalcx.core.check import Check
from causalcx.core.clusters import Clusters
from causalcx.core.moments import Array, Moments
from causalcx.core.need import ANSWERED_BY, COVARIATE, Assigned

FAILS = 0.001
WARNS = 0.01
MOST_DIFFERING = 0.01
"""Share of rows with another arm than was drawn above which the arms are no longer those of the lot."""
NOTHING = 1e-10
"""Eigenvalues below this share of the largest count as none: covariates that say the same twice."""


def sample_ratio(moments: Moments, ratio: Mapping[str, float] | None) -> Check:
    """Pearson's test of the planned split, over all units and, where there are several strata, within them.

    Within strata the statistic is summed, with (arms - 1) degrees of freedom each. A split that is off by a little
    everywhere shows in the total, one that is off in one stratum shows within; p is twice the smaller of the two
    (Bonferroni) and fails below .001 (Fabijan et al. 2019, KDD: sample ratio mismatch). Where clusters were randomised,
    they are what is counted.
    """
    drawn, shape = _randomised(moments), {"shape": "clusters"} if moments.clusters else {}
    observed = {arm: int(n) for arm, n in zip(moments.arms, drawn.sum(axis=1), strict=True)}
    if not ratio:
        facts = {"planned": None, "observed": observed, "p": None} | shape
        return Check(name="sample-ratio", verdict="info", facts=facts)
    share = np.array([ratio[arm] for arm in moments.arms]) / sum(ratio.values())
    units = drawn[:, drawn.sum(axis=0) > 0]
    total, within = _pearson(units.sum(axis=1, keepdims=True), share), _pearson(units, share)
    p = total if units.shape[1] == 1 else min(1.0, 2 * min(total, within))
    planned = dict(zip(moments.arms, share.tolist(), strict=True))
    facts = {
        "planned": planned,
        "observed": observed,
        "p": p,
        "strata": units.shape[1],
        "p_total": total,
        "p_within": within,
    } | shape
    return Check(name="sample-ratio", verdict="fail" if p < FAILS else "pass", value=p, facts=facts)


def _randomised(moments: Moments) -> Array:
    """[A, S] units, or clusters, that were randomised."""
    return moments.clusters.counted(*moments.units.shape) if moments.clusters else moments.units


def _pearson(units: Array, share: Array) -> float:
    """p-value of Pearson's statistic, summed over the columns of [A, S] units."""
    expected = share[:, None] * units.sum(axis=0)
    statistic = float((np.square(units - expected) / expected).sum())
    return float(stats.chi2.sf(statistic, (len(share) - 1) * units.shape[1]))


def assignment(assigned: Assigned | None) -> tuple[Check, ...]:
    """The arms in the data against those that were drawn; nothing where none were."""
    if assigned is None:
        return ()
    share = (assigned.differing + assigned.unknown) / assigned.rows
    verdict = "fail" if share > MOST_DIFFERING else "warn" if share > 0 else "pass"
    return (Check(name="assignment", verdict=verdict, value=share, facts=asdict(assigned) | {"share": share}),)


def balance(moments: Moments) -> Check | None:
    """One omnibus test that covariate means are equal in all arms (within strata), and standardised differences.

    Wald statistic d' (K x S)^-1 d of the departures d_a = sum_s n_as (xbar_as - xbar_s), with S the covariance of the
    covariates within arms and strata and K_ab = [a = b] n_a - sum_s n_as n_bs / n_s what drawing arms within strata makes
    of it; chi-square with rank K x rank S degrees of freedom (Hansen & Bowers 2008, Statistical Science 23: 219-236).
    Covariates are standardised first, so that none is lost beside one of a larger unit. ``info`` where no covariate can tell
    the arms apart: none varies within strata, or every unit is alone in its arm and stratum. None without covariates.
    Of clusters, the totals of covariates less their mean are compared, cluster by cluster.
    """
    if moments.clusters:
        moments = of_clusters(moments, moments.clusters)
    x = [i for i, name in enumerate(moments.variables) if name.startswith(COVARIATE) and ANSWERED_BY not in name]
    if not x:
        return None
    names = [moments.variables[i].removeprefix(COVARIATE) for i in x]
    away, spread = _departures(moments, x)
    weighted = np.einsum("as,ask->ak", moments.units, away)
    deviation = np.sqrt(np.where(np.diag(spread) > 0, np.diag(spread), 1.0))
    weighted, correlation = weighted / deviation, spread / np.outer(deviation, deviation)
    drawn = _drawn(moments.units)
    statistic = float(np.einsum("ak,ab,kl,bl->", weighted, _inverse(drawn), _inverse(correlation), weighted))
    freedom = _rank(drawn) * _rank(correlation)
    alone = moments.units.sum() == (moments.units > 0).sum()
    p: float | None = float(stats.chi2.sf(statistic, freedom)) if freedom and not alone else None
    if not alone and _tells_arms_apart(away, spread):
        p = 0.0
    differences = _standardised(weighted / moments.units.sum(axis=1)[:, None], names)
    facts: dict[str, Any] = {
        "p": p,
        "covariates": differences,
        "largest": max(differences, key=lambda d: abs(d["smd"])),
    }
    verdict = "info" if p is None else "fail" if p < FAILS else "warn" if p < WARNS else "pass"
    return Check(name="balance", verdict=verdict, value=p, facts=facts)


def of_clusters(moments: Moments, clusters: Clusters) -> Moments:
    """Moments with clusters as units: totals of the covariates less their mean, over the mean size of a cluster."""
    k, shape = len(clusters.covariates), moments.units.shape
    units, answered = clusters.counted(*shape), clusters.count[:, 0]
    centre = clusters.x[:, 0].sum(axis=0) / answered.sum()
    size = answered.sum() / units.sum()
    total, square = np.zeros((*shape, k)), np.zeros((*shape, k, k))
    np.add.at(total, (clusters.arm, clusters.stratum), (clusters.x[:, 0] - answered[:, None] * centre) / size)
    away = np.column_stack([-centre, np.eye(k)]) / size
    products = away @ clusters.products([1, *range(3, 3 + k)]) @ away.T
    np.add.at(square, (clusters.arm, clusters.stratum), products)
    mean = total / np.maximum(units, 1)[..., None]
    product = square - units[..., None, None] * mean[..., :, None] * mean[..., None, :]
    every = np.broadcast_to(units[..., None, None], (*shape, k, k))
    return Moments(
        moments.arms, moments.strata, clusters.covariates, units, every, np.repeat(mean[..., None], k, axis=3), product
    )


def _departures(moments: Moments, x: list[int]) -> tuple[Array, Array]:
    """[A, S, k] covariate means less their stratum's; [k, k] pooled covariance within arms and strata."""
    mean = np.stack([moments.mean[:, :, i, i] for i in x], axis=2)
    total = np.maximum(moments.units.sum(axis=0), 1)
    centre = np.einsum("as,ask->sk", moments.units, mean) / total[:, None]
    cells = int((moments.units > 0).sum())
    spread = moments.product[:, :, x][:, :, :, x].sum(axis=(0, 1)) / max(moments.units.sum() - cells, 1)
    away = mean - centre
    away[(moments.units[..., None] == 0) | (np.abs(away) <= NOTHING * np.abs(centre))] = 0.0
    return away, spread


def _tells_arms_apart(away: Array, spread: Array) -> bool:
    """Whether a covariate stands still within every arm and stratum and yet differs between arms."""
    size = np.abs(away).max(axis=(0, 1))
    return bool(((np.diag(spread) == 0) & (size > 0)).any())


def _drawn(units: Array) -> Array:
    """[A, A] covariance of the arms' sums of a variable of variance 1, when arms are drawn within strata."""
    total = np.maximum(units.sum(axis=0), 1)
    return np.diag(units.sum(axis=1)) - (units / total) @ units.T


def _inverse(matrix: Array) -> Array:
    return np.linalg.pinv(matrix, rcond=NOTHING, hermitian=True)


def _rank(matrix: Array) -> int:
    return int(np.linalg.matrix_rank(matrix, rtol=NOTHING, hermitian=True))


def _standardised(away: Array, names: list[str]) -> list[dict[str, Any]]:
    """Largest difference of an arm from the first (control) arm, in standard deviations, per covariate."""
    difference = away[1:] - away[0]
    largest = np.take_along_axis(difference, np.abs(difference).argmax(axis=0)[None], axis=0)[0]
    return [{"name": name, "smd": float(d)} for name, d in zip(names, largest, strict=True)]
