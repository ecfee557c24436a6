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
    """Per duration: warns where an arm lost most of its units, or where one lost more than another (p < .01, relative gap over 5 %).

    Being lost must say nothing of when a unit would have left, within an arm (and stratum, or given the covariates).
    """
    return tuple(_censoring(outcome, curves) for outcome, curves in profile.survival.items())


def _censoring(outcome: str, curves: Mapping[str, Curve]) -> Check:
    lost = {arm: curve.lost / curve.units for arm, curve in curves.items()}
    table = np.array([[curve.lost, curve.units - curve.lost] for curve in curves.values()])
    varies = len(curves) > 1 and (table.sum(axis=0) > 0).all()
    p = float(stats.chi2_contingency(table, correction=False).pvalue) if varies else 1.0
    gap, most = max(lost.values()) - min(lost.values()), max(lost.values())
    differs = p < WARNS and gap > GAP * most
    shape = "by-arm" if differs else "many" if most > MOST_LOST else "some" if most > 0 else "none"
    facts = {"outcome": outcome, "shape": shape, "lost": lost, "gap": gap, "p": p, "left": sum(c.left for c in curves.values())}
    verdict = "warn" if shape in ("by-arm", "many") else "pass"
    return Check(name="censoring", verdict=verdict, value=most, facts=facts)
