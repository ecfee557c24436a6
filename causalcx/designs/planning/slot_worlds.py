"""Recorded slots under schedules that were never used: stretches as they were, and blocks drawn as the plan would draw them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import cast, override

import numpy as np

from causalcx.core.design_keys.switchback import Switchback
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import TREATED, Frame
from causalcx.core.panel import EPOCH, Clock
from causalcx.designs.planning.panel_worlds import panel_of
from causalcx.designs.planning.worlds import World, months_of, parted, places, window, with_arms
from causalcx.designs.slots.means import covariates_of
from causalcx.designs.slots.order import Slots, slots_of, within
from causalcx.designs.slots.schedule import settings_of

LEAST_BLOCKS = 8
"""Blocks of a unit from which a schedule is tried."""


@dataclass(frozen=True)
class Switching(World):
    """`switchback`: every unit draws its own schedule over a stretch of recorded slots."""

    where: Whole
    """[U, T] rows of units."""
    block: int
    """Slots that are switched as one."""
    treated: str
    """Label of the setting that is not the control."""

    @override
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        first = int(rng.integers(self.where.shape[1] - size + 1))
        frame, unit = window(self.frame, self.where, np.arange(len(self.where)), first, size)
        panel = panel_of(frame)
        block = blocks_of(panel.clock, self.block)
        on = np.array([switched(panel.clock, block, rng) for _ in range(len(self.where))])
        arm = on[unit, block[panel.time]].astype(np.int64)
        return self.experiment, with_arms(
            frame, arm, (str(cast(Switchback, self.experiment.design).control), self.treated)
        )


def blocks_of(clock: Clock, length: int) -> Whole:
    """[T] block of each slot; a gap ends one."""
    number = np.round(clock.number).astype(np.int64)
    begins = np.append(True, np.diff(number) > 1)
    place = np.arange(len(number))
    since = place - np.maximum.accumulate(np.where(begins, place, 0))
    return np.cumsum(begins | (since % length == 0)) - 1


def switched(clock: Clock, block: Whole, rng: np.random.Generator) -> Whole:
    """[B] settings, in equal number by hour and weekday where the clock tells them: the rule of a proposed schedule."""
    count = int(block[-1]) + 1
    if clock.kind != "day":
        return parted(count, (0.5, 0.5), rng)
    starts = [EPOCH + dt.timedelta(days=float(clock.at[i])) for i in np.searchsorted(block, np.arange(count))]
    return np.array(settings_of("", starts, str(rng.integers(2**62))), np.int64)


def switching(experiment: Experiment, frame: Frame) -> Switching:
    """Blocks of twice the washout, as `causalcx schedule` draws them."""
    design, where = cast(Switchback, experiment.design), places(panel_of(frame))
    block = max(1, 2 * design.washout)
    if where.shape[1] < LEAST_BLOCKS * block:
        raise CannotAnswer(
            "The history shows {slots} slots, and {blocks} blocks of {block} are the least that a schedule takes; give a longer one with --history.",
            slots=where.shape[1], blocks=LEAST_BLOCKS, block=block,
        )  # fmt: skip
    known = frame.labels.get(design.treatment)
    others = [n for n in known.names if n != str(design.control)] if known else []
    treated = others[0] if others else TREATED
    if known and others:
        on = (known.position == known.names.index(treated)).astype(np.int64)
        frame = without_effect(design, with_arms(frame, on, (str(design.control), treated)))
    return Switching(
        experiment=experiment, frame=frame, counts="slots", sizes=(LEAST_BLOCKS * block, where.shape[1]), usual=where.shape[1], rate=0.5,
        months=months_of(panel_of(frame).clock), where=where, block=block, treated=treated,
    )  # fmt: skip


def without_effect(design: Switchback, frame: Frame) -> Frame:
    """The history less what its settings did, in their slot and in those after it: else that would pass for noise."""
    unit = panel_of(frame).unit
    if not (np.bincount(unit, frame.arm) % np.bincount(unit)).any():
        return frame  # no unit was ever switched
    slots = slots_of(design, frame)
    lags = np.column_stack(
        [np.where(known, on, slots.on) for on, known in map(slots.before, range(design.washout + 2))]
    )
    x = covariates_of(slots, frame, design.covariates)
    return replace(frame, outcomes={k: _without(y, slots, lags, x) for k, y in frame.outcomes.items()})


def _without(y: Array, slots: Slots, lags: Array, x: Array) -> Array:
    """[N] the outcome less what its slopes on the settings say, by least squares within unit."""
    own = y[slots.rows]
    seen = ~np.isnan(own)
    centred = within(np.column_stack([lags, x, own])[seen], slots.unit[seen])
    slopes = np.linalg.lstsq(centred[:, :-1], centred[:, -1], rcond=None)[0]
    left = y.copy()
    left[slots.rows] -= lags @ slopes[: lags.shape[1]]
    return left
