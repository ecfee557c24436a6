"""What a declared interference leaves of a design: refused where the arms share what one arm would take from the other."""

from __future__ import annotations

from causalcx.core.check import Notice
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment, Interference

FELT = ("staggered", "randomised")
"""Kinds that tell own effect and spill-over apart."""
NOT_WITH_NEIGHBOURS = ("factors", "received")
"""Keys of a randomised design that ask for effects of their own."""


def refuse_interference(experiment: Experiment, *, known: bool = True) -> None:
    """Raise CannotAnswer where the plan says itself that its comparison is spoilt, or asks a design that cannot tell spill-over.

    ``known``: whether the kind of design is one of ours; a third party's may do what it likes with neighbours.
    """
    declared = experiment.interference
    if not isinstance(declared, Interference):
        return
    _refuse_shared_by_units(experiment, declared)
    key = "neighbours" if declared.neighbours is not None else "exposure"
    if declared.felt and known and experiment.design.kind not in FELT:
        raise CannotAnswer(
            "`interference.{key}` says who feels whose change, and `kind: {kind}` cannot tell own effect and spill-over apart; `kind: randomised` "
            "can, and `kind: staggered` for a roll-out in waves.",
            key=key, kind=experiment.design.kind,
        )  # fmt: skip
    if declared.felt:
        _refuse_beside_neighbours(experiment, key)


def _refuse_shared_by_units(experiment: Experiment, declared: Interference) -> None:
    design = experiment.design
    single = isinstance(design, Randomised) and design.cluster is None
    if declared.shares and single and not declared.felt:
        raise CannotAnswer(
            "The arms share {shares}, and the units ({unit}) were drawn one by one: what one arm gains there the other loses, so their difference is "
            "not the effect of the change. Draw whole groups that share nothing with others (`cluster`, the column of the queue or site), or "
            "switch it on and off for all by the hour (`kind: switchback`).",
            shares=", ".join(declared.shares), unit=design.unit,
        )  # fmt: skip


def _refuse_beside_neighbours(experiment: Experiment, key: str) -> None:
    """What is asked beside own effect and spill-over, and cannot be."""
    asked = [f"design.{k}" for k in NOT_WITH_NEIGHBOURS if getattr(experiment.design, k, None)]
    asked += ["segments"] if experiment.segments else []
    asked += ["looks"] if experiment.looks is not None else []
    asked += [f"outcomes: kind {o.kind}" for o in experiment.outcomes if o.kind in ("duration", "ratio")]
    asked += ["outcomes: quantiles" for o in experiment.outcomes if o.quantiles]
    asked += ["design.weight: cluster"] if getattr(experiment.design, "weight", "unit") == "cluster" else []
    if asked:
        raise CannotAnswer(
            "`{asked}` cannot be answered together with `interference.{key}`; leave one of them out.",
            asked=asked[0],
            key=key,
        )


def without_neighbours(experiment: Experiment) -> Experiment:
    """The plan as if nobody felt anybody else's change: what can be sized before it is known who will get it."""
    return experiment.model_copy(update={"interference": "none"}) if experiment.felt else experiment


def not_planned(experiment: Experiment) -> tuple[Notice, ...]:
    """That sizes are those of the own effect in a world without spill-over."""
    return (Notice(code="plan-without-neighbours"),) if experiment.felt else ()
