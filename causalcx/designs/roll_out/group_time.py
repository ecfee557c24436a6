"""Group-time effects: the effect on each cohort in each period, and the joint law of anything that is put together from them.

ATT(g, t) is the change of cohort g from its last untreated period to t, less the same change of the comparison: units
never treated, or those not treated yet by t (Callaway & Sant'Anna 2021, Journal of Econometrics 225: 200-230, eqs. 2.8 and
2.9 without covariates). Every t has the same base, the period before g, also those before it ("universal base period").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Flags, Whole
from causalcx.designs.roll_out.cohort_moments import Block, Cells

Compare = Literal["never", "not-yet"]


@dataclass(frozen=True)
class GroupTime:
    """Axes: A pairs of cohort and period (the base period of each cohort is no pair), V variables."""

    cohort: Whole
    """[A]"""
    event: Whole
    """[A] periods since the first treated one; negative before it."""
    first: Whole
    """[G] first treated period per cohort; T where never."""
    units: Array
    """[G, V] units (rows) per cohort."""
    value: Array
    """[A, V] the effects."""
    level: Array
    """[A, V] means of the treated cohort in the period."""
    blocks: tuple[Block, ...]
    positions: Callable[[Array, Array], Array]
    """(weights of the effects [K, A, V], of one unit's presence in a cohort [K, G, V]) to weights of the blocks' positions."""

    @property
    def post(self) -> Flags:
        """[A] pairs under treatment."""
        return self.event >= 0

    def law(self, weights: Array, presence: Array) -> tuple[Array, Array]:
        """[K, K] covariance and [K] degrees of freedom of estimates with these weights.

        Satterthwaite over the blocks: (sum v)^2 / sum v^2 / (n - 1).
        """
        rows = self.positions(weights, presence)
        covariance, square = np.zeros((len(rows), len(rows))), np.zeros(len(rows))
        for block in self.blocks:
            own = rows[:, block.at]
            part = own @ block.product @ own.T * (block.objects / (block.objects - 1))
            covariance += part
            square += np.diag(part) ** 2 / (block.objects - 1)
        total = np.diag(covariance)
        freedom = np.where(square > 0, total**2 / np.where(square > 0, square, 1.0), self._objects - len(self.blocks))
        return covariance, freedom

    @property
    def _objects(self) -> int:
        return sum(b.objects for b in self.blocks)


def compared_with(first: Whole, g: int, period: int, compare: Compare) -> Flags:
    """[G] cohorts that cohort g is compared with in a period: never treated, or not treated by the later of it and the base."""
    latest = max(period, int(first[g]) - 1)
    return first == first.max() if compare == "never" else (first > latest) & (np.arange(len(first)) != g)


def pairs(first: Whole, periods: int, compare: Compare) -> list[tuple[int, int]]:
    """Cohorts and periods that can be compared. Raises CannotAnswer where there is no one to compare with."""
    treated = [g for g, f in enumerate(first) if f < periods]
    if not treated:
        raise CannotAnswer("No unit was treated within the data, so there is no effect to estimate.")
    if compare == "never" and len(treated) == len(first):
        raise CannotAnswer(
            "Every unit was treated in the end, so there is nobody to compare with; write `compare: not-yet` to compare each wave "
            "with those still waiting."
        )
    found = [
        (g, t)
        for g in treated
        for t in range(periods)
        if t != first[g] - 1 and compared_with(first, g, t, compare).any()
    ]
    if not any(t >= first[g] for g, t in found):
        raise CannotAnswer(
            "All units were treated in the same period, so nobody was waiting to compare with; `kind: interrupted-time-series` "
            "would work."
        )
    return found


def require_after(found: Whole, first: Whole) -> None:
    """Raises CannotAnswer where no pair under treatment could be estimated."""
    if not (found[:, 1] >= first[found[:, 0]]).any():
        raise CannotAnswer(
            "No wave was seen both before and after its start together with somebody to compare it with in the same periods."
        )


def group_time(cells: Cells, compare: Compare) -> GroupTime:
    """Plain differences of means; a pair with an empty cell is left out."""
    periods = cells.mean.shape[1]
    wanted = pairs(cells.first, periods, compare)
    means, presence = zip(*(_maps(cells, g, t, compare) for g, t in wanted), strict=True)
    found = [np.nansum(m[:, :, None] * cells.mean, axis=(0, 1)) for m in means]
    return _group_time(cells, np.array(wanted), np.array(means), np.array(presence), np.array(found))


def _group_time(cells: Cells, wanted: Whole, means: Array, presence: Array, value: Array) -> GroupTime:
    """``means`` [A, G, T] weights of the cells' means, ``presence`` [A, G, T, V] of a unit's presence in a cell."""
    seen = ~np.isnan(cells.mean).any(axis=2)
    full = np.array([seen[m != 0].all() and np.allclose(m.sum(axis=0), 0) for m in means])
    wanted, means, presence, value = wanted[full], means[full], presence[full], value[full]
    require_after(wanted, cells.first)

    def positions(weights: Array, of_presence: Array) -> Array:
        at_means = np.einsum("kav,agt->kgtv", weights, means)
        at_presence = (
            np.einsum("kav,agtv->kgt", weights, presence) + of_presence.sum(axis=2)[:, :, None] / cells.own_periods
        )
        return np.concatenate([at_means, at_presence[..., None]], axis=3).reshape(len(weights), -1)

    g, t = wanted.T
    units = np.repeat(cells.units[:, None], value.shape[1], axis=1)
    return GroupTime(g, t - cells.first[g], cells.first, units, value, cells.mean[g, t], cells.blocks, positions)


def _maps(cells: Cells, g: int, t: int, compare: Compare) -> tuple[Array, Array]:
    """ATT(g, t) as weights of the cells' means, and what a unit's presence in a comparison cell adds to it.

    The comparison's mean is that of its cohorts by their size, so a unit of cohort c moves it by its distance from the
    cohort's mean, and by the cohort's distance from the comparison's mean.
    """
    base = int(cells.first[g]) - 1
    inside = compared_with(cells.first, g, t, compare)
    means, presence = np.zeros(cells.count.shape), np.zeros(cells.mean.shape)
    for period, sign in ((t, 1.0), (base, -1.0)):
        share = np.where(inside & ~np.isnan(cells.mean[:, period]).any(axis=1), cells.count[:, period], 0.0)
        share = share / max(share.sum(), 1.0)
        means[:, period] = -sign * share
        means[g, period] = sign
        middle = share[share > 0] @ cells.mean[share > 0, period]
        away = np.where(share[:, None] > 0, cells.mean[:, period] - middle, 0.0)
        presence[:, period] = -sign * away * (share / np.maximum(cells.count[:, period], 1))[:, None]
    return means, presence
