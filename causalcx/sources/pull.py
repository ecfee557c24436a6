"""From a table and a need to a frame: the same first look, a memory estimate, then only the columns needed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.need import Frame, Need
from causalcx.sources.columns import MOST_LEVELS, capped, outcome_value
from causalcx.sources.engine import Column, Source, ir, is_label, labels_of, number
from causalcx.sources.first_look import validated

BUDGET_GB = 4.0
"""Memory that a fit on rows may take; the environment variable CAUSALCX_MEMORY_GB overrides it."""
COPIES = 8
"""Copies of a column that a fit holds at its worst: transfer, features, folds, predictions of every split."""


def pull(source: Source, need: Need) -> Frame:
    """Validate everything that the need names, then pull rows.

    Raises DataError with the first offending rows, CannotAnswer where the rows would not fit into the memory budget.
    """
    present = set(source.table.columns)
    need = replace(need, covariates=(*need.covariates, *(c for c in need.candidates if c in present)))
    table, look = validated(source, need)
    levels = {c: _levels(source, table, c) for c in need.covariates if table[c].type().is_string()}
    columns = _outcomes(source, table, need) | _covariates(table, need, levels)
    refuse_over_budget(look.profile.rows, 1 + len(columns) + sum(len(v) for v in levels.values()))
    positions = {label: i for i, label in enumerate(look.profile.arms)}
    arm = _position(table[need.treatment], look.raw_arms, positions)
    pulled = source.connection.to_pyarrow(
        table.select(unit=table[need.unit], arm=arm, **columns).order_by("unit").drop("unit")
    )
    values = {name: pulled.column(name).to_numpy().astype(float, copy=False) for name in pulled.column_names}
    return Frame(
        profile=look.profile,
        arm=values["arm"].astype(np.int64),
        outcomes={o.key: values[f"y{i}"] for i, o in enumerate(need.outcomes)},
        covariates={c: values[f"x{i}"] for i, c in enumerate(need.covariates)},
        levels={c: tuple(sorted(set(found.values()))) for c, found in levels.items()},
    )


def memory_needed(rows: int, columns: int) -> float:
    """Estimate for a fit on rows, GB (2^30 bytes)."""
    return rows * columns * COPIES * np.dtype(float).itemsize / 2**30


def refuse_over_budget(rows: int, columns: int) -> None:
    """Raise CannotAnswer where the estimate exceeds the budget."""
    needed, budget = memory_needed(rows, columns), float(os.environ.get("CAUSALCX_MEMORY_GB", BUDGET_GB))
    if needed > budget:
        raise CannotAnswer(
            "{rows} rows of {columns} columns need about {needed} GB of memory, and {budget} GB are allowed; take a sample "
            "or fewer covariates, or raise CAUSALCX_MEMORY_GB.",
            rows=rows, columns=columns, needed=f"{needed:.1f}", budget=f"{budget:g}",
        )  # fmt: skip


def _levels(source: Source, table: ir.Table, column: str) -> dict[Any, str]:
    return labels_of(source, table, column, MOST_LEVELS, "a covariate")


def _position(value: Column, labels: Mapping[Any, str], positions: dict[str, int]) -> Column:
    """The position of the value's label among the labels; missing stays missing."""
    result: Any = None
    for label, position in positions.items():
        found = is_label(value, labels, [label])
        result = found.ifelse(float(position), None if result is None else result)
    return result.cast("float64")


def _outcomes(source: Source, table: ir.Table, need: Need) -> dict[str, Column]:
    columns = {}
    for i, outcome in enumerate(need.outcomes):
        value, _ = outcome_value(source, table, outcome)
        columns[f"y{i}"] = value if outcome.cap is None else capped(value, outcome.cap)
    return columns


def _covariates(table: ir.Table, need: Need, levels: dict[str, dict[Any, str]]) -> dict[str, Column]:
    columns = {}
    for i, column in enumerate(need.covariates):
        if column in levels:
            names = sorted(set(levels[column].values()))
            columns[f"x{i}"] = _position(table[column], levels[column], {n: p for p, n in enumerate(names)})
        else:
            columns[f"x{i}"] = number(table, column)[0]
    return columns
