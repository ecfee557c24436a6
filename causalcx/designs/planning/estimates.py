"""The result that a plan expects: the joint law of all effects, before a single unit."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import headline
from causalcx.designs.planning.split import Split
from causalcx.designs.planning.spreads import Spreads


def planned_readout(
    experiment: Experiment, spreads: Spreads, split: Split, units: float, truth: Mapping[str, float], seed: int
) -> Readout:
    """A readout whose estimates are the true effects and whose covariance is that of an experiment of this size.

    Infinitely many units give effects without any error.
    """
    estimates = planned_estimates(spreads, split, units, truth)
    result = headline(experiment, estimates, seed)
    return Readout(
        experiment=experiment.key,
        design="randomised",
        effects=result.effects,
        covariance=result.covariance,
        law=result.law,
    )


def planned_estimates(spreads: Spreads, split: Split, units: float, truth: Mapping[str, float]) -> Estimates:
    """Differences from the control, in file order of outcomes, then arms."""
    pairs = [(k, arm) for k in range(len(spreads.outcomes)) for arm in split.treated]
    value = np.array([truth.get(spreads.outcomes[k].key, 0.0) for k, _ in pairs])
    control = _mean_covariance(spreads, units * split.shares[split.control], {})
    treated = {arm: _mean_covariance(spreads, units * split.shares[arm], truth) for arm in split.treated}
    covariance = [[control[k, j] + (treated[a][k, j] if a == b else 0.0) for j, b in pairs] for k, a in pairs]
    return Estimates(
        outcomes=tuple(spreads.outcomes[k] for k, _ in pairs),
        treated=tuple(arm for _, arm in pairs),
        control=split.control,
        value=value,
        covariance=np.array(covariance),
        df=(None,) * len(pairs),
        base=np.array([np.nan_to_num(spreads.baseline[k]) for k, _ in pairs]),
        base_error=np.array([math.sqrt(control[k, k]) for k, _ in pairs]),
        spread=np.array([spreads.spread[k] for k, _ in pairs]),
        answered=tuple(
            (_answers(spreads, k, units * split.shares[a]), _answers(spreads, k, units * split.shares[split.control]))
            for k, a in pairs
        ),
        estimand="ATE",
        applies_to="assigned",
        share=1.0,
        method="planned",
    )


def _mean_covariance(spreads: Spreads, units: float, truth: Mapping[str, float]) -> Array:
    """[K, K] covariance of an arm's means."""
    growth = [math.sqrt(spreads.growth(k, truth.get(o.key, 0.0))) for k, o in enumerate(spreads.outcomes)]
    return spreads.per_unit * np.outer(growth, growth) / units


def _answers(spreads: Spreads, k: int, units: float) -> int:
    answers = units * float(spreads.answering[k])
    return round(answers) if math.isfinite(answers) else 0


def certain_spreads(experiment: Experiment) -> Spreads:
    """Every outcome, varying by one unit: what a case needs where effects are stated and not estimated."""
    ones = np.ones(len(experiment.outcomes))
    return Spreads(tuple(experiment.outcomes), np.full(len(ones), np.nan), ones, ones, np.eye(len(ones)), "stated")
