"""How much outcomes vary between units: stated, or learnt from history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Moments
from causalcx.core.need import variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.armmeans import arm_means
from causalcx.designs.contrasts import gradient_of, level_of


@dataclass(frozen=True)
class Spreads:
    """Outcomes whose spread is known, in file order; K of them, in effect units (NPS in points)."""

    outcomes: tuple[Outcome, ...]
    baseline: Array
    """[K] mean without the change; NaN where unknown."""
    spread: Array
    """[K] standard deviation between units that answer."""
    answering: Array
    """[K] share of units that answer."""
    per_unit: Array
    """[K, K] covariance of an arm's means times the arm's units; who answers and what covariates explain is in it."""
    source: Literal["history", "stated"]

    def position(self, outcome: str) -> int | None:
        """Where an outcome stands; None where its spread is not known."""
        return next((k for k, o in enumerate(self.outcomes) if o.key == outcome), None)

    def growth(self, k: int, effect: float) -> float:
        """The variance in a treated arm by that in the control: a share that moves varies otherwise, other outcomes alike."""
        p = float(self.baseline[k])
        if self.outcomes[k].kind != "binary" or not 0 < p < 1:
            return 1.0
        moved = min(max(p + effect, 0.0), 1.0)
        return moved * (1 - moved) / (p * (1 - p))

    def room(self, k: int) -> float:
        """The largest effect that is possible in the good direction."""
        p, sign = float(self.baseline[k]), self.outcomes[k].sign
        if self.outcomes[k].kind != "binary" or np.isnan(p):
            return float("inf")
        return 1 - p if sign > 0 else p


@dataclass(frozen=True)
class Stated:
    """What a person knows of the outcomes, by name."""

    baseline: Mapping[str, float] = field(default_factory=dict)
    """Mean without the change."""
    spread: Mapping[str, float] = field(default_factory=dict)
    """Standard deviation between units (NPS: of the points -100, 0, 100)."""
    answering: Mapping[str, float] = field(default_factory=dict)
    """Share of units that answer; all of them unless stated."""


def stated_spreads(experiment: Experiment, stated: Stated) -> Spreads | None:
    """The outcomes that were told enough of; None where there is none. Outcomes are taken as independent of each other."""
    _refuse(experiment, stated)
    known = [o for o in experiment.outcomes if _sd(o, stated) is not None]
    if not known:
        return None
    sd = np.array([_sd(o, stated) for o in known], float)
    answering = np.array([stated.answering.get(o.key, 1.0) for o in known])
    baseline = np.array([stated.baseline.get(o.key, np.nan) for o in known])
    return Spreads(tuple(known), baseline, sd, answering, np.diag(sd**2 / answering), "stated")


def _sd(outcome: Outcome, stated: Stated) -> float | None:
    share = stated.baseline.get(outcome.key)
    if outcome.kind == "binary" and share is not None:
        return float(np.sqrt(share * (1 - share)))
    return stated.spread.get(outcome.key)


def _refuse(experiment: Experiment, stated: Stated) -> None:
    for named in (stated.baseline, stated.spread, stated.answering):
        for name in named:
            experiment.outcome(name)
    for name, value in stated.baseline.items():
        if experiment.outcome(name).kind == "binary" and not 0 < value < 1:
            raise UsageError(
                "The baseline of {outcome} is a share between 0 and 1; found {value}.", outcome=name, value=value
            )
    for name, value in stated.spread.items():
        if not value > 0:
            raise UsageError("The spread of {outcome} is above 0; found {value}.", outcome=name, value=value)
    for name, value in stated.answering.items():
        if not 0 < value <= 1:
            raise UsageError(
                "The share that answers {outcome} is above 0 and at most 1; found {value}.", outcome=name, value=value
            )


def learnt_spreads(experiment: Experiment, history: Moments, adjustment: str) -> Spreads:
    """Spreads of all outcomes in a history without arms, after the plan's covariates and strata.

    With the residual covariance C_s of stratum s, V = sum_s w_s^2 C_s / n_s is the covariance of the history's adjusted means;
    an arm of n units of the same kind has V x n_history / n.
    """
    names = tuple(v for o in experiment.outcomes for v in variables_of(o))
    means = arm_means(history, names, adjustment)
    weights, baseline = np.zeros((len(experiment.outcomes), len(names))), np.zeros(len(experiment.outcomes))
    for i, outcome in enumerate(experiment.outcomes):
        columns = [names.index(v) for v in variables_of(outcome)]
        weights[i, columns] = gradient_of(outcome, means.mean[0, columns])
        baseline[i] = level_of(outcome, means.mean[0, columns])
    units = float(history.units.sum())
    answered = means.answered[0, [names.index(variables_of(o)[0]) for o in experiment.outcomes]]
    return Spreads(
        outcomes=tuple(experiment.outcomes),
        baseline=baseline,
        spread=np.sqrt(np.einsum("kv,vw,kw->k", weights, means.scatter[0], weights)),
        answering=answered / units,
        per_unit=units * weights @ means.part[0].sum(axis=0) @ weights.T,
        source="history",
    )
