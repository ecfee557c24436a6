"""Numbers that state the size of an effect lie where an effect on this outcome can lie: 5 is no change of a churn rate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from causalcx.core.money_rules import Place
from causalcx.core.outcomes import Outcome, RelativeMargin
from causalcx.core.percent import hint


def effect_size_problems(experiment: Any) -> Iterator[tuple[Place, str]]:
    """Every size beyond the largest effect that is possible."""
    for place, outcome, size in (*_thresholds(experiment), *_beliefs(experiment)):
        largest = largest_effect(outcome)
        if largest is not None and (abs(size) > largest or (size == largest and place[0] == "outcomes")):
            yield place, _sentence(outcome, largest, size)
    for i, outcome in enumerate(experiment.outcomes):
        if isinstance(outcome.margin, RelativeMargin) and outcome.margin.relative >= 1:
            share = outcome.margin.relative
            yield (
                ("outcomes", i, "margin", "relative"),
                f"expected a share of the control mean, below 1; found {share:g}{hint(share)}",
            )


def largest_effect(outcome: Outcome) -> float | None:
    """The largest possible effect in outcome units; None where there is none, or it is not stated."""
    if outcome.kind == "score" and outcome.scale:
        return outcome.scale[1] - outcome.scale[0]
    return {"binary": 1.0, "duration": 1.0, "nps": 200.0}.get(outcome.kind)


def _thresholds(experiment: Any) -> Iterator[tuple[Place, Outcome, float]]:
    """What counts as large: smaller than the largest possible."""
    for i, outcome in enumerate(experiment.outcomes):
        if outcome.matters is not None:
            yield ("outcomes", i, "matters"), outcome, outcome.matters
        if isinstance(outcome.margin, float):
            yield ("outcomes", i, "margin"), outcome, outcome.margin


def _beliefs(experiment: Any) -> Iterator[tuple[Place, Outcome, float]]:
    outcomes = {o.key: o for o in experiment.outcomes}
    for name, span in experiment.expects.items():
        if name in outcomes:
            yield ("expects", name), outcomes[name], max(span, key=abs)
    for name, belief in experiment.prior.items():
        if name in outcomes:
            yield ("prior", name, "mean"), outcomes[name], belief.mean
            yield ("prior", name, "sd"), outcomes[name], belief.sd


def _sentence(outcome: Outcome, largest: float, size: float) -> str:
    if outcome.kind == "binary":
        return f"a change of a yes-or-no outcome is a share between -1 and 1; found {size:g}{hint(size)}"
    if outcome.kind == "duration":
        return f"a change of the share that left by the horizon lies between -1 and 1; found {size:g}{hint(size)}"
    if outcome.kind == "nps":
        return f"a change in NPS points lies between -200 and 200; found {size:g}"
    return f"a change of this score lies between -{largest:g} and {largest:g}, the width of its `scale`; found {size:g}"
