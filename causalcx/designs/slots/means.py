"""Always on against always off: slot means within units, covariates held equal, luck by cluster.

With weights w_u = share of unit u's slots, the effect is sum_u w_u (mean on - mean off), means being those at equal covariates: the
slope b of the outcome on them is fitted within unit and setting. It is a sum a'y, and its errors are sums of a x residual by cluster,
each divided by sqrt(1 - h) with h the cluster's share of its unit and setting: CR2 (Bell & McCaffrey 2002), exact without covariates.
Degrees of freedom are Satterthwaite's for that (Imbens & Kolesar 2016, Review of Economics and Statistics 98: 701-712).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer
from causalcx.core.linear import inverse, rank
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame
from causalcx.designs.features import features, refuse_repeats
from causalcx.designs.slots.order import LEAST_BLOCKS, Slots, distinct

MOST_LEVELS = 24
"""Whole numbers that are read level by level: hours of the day, weekdays, months."""


@dataclass(frozen=True)
class SlotEffect:
    """The effect on one outcome."""

    value: float
    scores: Array
    """[G] what each cluster adds to the error, of all clusters of the design; their squares add up to the variance."""
    df: float
    base: float
    base_error: float
    used: Flags
    """[n] slots that count for it."""
    clusters: tuple[int, int]
    """Clusters with the change off, and on."""
    left_out: tuple[str, ...]
    """Units without enough of either setting."""


def covariates_of(slots: Slots, frame: Frame, columns: Sequence[str]) -> Array:
    """[n, k] covariates as numbers; whole numbers of few values level by level, so that an hour is no slope."""
    by_level = {c: v for c in columns if c not in frame.levels and _few(v := frame.covariates[c])}
    places = {c: np.unique(v, return_inverse=True, equal_nan=True) for c, v in by_level.items()}
    positions = {c: np.where(np.isnan(by_level[c]), np.nan, place.astype(float)) for c, (_, place) in places.items()}
    levels = {c: tuple(str(x) for x in found if x == x) for c, (found, _) in places.items()}
    prepared = replace(frame, covariates={**frame.covariates, **positions}, levels={**frame.levels, **levels})
    known = features(prepared, tuple(columns))
    refuse_repeats(prepared, known)
    return known.values[slots.rows]


def _few(values: Array) -> bool:
    known = values[~np.isnan(values)]
    return bool(np.all(known == np.round(known))) and 2 < len(np.unique(known)) <= MOST_LEVELS


def slot_effect(slots: Slots, y: Array, x: Array, outcome: str) -> SlotEffect:
    """The effect on an outcome ``y`` [n], NaN where missing, at equal covariates ``x`` [n, k]."""
    used = slots.kept & ~np.isnan(y)
    enough = _enough(slots, used)
    if not enough.any():
        raise CannotAnswer(
            "Outcome {outcome}: no unit has {least} separate stretches with the change on and as many with it off, once {washout} slots "
            "after each switch are left out. Switch more often, or lower `design.washout`.",
            outcome=outcome, least=LEAST_BLOCKS, washout=slots.washout,
        )  # fmt: skip
    used &= enough[slots.unit]
    rows = np.flatnonzero(used)
    cells = Cells.of(slots.unit[rows], slots.on[rows], slots.cluster[rows])
    centred = cells.within(x[rows])
    products = centred.T @ centred
    bread = inverse(products)
    slope = bread @ (centred.T @ y[rows])
    residual = cells.within(y[rows]) - centred @ slope
    spare = _spare(len(rows) - len(cells.size), int(rank(products)), outcome)
    residual *= np.sqrt((len(rows) - len(cells.size)) / spare)
    means = cells.mean(y[rows]) - cells.mean(x[rows]) @ slope
    weight = cells.weight * np.where(cells.on == 1, 1.0, -1.0)
    pull = [w[cells.of_row] / cells.size[cells.of_row] - centred @ (bread @ (cells.mean(x[rows]).T @ w))
            for w in (weight, cells.weight * (cells.on == 0))]  # fmt: skip
    scores = [cells.scores(p * residual, slots.cluster[rows], int(slots.cluster.max()) + 1) for p in pull]
    middle = float((x[rows] @ slope).mean())
    return SlotEffect(
        value=float(weight @ means), scores=scores[0], df=min(cells.freedom(), spare),
        base=float((cells.weight * (cells.on == 0)) @ means) + middle, base_error=float(np.sqrt((scores[1] ** 2).sum())),
        used=used, clusters=_clusters(slots, used),
        left_out=tuple(n for n, e in zip(slots.names, enough, strict=True) if not e),
    )  # fmt: skip


def _spare(slots: int, slopes: int, outcome: str) -> int:
    """Slots beyond the means of the settings and the slopes that are fitted; without one nothing shows luck."""
    if slopes and slots <= slopes:
        raise CannotAnswer(
            "Outcome {outcome}: `design.covariates` take {slopes} parameters, and beyond the means of each setting only {slots} slots are left to "
            "fit them, so nothing would be left to know luck by. Name fewer covariates, or go on for longer.",
            outcome=outcome, slopes=slopes, slots=slots,
        )  # fmt: skip
    return slots - slopes


def _enough(slots: Slots, used: Flags) -> Flags:
    """[U] units with enough clusters of either setting."""
    unit, on = slots.unit[used], slots.on[used]
    first, _ = distinct(unit, on, slots.cluster[used])
    count = np.bincount(2 * unit[first] + on[first], minlength=2 * len(slots.names)).reshape(-1, 2)
    return (count >= LEAST_BLOCKS).all(axis=1)


def _clusters(slots: Slots, used: Flags) -> tuple[int, int]:
    """Separate draws with the change off, and on, as the groups' first units see them."""
    setting = (slots.on ^ slots.group[1][slots.unit])[used]
    first, _ = distinct(setting, slots.cluster[used])
    off, on = np.bincount(setting[first], minlength=2)
    return int(off), int(on)


def too_rarely(effects: Sequence[tuple[str, SlotEffect]]) -> tuple[Notice, ...]:
    """Units that an outcome cannot use."""
    return tuple(
        Notice(code="units-switched-too-rarely", facts={"outcome": name, "units": list(found.left_out)})
        for name, found in effects
        if found.left_out
    )


@dataclass(frozen=True)
class Cells:
    """Units by setting. n rows, C cells, P pairs of cluster and cell."""

    of_row: Whole
    """[n] cell of each row."""
    on: Whole
    """[C] setting."""
    size: Array
    """[C] rows."""
    weight: Array
    """[C] share of the unit among all rows."""
    pair: Whole
    """[n] pair of each row."""
    pair_cell: Whole
    """[P] cell of each pair."""
    pair_cluster: Whole
    """[P] cluster of each pair, from 0."""

    @classmethod
    def of(cls, unit: Whole, on: Whole, cluster: Whole) -> Cells:
        """Cells and pairs of these rows."""
        found, of_row = np.unique(2 * unit + on, return_inverse=True)
        first, pair = distinct(of_row, cluster)
        size = np.bincount(of_row).astype(float)
        share = np.bincount(unit)[found // 2] / len(unit)
        return cls(
            of_row, found % 2, size, share, pair, of_row[first], np.unique(cluster[first], return_inverse=True)[1]
        )

    def mean(self, values: Array) -> Array:
        """[C, ...] means of [n, ...]."""
        flat = values.reshape(len(values), -1)
        sums = np.column_stack([np.bincount(self.of_row, column, len(self.size)) for column in flat.T])
        return (sums / self.size[:, None]).reshape(len(self.size), *values.shape[1:])

    def within(self, values: Array) -> Array:
        """[n, ...] values less the mean of their cell."""
        return values - self.mean(values)[self.of_row]

    @property
    def _spare(self) -> Array:
        """[P] root of the share of its cell that a cluster leaves to the others."""
        return np.sqrt(1 - np.bincount(self.pair) / self.size[self.pair_cell])

    def scores(self, values: Array, cluster: Whole, clusters: int) -> Array:
        """[clusters] sums of [n] values by pair, freed of the cluster's own pull on its cell, then by cluster."""
        sums = np.bincount(self.pair, values) / self._spare
        first = np.zeros(len(sums), np.int64)
        first[self.pair] = cluster
        return np.bincount(first, sums, clusters)

    def freedom(self) -> float:
        """Satterthwaite's (tr B)^2 / tr(B^2), B the covariance of the scores under equal luck in all rows.

        With k = w / size / spare by pair, B = diag(sum k^2 n) - QQ', Q = k n / sqrt(size).
        """
        from scipy.sparse import csr_array

        count = np.bincount(self.pair)
        k = self.weight[self.pair_cell] / self.size[self.pair_cell] / self._spare
        q = csr_array((k * count / np.sqrt(self.size[self.pair_cell]), (self.pair_cluster, self.pair_cell)))
        diagonal = np.bincount(self.pair_cluster, k**2 * count)
        own = np.asarray(q.multiply(q).sum(axis=1)).ravel()
        inner = q.T @ q
        trace = diagonal.sum() - own.sum()
        square = (diagonal**2).sum() - 2 * (diagonal @ own) + float(inner.multiply(inner).sum())
        return float(trace**2 / square)
