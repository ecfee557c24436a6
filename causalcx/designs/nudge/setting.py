"""The instrument of an experiment as numbers: of two levels the one that treats more, of many their leniency."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from causalcx.core.design_keys.instrument import Instrument
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame
from causalcx.core.outcomes import Outcome
from causalcx.designs.features import Features, features, refuse_repeats
from causalcx.designs.nudge.wald import Moved, jackknife_strength, leave_one_out, moved, share_left, two_valued
from causalcx.designs.values import in_units

CLUSTERS = 10
"""Levels of the instrument from which units of one level are taken to move together."""
EXTREMES = (0.01, 0.99)
"""Quantiles of leniency between which compliers are counted (Dobbie, Goldin & Yang 2018, AER 108: 201-240, appendix B)."""
REPEATED = 1e-9
"""Share of the instrument's variance below which the covariates repeat it."""
NOTHING = 1.0
"""Effective F below which an instrument moved take-up by less than the error of measuring it."""


@dataclass(frozen=True)
class Setting:
    """The instrument as numbers. n units, those without a usable instrument left out."""

    frame: Frame
    rows: Flags
    """[N] units of the frame that count."""
    z: Array
    """[n] 1 at the level that treats more often, of two; the leniency of the unit's level otherwise."""
    taken: Array
    """[n] 1 where treated."""
    x: Features
    level: Whole
    """[n] position of the level."""
    names: tuple[str, ...]
    """Labels of the levels."""
    sides: tuple[str, str] | None
    """Of two levels, the one that treats more often and the other."""

    @property
    def cluster(self) -> Whole | None:
        """The level where there are many, so that errors allow for what its units share."""
        return None if len(self.names) < CLUSTERS else self.level

    def moved(self, *columns: Array) -> Moved:
        """What the instrument moved, of columns over the units that count."""
        return moved(np.column_stack(columns), self.taken, self.z, self.x.values, self.cluster)

    def outcome(self, outcome: Outcome) -> Array:
        """[n] values in effect units."""
        return in_units(outcome, self.frame.outcomes[outcome.key])[self.rows]

    @property
    def reach(self) -> float:
        """By how much the instrument differs between its ends."""
        return 1.0 if self.sides else float(np.diff(np.quantile(self.z, EXTREMES))[0])

    @cached_property
    def first(self) -> Moved:
        """What the instrument moved of take-up itself, among everybody."""
        return self.moved(self.taken)

    @property
    def share(self) -> float:
        """Share of compliers: between two levels, or between the ends of leniency."""
        return min(float(abs(self.first.reduced[0])) * self.reach, 1.0)

    def strength(self, found: Moved, v: int) -> float:
        """Effective F of the first stage of a variable."""
        return found.strength(v) if self.sides else self.jackknife

    @cached_property
    def jackknife(self) -> float:
        """Effective F of leniency."""
        return jackknife_strength(self.z, self.taken, self.level, self.x.values)


def setting_of(design: Instrument, frame: Frame) -> Setting:
    """The instrument as numbers. Raises DataError where it is empty or constant, CannotAnswer where it cannot answer."""
    labels = frame.labels[design.instrument]
    level, taken = labels.position, (frame.arm == 1).astype(float)
    _refuse(design, frame, level, len(labels.names))
    x = features(frame, tuple(design.covariates))
    refuse_repeats(frame, x)
    if len(labels.names) == 2:
        z, (more, less) = two_valued(level, taken)
        setting = Setting(
            frame, np.ones(len(z), bool), z, taken, x, level, labels.names, (labels.names[more], labels.names[less])
        )
    else:
        setting = _lenient(design, frame, leave_one_out(taken, level, x.values), taken, x)
    _refuse_unmoved(design, setting)
    return setting


def _lenient(design: Instrument, frame: Frame, z: Array, taken: Array, x: Features) -> Setting:
    rows, labels = ~np.isnan(z), frame.labels[design.instrument]
    kept, level = np.unique(labels.position[rows], return_inverse=True)
    if len(kept) < 2:
        raise _alone(design, labels.position)
    values = x.values[rows]
    varies = values.min(axis=0) < values.max(axis=0)
    names = tuple(name for name, kept_too in zip(x.names, varies, strict=False) if kept_too)
    values = values[:, varies] if names else np.zeros((len(values), 1))
    return Setting(
        frame, rows, z[rows], taken[rows], Features(names, values), level,
        tuple(labels.names[i] for i in kept), None,
    )  # fmt: skip


def _alone(design: Instrument, level: Whole) -> CannotAnswer:
    return CannotAnswer(
        "Column `{column}` (instrument) holds {levels} different values in {rows} rows, so no value tells of the others with "
        "the same; a nudge has two values, and an agent or a queue many units.",
        column=design.instrument, levels=len(np.unique(level)), rows=len(level),
    )  # fmt: skip


def _refuse(design: Instrument, frame: Frame, level: Whole, levels: int) -> None:
    if (level < 0).any():
        raise DataError(
            "Column `{column}` (instrument) is empty in {rows} rows; leave them out of the data, or give them a value.",
            column=design.instrument, rows=int((level < 0).sum()),
        )  # fmt: skip
    if levels < 2:
        raise DataError(
            "Column `{column}` (instrument) holds one value only, so it can have moved nobody.",
            column=design.instrument,
        )
    if len(frame.profile.arms) > 2:
        raise CannotAnswer(
            "Column `{column}` (treatment) holds {arms}; an instrument tells of one step, taken or not. Leave rows out with "
            "`exclude`, or make a column that says whether it was taken.",
            column=design.treatment, arms=", ".join(frame.profile.arms),
        )  # fmt: skip
    if len(level) == levels:
        raise _alone(design, level)
    share = np.bincount(level, frame.arm) / np.bincount(level)
    if ((share == 0) | (share == 1)).all():
        raise CannotAnswer(
            "Column `{treatment}` never varies within a value of `{column}` (instrument): whoever got the one got the other. "
            "If chance decided, this is `kind: randomised`, with `cluster: {column}` where several units share a value.",
            treatment=design.treatment, column=design.instrument,
        )  # fmt: skip


def _refuse_unmoved(design: Instrument, setting: Setting) -> None:
    if np.ptp(setting.z) > 0 and share_left(setting.z, setting.x.values) < REPEATED:
        raise CannotAnswer(
            "The covariates tell `{column}` (instrument) to the last digit, so nothing of it is left to compare; take out the one "
            "that repeats it.",
            column=design.instrument,
        )  # fmt: skip
    f = setting.strength(setting.first, 0) if np.ptp(setting.z) > 0 else 0.0
    if f < NOTHING:
        raise CannotAnswer(
            "The instrument `{column}` did not move `{treatment}` (F = {f}, and an effect needs about 10), so nobody can be told from "
            "the others by it.",
            column=design.instrument, treatment=design.treatment, f=f"{f:.2f}",
        )  # fmt: skip
