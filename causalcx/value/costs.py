"""Costs: paid once, monthly, for every new unit, or monthly for every unit still there."""

from __future__ import annotations

import numpy as np

from causalcx.core.errors import DataError
from causalcx.core.money_terms import Cost, Value
from causalcx.value.lines import ONE, Line
from causalcx.value.numbers import Array, Numbers
from causalcx.value.reach import arriving, by_month
from causalcx.value.streams import staying, units_reached

FORMS = ("once", "monthly", "per_unit", "per_unit_month")


def costs_of_arm(value: Value, arm: str) -> list[int]:
    """Positions of the cost lines that an arm carries: those without ``arms`` and those that name it."""
    return [i for i, cost in enumerate(value.costs) if cost.arms is None or arm in cost.arms]


def refuse_unknown_arms(value: Value, treated: list[str]) -> None:
    """A cost line for an arm that nobody was in would silently be nobody's cost."""
    for cost in value.costs:
        for arm in cost.arms or []:
            if arm not in treated:
                raise DataError(
                    "The cost `{cost}` names the arm `{arm}`, which is no treated arm of the data; treated arms: {present}.",
                    cost=cost.key, arm=arm, present=", ".join(treated),
                )  # fmt: skip


def cost_line(value: Value, i: int, numbers: Numbers) -> Line:
    """The line of cost ``i``; costs are paid for everyone reached, whomever the effect is about."""
    cost = value.costs[i]
    form = form_of(cost)
    per_unit = form.startswith("per_unit")
    return Line(
        place=("value", "costs", i, form),
        price=numbers.at["value", "costs", i, form],
        profile=_profile(cost, form, value, numbers),
        effect=ONE,
        units=units_reached(value, numbers) if per_unit else ONE,
        counted=not cost.sunk,
    )


def form_of(cost: Cost) -> str:
    """Which of the four forms a line has."""
    return next(form for form in FORMS if getattr(cost, form) is not None)


def _profile(cost: Cost, form: str, value: Value, numbers: Numbers) -> Array:
    """[1 or draws, 1 + months] what is due in months 0..H per unit of price and reach."""
    horizon = value.horizon_months
    if form == "once":
        return np.eye(1, 1 + horizon, cost.month or 0)
    if form == "monthly":
        return np.pad(np.ones((1, horizon)), ((0, 0), (1, 0)))
    if form == "per_unit":
        return np.pad(arriving(value.reach, horizon)[None, :], ((0, 0), (1, 0)))
    return by_month(staying(numbers.at.get(("value", "monthly_attrition")), horizon), arriving(value.reach, horizon))
