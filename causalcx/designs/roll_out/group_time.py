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
    seen: Flags
    """[A, V] pairs with an effect on the variable: those whose rows have it, whatever else they have."""
    value: Array
    """[A, V] the effects; 0 where not seen, as the level."""
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

        Satterthwaite over the blocks: (sum v)^2 / sum v^2 / (n - 1), with n the objects behind an estimate; 0 where it rests
        on a block of one.
        """
        rows = self.positions(weights, presence)
        covariance, square, apart = np.zeros((len(rows), len(rows))), np.zeros(len(rows)), np.zeros(len(rows))
        for block in self.blocks:
            own = rows[:, block.at]
            wider = own * np.sqrt(block.objects / np.maximum(block.objects - 1, 1))
            part = wider @ block.product @ wider.T
            objects = np.where(own != 0, block.objects, 0).max(axis=1)
            covariance += part
            square += np.where(objects == 1, np.inf, np.diag(part) ** 2 / np.maximum(objects - 1, 1))
            apart += np.maximum(objects - 1, 0)
        freedom = np.where(square > 0, np.diag(covariance) ** 2 / np.where(square > 0, square, 1.0), apart)
        return covariance, freedom


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


def require_effect(effects: GroupTime, v: int, outcome: str) -> None:
    """Raises CannotAnswer where no pair under treatment has an effect on the variable."""
    if not (effects.post & effects.seen[:, v]).any():
        raise CannotAnswer(
            "{outcome}: no wave was seen both before and after its start together with somebody to compare it with in the same "
            "periods.",
            outcome=outcome,
        )  # fmt: skip


def require_spread(freedom: float, outcome: str, *, adjusted: bool) -> None:
    """Raises CannotAnswer where an effect rests on a wave of one, and no other wave tells how much one varies."""
    if freedom > 0:
        return
    if adjusted:
        raise CannotAnswer(
            "{outcome}: a wave has answers of one unit or cluster only, too few to adjust for covariates; leave `covariates` out, "
            "or the wave.",
            outcome=outcome,
        )  # fmt: skip
    raise CannotAnswer(
        "{outcome}: there are one treated and one untreated unit (or cluster), so nothing tells an effect from chance; with "
        "more untreated units, `kind: synthetic-control` would work.",
        outcome=outcome,
    )  # fmt: skip


def unseen_waves(effects: GroupTime, v: int, periods: int, compare: Compare) -> list[int]:
    """Cohorts that could be compared, and have no effect on the variable under treatment."""
    possible = {g for g, t in pairs(effects.first, periods, compare) if t >= effects.first[g]}
    return sorted(possible - set(effects.cohort[effects.post & effects.seen[:, v]].tolist()))


def group_time(cells: Cells, compare: Compare) -> GroupTime:
    """Plain differences of means; a pair with an empty cell has no effect on the variable."""
    wanted = np.array(pairs(cells.first, cells.mean.shape[1], compare))
    means, presence = (np.array(m) for m in zip(*(_maps(cells, g, t, compare) for g, t in wanted), strict=True))
    empty = (means != 0) & np.isnan(cells.mean)
    seen = ~empty.any(axis=(1, 2)) & np.isclose(means.sum(axis=1), 0).all(axis=1)
    value = np.nansum(means * cells.mean, axis=(1, 2))
    some = seen.any(axis=1)
    means, presence, (g, t), seen = means[some], presence[some], wanted[some].T, seen[some]

    def positions(weights: Array, of_presence: Array) -> Array:
        at_means = np.einsum("kav,agtv->kgtv", weights, means)
        by_variable = np.einsum("kav,agtv->kgtv", weights, presence) + of_presence[:, :, None] / cells.own_periods
        together = cells.presence[:, None] == np.unique(cells.presence)
        return np.concatenate([at_means, by_variable @ together], axis=3).reshape(len(weights), -1)

    level = np.where(seen, cells.mean[g, t], 0.0)
    value = np.where(seen, value[some], 0.0)
    return GroupTime(g, t - cells.first[g], cells.first, cells.units, seen, value, level, cells.blocks, positions)


def _maps(cells: Cells, g: int, t: int, compare: Compare) -> tuple[Array, Array]:
    """[G, T, V] ATT(g, t) as weights of the cells' means, and what a unit's presence in a comparison cell adds to it.

    The comparison's mean is that of its cohorts by their size, so a unit of cohort c moves it by its distance from the
    cohort's mean, and by the cohort's distance from the comparison's mean.
    """
    base = int(cells.first[g]) - 1
    inside = compared_with(cells.first, g, t, compare)[:, None]
    means, presence = np.zeros(cells.mean.shape), np.zeros(cells.mean.shape)
    for period, sign in ((t, 1.0), (base, -1.0)):
        own = cells.mean[:, period]
        count = np.where(inside, cells.count[:, period], 0.0)
        total = np.maximum(count.sum(axis=0), 1.0)
        means[:, period] = -sign * count / total
        means[g, period] = sign
        away = np.where(count > 0, own - np.nansum(count * own, axis=0) / total, 0.0)
        presence[:, period] = -sign * away / total
    return means, presence
