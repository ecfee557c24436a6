"""Randomisation inference: how often would another draw of the same schedule have given as large a difference without any effect?

Exact for the sharp null that no slot's outcome would have been another, whether the blocks were drawn one by one, in a fixed
number, or balanced within hour and weekday as proposed here: blocks change places only within unit and hour and weekday, and given
the number of those that are on, all three rules make every such order equally likely. Where that leaves too few orders, blocks
change places within the hour, then freely.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from causalcx.core.moments import Array, Whole
from causalcx.designs.slots.order import UNUSUAL, Slots, distinct, within

DRAWS, LEAST_DRAWS = 999, 99
WORK = 1e8
"""Rows x draws that are affordable."""
ENOUGH_ORDERS = 1_000
MIXED = 0.01
"""Share of slots that may differ from their block."""


@dataclass(frozen=True)
class Redrawn:
    """The test of one outcome."""

    p: float
    draws: int
    within: str
    """hour-and-weekday, hour, or nothing: what blocks changed places within, beside the unit."""

    @property
    def error(self) -> float:
        """Monte Carlo standard error of p."""
        return float(np.sqrt(self.p * (1 - self.p) / self.draws))


def redrawn(slots: Slots, outcomes: list[Array], x: Array, seed: int) -> list[Redrawn] | None:
    """The test of every outcome [n]; None where the settings do not look as if blocks had been drawn."""
    chosen = _stratum(slots) if _looks_drawn(slots) else None
    if chosen is None:
        return None
    within, stratum = chosen
    draws = int(np.clip(WORK // (len(slots.on) * len(outcomes)), LEAST_DRAWS, DRAWS))
    values = [_residual(slots, y, x) for y in outcomes]
    own = [abs(_difference(slots, y, slots.on)) for y in values]
    larger = np.zeros(len(values))
    for on in _orders(slots, stratum, draws, np.random.default_rng(seed)):
        larger += [abs(_difference(slots, y, on)) >= o * (1 - 1e-9) for y, o in zip(values, own, strict=True)]
    return [Redrawn(float((1 + k) / (1 + draws)), draws, within) for k in larger]


def _looks_drawn(slots: Slots) -> bool:
    blocks = slots.blocks
    mixed = np.mean((blocks.on[blocks.of] ^ blocks.flip) != slots.on)
    return abs(blocks.follow) <= UNUSUAL and mixed <= MIXED


def _stratum(slots: Slots) -> tuple[str, Whole] | None:
    """The finest strata of blocks in which there are orders enough."""
    for name, stratum in strata(slots):
        size, on = np.bincount(stratum), np.bincount(stratum, slots.blocks.on)
        orders = (gammaln(size + 1) - gammaln(on + 1) - gammaln(size - on + 1)).sum()
        if orders >= np.log(ENOUGH_ORDERS):
            return name, stratum
    return None


def strata(slots: Slots) -> Iterator[tuple[str, Whole]]:
    """[B] stratum of each block, from the finest on."""
    blocks = slots.blocks
    when = slots.hour_and_weekday(blocks.start)
    keys = {"nothing": (blocks.group,)}
    if when is not None:
        hour = np.unique(when[0], return_inverse=True)[1]
        keys = {"hour-and-weekday": (blocks.group, hour, when[1]), "hour": (blocks.group, hour)} | keys
    for name, key in keys.items():
        yield name, distinct(*key)[1]


def _orders(slots: Slots, stratum: Whole, draws: int, rng: np.random.Generator) -> Iterator[Whole]:
    """[n] settings after blocks changed places within their stratum."""
    blocks = slots.blocks
    order = np.argsort(stratum, kind="stable")
    for _ in range(draws):
        on = np.empty_like(blocks.on)
        on[order] = blocks.on[np.lexsort((rng.random(len(stratum)), stratum))]
        yield on[blocks.of] ^ blocks.flip


def _residual(slots: Slots, y: Array, x: Array) -> Array:
    """[n] the outcome less what unit and covariates say of it, whatever the setting; NaN where missing."""
    rows = np.flatnonzero(~np.isnan(y))
    both = within(np.column_stack([y[rows], x[rows]]), slots.unit[rows])
    left = np.full(len(y), np.nan)
    left[rows] = both[:, 0] - both[:, 1:] @ np.linalg.lstsq(both[:, 1:], both[:, 0])[0]
    return left


def _difference(slots: Slots, y: Array, on: Whole) -> float:
    """Difference of the means of kept slots, units weighed by their slots, under other settings."""
    other = replace(slots, on=on)
    rows = other.kept & ~np.isnan(y)
    cell, units = 2 * slots.unit[rows] + on[rows], len(slots.names)
    count = np.bincount(cell, minlength=2 * units).reshape(units, 2)
    total = np.bincount(cell, y[rows], minlength=2 * units).reshape(units, 2)
    both = (count > 0).all(axis=1)
    means = total[both] / count[both]
    weight = count[both].sum(axis=1)
    return float(weight @ (means[:, 1] - means[:, 0]) / max(weight.sum(), 1))
