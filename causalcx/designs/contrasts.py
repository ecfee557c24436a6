"""From arm means to effects: differences against the control, in outcome units, with the spine's probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from causalcx.core.effect import Flow
from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Flags
from causalcx.core.need import variables_of
from causalcx.core.outcomes import Outcome
from causalcx.designs.arms.armmeans import ArmMeans


@dataclass(frozen=True)
class Comparison:
    """Means of arms against each other, by their weights."""

    treated: str
    control: str
    weight: Array
    """[A] what the effect is made of; sums to 0."""
    base: Array
    """[A] what its baseline is made of; sums to 1."""

    @property
    def label(self) -> str:
        """``treated vs control``."""
        return f"{self.treated} vs {self.control}"


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
    controls: tuple[str, ...] = ()
    """Label of what each effect is compared with, where that is not one control."""
    counted: tuple[float, ...] = ()
    """What each effect counts, so that of parts that make up a whole they sum to that of the whole; NaN where nothing is known to."""

    @property
    def comparisons(self) -> tuple[str, ...]:
        """``treated vs control`` of each effect."""
        controls = self.controls or (self.control,) * len(self.treated)
        return tuple(f"{t} vs {c}" for t, c in zip(self.treated, controls, strict=True))

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the effects, as in the covariance."""
        return tuple(f"{o.key}: {c}" for o, c in zip(self.outcomes, self.comparisons, strict=True))


def weights_of(outcome: Outcome) -> Array:
    """How an outcome is made of its variables, where it is their sum: NPS = 100 x (promoters - detractors); a duration its share."""
    return np.array({"nps": (100.0, -100.0), "duration": (1.0, 0.0)}.get(outcome.kind, (1.0,)))


def level_of(outcome: Outcome, mean: Array) -> float:
    """An arm's outcome from the means of its variables; a ratio is that of the means."""
    if outcome.kind == "ratio":
        if not mean[1] > 0:
            raise CannotAnswer("Outcome {outcome}: the denominators of an arm sum to 0.", outcome=outcome.key)
        return float(mean[0] / mean[1])
    return float(mean @ weights_of(outcome))


def gradient_of(outcome: Outcome, mean: Array) -> Array:
    """What a change of the variables' means changes in the outcome (the delta method, of a ratio)."""
    if outcome.kind == "ratio":
        return np.array([1.0, -level_of(outcome, mean)]) / mean[1]
    return weights_of(outcome)


def contrasts(
    means: ArmMeans, outcomes: list[Outcome], control: str, method: str, plain: str = "difference in means"
) -> Estimates:
    """Differences of every other arm against the control, with their joint covariance; ``plain`` names the method without covariates."""
    unit, c = np.eye(len(means.arms)), means.arms.index(control)
    found = [Comparison(arm, control, unit[a] - unit[c], unit[c]) for a, arm in enumerate(means.arms) if a != c]
    return replace(compared(means, outcomes, found, method, plain), control=control, controls=())


def compared(
    means: ArmMeans, outcomes: list[Outcome], comparisons: list[Comparison], method: str, plain: str
) -> Estimates:
    """Weighted sums of the arms' outcomes, with their joint covariance, outcome by outcome."""
    variables, pairs = len(means.variables), [(o, c) for o in outcomes for c in comparisons]
    rows, bases = np.zeros((2, len(pairs), len(means.arms), variables))
    value, base = np.zeros((2, len(pairs)))
    for i, (outcome, comparison) in enumerate(pairs):
        columns = _columns(means, outcome)
        levels = np.array([level_of(outcome, mean[columns]) for mean in means.mean])
        gradient = np.array([gradient_of(outcome, mean[columns]) for mean in means.mean])
        rows[i][:, columns], bases[i][:, columns] = (
            w[:, None] * gradient for w in (comparison.weight, comparison.base)
        )
        value[i], base[i] = comparison.weight @ levels, comparison.base @ levels
    joint = means.covariance.reshape(len(means.arms) * variables, -1)
    flat, flat_base = rows.reshape(len(pairs), -1), bases.reshape(len(pairs), -1)
    return Estimates(
        outcomes=tuple(o for o, _ in pairs),
        treated=tuple(c.treated for _, c in pairs),
        control="",
        value=value,
        covariance=flat @ joint @ flat.T,
        df=tuple(_freedom(means, o, c.weight) for o, c in pairs),
        base=base,
        base_error=np.sqrt(np.einsum("cv,vw,cw->c", flat_base, joint, flat_base)),
        spread=np.array([_spread(means, o, c.base) for o, c in pairs]),
        answered=tuple((_answered(means, o, c.weight > 0), _answered(means, o, c.weight < 0)) for o, c in pairs),
        estimand="ATE",
        applies_to="assigned",
        share=1.0,
        method=method,
        own_method={o.key: plain for o in outcomes if not means.adjusted[_columns(means, o)[0]]},
        controls=tuple(c.control for _, c in pairs),
        counted=tuple(_counted(means, o, c.weight != 0) for o, c in pairs),
    )


def _columns(means: ArmMeans, outcome: Outcome) -> list[int]:
    return [means.variables.index(v) for v in variables_of(outcome)]


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


def _answered(means: ArmMeans, outcome: Outcome, arms: Flags) -> int:
    return int(means.answered[arms, _columns(means, outcome)[0]].sum())


def _counted(means: ArmMeans, outcome: Outcome, arms: Flags) -> float:
    """A ratio's arms each weigh a part by denominators of their own, which the change may have moved."""
    return float("nan") if outcome.kind == "ratio" else float(means.counted[arms, _columns(means, outcome)[0]].sum())


def _freedom(means: ArmMeans, outcome: Outcome, weight: Array) -> float:
    """Welch-Satterthwaite over arms and strata, (sum v)^2 / sum v^2 / df; of clusters the least of any two arms compared."""
    arms, columns = np.flatnonzero(weight), _columns(means, outcome)
    if means.pairs is not None:
        return float(min(means.pairs[a, b, columns[0]] for a, b in combinations(arms, 2)))
    slope = np.array([weight[a] * gradient_of(outcome, means.mean[a, columns]) for a in arms])
    part = np.einsum("av,asvw,aw->as", slope, means.part[arms][:, :, columns][:, :, :, columns], slope)
    freedom = means.freedom[arms][:, :, columns[0]]
    square = float((part**2 / freedom).sum())
    return float(part.sum() ** 2 / square) if square > 0 else float(freedom.sum())


def _spread(means: ArmMeans, outcome: Outcome, base: Array) -> float:
    """Standard deviation of the outcome in the arms compared with (of the -100/0/100 score for NPS); the largest of any arm where it is 0."""
    columns = _columns(means, outcome)
    slope = np.array([gradient_of(outcome, mean[columns]) for mean in means.mean])
    variance = np.einsum("av,avw,aw->a", slope, means.scatter[:, columns][:, :, columns], slope)
    own = float(base @ variance)
    return float(np.sqrt(max(own if own > 0 else variance.max(), 0.0)))
