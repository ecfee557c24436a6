"""Durations in the engine: who left when, counted; and each unit's pseudo-values joined to its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.curve import Curve
from causalcx.core.errors import CannotAnswer
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame, Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.survival import LifeTable, life_table, told, until
from causalcx.sources.columns import event_value, outcome_value, position_of
from causalcx.sources.engine import Column, Source, ibis, ir
from causalcx.sources.first_look import Look

FINEST = 10_000
"""Distinct times up to the horizon beyond which times are rounded up to so many parts of it."""
KEYS = ["k_arm", "k_cell", "k_time", "k_left"]
VALUES = ["v_share", "v_time"]
"""Columns beside those of the data, while pseudo-values are joined to them."""


@dataclass(frozen=True)
class Counted:
    """Units by arm, cell, last time and whether they left then. [R] rows."""

    arm: Array
    cell: Array
    """Text: the stratum and segment."""
    key: Array
    """The time as the engine knows it: itself, or its number of steps."""
    time: Array
    left: Flags
    count: Array


def with_pseudo_values(source: Source, table: ir.Table, need: Need, look: Look, cell: Column) -> tuple[ir.Table, Look]:
    """The table with the pseudo-values of every duration as columns, and the look with the arms' curves.

    Curves are made within arm and ``cell`` (stratum and segment), or within arms where a cell was not followed to the horizon.
    Raises CannotAnswer where an arm was not.
    """
    arms = list(look.profile.arms)
    arm = position_of(table[need.treatment], look.raw_arms, {label: i for i, label in enumerate(arms)})
    survival, notices = {}, []
    for outcome in (o for o in need.outcomes if o.kind == "duration"):
        step = _step(source, table, outcome)
        keyed = table.mutate(k_arm=arm, k_cell=cell, **_keys(source, table, outcome, step))
        counted = _counted(source, keyed.select(*KEYS), outcome, step)
        survival[outcome.key] = curves_of(outcome, arms, counted.arm, counted.time, counted.left, counted.count)
        values, within = _values(outcome, counted)
        table = _joined(keyed, ibis.memtable(_looked_up(counted, values)), outcome)
        if not within:
            notices.append(Notice(code="duration-not-stratified", facts={"outcome": outcome.key}))
    profile = replace(look.profile, survival=survival, notices=(*look.profile.notices, *notices))
    return table, replace(look, profile=profile)


def _step(source: Source, table: ir.Table, outcome: Outcome) -> float | None:
    """Length of a step of time; None where times are few enough to be taken as they are."""
    time, _ = outcome_value(source, table, outcome)
    at = _at_most(time, outcome.length)
    return outcome.length / FINEST if source.scalar(at.nunique()) > FINEST else None


def _keys(source: Source, table: ir.Table, outcome: Outcome, step: float | None) -> dict[str, Column]:
    """Time up to the horizon (a whole number of steps where there are too many; NULL where missing), and whether the unit left then."""
    time, _ = outcome_value(source, table, outcome)
    left, _ = event_value(table, outcome)
    at = _at_most(time, outcome.length)
    at = at if step is None else _at_most((at / step).ceil().cast("int64"), FINEST)
    return {"k_time": at.cast("float64"), "k_left": ((left == 1) & (time <= outcome.length)).cast("int8")}


def _at_most(time: Column, limit: float) -> Column:
    """The smaller of the two, missing where time is: the engine's ``least`` passes over NULL."""
    return time.notnull().ifelse(ibis.least(time, limit), ibis.null(time.type()))


def _counted(source: Source, keys: ir.Table, outcome: Outcome, step: float | None) -> Counted:
    known = keys.filter(keys.k_time.notnull())
    found = source.arrow(known.group_by(KEYS).aggregate(n=known.count()).order_by(KEYS))
    arm, key, count = (found.column(c).to_numpy().astype(float) for c in ("k_arm", "k_time", "n"))
    cell, left = np.array(found.column("k_cell").to_pylist(), str), found.column("k_left").to_numpy().astype(bool)
    return Counted(arm, cell, key, key if step is None else outcome.length * (key / FINEST), left, count)


def curves_of(
    outcome: Outcome, arms: list[str], arm: Array, time: Array, left: Flags, count: Array
) -> dict[str, Curve]:
    """The arms' curves. Raises CannotAnswer where an arm was not followed to the horizon."""
    tables = {}
    for a, label in enumerate(arms):
        own = arm == a
        tables[label] = life_table(time[own], left[own], count[own], outcome.length)[0]
        if not tables[label].followed:
            raise CannotAnswer(
                "Outcome {outcome}: nobody in arm {arm} was seen until the horizon of {horizon}; the last was seen at {last}. Wait, or state a "
                "shorter `horizon`.",
                outcome=outcome.key, arm=label, horizon=f"{outcome.length:g}", last=f"{tables[label].time[-1]:g}",
            )  # fmt: skip
    if not any(t.left.any() for t in tables.values()):
        raise CannotAnswer(
            "Outcome {outcome}: nobody left before the horizon of {horizon} (column `{event}` is never 1 by then), so there is nothing to compare.",
            outcome=outcome.key, horizon=f"{outcome.length:g}", event=str(outcome.event),
        )  # fmt: skip
    return {label: table.curve() for label, table in tables.items()}


def _values(outcome: Outcome, counted: Counted) -> tuple[Array, bool]:
    """[R, 2] told share and restricted time of every row, and whether curves were made within cells."""
    cell = np.unique(counted.cell, return_inverse=True)[1]
    tables, within = _tables(outcome, counted, counted.arm * (cell.max() + 1) + cell), True
    if not all(t.followed for t, _, _ in tables):
        tables, within = _tables(outcome, counted, counted.arm), False
    values = np.empty((len(counted.time), 2))
    for table, place, own in tables:
        values[own] = table.pseudo_values()[place, counted.left[own].astype(int)]
    return told(outcome, values), within


def _tables(outcome: Outcome, counted: Counted, group: Array | Whole) -> list[tuple[LifeTable, Whole, Whole]]:
    found: list[tuple[LifeTable, Whole, Whole]] = []
    for one in np.unique(group):
        own = np.flatnonzero(group == one)
        table, place = life_table(counted.time[own], counted.left[own], counted.count[own], outcome.length)
        found.append((table, place, own))
    return found


def _looked_up(counted: Counted, values: Array) -> Any:
    """What a row's pseudo-values are looked up in."""
    import pyarrow as pa

    keys = (counted.arm, counted.cell, counted.key, counted.left.astype(np.int8), *values.T)
    return pa.table(dict(zip((*KEYS, *VALUES), keys, strict=True)))


def _joined(keyed: ir.Table, found: ir.Table, outcome: Outcome) -> ir.Table:
    joined = keyed.left_join(found, KEYS)
    named = joined.mutate(**{name: joined[v] for name, v in zip(variables_of(outcome), VALUES, strict=True)})
    return named.drop(*[c for c in named.columns if c in VALUES or c.removesuffix("_right") in KEYS])


def survival_of(need: Need, frame: Frame) -> Mapping[str, Mapping[str, Curve]]:
    """The arms' curves of pulled rows."""
    arms, found = list(frame.profile.arms), {}
    for outcome in need.outcomes:
        if outcome.kind == "duration":
            seen = ~np.isnan(frame.outcomes[outcome.key])
            time, left = until(frame.outcomes[outcome.key][seen], frame.left[outcome.key][seen], outcome.length)
            found[outcome.key] = curves_of(outcome, arms, frame.arm[seen], time, left, np.ones(len(time)))
    return found
