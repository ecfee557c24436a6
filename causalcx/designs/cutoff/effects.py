"""From jumps at the cutoff to effects: the conventional estimate with the robust interval, the effect of passing it, and segments."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalcx.core.design_keys.discontinuity import Discontinuity
from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.core.need import TREATED, UNTREATED, Frame
from causalcx.designs.arms.segments import Segments, segments
from causalcx.designs.contrasts import Estimates
from causalcx.designs.cutoff.jumps import Measured, Ordered, joint, measured
from causalcx.designs.cutoff.local_polynomial import Jump, jump
from causalcx.designs.headline import t_part
from causalcx.designs.values import spread


def estimates_of(design: Discontinuity, frame: Frame, found: list[Measured], n: int) -> Estimates:
    """The corrected jumps with their joint robust covariance; the conventional ones take their place in the effects."""
    return Estimates(
        outcomes=tuple(one.outcome for one in found),
        treated=(TREATED,) * len(found),
        control=UNTREATED,
        value=np.array([one.jump.corrected for one in found]),
        covariance=joint(found, n),
        df=(None,) * len(found),
        base=np.array([one.jump.base for one in found]),
        base_error=np.array([one.jump.base_error for one in found]),
        spread=np.array([spread(frame, one.outcome) for one in found]),
        answered=tuple((one.jump.counts[1], one.jump.counts[0]) for one in found),
        estimand="LATE at the cutoff" if design.fuzzy else "ATE at the cutoff",
        applies_to="compliers at the cutoff" if design.fuzzy else "at the cutoff",
        share=1.0,
        method="",
        own_method={
            one.outcome.key: _method(one.jump, fuzzy=design.fuzzy is not None, adjusted=bool(design.covariates))
            for one in found
        },
        counted=(float("nan"),) * len(found),
    )


def _method(found: Jump, *, fuzzy: bool, adjusted: bool) -> str:
    """Names the estimate and the interval, which are not of the same estimator."""
    return (
        f"{'ratio of jumps, ' if fuzzy else ''}local linear, triangular kernel, MSE-optimal bandwidth h = {found.widths.jump:.6g} "
        f"(bias: b = {found.widths.bias:.6g}){', covariates additive (Calonico et al. 2019)' if adjusted else ''}: conventional "
        f"estimate; robust bias-corrected interval, p-value and standard error (Calonico, Cattaneo & Titiunik 2014), centre "
        f"{found.corrected:.6g}; conventional standard error {found.plain_error:.6g}"
    )


def conventional(effect: Effect, one: Measured) -> Effect:
    """The effect with the conventional estimate; interval, p-value and probabilities stay the robust ones."""
    relative = None if effect.relative is None or effect.baseline is None else one.jump.value / effect.baseline
    return effect.model_copy(update={"estimate": one.jump.value, "relative": relative, "share": one.share})


def of_passing(found: list[Measured], effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    """Where the cutoff decided only in part: the effect of passing it, as parts."""
    return tuple(
        _passing(one, effect)
        for one, effect in zip(found, effects, strict=True)
        if one.rows.taken is not None and effect.role == "primary"
    )


def _passing(one: Measured, effect: Effect) -> Effect:
    found = jump(replace(one.rows, taken=None), one.jump.widths)
    own = {
        "estimand": effect.estimand.replace("LATE", "ATE"), "applies_to": "at the cutoff", "aggregation": "intention-to-treat",
        "baseline": found.base, "share": sum(found.counts) / len(one.seen),
        "method": _method(found, fuzzy=False, adjusted=one.rows.covariates.size > 0),
    }  # fmt: skip
    return t_part(effect, found.corrected, found.error, df=None, **own).model_copy(update={"estimate": found.value})


@dataclass(frozen=True)
class Level:
    """The rows of one level of the segment column."""

    data: Ordered
    units: Array
    """Those near the cutoff."""


def segments_of(
    experiment: Experiment,
    design: Discontinuity,
    frame: Frame,
    data: Ordered,
    whole: Estimates,
    effects: tuple[Effect, ...],
    width: float,
    *,
    seed: int,
) -> Segments:
    """Primaries by level of the segment column, each with bandwidths of its own, so they are pooled but add up to nothing."""
    if not experiment.segments:
        return Segments()
    labels = frame.labels[experiment.segments[0]]
    position = labels.position[data.order]
    near = np.abs(data.x) < width
    levels = {
        name: Level(data.only(position == i), np.array([float((near & (position == i)).sum())]))
        for i, name in enumerate(labels.names)
    }

    def estimate(level: Level) -> Estimates:
        found = [measured(level.data, o) for o in experiment.primaries]
        return estimates_of(design, frame, found, len(level.data.x))

    return segments(experiment, levels, estimate, whole, effects, seed)
