"""The result that a plan expects: the joint law of all effects, before a single unit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.core.readout import Readout
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import headline
from causalcx.designs.planning.split import Split
from causalcx.designs.planning.spreads import Spreads

APPLIES_TO = dict.fromkeys(("staggered", "synthetic-control", "interrupted-time-series"), "treated") | {
    "instrument": "compliers", "observational": "everyone",
}  # fmt: skip
"""Whom a design's effect is about, where it is not those assigned."""


def planned_readout(
    experiment: Experiment, spreads: Spreads, split: Split, units: float, truth: Mapping[str, float], seed: int
) -> Readout:
    """A readout whose estimates are the true effects and whose covariance is that of an experiment of this size.

    Infinitely many units give effects without any error.
    """
    return readout_of(experiment, planned_estimates(spreads, split, units, truth), seed)


def readout_of(experiment: Experiment, estimates: Estimates, seed: int) -> Readout:
    """What `value` prices."""
    result = headline(experiment, estimates, seed)
    return Readout(
        experiment=experiment.key,
        design=experiment.design.kind,
        effects=result.effects,
        covariance=result.covariance,
        law=result.law,
    )


def planned_estimates(spreads: Spreads, split: Split, units: float, truth: Mapping[str, float]) -> Estimates:
    """What the design compares, in file order of outcomes, then comparisons."""
    pairs = [(k, c) for k in range(len(spreads.outcomes)) for c in split.comparisons]
    arms = [
        _mean_covariance(spreads, units * share, truth if i else {}) for i, share in enumerate(split.shares.values())
    ]
    covariance = [
        [sum(a[k, j] * u * v for a, u, v in zip(arms, c.weight, d.weight, strict=True)) for j, d in pairs]
        for k, c in pairs
    ]
    sides = {c.label: split.sides(c) for c in split.comparisons}
    return Estimates(
        outcomes=tuple(spreads.outcomes[k] for k, _ in pairs),
        treated=tuple(c.treated for _, c in pairs),
        control="" if split.factors else split.control,
        value=np.array([truth.get(spreads.outcomes[k].key, 0.0) for k, _ in pairs]),
        covariance=np.array(covariance),
        df=(None,) * len(pairs),
        base=np.array([np.nan_to_num(spreads.baseline[k]) for k, _ in pairs]),
        base_error=np.array([math.sqrt(arms[0][k, k]) for k, _ in pairs]),
        spread=np.array([spreads.spread[k] for k, _ in pairs]),
        answered=tuple(
            (_answers(spreads, k, units * sides[c.label][0]), _answers(spreads, k, units * sides[c.label][1]))
            for k, c in pairs
        ),
        estimand="ATE",
        applies_to="assigned",
        share=1.0,
        method="planned",
        controls=tuple(c.control for _, c in pairs) if split.factors else (),
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


def certain_readout(experiment: Experiment, split: Split, seed: int) -> Readout:
    """No effect on any outcome, for certain: what a break-even is worked out from."""
    estimates = planned_estimates(certain_spreads(experiment), split, math.inf, {})
    whom = experiment.design.kind
    result = headline(experiment, replace(estimates, applies_to=APPLIES_TO.get(whom, "assigned")), seed)
    return Readout(
        experiment=experiment.key, design=whom, effects=result.effects, covariance=result.covariance, law=result.law
    )
