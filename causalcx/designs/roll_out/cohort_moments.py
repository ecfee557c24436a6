"""What staggered effects need when no covariate is used: means per cohort and period, and the products behind their errors.

Once a panel is reduced to :class:`CohortMoments`, memory and time no longer depend on the number of its units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Whole
from causalcx.designs.roll_out.waves import Waves


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
    objects: int


@dataclass(frozen=True)
class Cells:
    """Means per cohort and period with what their errors come from. Positions of the blocks: [G, T, V + 1].

    At (g, t, v) an object's value is the deviation of its variable from the cell's mean, summed over its members and
    divided by the cell's count; at (g, t, V) it is the number of its members.
    """

    first: Whole
    """[G]"""
    units: Array
    """[G] units of the cohort (rows in cross-sections)."""
    count: Array
    """[G, T] units (rows) in the cell."""
    mean: Array
    """[G, T, V]; NaN where a cell has no value."""
    blocks: tuple[Block, ...]
    own_periods: int
    """Periods in which a record counts: T in a panel, 1 in cross-sections."""


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
        blocks.append(Block(at, product, int(n)))
    count = np.repeat(moments.units[:, None], periods, axis=1)
    return Cells(first, moments.units, count, moments.mean, lent(blocks, width), periods)


def cells_of_records(waves: Waves) -> Cells:
    """Cells of rows of repeated cross-sections, or of a panel whose units move together in clusters.

    A row without a value of a variable counts for its cell, and not for that variable's mean.
    """
    cohorts, periods, variables = len(waves.first), waves.periods, waves.values.shape[2]
    time = np.arange(periods)[None, :] if waves.time is None else waves.time[:, None]
    cell = waves.cohort[:, None] * periods + time
    count = np.bincount(cell.ravel(), minlength=cohorts * periods).astype(float)
    flat = waves.values.reshape(-1, variables)
    known, filled = (~np.isnan(flat)).astype(float), np.nan_to_num(flat)
    total, seen = (
        np.column_stack([np.bincount(cell.ravel(), y, cohorts * periods) for y in x.T]) for x in (filled, known)
    )
    mean = np.divide(total, seen, out=np.full(seen.shape, np.nan), where=seen > 0)
    deviation = np.where(known > 0, (filled - mean[cell.ravel()]) / np.maximum(seen, 1)[cell.ravel()], 0.0)
    values = np.column_stack([deviation, np.ones(len(flat))])
    cluster = np.repeat(waves.cluster, waves.values.shape[1])
    shape = (cohorts, periods)
    blocks = _blocks(values, cell.ravel(), cluster, waves, cohorts * periods)
    return Cells(
        waves.first, np.bincount(waves.cohort, minlength=cohorts).astype(float), count.reshape(shape), mean.reshape(*shape, variables),
        lent(blocks, variables + 1), waves.values.shape[1],
    )  # fmt: skip


def _blocks(values: Array, cell: Whole, cluster: Whole, waves: Waves, cells: int) -> list[Block]:
    width = values.shape[1]
    places = np.arange(cells * width).reshape(cells, width)
    if len(np.unique(waves.cluster)) == len(waves.cluster) and waves.time is not None:
        own = [values[cell == c] for c in range(cells)]
        return [_block(y, places[c]) for c, y in enumerate(own) if len(y)]
    totals = np.zeros((int(cluster.max()) + 1, cells * width))
    for v in range(width):
        np.add.at(totals, (cluster, cell * width + v), values[:, v])
    alike = objects_by_cohort(waves)
    own_places = places.reshape(len(alike), -1)
    return [_block(totals[members][:, at], at) for members, at in zip(alike, own_places, strict=True)]


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
    """No wave lies in a single cluster that holds other waves too: its mean would take all of that cluster's chance."""
    lone = [name for g, name in enumerate(waves.cohorts) if len(np.unique(waves.cluster[waves.cohort == g])) == 1]
    if lone:
        raise CannotAnswer(
            "Each of these waves lies in one cluster only, which holds other waves too: {waves}. Nothing then tells how much it "
            "varies by chance; name smaller clusters, or leave `cluster` out if units move on their own.",
            waves=", ".join(lone),
        )  # fmt: skip


def _block(values: Array, at: Whole) -> Block:
    return Block(at, values.T @ values, len(values))


def lent(blocks: list[Block], width: int) -> tuple[Block, ...]:
    """Blocks of one object take their products from the others: a single object cannot tell its own spread.

    An object of a block of n has n times its share of the cohort's mean, so what is pooled is n^2 x product over sum of
    (n - 1), as if every object were as variable as those of the other cohorts (Conley & Taber 2011, Review of Economics
    and Statistics 93: 113-125). ``width`` is V + 1. Raises CannotAnswer where every block is of one object.
    """
    pooled = {w: _pooled([b for b in blocks if len(b.at) == w]) for w in {len(b.at) for b in blocks}}
    return tuple(b if b.objects > 1 else _borrowed(b, *pooled[len(b.at)], width) for b in blocks)


def enough(freedom: int) -> int:
    """Degrees of freedom behind a pooled spread. Raises CannotAnswer where there are none."""
    if freedom < 1:
        raise CannotAnswer(
            "There are one treated and one untreated unit (or cluster), so nothing tells an effect from chance; with more "
            "untreated units, `kind: synthetic-control` would work."
        )
    return freedom


def _pooled(blocks: list[Block]) -> tuple[Array, int]:
    """Product of one object, and the degrees of freedom behind it; only called where some block needs it."""
    freedom = sum(b.objects - 1 for b in blocks)
    total = sum((b.objects**2 * b.product for b in blocks if b.objects > 1), np.zeros_like(blocks[0].product))
    return total / max(freedom, 1), freedom


def _borrowed(block: Block, product: Array, freedom: int, width: int) -> Block:
    freedom, deviation = enough(freedom), block.at % width < width - 1
    both = np.outer(deviation, deviation)
    return Block(block.at, np.where(both, product * freedom / (freedom + 1), block.product), freedom + 1)
