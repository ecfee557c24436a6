"""How much of the change a unit feels from its neighbours: the exposure mapping.

The exposure of a unit is the share of its neighbours that has the change. Effects are linear in it, apart for units with
and without the change. What a neighbour does may take time and may add up: neighbours that have had the change for a while
then count apart from those who just got it, and their number beside their share, where the data can tell these apart.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame

SETTLED = 4
"""A neighbour counts as settled once it has had the change for a quarter of the median unit's treated periods."""


@dataclass(frozen=True)
class Nearby:
    """N units."""

    share: Array
    """[N, T] share of neighbours with the change, at the time."""
    has: Array
    """[N] 1 for units with neighbours (all of them where a column tells the share)."""
    total: Array | None
    """[N] number of neighbours, or their weight; None where a column tells the share."""
    group: Whole | None
    """[N] units that are linked, directly or through others; None where a column tells the share."""

    def only(self, units: Flags) -> Nearby:
        """The same with some units."""
        group = None if self.group is None else np.unique(self.group[units], return_inverse=True)[1]
        total = None if self.total is None else self.total[units]
        return replace(self, share=self.share[units], has=self.has[units], total=total, group=group)


@dataclass(frozen=True)
class Form:
    """What effects are linear in."""

    number: bool
    """The number of neighbours with the change beside their share."""
    lag: int
    """Periods from which a neighbour counts as settled; 0: all count alike."""

    def told(self) -> str:
        """The form in words, for the name of the method."""
        what = "the share and the number of treated neighbours" if self.number else "the share of treated neighbours"
        return f"linear in {what}" + (f", those treated for {self.lag} periods or more apart" if self.lag else "")


@dataclass(frozen=True)
class Exposure:
    """Features under a form. N units, T periods, q features."""

    form: Form
    felt: Array
    """[N, T, q] as it was."""
    full: Array
    """[N, T, q] had all neighbours got the change together with the unit itself."""


def forms(nearby: Nearby, first: Whole, periods: int) -> list[Form]:
    """From the most to the least that the data may tell."""
    treated = first[first < periods]
    lag = int(np.median(periods - treated)) // SETTLED
    counted = nearby.total is not None and len(np.unique(nearby.total[nearby.total > 0])) > 1
    return [Form(n, k) for k in ((lag, 0) if lag else (0,)) for n in ((True, False) if counted else (False,))]


def exposure(nearby: Nearby, first: Whole, form: Form) -> Exposure:
    """``first`` [N] first treated period of each unit; T or more where never."""
    periods = nearby.share.shape[1]
    since = np.arange(periods) - first[:, None]
    most = [nearby.has] + ([nearby.total] if form.number and nearby.total is not None else [])
    felt = [_apart(nearby.share * part[:, None], form.lag) for part in most]
    full = [_apart_since(since, form.lag) * part[:, None, None] for part in most]
    return Exposure(form, np.concatenate(felt, axis=2), np.concatenate(full, axis=2))


def _apart(share: Array, lag: int) -> Array:
    """[N, T, 1 or 2] what came within the last periods, and what was there before."""
    if not lag:
        return share[:, :, None]
    settled = np.zeros_like(share)
    settled[:, lag:] = share[:, :-lag]
    return np.stack([share - settled, settled], axis=2)


def _apart_since(since: Whole, lag: int) -> Array:
    if not lag:
        return (since >= 0)[:, :, None].astype(float)
    return np.stack([(since >= 0) & (since < lag), since >= lag], axis=2).astype(float)


def nearby_of_panel(experiment: Experiment, frame: Frame, first: Whole) -> Nearby:
    """Exposure from the neighbours' first periods (``first`` [U] of each unit), or from the column that tells it."""
    assert frame.panel is not None
    if frame.neighbours is None:
        share = frame.panel.wide(shares_of(str(experiment.exposure), frame))
        return Nearby(_whole(share), np.ones(len(share)), None, None)
    found, periods = frame.neighbours, frame.panel.size[1]
    now = (np.arange(periods) >= first[:, None]).astype(float)
    return Nearby(found.share(now), (found.total > 0).astype(float), found.total, found.groups)


def shares_of(column: str, frame: Frame) -> Array:
    """The column, checked to hold shares."""
    values = frame.numbers[column]
    if np.isnan(values).any():
        raise DataError(
            "Column `{column}` (exposure) is empty in {rows} rows; write 0 where no neighbour has the change.",
            column=column, rows=int(np.isnan(values).sum()),
        )  # fmt: skip
    wrong = values[(values < 0) | (values > 1)]
    if len(wrong):
        raise DataError(
            "Column `{column}` (exposure) holds {value}; the share of treated neighbours lies between 0 and 1.",
            column=column, value=f"{wrong[0]:g}",
        )  # fmt: skip
    return values


def _whole(share: Array) -> Array:
    """Where a unit has no row in a period, the share of the period before."""
    known = np.where(np.isnan(share), -1, np.arange(share.shape[1]))
    last = np.maximum.accumulate(known, axis=1)
    return np.where(last >= 0, np.take_along_axis(share, np.maximum(last, 0), axis=1), 0.0)


def refuse_nobody_exposed(share: Array) -> None:
    """Raises CannotAnswer where no unit ever had a neighbour with the change."""
    if not (share > 0).any():
        raise CannotAnswer(
            "No unit ever had a neighbour with the change, so nothing can have spilled over; write `interference: none`."
        )


def refuse_single_rows(experiment: Experiment) -> None:
    """Raises CannotAnswer where units that occur once should have neighbours over time."""
    if experiment.felt:
        raise CannotAnswer(
            "Units that occur once have no neighbours over time, so `interference.{key}` needs one row per unit and period.",
            key="exposure" if experiment.exposure else "neighbours",
        )
