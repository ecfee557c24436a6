"""From a long panel to means and cross-products per cohort, in memory that does not depend on the number of units.

The engine sorts the rows by unit and period, within its own memory; the sums are taken from batches as they come by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from causalcx.core.cohorts import CohortSums
from causalcx.core.labels import canonical
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame, Need
from causalcx.core.panel import Clock, clock_of
from causalcx.sources.columns import outcome_value, outcome_variables
from causalcx.sources.engine import Source, distinct_values, ir
from causalcx.sources.first_look import refuse_repeated_periods, validated
from causalcx.sources.pull import pull

MOST_PULLED = 1_000_000
"""Rows up to which a panel is pulled as it is, with checks that look at single units; above, it is reduced where it can be."""
BATCH = 500_000
MOST_PERIODS, MOST_LABELS = 2_000, 2_000
MOST_NUMBERS = 40_000_000
"""Numbers in the cross-products of all cohorts; above, periods and outcomes are too many for them."""


@dataclass
class _Sums:
    """Of one cohort, around ``shift`` [T, V]."""

    shift: Array
    units: float = 0.0
    dropped: float = 0.0
    total: Array = field(init=False)
    product: Array = field(init=False)

    def __post_init__(self) -> None:
        self.total, self.product = np.zeros(self.shift.size), np.zeros((self.shift.size,) * 2)

    def add(self, values: Array, complete: Flags) -> None:
        """[U, T, V] values of units, and which of them count."""
        away = (values[complete] - self.shift).reshape(int(complete.sum()), -1)
        self.units += len(away)
        self.dropped += len(complete) - len(away)
        self.total += away.sum(axis=0)
        self.product += away.T @ away

    @property
    def centred(self) -> tuple[Array, Array]:
        """[T, V] mean and [T x V, T x V] products of deviations from it."""
        mean = self.total / max(self.units, 1.0)
        return self.shift + mean.reshape(self.shift.shape), self.product - self.units * np.outer(mean, mean)


@dataclass(frozen=True)
class _Wide:
    """Whole units of a batch."""

    cohort: tuple[str, ...]
    """[U]"""
    values: Array
    """[U, T, V]; NaN where missing."""


def rows_or_sums(source: Source, need: Need) -> Frame | CohortSums:
    """The rows; sums by cohort instead where the need allows them, the rows are many, and the panel has them."""
    many = need.cohort is not None and source.scalar(source.table.count()) > MOST_PULLED
    return (cohort_sums(source, need) if many else None) or pull(source, need)


def cohort_sums(source: Source, need: Need) -> CohortSums | None:
    """Sums of a panel whose units each have one cohort, and either all values in all periods or no complete outcome.

    None for any other panel: its rows must be pulled. Raises DataError as a pull does.
    """
    table, look = validated(source, need, once=False)
    times, labels = (
        distinct_values(source, table, str(c), most)
        for c, most in ((need.time, MOST_PERIODS), (need.cohort, MOST_LABELS))
    )
    variables = [
        v for o in need.outcomes for v in outcome_variables(o, outcome_value(source, table, o)[0], missing=True)
    ]
    width = len(times) * len(variables)
    if len(times) > MOST_PERIODS or len(labels) > MOST_LABELS or (len(labels) + 1) * width**2 > MOST_NUMBERS:
        return None
    times.sort()
    clock, position = clock_of(times, str(need.time))
    if len(set(position.tolist())) < len(times):
        return None
    place = dict(zip(times, position.tolist(), strict=True))
    wanted = table.select(
        unit=table[need.unit], time=table[str(need.time)], cohort=table[str(need.cohort)], **{f"y{i}": v.value for i, v in enumerate(variables)}
    ).order_by("unit", "time")  # fmt: skip
    sums = _summed(_whole_units(source, wanted, place, clock))
    if sums is None or any(s.dropped for s in sums.values()):
        refuse_repeated_periods(source, table, need, look.profile.rows)
    if sums is None:
        return None
    names = tuple(sorted(sums))
    mean, product = zip(*(sums[n].centred for n in names), strict=True)
    return CohortSums(
        replace(look.profile, memory_gb=len(names) * width**2 * 8 / 2**30), clock, names, np.array([sums[n].units for n in names]),
        np.array([sums[n].dropped for n in names]), np.array(mean), np.array(product),
    )  # fmt: skip


def _summed(batches: Iterator[_Wide | None]) -> dict[str, _Sums] | None:
    """Sums per cohort label; None where some unit has no single cohort, or is complete in some variables only."""
    sums: dict[str, _Sums] = {}
    for batch in batches:
        if batch is None:
            return None
        known = ~np.isnan(batch.values).any(axis=1)
        complete = known.all(axis=1)
        if not complete.any() or (known.any(axis=1) != complete).any():
            return None
        cohort = np.array(batch.cohort)
        for name in np.unique(cohort).tolist():
            own = cohort == name
            if name not in sums:
                sums[name] = _Sums(
                    batch.values[own & complete].mean(axis=0)
                    if (own & complete).any()
                    else np.zeros(batch.values.shape[1:])
                )
            sums[name].add(batch.values[own], complete[own])
    return sums or None


def _whole_units(source: Source, wanted: ir.Table, place: dict[Any, int], clock: Clock) -> Iterator[_Wide | None]:
    """Batches in which every unit is whole; None for one that cannot be summed."""
    import pyarrow as pa

    rest = None
    for batch in source.batches(wanted, BATCH):
        table = pa.Table.from_batches([batch])
        table = table if rest is None else pa.concat_tables([rest, table])
        unit = _codes(table.column("unit"))[0]
        begins = int(np.flatnonzero(np.diff(unit, prepend=-1))[-1])
        rest = table.slice(begins)
        if begins:
            yield _wide(table.slice(0, begins), place, clock)
    if rest is not None:
        yield _wide(rest, place, clock)


def _wide(table: Any, place: dict[Any, int], clock: Clock) -> _Wide | None:
    unit = _codes(table.column("unit"))[0]
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    unit = np.cumsum(np.isin(np.arange(len(unit)), starts)) - 1
    time, raw = _codes(table.column("time"))
    time = np.array([place.get(t, -1) for t in raw])[time]
    at = unit * len(clock.at) + time
    cohort, names = _codes(table.column("cohort"))
    if (time < 0).any() or (cohort != cohort[starts][unit]).any() or np.bincount(at).max() > 1:
        return None
    columns = [c for c in table.column_names if c.startswith("y")]
    values = np.full((len(starts) * len(clock.at), len(columns)), np.nan)
    values[at] = np.column_stack([table.column(c).to_numpy() for c in columns])
    labels = np.array(["" if blank(n) else canonical(n) for n in names])
    return _Wide(tuple(labels[cohort[starts]].tolist()), values.reshape(len(starts), len(clock.at), len(columns)))


def _codes(column: Any) -> tuple[Whole, list[Any]]:
    """Position of each row's value among the values, and the values; a missing one is the last."""
    coded = column.combine_chunks().dictionary_encode()
    return coded.indices.fill_null(len(coded.dictionary)).to_numpy(), [*coded.dictionary.to_pylist(), None]


def blank(value: Any) -> bool:
    """Whether a raw label is missing."""
    return value is None or value != value or not str(value).strip()
