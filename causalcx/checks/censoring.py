"""Durations: how many units were lost from sight before the horizon, and whether the arms lost equally many."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import stats

from causalcx.checks.answers import GAP, WARNS
from causalcx.core.check import Check
from causalcx.core.curve import Curve
from causalcx.core.need import Profile

MOST_LOST = 0.5
"""Share of an arm lost before the horizon above which the end of its curve rests on a minority."""


def censoring(profile: Profile) -> tuple[Check, ...]:
    """Per duration: warns where an arm lost most of its units, or where one would have lost more than another had nobody left (p < .01, relative gap over 5 %).

    Being lost must say nothing of when a unit would have left, within an arm (and stratum, or given the covariates).
    """
    return tuple(_censoring(outcome, curves) for outcome, curves in profile.survival.items())


def _censoring(outcome: str, curves: Mapping[str, Curve]) -> Check:
    lost = {arm: curve.lost / curve.units for arm, curve in curves.items()}
    alone = {arm: curve.losing[0] for arm, curve in curves.items()}
    p, most = _unlike(curves), max(lost.values())
    gap = max(alone.values()) - min(alone.values())
    differs = p < WARNS and gap > GAP * max(alone.values())
    shape = "by-arm" if differs else "many" if most > MOST_LOST else "some" if most > 0 else "none"
    left = sum(c.left for c in curves.values())
    facts = {"outcome": outcome, "shape": shape, "lost": lost, "alone": alone, "gap": gap, "p": p, "left": left}
    verdict = "warn" if shape in ("by-arm", "many") else "pass"
    return Check(name="censoring", verdict=verdict, value=most, facts=facts)


def _unlike(curves: Mapping[str, Curve]) -> float:
    """Chi-square test that equally many would be lost in every arm had nobody left (who left can no longer be lost)."""
    share, error = np.array([curve.losing for curve in curves.values()]).T
    if not error.all():
        return 1.0
    mean = np.average(share, weights=error**-2)
    return float(stats.chi2.sf(((share - mean) ** 2 / error**2).sum(), len(share) - 1)) if len(share) > 1 else 1.0
