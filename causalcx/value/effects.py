"""Which arms there are, and which effect of an arm pays."""

from __future__ import annotations

from typing import Any

from causalcx.core.effect import COMPLIER, Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.money_terms import Value
from causalcx.core.readout import Readout

_PREFERRED = {
    "offer": ("assigned", "everyone", "treated", "overlap", "compliers"),
    "treatment": ("treated", "compliers", "everyone", "overlap"),
}
"""Whom the effect of a roll-out is about, best first; an effect of assignment says nothing about treatment itself."""


def comparisons(readout: Readout) -> list[str]:
    """The comparisons of the readout, in the order of its effects."""
    return list(dict.fromkeys(effect.comparison for effect in readout.headlines))


def treated_arm(comparison: str, design: Any) -> str:
    """The treated arm of ``treated vs control``; either label may itself contain `` vs ``."""
    control = getattr(design, "control", None)
    if control is not None and comparison.endswith(f" vs {control}"):
        return comparison.removesuffix(f" vs {control}")
    return comparison.split(" vs ")[0]


def effect_that_pays(readout: Readout, value: Value, outcome: str, comparison: str) -> Effect:
    """The effect that the roll-out brings: of the offer, or of the treatment on those treated; a part never pays, but for compliers'."""
    known = [e for e in readout.effects if e.headline or e.aggregation == COMPLIER]
    found = [e for e in known if e.outcome == outcome and e.comparison == comparison]
    if not found:
        raise CannotAnswer(
            "The stream of `{outcome}` cannot be priced: the readout has no effect on `{outcome}` for {comparison}.",
            outcome=outcome, comparison=comparison,
        )  # fmt: skip
    order = _PREFERRED[value.rollout]
    usable = [e for e in found if value.rollout == "offer" or e.applies_to != "assigned"]
    if not usable:
        raise CannotAnswer(
            "`rollout: treatment` asks for the effect on those treated, but only the effect of being assigned is known for "
            "`{outcome}`; say `rollout: offer`, or add `received` to the design (it helps where the offer changed who took it).",
            outcome=outcome,
        )  # fmt: skip
    return min(usable, key=lambda e: order.index(e.applies_to) if e.applies_to in order else len(order))


def position_in_law(readout: Readout, effect: Effect) -> int:
    """Where an effect stands in the joint law."""
    return readout.law.labels.index(effect.label)


def share_reached(effect: Effect, value: Value) -> float:
    """The share of those reached whom the effect is paid for; all of them where ``transport`` gives a reason."""
    return 1.0 if value.transport else effect.share
