"""What the outcomes look like: answers missing by arm, values too skewed for the sample."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from causalcx.core.check import Check
from causalcx.core.need import Profile

FAILS, WARNS = 0.001, 0.01
GAP = 0.05
"""Relative difference of answering shares from which a difference by arm is more than a curiosity."""
SKEWNESS_RULE = 355
"""Units per arm = 355 x skewness squared (Kohavi, Deng, Longbotham & Xu 2014, KDD, rule 7)."""


def missing_by_arm(profile: Profile) -> tuple[Check, ...]:
    """Per outcome with missing values: do the arms answer equally often? Fails at p < .001 with a relative gap over 5 %."""
    return tuple(
        _missing(outcome, counts, profile.arms)
        for outcome, counts in profile.answered.items()
        if any(counts[arm] < n for arm, n in profile.arms.items())
    )


def _missing(outcome: str, counts: Mapping[str, int], total: Mapping[str, int]) -> Check:
    share = {arm: counts[arm] / total[arm] for arm in total}
    table = np.array([[counts[arm], total[arm] - counts[arm]] for arm in total])
    p = float(stats.chi2_contingency(table, correction=False).pvalue)
    gap = max(share.values()) - min(share.values())
    large = gap > GAP * max(share.values())
    verdict = "fail" if p < FAILS and large else "warn" if p < WARNS else "pass"
    return Check(
        name="missing-by-arm",
        verdict=verdict,
        value=p,
        facts={"outcome": outcome, "p": p, "answered": share, "gap": gap},
    )


def skew(profile: Profile) -> tuple[Check, ...]:
    """Per amount or count: are there enough units for a normal interval, by Kohavi's rule?"""
    return tuple(_skew(outcome, g, profile) for outcome, g in profile.skewness.items())


def _skew(outcome: str, skewness: float, profile: Profile) -> Check:
    n, needed = min(profile.answered[outcome].values()), round(SKEWNESS_RULE * skewness**2)
    facts = {"outcome": outcome, "skewness": skewness, "n": n, "needed": needed}
    return Check(name="skew", verdict="pass" if n >= needed else "warn", value=skewness, facts=facts)
