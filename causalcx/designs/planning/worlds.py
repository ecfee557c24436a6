"""Worlds without an effect, drawn from what was before: the frames on which a plan tries its own estimator."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import Frame, Labels
from causalcx.core.panel import Clock, Panel

Counts = Literal["units", "periods", "slots"]
"""What the size of a design is counted in."""
DAYS_A_MONTH = 365.25 / 12


@dataclass(frozen=True, kw_only=True)
class World(ABC):
    """A design on a history. Every world that it draws has no effect, whatever its size."""

    experiment: Experiment
    frame: Frame
    """The history."""
    counts: Counts
    """What a size counts."""
    sizes: tuple[int, int]
    """The smallest and the largest size that can be drawn."""
    usual: int
    """A size to begin with, where none is planned."""
    rate: float | None = None
    """Beyond the largest size errors fall with size to the minus this; None where that is not known."""
    scale: float = 1.0
    """What estimates are multiplied with, where a world is smaller than the plan."""
    months: float | None = None
    """Months of one period or slot; None for units, and where the clock does not tell."""

    def independent(self, size: int, runs: int) -> float:  # noqa: ARG002 - of those that overlap, fewer
        """How many of the worlds drawn say something of their own."""
        return float(runs)

    @abstractmethod
    def drawn(self, size: int, run: int, rng: np.random.Generator) -> tuple[Experiment, Frame]:
        """A world of this size."""


def middle(sizes: tuple[int, int]) -> int:
    """Between the smallest and the largest, by their ratio."""
    return round(float(np.sqrt(sizes[0] * sizes[1])))


def months_of(clock: Clock) -> float | None:
    """Length of a period in months."""
    lengths = {"month": clock.step, "day": clock.step / DAYS_A_MONTH}
    return lengths.get(clock.kind)


def rows_of(frame: Frame, rows: Whole) -> Frame:
    """Some rows, in this order, without their place in time."""
    return replace(
        frame, arm=frame.arm[rows], outcomes={k: y[rows] for k, y in frame.outcomes.items()},
        covariates={k: x[rows] for k, x in frame.covariates.items()},
        labels={k: Labels(one.position[rows], one.names) for k, one in frame.labels.items()},
        numbers={k: x[rows] for k, x in frame.numbers.items()}, panel=None,
    )  # fmt: skip


def with_arms(frame: Frame, arm: Whole, names: Sequence[str]) -> Frame:
    """The same rows under these arms, the control first."""
    counts = np.bincount(arm, minlength=len(names)).tolist()
    answered = {k: np.bincount(arm[~np.isnan(y)], minlength=len(names)).tolist() for k, y in frame.outcomes.items()}
    profile = replace(
        frame.profile, rows=len(arm), arms=dict(zip(names, counts, strict=True)),
        answered={k: dict(zip(names, n, strict=True)) for k, n in answered.items()},
    )  # fmt: skip
    return replace(frame, arm=arm, profile=profile)


def with_labels(frame: Frame, column: str, position: Whole, names: Sequence[str]) -> Frame:
    """The same rows with a column of labels."""
    return replace(frame, labels={**frame.labels, column: Labels(position, tuple(names))})


def places(panel: Panel) -> Whole:
    """[U, T] row of every unit and period; -1 where there is none."""
    found = np.full(panel.size, -1)
    found[panel.unit, panel.time] = np.arange(len(panel.unit))
    return found


def window(frame: Frame, where: Whole, units: Whole, first: int, length: int) -> tuple[Frame, Whole]:
    """Units, some of them several times, over consecutive periods; and the place of each row's unit among ``units``."""
    assert frame.panel is not None
    place = where[units, first : first + length]
    kept = np.flatnonzero((place >= 0).any(axis=1))
    unit, time = np.nonzero(place[kept] >= 0)
    clock = part_of(frame.panel.clock, first, length)
    panel = Panel(clock, time, unit, tuple(str(i) for i in range(len(kept))))
    return replace(rows_of(frame, place[kept][unit, time]), panel=panel), kept[unit]


def part_of(clock: Clock, first: int, length: int) -> Clock:
    """Consecutive periods of a clock."""
    return replace(clock, labels=clock.labels[first : first + length], at=clock.at[first : first + length])


def parted(n: int, shares: Sequence[float], rng: np.random.Generator) -> Whole:
    """[n] parts 0, 1 ... in these shares, in random order; none is empty where there are enough."""
    parts = np.searchsorted(np.cumsum(shares)[:-1], (np.arange(n) + 0.5) / n, side="right")
    if n >= len(shares):
        for missing in np.setdiff1d(np.arange(len(shares)), parts):
            parts[np.flatnonzero(parts == np.bincount(parts).argmax())[0]] = missing
    return rng.permutation(parts)


@dataclass(frozen=True)
class Near:
    """Rows by their place in some order."""

    ranked: Whole
    """[N] rows, ascending."""
    place: Whole
    """[N] place of every row."""

    @classmethod
    def by(cls, order: Array) -> Near:
        """In the order of these values."""
        ranked = np.argsort(order, kind="stable")
        place = np.empty(len(order), np.int64)
        place[ranked] = np.arange(len(order))
        return cls(ranked, place)

    def drawn(self, rows: Whole, reach: int, rng: np.random.Generator) -> Whole:
        """For each row, one that lies at most ``reach`` places off."""
        place = self.place[rows] + rng.integers(-reach, reach + 1, len(rows))
        return self.ranked[np.clip(place, 0, len(self.ranked) - 1)]
