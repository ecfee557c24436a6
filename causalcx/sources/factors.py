"""Factorial arms: one cell per combination of the factors' levels, from their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from causalcx.core.errors import DataError, Message
from causalcx.core.need import BETWEEN, CELL, Need
from causalcx.sources.engine import Column, Source, ibis, ir, is_empty, is_label, labels_of

MOST_LEVELS = 10
WITHOUT = ("0", "no", "none", "off", "control", "today", "old", "否", "无", "关", "旧")
"""Levels that stand for a factor not being there; without one of them the first in order is."""


def with_cells(source: Source, need: Need) -> tuple[Source, Need]:
    """The source with a column of cells, and the need with the cell in which no factor is there as control."""
    text: Any = None
    base = []
    for column in need.factors:
        found = labels_of(source, source.table, column, MOST_LEVELS, Message("a factor"))
        levels = sorted(set(found.values()) - set(need.exclude.get(column, ())))
        if len(levels) < 2:
            raise DataError(
                "Column `{column}` (factor) holds only {found}; there is nothing to compare.",
                column=column, found=", ".join(levels) or Message("nothing"),
            )  # fmt: skip
        joined = next((level for level in levels if BETWEEN in level), None)
        if joined is not None:
            raise DataError(
                "Column `{column}` (factor) holds `{label}`; ` × ` joins the levels of two factors, so write that level without it.",
                column=column, label=joined,
            )  # fmt: skip
        base.append(next((level for level in levels if level.lower() in WITHOUT), levels[0]))
        part = _text(source.table[column], found)
        text = part if text is None else text + BETWEEN + part
    table = source.table.mutate(**{CELL: text})
    return replace(source, table=table), replace(need, control=BETWEEN.join(base))


def refuse_empty_cells(source: Source, table: ir.Table, need: Need) -> None:
    """Every row that counts has a level of every factor."""
    for column in need.factors:
        empty = source.scalar(is_empty(table[column]).sum())
        if empty:
            raise DataError(
                "Column `{column}` (factor) is empty in {rows} rows; leave them out of the data, or give them a value.",
                column=column, rows=empty,
            )  # fmt: skip


def _text(value: Column, labels: Mapping[Any, str]) -> Column:
    """The label of every value; missing stays missing."""
    result: Any = ibis.null("string")
    for label in sorted(set(labels.values())):
        result = is_label(value, labels, [label]).ifelse(label, result)
    return result
