"""From a table and a need to a frame: the same first look, a memory estimate, then only the columns needed."""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer
from causalcx.core.labels import canonical
from causalcx.core.moments import Whole
from causalcx.core.need import Frame, Labels, Need
from causalcx.core.panel import Panel, clock_of
from causalcx.sources.columns import capped, denominator_of, event_value, levels_of, outcome_value, position_of
from causalcx.sources.durations import survival_of
from causalcx.sources.engine import Column, Source, ir, number, wrong_variable
from causalcx.sources.first_look import validated
from causalcx.sources.neighbours import neighbours_of

BUDGET_GB = 4.0
"""Memory that a fit on rows may take; the environment variable CAUSALCX_MEMORY_GB overrides it."""
MOST_NAMED = 100_000
"""Units of a panel whose names are kept."""
COPIES = 8
"""Copies of a column that a fit holds at its worst: transfer, features, folds, predictions of every split."""


def pull(source: Source, need: Need) -> Frame:
    """Validate everything that the need names, then pull rows.

    Raises DataError with the first offending rows, CannotAnswer where the rows would not fit into the memory budget.
    """
    present = set(source.table.columns)
    need = replace(need, covariates=(*need.covariates, *(c for c in need.candidates if c in present)))
    table, look = validated(source, need)
    words = {c: levels_of(source, table, c) for c in need.covariates if table[c].type().is_string()}
    levels = {c: found for c, found in words.items() if found}  # a column that holds nothing is no column of words
    columns = _outcomes(source, table, need) | _covariates(table, need, levels)
    columns |= {f"n{i}": number(table, c)[0] for i, c in enumerate(need.numbers)}
    width = 1 + len(columns) + len(need.labels) + sum(len(v) for v in levels.values())
    needed = within_budget(look.profile.rows, width)
    positions = {label: i for i, label in enumerate(look.profile.arms)}
    arm = position_of(table[need.treatment], look.raw_arms, positions)
    order = ("unit", "time") if need.time else ("unit",)
    raw = {f"l{i}": table[c] for i, c in enumerate(need.labels)} | ({"time": table[need.time]} if need.time else {})
    wanted = table.select(unit=table[need.unit], arm=arm, **columns, **raw).order_by(*order)
    pulled = source.arrow(wanted if need.time or need.neighbours else wanted.drop("unit"))
    values = {name: pulled.column(name).to_numpy().astype(float, copy=False) for name in ("arm", *columns)}
    found = Frame(
        profile=replace(
            look.profile, memory_gb=needed, notices=(*_filled(look.profile.notices, need, levels), *_ratios(need))
        ),
        arm=values["arm"].astype(np.int64),
        outcomes={o.key: values[f"y{i}"] for i, o in enumerate(need.outcomes)},
        covariates={c: values[f"x{i}"] for i, c in enumerate(need.covariates)},
        levels={c: tuple(sorted(set(found.values()))) for c, found in levels.items()},
        labels={c: _labels(pulled.column(f"l{i}")) for i, c in enumerate(need.labels)},
        numbers={c: values[f"n{i}"] for i, c in enumerate(need.numbers)},
        left={o.key: values[f"e{i}"] == 1 for i, o in enumerate(need.outcomes) if o.kind == "duration"},
        panel=_panel(pulled, need.time) if need.time else None,
    )
    found = replace(found, profile=replace(found.profile, survival=survival_of(need, found)))
    return _with_neighbours(found, source, need, pulled)


def _with_neighbours(found: Frame, source: Source, need: Need, pulled: Any) -> Frame:
    """With the pairs of the file of neighbours, by positions of the panel's units or of the rows."""
    if need.neighbours is None:
        return found
    units = _encoded(pulled.column("unit"))[1] if need.time else pulled.column("unit").to_pylist()
    neighbours, notices = neighbours_of(source, need, need.neighbours, tuple(map(canonical, units)))
    profile = replace(found.profile, notices=(*found.profile.notices, *notices))
    return replace(found, neighbours=neighbours, profile=profile)


def _labels(column: Any) -> Labels:
    """A column of any type as labels in the order of its values; NaN and blanks are missing."""
    place, raw = _encoded(column)
    blank = [v is None or v != v or str(v).strip() == "" for v in raw]
    kept = [i for i, empty in enumerate(blank) if not empty]
    new = np.full(len(raw) + 1, -1)
    new[kept] = np.arange(len(kept))
    return Labels(new[place], tuple(canonical(raw[i]) for i in kept))


def _encoded(column: Any) -> tuple[Whole, list[Any]]:
    """Position of each row's value among the sorted distinct values (the last place, one beyond them, where missing)."""
    coded = column.combine_chunks().dictionary_encode()
    raw = coded.dictionary.to_pylist()
    order = sorted(range(len(raw)), key=lambda i: (raw[i] != raw[i], raw[i]))
    rank = np.empty(len(raw) + 1, np.int64)
    rank[order], rank[-1] = np.arange(len(raw)), len(raw)
    return rank[coded.indices.fill_null(-1).to_numpy()], [raw[i] for i in order]


def _panel(pulled: Any, time: str) -> Panel:
    place, raw = _encoded(pulled.column("time"))
    clock, position = clock_of(raw, time)
    unit, units = _encoded(pulled.column("unit"))
    return Panel(clock, position[place], unit, tuple(canonical(u) for u in units) if len(units) <= MOST_NAMED else ())


def _filled(notices: Sequence[Notice], need: Need, levels: Collection[str]) -> tuple[Notice, ...]:
    """What a frame's missing covariates are set to: the median, or for a text a level of their own."""
    return tuple(
        n.model_copy(update={"facts": n.facts | {"filled": "own-level" if n.facts["column"] in levels else "median"}})
        if n.code == "covariate-missing"
        else n
        for n in notices
        if not (need.bridged and n.code == "covariate-missing")
    )


def _ratios(need: Need) -> tuple[Notice, ...]:
    """Rows of a panel have a ratio each, and count equally."""
    return tuple(Notice(code="ratio-by-row", facts={"outcome": o.key}) for o in need.outcomes if o.kind == "ratio")


def memory_needed(rows: int, columns: int) -> float:
    """Estimate for a fit on rows, GB (2^30 bytes)."""
    return rows * columns * COPIES * np.dtype(float).itemsize / 2**30


def within_budget(rows: int, columns: int) -> float:
    """The estimate, GB. Raises CannotAnswer where it exceeds the budget."""
    needed, budget = memory_needed(rows, columns), _budget()
    if needed > budget:
        raise CannotAnswer(
            "{rows} rows of {columns} columns need about {needed} GB of memory, and {budget} GB are allowed; take a sample "
            "or fewer covariates, or raise CAUSALCX_MEMORY_GB.",
            rows=rows, columns=columns, needed=f"{needed:.1f}", budget=f"{budget:g}",
        )  # fmt: skip
    return needed


def _budget() -> float:
    """The memory that a fit may take, GB. Raises UsageError where the environment variable is no amount."""
    text = os.environ.get("CAUSALCX_MEMORY_GB", str(BUDGET_GB))
    try:
        budget = float(text)
    except ValueError:
        budget = math.nan
    if not budget > 0:
        raise wrong_variable(name="CAUSALCX_MEMORY_GB", value=text, example="8")
    return budget


def _outcomes(source: Source, table: ir.Table, need: Need) -> dict[str, Column]:
    columns = {}
    for i, outcome in enumerate(need.outcomes):
        value, _ = outcome_value(source, table, outcome)
        if outcome.kind == "ratio":
            value /= denominator_of(table, outcome)[0].nullif(0)
        columns[f"y{i}"] = value if outcome.cap is None else capped(value, outcome.cap)
        if outcome.kind == "duration":
            columns[f"e{i}"] = event_value(table, outcome)[0]
    return columns


def _covariates(table: ir.Table, need: Need, levels: dict[str, dict[Any, str]]) -> dict[str, Column]:
    columns = {}
    for i, column in enumerate(need.covariates):
        if column in levels:
            names = sorted(set(levels[column].values()))
            columns[f"x{i}"] = position_of(table[column], levels[column], {n: p for p, n in enumerate(names)})
        else:
            columns[f"x{i}"] = number(table, column)[0]
    return columns
