"""Whether waves of a roll-out can be compared: trends before, drifts that would be needed, few clusters, who was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import optimize, stats

from causalcx.core.check import Check, Verdict
from causalcx.core.moments import Array

FAILS, WARNS = 0.01, 0.05
POWER = 0.8
"""Chance of seeing a drift that the check names as the smallest one it could have seen."""
AS_LARGE = 1.0
"""Drifts after the start, as multiples of the largest step before it, that a result should survive."""
FEW = 8
"""Units (or clusters) on either side below which their spread is hardly known."""
LOST_WARNS, LOST_FAILS = 0.05, 0.2
"""Shares of units left out for gaps from which the rest may not stand for all."""
SHIFTED, CERTAIN = 0.05, 0.001
"""Change of a cohort's share of the rows, and p-value, from which the mix of the rows has changed."""


def pre_trends(
    facts: dict[str, Any], value: Array, covariance: Array, freedom: float, distance: Array, exposure: float
) -> Check:
    """Joint test that the effects before the start are zero, with the steady drift that it would have seen.

    Hotelling's T2 with ``freedom`` degrees of freedom. ``distance`` [P] are periods from the base: a drift of s per period
    gives s x distance, and after the start a bias of s x ``exposure`` (mean number of treated periods). ``facts`` names outcome,
    estimate and unit.
    """
    if not len(value):
        return Check(name="pre-trends", verdict="info", facts=facts | {"seen": "none"})
    inverse, k = np.linalg.pinv(covariance, hermitian=True), np.linalg.matrix_rank(covariance, hermitian=True)
    left = max(freedom - k + 1, 1.0)
    statistic = float(value @ inverse @ value) * left / (k * max(freedom, 1.0))
    p = float(stats.f.sf(statistic, k, left))
    slope = float(np.sqrt(_noncentrality(k, left) / (distance @ inverse @ distance)))
    blunt = slope * exposure > abs(facts["estimate"])
    verdict: Verdict = "fail" if p < FAILS else "warn" if p < WARNS or blunt else "pass"
    seen = "blunt" if p >= WARNS and blunt else "sharp"
    found = {"p": p, "effects": int(k), "slope": slope, "bias": slope * exposure, "power": POWER, "seen": seen}
    return Check(name="pre-trends", verdict=verdict, value=p, facts=facts | found)


def _noncentrality(k: int, freedom: float) -> float:
    """Of an F statistic that passes its 5 % point with probability ``POWER``."""
    edge = stats.f.isf(WARNS, k, freedom)
    return float(optimize.brentq(lambda c: stats.ncf.sf(edge, k, freedom, c) - POWER, 1e-6, 1e4))


def sensitivity(facts: dict[str, Any], survives: float | None, at_once: tuple[float, float] | None) -> Check:
    """How far trends may part after the start, in multiples of the largest step before it, until no effect is possible.

    ``survives`` is that multiple, None without steps, and ``at_once`` the robust 95 % set at ``AS_LARGE``.
    """
    if survives is None or at_once is None:
        return Check(name="parallel-trends-sensitivity", verdict="info", facts=facts | {"seen": "none"})
    found = facts | {"multiple": survives, "low": at_once[0], "high": at_once[1]}
    if survives == 0:
        return Check(name="parallel-trends-sensitivity", verdict="info", value=0.0, facts=found | {"seen": "unclear"})
    verdict: Verdict = "pass" if survives >= AS_LARGE else "warn"
    return Check(name="parallel-trends-sensitivity", verdict=verdict, value=survives, facts=found)


def anticipation(facts: dict[str, Any], change: float, p: float) -> Check:
    """The step into the last period before the start: did the treated react before they were treated?"""
    return Check(
        name="anticipation", verdict="warn" if p < FAILS else "pass", value=p, facts=facts | {"change": change, "p": p}
    )


def few_clusters(treated: int, untreated: int, lone: tuple[str, ...], cluster: str | None) -> Check:
    """Units (or clusters) that were treated, and those compared with; cohorts of one cannot tell their own spread."""
    facts = {
        "treated": treated,
        "untreated": untreated,
        "cohorts": list(lone),
        "seen": "lone" if lone else "all",
        "cluster": cluster,
    }
    fewest = min(treated, untreated)
    return Check(name="few-clusters", verdict="warn" if fewest < FEW or lone else "pass", value=fewest, facts=facts)


def composition(left_out: Mapping[str, int], units: Mapping[str, int]) -> Check:
    """Units of a panel that do not have all their periods, by cohort: those who stayed may differ from those who left."""
    share = sum(left_out.values()) / max(sum(units.values()), 1)
    rates = {name: left_out[name] / max(units[name], 1) for name in units}
    verdict: Verdict = "fail" if share > LOST_FAILS else "warn" if share > LOST_WARNS else "pass"
    return Check(
        name="composition",
        verdict=verdict,
        value=share,
        facts={"share": share, "rates": rates, "shape": "panel" if share else "whole"},
    )


def mix(counts: Array, cohorts: tuple[str, ...]) -> Check:
    """[G, T] rows of repeated cross-sections: does the mix of the cohorts stay the same over the periods that have any?"""
    some = counts.sum(axis=1) > 0
    counts, cohorts = counts[some][:, counts.sum(axis=0) > 0], tuple(c for c, s in zip(cohorts, some, strict=True) if s)
    p = float(stats.chi2_contingency(counts, correction=False).pvalue)
    share = counts / counts.sum(axis=0)
    shift = float((share.max(axis=1) - share.min(axis=1)).max())
    most = cohorts[int((share.max(axis=1) - share.min(axis=1)).argmax())]
    changed = p < CERTAIN and shift > SHIFTED
    facts = {"p": p, "share": shift, "cohort": most, "shape": "rows"}
    return Check(name="composition", verdict="warn" if changed else "pass", value=shift, facts=facts)
