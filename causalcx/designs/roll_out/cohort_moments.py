"""What staggered effects need when no covariate is used: means per cohort and period, and the products behind their errors.

Once a panel is reduced to :class:`CohortMoments`, memory and time no longer depend on the number of its units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.errors import CannotAnswer, Message
from causalcx.core.moments import Array, Flags, Whole
from causalcx.designs.roll_out.waves import NEVER, Waves


@dataclass(frozen=True)
class CohortMoments:
    """Axes: G cohorts, T periods, V variables."""

    units: Array
    """[G]"""
    mean: Array
    """[G, T, V]"""
    product: Array
    """[G, T x V, T x V] sums over units of centred cross-products over periods and variables."""


@dataclass(frozen=True)
class Block:
    """Objects (units, rows or clusters) that are alike, and what they add to the covariance of the estimates.

    An estimate is a weighted sum of positions, and each object has a value at every position; the sum of these values'
    products over the objects, times n / (n - 1), is the covariance that the block adds.
    """

    at: Whole
    """[w] positions that the block speaks of."""
    product: Array
    """[w, w] sum of products over the objects."""
    objects: Array
    """[w] objects that have an answer of the position's variable."""


@dataclass(frozen=True)
class Cells:
    """Means per cohort and period with what their errors come from. Positions of the blocks: [G, T, W].

    At (g, t, v) an object's value is the deviation of its variable from the cell's mean, summed over its members and
    divided by the cell's count; at (g, t, presence[v]) it is the number of its members that have the variable.
    """

    first: Whole
    """[G]"""
    count: Array
    """[G, T, V] units (rows) with the variable."""
    mean: Array
    """[G, T, V]; NaN where a cell has no value."""
    presence: Whole
    """[V] where a cell's positions have the presence of each variable; variables that the same rows have share one."""
    blocks: tuple[Block, ...]
    own_periods: int
    """Periods in which a record counts: T in a panel, 1 in cross-sections."""

    @property
    def units(self) -> Array:
        """[G, V] units of the cohort (rows in cross-sections)."""
        return self.count.sum(axis=1) / self.own_periods


def reduced(waves: Waves) -> CohortMoments:
    """Moments of a complete panel."""
    groups = [waves.values[waves.cohort == g] for g in range(len(waves.first))]
    mean = np.array([y.mean(axis=0) for y in groups])
    flat = ((y - m).reshape(len(y), -1) for y, m in zip(groups, mean, strict=True))
    return CohortMoments(np.array([float(len(y)) for y in groups]), mean, np.array([d.T @ d for d in flat]))


def cells_of_moments(first: Whole, moments: CohortMoments) -> Cells:
    """Cells of a panel whose units are independent: one block per cohort."""
    (cohorts, periods, variables), width = moments.mean.shape, moments.mean.shape[2] + 1
    places = np.arange(cohorts * periods * width).reshape(cohorts, periods, width)
    blocks = []
    for g, n in enumerate(moments.units):
        at = np.concatenate([places[g, :, :variables].ravel(), places[g, :, variables]])
        product = np.zeros((len(at), len(at)))
        product[: periods * variables, : periods * variables] = moments.product[g] / n**2
        product[periods * variables :, periods * variables :] = n
        blocks.append(Block(at, product, np.full(len(at), n)))
    count = np.broadcast_to(moments.units[:, None, None], moments.mean.shape)
    presence = np.full(variables, variables)
    return Cells(first, count, moments.mean, presence, lent(blocks, variables, width), periods)


def cells_of_records(waves: Waves) -> Cells:
    """Cells of rows of repeated cross-sections, or of a panel whose units move together in clusters.

    A row counts for the variables that it has a value of, as if the others had not been asked.
    """
    shape = (len(waves.first), waves.periods, waves.values.shape[2])
    time = np.arange(waves.periods)[None, :] if waves.time is None else waves.time[:, None]
    cell, cells = (waves.cohort[:, None] * waves.periods + time).ravel(), shape[0] * shape[1]
    flat = waves.values.reshape(-1, shape[2])
    known, filled = (~np.isnan(flat)).astype(float), np.nan_to_num(flat)
    total, count = (np.column_stack([np.bincount(cell, y, cells) for y in x.T]) for x in (filled, known))
    mean = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    deviation = np.where(known > 0, (filled - mean[cell]) / np.maximum(count, 1)[cell], 0.0)
    together, own = np.unique(known, axis=1, return_inverse=True)
    values = np.column_stack([deviation, together])
    blocks = _blocks(values, own.ravel(), cell, waves, cells)
    return Cells(
        waves.first, count.reshape(shape), mean.reshape(shape), shape[2] + own.ravel(),
        lent(blocks, shape[2], values.shape[1]), waves.values.shape[1],
    )  # fmt: skip


def _blocks(values: Array, own: Whole, cell: Whole, waves: Waves, cells: int) -> list[Block]:
    """``own`` [V] says which of the columns after the variables is the presence of each."""
    width = values.shape[1]
    places = np.arange(cells * width).reshape(cells, width)
    of = np.concatenate([own, np.arange(width - len(own))])
    if len(np.unique(waves.cluster)) == len(waves.cluster) and waves.time is not None:
        rows = [values[cell == c] for c in range(cells)]
        return [_block(y, places[c], of) for c, y in enumerate(rows) if len(y)]
    cluster = np.repeat(waves.cluster, waves.values.shape[1])
    totals = np.zeros((int(cluster.max()) + 1, cells * width))
    for v in range(width):
        np.add.at(totals, (cluster, cell * width + v), values[:, v])
    alike = objects_by_cohort(waves)
    own_places = places.reshape(len(alike), -1)
    return [_block(totals[members][:, at], at, of) for members, at in zip(alike, own_places, strict=True)]


def objects_by_cohort(waves: Waves) -> list[Whole]:
    """Clusters per cohort; all of them together where some cluster has members of several cohorts."""
    cohorts, objects = len(waves.first), int(waves.cluster.max()) + 1
    lowest, highest = np.full(objects, cohorts), np.full(objects, -1)
    np.minimum.at(lowest, waves.cluster, waves.cohort)
    np.maximum.at(highest, waves.cluster, waves.cohort)
    if not (lowest == highest).all():
        _refuse_lone(waves)
    return [np.flatnonzero(lowest == g) for g in range(cohorts)] if (lowest == highest).all() else [np.arange(objects)]


def _refuse_lone(waves: Waves) -> None:
    """Where clusters hold several waves, none lies in a single one: its mean would take all of that cluster's chance."""
    treated = waves.first[waves.cohort] < waves.periods
    if all(len(np.unique(waves.cluster[side])) == 1 for side in (treated, ~treated)):
        raise CannotAnswer(
            "There are one treated and one untreated cluster, so nothing tells an effect from chance; name smaller clusters, or leave "
            "`cluster` out if units move on their own."
        )
    lone = [name for g, name in enumerate(waves.cohorts) if len(np.unique(waves.cluster[waves.cohort == g])) == 1]
    if lone:
        raise CannotAnswer(
            "Some clusters hold several waves, and each of these waves lies in one cluster only: {waves}. Nothing then tells how much "
            "it varies by chance; name smaller clusters, or leave `cluster` out if units move on their own.",
            waves=_listed(lone),
        )  # fmt: skip


def _listed(waves: list[str]) -> Message | str:
    *starts, last = waves
    if last != NEVER:
        return ", ".join(waves)
    never = Message("those that never had the change")
    return Message("{waves}, {never}", {"waves": ", ".join(starts), "never": never}) if starts else never


def _block(values: Array, at: Whole, of: Whole) -> Block:
    """``of`` [W] says whose presence each column of a cell goes with."""
    variables = len(of) - int(of.max()) - 1
    present = values.reshape(len(values), -1, len(of))[:, :, variables:] > 0
    objects = present.any(axis=1).sum(axis=0)
    return Block(at, values.T @ values, np.tile(objects[of], present.shape[1]).astype(float))


def lent(blocks: list[Block], variables: int, width: int) -> tuple[Block, ...]:
    """Blocks of one object take their products from the others: a single object cannot tell its own spread.

    An object of a block of n has n times its share of the cohort's mean, so what is pooled is n^2 x product over sum of
    (n - 1), as if every object were as variable as those of the other cohorts (Conley & Taber 2011, Review of Economics
    and Statistics 93: 113-125). Of ``width`` positions of a cell the first are its ``variables``, each counted by itself.
    """
    lone = [(b.objects == 1).any() for b in blocks]
    pooled = (
        {w: _pooled([b for b in blocks if len(b.at) == w]) for w in {len(b.at) for b in blocks}} if any(lone) else {}
    )
    return tuple(
        _borrowed(b, *pooled[len(b.at)], b.at % width < variables) if alone else b
        for b, alone in zip(blocks, lone, strict=True)
    )


def _pooled(blocks: list[Block]) -> tuple[Array, Array]:
    """Product of one object, and [w] the degrees of freedom behind it."""
    freedom = np.sum([np.maximum(b.objects - 1, 0) for b in blocks], axis=0)
    many = [np.where(b.objects > 1, b.objects, 0) / np.sqrt(np.maximum(freedom, 1)) for b in blocks]
    return np.sum([np.outer(n, n) * b.product for n, b in zip(many, blocks, strict=True)], axis=0), freedom


def _borrowed(block: Block, product: Array, freedom: Array, deviation: Flags) -> Block:
    lone = block.objects == 1
    share = np.where(lone, np.sqrt(freedom / (freedom + 1)), 1.0)
    own = np.where(np.outer(lone & deviation, lone & deviation), product, block.product)
    return Block(block.at, np.outer(share, share) * own, np.where(lone, freedom + 1, block.objects))
