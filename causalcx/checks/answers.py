"""What the outcomes look like: answers missing by arm, values too skewed for the sample, answers too rare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from scipy import stats

from causalcx.core.check import Check
from causalcx.core.effect import Arm
from causalcx.core.experiment import Experiment
from causalcx.core.need import Profile

FAILS, WARNS = 0.001, 0.01
GAP = 0.05
"""Relative difference of answering shares from which a difference by arm is more than a curiosity."""
SKEWNESS_RULE = 355
"""Units per arm = 355 x skewness squared (Kohavi, Deng, Longbotham & Xu 2014, KDD, rule 7)."""

LEAST_UNITS = 30
"""Units per arm below which values that are rare and large would hardly have been met."""
LEAST_EVENTS = 10
"""Units with the rarer answer below which a normal interval of a share is rough (a textbook rule; Brown, Cai & DasGupta 2001,
Statistical Science 16: 101-133)."""


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
    return missing_verdict(outcome, share, float(stats.chi2_contingency(table, correction=False).pvalue))


def missing_verdict(outcome: str, share: dict[str, float], p: float) -> Check:
    """The verdict on the answering shares of the arms, given how likely chance makes them differ so."""
    gap = max(share.values()) - min(share.values())
    large = gap > GAP * max(share.values())
    verdict = "fail" if p < FAILS and large else "warn" if p < WARNS else "pass"
    facts = {"outcome": outcome, "p": p, "answered": share, "gap": gap}
    return Check(name="missing-by-arm", verdict=verdict, value=p, facts=facts)


def skew(profile: Profile) -> tuple[Check, ...]:
    """Per amount or count: are there enough units for a normal interval, by Kohavi's rule?"""
    return tuple(_skew(outcome, g, profile) for outcome, g in profile.skewness.items())


def _skew(outcome: str, skewness: float, profile: Profile) -> Check:
    n, needed = min(profile.answered[outcome].values()), round(SKEWNESS_RULE * skewness**2)
    facts = {"outcome": outcome, "skewness": skewness, "n": n, "needed": needed}
    verdict = "warn" if n < needed else "info" if n < LEAST_UNITS else "pass"
    return Check(name="skew", verdict=verdict, value=skewness, facts=facts)


def rare_events(experiment: Experiment, arms: Iterable[Arm]) -> tuple[Check, ...]:
    """Per binary outcome, or duration: did the rarer answer occur often enough, over all arms, for a normal interval?"""
    arms = tuple(arms)
    return tuple(_rare(o.key, arms) for o in experiment.outcomes if o.kind in ("binary", "duration"))


def _rare(outcome: str, arms: tuple[Arm, ...]) -> Check:
    units = sum(arm.answered[outcome] for arm in arms)
    yes = round(sum(arm.means[outcome] * arm.answered[outcome] for arm in arms))
    events = min(yes, units - yes)
    facts = {"outcome": outcome, "events": events, "n": units, "needed": LEAST_EVENTS}
    return Check(name="rare-events", verdict="pass" if events >= LEAST_EVENTS else "warn", value=events, facts=facts)
