"""What the effects say: the precision that was reached, and whether a guardrail holds."""

from __future__ import annotations

from collections.abc import Iterable

from causalcx.core.check import Check
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome, RelativeMargin


def precision(experiment: Experiment, effects: Iterable[Effect]) -> tuple[Check, ...]:
    """Per primary with `matters`: is the interval narrow enough to tell the smallest worthwhile effect from none?"""
    checks = []
    for effect in effects:
        matters = experiment.outcome(effect.outcome).matters
        if effect.role == "primary" and matters is not None and effect.low is not None and effect.high is not None:
            half = (effect.high - effect.low) / 2
            facts = {
                "outcome": effect.outcome,
                "comparison": effect.comparison,
                "half_width": half,
                "matters": matters,
                "unit": effect.unit,
            }
            checks.append(
                Check(name="precision", verdict="pass" if half <= matters else "warn", value=half, facts=facts)
            )
    return tuple(checks)


def guardrails(experiment: Experiment, effects: Iterable[Effect]) -> tuple[Check, ...]:
    """Per guardrail: breached when its whole interval lies beyond the margin, a warning when it straddles it."""
    return tuple(_guardrail(experiment.outcome(e.outcome), e) for e in effects if e.role == "guardrail")


def _guardrail(outcome: Outcome, effect: Effect) -> Check:
    margin = _margin(outcome, effect)
    low, high = effect.low or 0.0, effect.high or 0.0
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
