"""Slots of a switchback: which went before which, which count, which belong together, and when on the clock they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.design_keys.switchback import Switchback
from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame
from causalcx.core.panel import Clock

LEAST_BLOCKS = 2
"""Clusters of either arm without which a unit's own luck cannot be told."""
UNUSUAL = 3.0
"""Standard errors from which neighbouring blocks were not drawn independently."""
THURSDAY = 3
"""Weekday of the first day of the clock, 1970-01-01, from Monday = 0."""


@dataclass(frozen=True)
class Slots:
    """Rows of the units that were switched, in the order of unit and period. n rows, U units, B blocks."""

    clock: Clock
    rows: Whole
    """[n] position in the frame."""
    unit: Whole
    """[n] 0 to U - 1."""
    names: tuple[str, ...]
    """[U] names of the units."""
    time: Whole
    """[n] position on the clock."""
    on: Whole
    """[n] 1 while the change was on."""
    washout: int
    left_out: tuple[str, ...] = ()
    """Units that were never switched."""

    @cached_property
    def known(self) -> Flags:
        """[n] whether the slot before is there: the same unit, and no gap in time."""
        step = self.clock.number if self.clock.regular else np.arange(len(self.clock.at))
        beside = np.diff(step[self.time]) < 1.5
        return np.append(False, (np.diff(self.unit) == 0) & beside)

    @cached_property
    def switched(self) -> Flags:
        """[n] whether the setting changed with the slot; a gap in time is not a switch."""
        return self.known & np.append(False, np.diff(self.on) != 0)

    @cached_property
    def _since(self) -> tuple[Whole, Flags]:
        """[n] slots since the last switch or the beginning of the stretch, and whether it was a switch."""
        begins = self.switched | ~self.known
        place = np.arange(len(begins))
        origin = np.maximum.accumulate(np.where(begins, place, 0))
        return place - origin, self.switched[origin]

    @property
    def since_switch(self) -> Array:
        """[n] slots since the last switch, 0 in the first; NaN where none is on record."""
        since, switched = self._since
        return np.where(switched, since, np.nan)

    @property
    def kept(self) -> Flags:
        """[n] slots that count: the washout after a switch is over."""
        if not self.washout:
            return np.ones(len(self.on), bool)
        since, switched = self._since
        return ~switched | (since >= self.washout)

    def before(self, order: int) -> tuple[Whole, Flags]:
        """[n] the setting ``order`` slots before, and whether it is known."""
        known = np.ones(len(self.on), bool)
        for j in range(order):
            known &= np.append(np.zeros(j, bool), self.known[: len(self.known) - j])
        return np.append(np.zeros(order, np.int64), self.on[: len(self.on) - order]), known

    @cached_property
    def group(self) -> tuple[Whole, Flags]:
        """[U] group of the units that share a schedule, and whether the unit is on when the group's first is off."""
        wide = np.full((len(self.names), len(self.clock.at)), np.nan)
        wide[self.unit, self.time] = self.on
        group, opposite, first = np.zeros(len(wide), np.int64), np.zeros(len(wide), bool), [0]
        for u in range(1, len(wide)):
            both = ~np.isnan(wide[first]) & ~np.isnan(wide[u])
            same, other = (
                np.all((wide[first] == x) | ~both, axis=1) & both.any(axis=1) for x in (wide[u], 1 - wide[u])
            )
            found = np.flatnonzero(same | other)
            group[u] = found[0] if len(found) else len(first)
            opposite[u] = bool(len(found)) and not same[found[0]]
            first += [] if len(found) else [u]
        return group, opposite

    @cached_property
    def block_length(self) -> int:
        """Slots of a block: the largest length whose multiples all switches fall on."""
        switches = np.unique(self._in_stretch[1][self.time[self.switched]])
        return int(np.gcd.reduce(switches)) if len(switches) else len(self.clock.at)

    @cached_property
    def _in_stretch(self) -> tuple[Whole, Whole]:
        """[T] stretch of each period between gaps of the whole clock, and its position in it."""
        gaps = np.diff(self.clock.number) > 1.5 if self.clock.regular else np.zeros(len(self.clock.at) - 1, bool)
        stretch = np.append(0, np.cumsum(gaps))
        place = np.arange(len(stretch))
        return stretch, place - place[np.searchsorted(stretch, stretch)]

    @cached_property
    def blocks(self) -> Blocks:
        """Stretches that were switched as one, by group."""
        stretch, place = self._in_stretch
        cell = (self.group[0][self.unit], stretch[self.time], place[self.time] // self.block_length)
        first, block = distinct(*cell)
        flip = self.group[1][self.unit]
        return Blocks(block, cell[0][first], self.time[first], (self.on ^ flip)[first], flip.astype(np.int64))

    @cached_property
    def cluster(self) -> Whole:
        """[n] what is as good as one draw: a block; the run between two switches with a washout, or where blocks follow each other.

        Slots that a washout keeps depend on the block before, so blocks of one run are no longer independent.
        """
        if self.by_blocks:
            return self.blocks.of
        stretch, _ = self._in_stretch
        group = self.group[0][self.unit]
        run = np.zeros((group.max() + 1, len(self.clock.at)), np.int64)
        np.maximum.at(run, (group, self.time), self.switched.astype(np.int64))
        number = np.cumsum(run, axis=1)
        return distinct(group, stretch[self.time], number[group, self.time])[1]

    @cached_property
    def by_blocks(self) -> bool:
        """Whether clusters are blocks."""
        return self.washout == 0 and self.blocks.follow <= UNUSUAL

    def hour_and_weekday(self, time: Whole) -> tuple[Array, Whole] | None:
        """Share of the day that has gone, and weekday from Monday = 0; None on a clock without days."""
        if self.clock.kind != "day":
            return None
        at = self.clock.at[time]
        return np.round(at % 1, 6), (np.floor(at).astype(np.int64) + THURSDAY) % 7


@dataclass(frozen=True)
class Blocks:
    """What the schedule switched as one."""

    of: Whole
    """[n] block of each row."""
    group: Whole
    """[B] group of units."""
    start: Whole
    """[B] first period."""
    on: Whole
    """[B] setting, of the group's first unit."""
    flip: Whole
    """[n] 1 where the unit is on while the block is off."""

    @property
    def follow(self) -> float:
        """How far blocks take after the one before, in standard errors of independent draws; 0 where all are equal."""
        beside = np.diff(self.group) == 0
        one, other = self.on[:-1][beside], self.on[1:][beside]
        if len(one) < 3 or one.std() == 0 or other.std() == 0:
            return 0.0
        return float(np.corrcoef(one, other)[0, 1] * np.sqrt(len(one)))


def slots_of(design: Switchback, frame: Frame) -> Slots:
    """The slots of the units that were switched. Raises CannotAnswer where there are none."""
    panel, arms = frame.panel, list(frame.profile.arms)
    assert panel is not None
    if len(arms) > 2:
        raise CannotAnswer(
            "Column `{column}` holds {arms} settings; a switchback compares one with the control. Leave the others out with `exclude`.",
            column=design.treatment, arms=len(arms),
        )  # fmt: skip
    rows = np.bincount(panel.unit)
    share = np.bincount(panel.unit, frame.arm) / np.maximum(rows, 1)
    switched = (share > 0) & (share < 1)
    if not switched.any():
        raise CannotAnswer(
            "No `{unit}` was ever switched: each had one setting throughout. Compare units with `kind: staggered` or `kind: observational`.",
            unit=design.unit,
        )  # fmt: skip
    number = np.cumsum(switched) - 1
    kept = np.flatnonzero(switched[panel.unit])
    names = panel.units or tuple(str(u) for u in range(len(rows)))
    return Slots(
        clock=panel.clock, rows=kept, unit=number[panel.unit[kept]], names=tuple(n for n, s in zip(names, switched, strict=True) if s),
        time=panel.time[kept], on=frame.arm[kept], washout=design.washout,
        left_out=tuple(n for n, s in zip(names, switched, strict=True) if not s),
    )  # fmt: skip


def never_switched(slots: Slots) -> tuple[Notice, ...]:
    """Units with one setting throughout say nothing here, and are left out."""
    facts = {"units": list(slots.left_out), "n": len(slots.left_out)}
    return (Notice(code="units-never-switched", facts=facts),) if slots.left_out else ()


def within(values: Array, group: Whole) -> Array:
    """[n, k] values less the mean of their group; a group may be empty."""
    size = np.maximum(np.bincount(group), 1)
    return values - (np.column_stack([np.bincount(group, column) for column in values.T]) / size[:, None])[group]


def distinct(*parts: Whole) -> tuple[Whole, Whole]:
    """Where each combination of the parts (from 0) occurs first, in their order, and [n] the combination of each row."""
    key = np.zeros(len(parts[0]), np.int64)
    for part in parts:
        key = key * (int(part.max(initial=0)) + 1) + part
    _, first, place = np.unique(key, return_index=True, return_inverse=True)
    return first, place
