"""Benefits: what one unit pays at each age because an outcome moved."""

from __future__ import annotations

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.money_rules import Place, months_covered
from causalcx.core.money_terms import Stream, Value
from causalcx.value.lines import Line
from causalcx.value.numbers import Array, Numbers
from causalcx.value.reach import arriving, by_month

_SHORTEST_HALF_LIFE = 1e-300
"""A half-life at the edge of its domain: everything fades after the first month, without dividing by zero."""


def stream_line(experiment: Experiment, value: Value, i: int, numbers: Numbers, effect: Array, share: float) -> Line:
    """The line of stream ``i`` for one arm; ``effect`` is [draws] in outcome units, for ``share`` of those reached."""
    stream = value.streams[i]
    outcome = experiment.outcome(stream.outcome)
    window = outcome.window or 1
    months = months_covered(stream, window, value.horizon_months)
    if stream.recurs:
        pay = recurring_pay(kept(value, i, numbers, max(window, value.horizon_months)), window, months)
    else:
        pay = one_off_pay(months, value.horizon_months)
    place: Place = ("value", "streams", i, "worth")
    return Line(
        place=place,
        price=numbers.at[place],
        profile=by_month(pay[:, : value.horizon_months], arriving(value.reach, value.horizon_months)),
        effect=outcome.sign * effect,
        units=share * units_reached(value, numbers),
        share=share,
        counted=stream.cash,
    )


def units_reached(value: Value, numbers: Numbers) -> Array:
    """[1 or draws] the stock, or the flow per month."""
    return numbers.at["value", "reach", "per_month" if value.reach.stock is None else "stock"]


def kept(value: Value, i: int, numbers: Numbers, ages: int) -> Array:
    """[1 or draws, ages] s(j) = 0.5^((j - 1) / half_life) x (1 - attrition)^(j - 1), the share of an effect left at age j."""
    half_life = half_life_place(value.streams[i], value, i)
    fade = np.ones((1, ages)) if half_life is None else fading(numbers.at[half_life], ages)
    return fade * staying(numbers.at.get(("value", "monthly_attrition")), ages)


def half_life_place(stream: Stream, value: Value, i: int) -> Place | None:
    """Where the half-life of a recurring stream stands: its own, else that of all; None without one."""
    if stream.half_life_months is not None:
        return ("value", "streams", i, "half_life_months")
    return ("value", "half_life_months") if value.half_life_months is not None else None


def fading(half_life: Array, ages: int) -> Array:
    """[1 or draws, ages] 0.5^((j - 1) / half_life)."""
    return np.exp2(-np.arange(ages) / np.maximum(half_life, _SHORTEST_HALF_LIFE)[:, None])


def staying(attrition: Array | None, ages: int) -> Array:
    """[1 or draws, ages] (1 - attrition)^(j - 1): the share of units still there at age j; 1 where nobody leaves."""
    return np.ones((1, ages)) if attrition is None else (1 - attrition)[:, None] ** np.arange(ages)


def recurring_pay(left: Array, window: int, months: tuple[int, int]) -> Array:
    """[1 or draws, ages] pay at age j per unit of effect and worth: s(j) / mean(s(1), ..., s(W)) / W in the months covered.

    The measured effect is a mean over its window, hence the division. ``left`` is s, at least W ages long.
    """
    return left / left[:, :window].mean(axis=1, keepdims=True) / window * covered(months, left.shape[1])


def one_off_pay(months: tuple[int, int], ages: int) -> Array:
    """[1, ages] the effect's worth once, spread evenly over the months covered; what lies after the horizon is not paid."""
    return covered(months, ages)[None, :] / (months[1] - months[0] + 1)


def covered(months: tuple[int, int], ages: int) -> Array:
    """[ages] 1 in the months of a unit's life from first to last, else 0."""
    age = np.arange(1, ages + 1)
    return ((age >= months[0]) & (age <= months[1])).astype(float)
