"""What the effects say: the precision that was reached, and whether a guardrail holds."""

from __future__ import annotations

import math
from collections.abc import Iterable

from causalcx.core.check import Check
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome, RelativeMargin

FEW, TOO_FEW = 10, 4
"""Degrees of freedom below which a range is wider by an eighth and rests on a shape that nobody can check; and below which even
Satterthwaite's approximation is off (Tipton 2015, Psychological Methods 20: 375-393)."""


def small_sample(effects: Iterable[Effect]) -> tuple[Check, ...]:
    """For the effect with the fewest degrees of freedom: are there units enough for its interval to be trusted?"""
    stated = [(e.df, e) for e in effects if e.df is not None]
    if not stated:
        return ()
    df, effect = min(stated, key=lambda s: s[0])
    smallest = min(effect.n_treated, effect.n_control)
    facts = {"outcome": effect.outcome, "comparison": effect.comparison, "df": df, "n": smallest}
    verdict = "fail" if df < TOO_FEW else "warn" if df < FEW else "pass"
    return (Check(name="small-sample", verdict=verdict, value=df, facts=facts),)


def precision(experiment: Experiment, effects: Iterable[Effect]) -> tuple[Check, ...]:
    """Per primary with `matters`: is the interval narrow enough to tell the smallest worthwhile effect from none?"""
    effects = list(effects)
    comparisons = len({e.comparison for e in effects})
    return tuple(
        _precision(e, e.low, e.high, matters, comparisons)
        for e in effects
        if e.role == "primary" and (matters := experiment.outcome(e.outcome).matters) is not None
        if e.low is not None and e.high is not None
    )


def _precision(effect: Effect, low: float, high: float, matters: float, comparisons: int) -> Check:
    half = (high - low) / 2
    facts = {
        "outcome": effect.outcome, "comparison": effect.comparison, "comparisons": comparisons, "half_width": half,
        "matters": matters, "seen": "clear" if low > 0 or high < 0 else "unclear", "unit": effect.unit,
    }  # fmt: skip
    return Check(name="precision", verdict="pass" if half <= matters else "warn", value=half, facts=facts)


def guardrails(experiment: Experiment, effects: Iterable[Effect]) -> tuple[Check, ...]:
    """Per guardrail: breached when its whole interval lies beyond the margin, a warning when it straddles it."""
    return tuple(_guardrail(experiment.outcome(e.outcome), e) for e in effects if e.role == "guardrail")


def _guardrail(outcome: Outcome, effect: Effect) -> Check:
    margin = _margin(outcome, effect)
    low, high = (-math.inf if effect.low is None else effect.low), (math.inf if effect.high is None else effect.high)
    best, worst = (-high, -low) if outcome.sign > 0 else (low, high)
    verdict = "fail" if best > margin else "warn" if worst > margin else "pass"
    facts = {
        "outcome": outcome.key, "comparison": effect.comparison, "estimate": effect.estimate, "low": effect.low, "high": effect.high,
        "margin": margin, "unit": effect.unit,
    }  # fmt: skip
    return Check(name="guardrail", verdict=verdict, value=effect.estimate, facts=facts)


def _margin(outcome: Outcome, effect: Effect) -> float:
    """The margin in outcome units; a relative one is a share of the control mean."""
    if isinstance(outcome.margin, RelativeMargin):
        return outcome.margin.relative * abs(effect.baseline or 0.0)
    return float(outcome.margin or 0.0)
