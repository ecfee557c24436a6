"""How much outcomes vary between units: stated, or learnt from history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Moments
from causalcx.core.need import variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.arms.armmeans import arm_means
from causalcx.designs.arms.clustermeans import means as means_of_history
from causalcx.designs.contrasts import gradient_of, level_of

SHARES = ("binary", "duration")
"""Kinds whose baseline is a share, which tells how much they vary; of a duration where nobody is lost before the horizon."""


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
    members: float = 1.0
    """Units of a group that is drawn as one."""
    single: Array | None = None
    """[K] variance per unit if units were drawn alone, where groups are."""

    def inflation(self, k: int) -> float:
        """How many times as many units it takes since groups are drawn: the design effect."""
        return 1.0 if self.single is None else float(self.per_unit[k, k] / self.single[k])

    def drawn(self, k: int, units: float) -> float:
        """Of so many units, the independent pieces with a value: those that answer, or the groups."""
        return units * float(self.answering[k]) if self.members == 1 else units / self.members

    def position(self, outcome: str) -> int | None:
        """Where an outcome stands; None where its spread is not known."""
        return next((k for k, o in enumerate(self.outcomes) if o.key == outcome), None)

    def growth(self, k: int, effect: float) -> float:
        """The variance in a treated arm by that in the control: a share that moves varies otherwise, other outcomes alike."""
        p = float(self.baseline[k])
        if self.outcomes[k].kind not in SHARES or not 0 < p < 1:
            return 1.0
        moved = min(max(p + effect, 0.0), 1.0)
        return moved * (1 - moved) / (p * (1 - p))

    def room(self, k: int) -> float:
        """The largest effect that is possible in the good direction."""
        p, sign = float(self.baseline[k]), self.outcomes[k].sign
        if self.outcomes[k].kind not in SHARES or np.isnan(p):
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
    alike: Mapping[str, float] = field(default_factory=dict)
    """Share of the variance that lies between groups that are drawn as one (intraclass correlation)."""
    members: float | None = None
    """Units of such a group."""

    @property
    def anything(self) -> bool:
        """Whether anything is."""
        return any((self.baseline, self.spread, self.answering))


def stated_spreads(experiment: Experiment, stated: Stated) -> Spreads | None:
    """The outcomes that were told enough of; None where there is none. Outcomes are taken as independent of each other."""
    known = known_outcomes(experiment, stated)
    if not known:
        return None
    sd = np.array([_sd(o, stated) for o in known], float)
    answering = np.array([stated.answering.get(o.key, 1.0) for o in known])
    baseline = np.array([stated.baseline.get(o.key, np.nan) for o in known])
    plain = Spreads(tuple(known), baseline, sd, answering, np.diag(sd**2 / answering), "stated")
    return _in_groups(plain, stated) if getattr(experiment.design, "cluster", None) else plain


def _in_groups(plain: Spreads, stated: Stated) -> Spreads:
    """Variance times 1 + (m - 1) x correlation, m the units of a group that answer (Kish 1965, section 5.4)."""
    members = stated.members or 1.0
    alike = np.array([stated.alike.get(o.key, 0.0) for o in plain.outcomes])
    effect = 1 + np.maximum(members * plain.answering - 1, 0) * alike
    return replace(
        plain,
        per_unit=plain.per_unit * np.sqrt(np.outer(effect, effect)),
        members=members,
        single=np.diag(plain.per_unit),
    )


def known_outcomes(experiment: Experiment, stated: Stated) -> list[Outcome]:
    """The outcomes that were told enough of. Raises UsageError for what no outcome can be."""
    _refuse(experiment, stated)
    grouped = getattr(experiment.design, "cluster", None) is not None
    told = [o for o in experiment.outcomes if _sd(o, stated) is not None]
    return [o for o in told if not grouped or (stated.members and o.key in stated.alike)]


def _sd(outcome: Outcome, stated: Stated) -> float | None:
    share = stated.baseline.get(outcome.key)
    if outcome.kind in SHARES and share is not None:
        return float(np.sqrt(share * (1 - share)))
    return stated.spread.get(outcome.key)


def _refuse(experiment: Experiment, stated: Stated) -> None:
    for named in (stated.baseline, stated.spread, stated.answering, stated.alike):
        for name in named:
            experiment.outcome(name)
    for name, value in stated.baseline.items():
        if experiment.outcome(name).kind in SHARES and not 0 < value < 1:
            raise UsageError(
                "The baseline of {outcome} is a share between 0 and 1; found {value}.", outcome=name, value=value
            )
    for name, value in stated.spread.items():
        if not value > 0:
            raise UsageError("The spread of {outcome} is above 0; found {value}.", outcome=name, value=value)
    for name, value in stated.alike.items():
        if not 0 <= value <= 1:
            raise UsageError(
                "The share of {outcome} that lies between groups is between 0 and 1; found {value}.",
                outcome=name,
                value=value,
            )
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
    means = means_of_history(history, names, adjustment)
    weights, baseline = np.zeros((len(experiment.outcomes), len(names))), np.zeros(len(experiment.outcomes))
    for i, outcome in enumerate(experiment.outcomes):
        columns = [names.index(v) for v in variables_of(outcome)]
        weights[i, columns] = gradient_of(outcome, means.mean[0, columns])
        baseline[i] = level_of(outcome, means.mean[0, columns])
    units = float(history.units.sum())
    answered = means.answered[0, [names.index(variables_of(o)[0]) for o in experiment.outcomes]]
    alone = arm_means(history, names, adjustment)
    single = units * weights @ alone.part[0].sum(axis=0) @ weights.T
    grouped = history.clusters is not None
    return Spreads(
        outcomes=tuple(experiment.outcomes),
        baseline=baseline,
        spread=np.sqrt(np.einsum("kv,vw,kw->k", weights, means.scatter[0], weights)),
        answering=answered / units,
        per_unit=units * weights @ means.covariance[0, :, 0, :] @ weights.T if grouped else single,
        source="history",
        members=units / float(history.clusters.clusters.sum()) if history.clusters else 1.0,
        single=np.diag(single) if grouped else None,
    )
