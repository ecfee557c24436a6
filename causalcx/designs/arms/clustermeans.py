"""Arm means where groups were randomised: which strata, covariates and clusters count, and the joint law of all outcomes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.clusters import Clusters
from causalcx.core.errors import CannotAnswer
from causalcx.core.linear import NOTHING
from causalcx.core.moments import Array, Moments, Whole
from causalcx.designs.arms.armmeans import SPARE_UNITS, ArmMeans, arm_means, plain_scatter
from causalcx.designs.arms.clusterfit import ClusterFit
from causalcx.designs.features import repeated

LEAST_CLUSTERS = 2
"""Clusters of an arm without which chance cannot be told from the change."""


def means(moments: Moments, outcomes: tuple[str, ...], adjustment: str) -> ArmMeans:
    """Adjusted arm means of the named variables, with the errors of how they were randomised: by unit or by cluster."""
    if moments.clusters is None:
        return arm_means(moments, outcomes, adjustment)
    return cluster_means(moments, moments.clusters, outcomes, adjustment)


def cluster_means(moments: Moments, clusters: Clusters, outcomes: tuple[str, ...], adjustment: str) -> ArmMeans:
    """Raises CannotAnswer where an arm has one cluster, or an outcome nothing to tell its error from."""
    arms, many = len(moments.arms), len(outcomes)
    (mean, answered, counted), adjusted = np.zeros((3, arms, many)), np.zeros(many, bool)
    pairs, influence, notices = np.zeros((arms, arms, many)), [np.zeros(0)] * many, []
    for group in _answered_alike(clusters, outcomes):
        columns = [clusters.variables.index(outcomes[v]) for v in group]
        strata, left_out = _usable(moments, clusters, columns[0])
        k, dropped = _covariates(moments, clusters, columns[0], strata, adjustment)
        fitted = ClusterFit.of(clusters, columns, arms, strata, k, one_slope=adjustment == "cuped")
        i = moments.index(outcomes[group[0]])
        mean[:, group], answered[:, group] = fitted.mean, moments.count[:, strata, i, i].sum(axis=1)[:, None]
        counted[:, group] = np.bincount(clusters.arm[fitted.used], clusters.count[fitted.used, columns[0]])[:, None]
        pairs[:, :, group], adjusted[group] = fitted.freedom()[:, :, None], k > 0
        notices += _said_of(dict.fromkeys(outcomes[v].split("|")[0] for v in group), [*left_out, *dropped])
        value = fitted.influence()
        for place, v in enumerate(group):
            influence[v] = value[:, :, place]
    covariance = _joint(clusters, np.stack(influence, axis=2))
    scatter = plain_scatter(moments, [moments.index(v) for v in outcomes])
    _refuse_flat(outcomes, scatter, covariance, float(moments.units.sum()))
    return ArmMeans(
        moments.arms, outcomes, mean, covariance, np.zeros((arms, 0, many, many)), np.zeros((arms, 0, many)), answered, counted, scatter,
        notices=tuple(notices), adjusted=tuple(adjusted.tolist()), pairs=pairs,
    )  # fmt: skip


def _said_of(outcomes: Iterable[str], notices: list[Notice]) -> list[Notice]:
    return [n.model_copy(update={"facts": n.facts | {"outcome": o}}) for o in outcomes for n in notices]


def _answered_alike(clusters: Clusters, outcomes: tuple[str, ...]) -> list[list[int]]:
    """Positions of the outcomes, together where the same units answered: their regressions share everything but y."""
    found: dict[bytes, list[int]] = {}
    for i, name in enumerate(outcomes):
        v = clusters.variables.index(name)
        found.setdefault(clusters.count[:, v].tobytes() + clusters.x[:, v].tobytes(), []).append(i)
    return list(found.values())


def _joint(clusters: Clusters, influence: Array) -> Array:
    """[A, V, A, V] sum over clusters of products of what they add to the means."""
    if clusters.square is None:
        return np.einsum("cav,cbw->avbw", influence, influence)
    return np.einsum("cavd,cde,cbwe->avbw", influence, clusters.square, influence, optimize=True)


def _usable(moments: Moments, clusters: Clusters, v: int) -> tuple[Whole, list[Notice]]:
    """Strata in which every arm has a cluster with an answer; those left out are said."""
    answered = np.zeros((len(moments.arms), len(moments.strata)))
    np.add.at(answered, (clusters.arm, clusters.stratum), clusters.count[:, v])
    good, name = (answered > 0).all(axis=0), clusters.variables[v].split("|")[0]
    if not good.any():
        raise CannotAnswer(
            "Outcome {outcome}: no stratum has answers in every arm, so there is nothing to compare.", outcome=name
        )
    lost = [s for s, ok in zip(moments.strata, good, strict=True) if not ok]
    units = int(
        moments.count[:, ~good, moments.index(clusters.variables[v]), moments.index(clusters.variables[v])].sum()
    )
    facts = {"strata": ", ".join(lost[:10]), "count": len(lost), "units": units, "outcome": name}
    return np.flatnonzero(good), [Notice(code="strata-left-out", facts=facts)] if lost else []


def _covariates(
    moments: Moments, clusters: Clusters, v: int, strata: Whole, adjustment: str
) -> tuple[int, list[Notice]]:
    """How many covariates are used: all, or none where an arm has too few clusters for slopes. Refuses an arm of one cluster."""
    name, used = clusters.variables[v].split("|")[0], (clusters.count[:, v] > 0) & np.isin(clusters.stratum, strata)
    found = np.bincount(clusters.arm[used], clusters.clusters[used], len(moments.arms))
    if found.min() < LEAST_CLUSTERS:
        raise CannotAnswer(
            "Outcome {outcome}: arm {arm} has one cluster only, so what the change did cannot be told from what that cluster is like anyway; "
            "randomise more clusters, or compare one site over time with `kind: synthetic-control`.",
            outcome=name, arm=moments.arms[int(found.argmin())],
        )  # fmt: skip
    k = 0 if adjustment == "none" else len(clusters.covariates)
    if not k or found.min() - 1 >= SPARE_UNITS * (k + 1):
        return k, []
    facts = {"outcome": name, "reason": "few-clusters", "units": int(found.min()), "covariates": k}
    return 0, [Notice(code="adjustment-dropped", facts=facts)]


def _refuse_flat(outcomes: tuple[str, ...], scatter: Array, covariance: Array, units: float) -> None:
    """An outcome that stands still has no standard error; one whose clusters have nothing of their own left has but rounding."""
    own = np.einsum("avav->av", covariance)
    spread = np.einsum("avv->av", scatter) / units
    names = [variable.split("|")[0] for variable in outcomes]
    for name in dict.fromkeys(names):
        at = [v for v, one in enumerate(names) if one == name]
        if not (spread[:, at] > 0).any():
            raise CannotAnswer(
                "Outcome {outcome} does not vary within any arm, so its effect has no standard error.", outcome=name
            )
        if not (own[:, at] > NOTHING * spread[:, at].max()).any():
            raise repeated(name)
