"""Pictures of a switchback: the schedule, and the outcome by slots since the last switch."""

from __future__ import annotations

import numpy as np

from causalcx.core.effect import Effect
from causalcx.core.moments import Array, Whole
from causalcx.core.picture import Picture, Series
from causalcx.designs.slots.order import Slots, within

MOST_UNITS, MOST_POINTS = 12, 600
LONGEST = 8
"""Slots since a switch that are shown."""
LEAST = 20
"""Slots that a point needs."""
HEIGHT = 0.7
"""Of a unit's steps, where units lie one apart."""


def schedule(slots: Slots) -> Picture:
    """Steps of the first units, one above the other, as far as a picture can show them."""
    units = range(min(len(slots.names), MOST_UNITS))
    periods = min(len(slots.clock.at), MOST_POINTS // len(units))
    facts = {"units": len(units), "of_units": len(slots.names), "periods": periods, "of_periods": len(slots.clock.at)}
    return Picture(
        code="schedule", x=slots.clock.column, ticks=slots.clock.labels[:periods], facts=facts,
        series=tuple(_steps(slots, u, len(units) - 1 - u, periods) for u in units),
    )  # fmt: skip


def _steps(slots: Slots, unit: int, height: int, periods: int) -> Series:
    rows = (slots.unit == unit) & (slots.time < periods)
    x, y = slots.time[rows].astype(float), height + HEIGHT * slots.on[rows]
    return Series(name=slots.names[unit], x=tuple(x.tolist()), y=tuple(y.tolist()), mark="steps")


def since_switch(slots: Slots, y: Array, effect: Effect) -> Picture:
    """Means by slots since the last switch, units made level, with the change on and off."""
    known = ~np.isnan(y) & ~np.isnan(slots.since_switch)
    unit, since, on = slots.unit[known], slots.since_switch[known].astype(np.int64), slots.on[known]
    level = within(y[known][:, None], unit)[:, 0] + y[known].mean()
    return Picture(
        code="since-switch", outcome=effect.outcome, unit=effect.unit, x="", rule=slots.washout - 0.5 if slots.washout else None,
        series=tuple(_means(n, since[on == i], level[on == i]) for i, n in ((0, "untreated"), (1, "treated"))),
    )  # fmt: skip


def _means(name: str, since: Whole, level: Array) -> Series:
    count = np.bincount(since, minlength=LONGEST)[:LONGEST]
    total = np.bincount(since, level, LONGEST)[:LONGEST]
    kept = np.flatnonzero(count >= LEAST)
    return Series(name=name, x=tuple(map(float, kept)), y=tuple((total[kept] / count[kept]).tolist()), mark="points")
