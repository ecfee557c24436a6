"""What can be said of randomised groups: whether they are many enough, and whether they answered equally often."""

from __future__ import annotations

import numpy as np
from scipy import stats

from causalcx.checks.answers import missing_verdict
from causalcx.core.check import Check
from causalcx.core.clusters import Clusters
from causalcx.core.moments import Moments

FEW = 8
"""Clusters in an arm below which the spread between clusters is hardly known."""


def few_clusters(moments: Moments, clusters: Clusters, column: str) -> Check:
    """Clusters of the smallest arm: the spread between clusters is known from so few."""
    counted = clusters.counted(*moments.units.shape).sum(axis=1)
    found = {arm: int(n) for arm, n in zip(moments.arms, counted, strict=True)}
    fewest = min(found.values())
    facts = {"clusters": found, "fewest": fewest, "enough": FEW, "column": column, "shape": "arms"}
    verdict = "fail" if fewest < 2 else "warn" if fewest < FEW else "pass"
    return Check(name="few-clusters", verdict=verdict, value=fewest, facts=facts)


def missing_by_cluster(moments: Moments, clusters: Clusters, outcomes: dict[str, str]) -> tuple[Check, ...]:
    """Per outcome (and its variable) with missing values: do the arms answer equally often, told from what clusters have of their own?

    The shares r_a have variances from totals d_g = answered_g - r_a units_g; sum (r_a - r)^2 / v_a over (A - 1) is F with A - 1 and
    G - A degrees of freedom, r their mean weighted by 1 / v_a (Welch's test without its small correction).
    """
    found = [(o, clusters.variables.index(v)) for o, v in outcomes.items()]
    return tuple(
        _missing(moments, clusters, o, v) for o, v in found if (clusters.answered[:, v] < clusters.answered[:, 0]).any()
    )


def _missing(moments: Moments, clusters: Clusters, outcome: str, v: int) -> Check:
    arms = len(moments.arms)
    answered, units = (np.bincount(clusters.arm, clusters.answered[:, i], arms) for i in (v, 0))
    share, many = answered / units, np.bincount(clusters.arm, clusters.clusters, arms)
    away = np.column_stack([-share[clusters.arm], np.ones(len(clusters.arm))])
    products = np.einsum("ci,cij,cj->c", away, clusters.products([0, clusters.at(v).start]), away)
    variance = np.bincount(clusters.arm, products, arms) / units**2 * many / np.maximum(many - 1, 1)
    weight = 1 / np.maximum(variance, np.finfo(float).eps * share)
    statistic = float((weight * (share - weight @ share / weight.sum()) ** 2).sum()) / (arms - 1)
    p = float(stats.f.sf(statistic, arms - 1, max(many.sum() - arms, 1)))
    return missing_verdict(outcome, dict(zip(moments.arms, share.tolist(), strict=True)), p)
