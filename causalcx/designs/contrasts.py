"""From arm means to effects: differences against the control, in outcome units, with the spine's probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from causalcx.core.effect import Flow
from causalcx.core.moments import Array
from causalcx.core.need import variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.armmeans import ArmMeans


@dataclass(frozen=True)
class Estimates:
    """Effects before any probability, in file order of outcomes, then arms. C effects."""

    outcomes: tuple[Outcome, ...]
    treated: tuple[str, ...]
    control: str
    value: Array
    covariance: Array
    df: tuple[float | None, ...]
    base: Array
    base_error: Array
    spread: Array
    """Standard deviation of the outcome in the control arm, in effect units."""
    answered: tuple[tuple[int, int], ...]
    estimand: str
    applies_to: str
    share: float
    method: str
    own_method: Mapping[str, str] = field(default_factory=dict)
    """Method of an outcome where it differs from the others'."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the effects, as in the covariance."""
        return tuple(f"{o.key}: {t} vs {self.control}" for o, t in zip(self.outcomes, self.treated, strict=True))


def weights_of(outcome: Outcome) -> Array:
    """How an outcome is made of its variables: NPS = 100 x (promoters - detractors)."""
    return np.array([100.0, -100.0]) if outcome.kind == "nps" else np.array([1.0])


def contrasts(
    means: ArmMeans, outcomes: list[Outcome], control: str, method: str, plain: str = "difference in means"
) -> Estimates:
    """Differences of every other arm against the control, with their joint covariance; ``plain`` names the method without covariates."""
    arms, variables = len(means.arms), len(means.variables)
    treated = [arm for arm in means.arms if arm != control]
    pairs = [(o, t) for o in outcomes for t in treated]
    rows, bases = np.zeros((len(pairs), arms, variables)), np.zeros((len(pairs), arms, variables))
    for row, base, (outcome, arm) in zip(rows, bases, pairs, strict=True):
        columns = [means.variables.index(v) for v in variables_of(outcome)]
        row[means.arms.index(arm), columns] = weights_of(outcome)
        base[means.arms.index(control), columns] = weights_of(outcome)
    rows -= bases
    joint = means.covariance.reshape(arms * variables, -1)
    flat, flat_base = rows.reshape(len(pairs), -1), bases.reshape(len(pairs), -1)
    return Estimates(
        outcomes=tuple(o for o, _ in pairs),
        treated=tuple(t for _, t in pairs),
        control=control,
        value=flat @ means.mean.ravel(),
        covariance=flat @ joint @ flat.T,
        df=tuple(_freedom(means, o, t, control) for o, t in pairs),
        base=flat_base @ means.mean.ravel(),
        base_error=np.sqrt(np.einsum("cv,vw,cw->c", flat_base, joint, flat_base)),
        spread=np.array([_spread(means, o, control) for o, _ in pairs]),
        answered=tuple((_answered(means, o, t), _answered(means, o, control)) for o, t in pairs),
        estimand="ATE",
        applies_to="assigned",
        share=1.0,
        method=method,
        own_method={o.key: plain for o in outcomes if not means.adjusted[means.variables.index(variables_of(o)[0])]},
    )


def flows(means: ArmMeans, outcomes: list[Outcome], control: str) -> tuple[Flow, ...]:
    """How NPS effects came about: shifts of the shares of promoters and detractors, from the same law as the points."""
    return tuple(
        _flow(means, o, arm, control) for o in outcomes if o.kind == "nps" for arm in means.arms if arm != control
    )


def _flow(means: ArmMeans, outcome: Outcome, arm: str, control: str) -> Flow:
    a, c = means.arms.index(arm), means.arms.index(control)
    columns = [means.variables.index(v) for v in variables_of(outcome)]
    shift = means.mean[a, columns] - means.mean[c, columns]
    joint = means.covariance
    error = [np.sqrt(joint[a, v, a, v] + joint[c, v, c, v] - 2 * joint[a, v, c, v]) for v in columns]
    return Flow(
        outcome=outcome.key, comparison=f"{arm} vs {control}", promoters=float(shift[0]), promoters_std_error=float(error[0]),
        detractors=float(shift[1]), detractors_std_error=float(error[1]),
    )  # fmt: skip


def _answered(means: ArmMeans, outcome: Outcome, arm: str) -> int:
    return int(means.answered[means.arms.index(arm), means.variables.index(variables_of(outcome)[0])])


def _freedom(means: ArmMeans, outcome: Outcome, treated: str, control: str) -> float:
    """Welch-Satterthwaite over arms and strata: (sum v)^2 / sum v^2 / df."""
    arms = [means.arms.index(treated), means.arms.index(control)]
    columns = [means.variables.index(v) for v in variables_of(outcome)]
    weight = weights_of(outcome)
    part = np.einsum("v,asvw,w->as", weight, means.part[arms][:, :, columns][:, :, :, columns], weight)
    freedom = means.freedom[arms][:, :, columns[0]]
    square = float((part**2 / freedom).sum())
    return float(part.sum() ** 2 / square) if square > 0 else float(freedom.sum())


def _spread(means: ArmMeans, outcome: Outcome, control: str) -> float:
    """Standard deviation of the control units' outcome (of the -100/0/100 score for NPS); the largest of any arm where it is 0."""
    columns = [means.variables.index(v) for v in variables_of(outcome)]
    weight = weights_of(outcome)
    variance = np.einsum("v,avw,w->a", weight, means.scatter[:, columns][:, :, columns], weight)
    own = float(variance[means.arms.index(control)])
    return float(np.sqrt(max(own if own > 0 else variance.max(), 0.0)))
