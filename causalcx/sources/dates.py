"""Dates of a table: read in whatever order is certain, and refused where two are possible."""

from __future__ import annotations

import re
from collections.abc import Iterable

from causalcx.core.errors import DataError
from causalcx.core.panel import COMPACT, WRITTEN_OUT
from causalcx.sources.engine import Column, Refusal, Source, as_written, ir

YEAR_LAST = r"^\s*\d\d?[-/. ]\d\d?[-/. ]\d\d"
DECIDED = r"^\s*((1[3-9]|[23]\d)[-/. ]\d\d?|\d\d?[-/. ](1[3-9]|[23]\d))[-/. ]\d{4}\b"
"""A date with its year last whose day is beyond 12; with a year of two digits nothing is decided."""


def dates(table: ir.Table, column: str) -> tuple[Column, list[Refusal]]:
    """The column as dates, and the rows that hold something else; text and numbers are accepted where they read as a date."""
    value = table[column]
    kind = value.type()
    if kind.is_date() or kind.is_timestamp():
        return value.cast("date"), []
    if not kind.is_string() and not kind.is_integer():
        raise DataError("Column `{column}` (entered) holds no dates; write them like 2026-03-24.", column=column)
    text = value.cast("string").strip().nullif("")
    iso = text.re_replace(f"^{WRITTEN_OUT}", r"\1-\2-\3").re_replace(f"^{COMPACT}$", r"\1-\2-\3")
    parsed = iso.try_cast("date")
    sentence = "Column `{column}` (entered) holds values that are no dates ({rows}); write them like 2026-03-24."
    return parsed, [Refusal(column, text.notnull() & parsed.isnull(), sentence, {})]


def refuse_two_ways(source: Source, wanted: Iterable[str]) -> None:
    """No column of a text file holds only dates that read day first as well as month first: the engine would pick one without a word."""
    if not source.is_text:
        return
    types = {c: source.table[c].type() for c in wanted}
    columns = [c for c, kind in types.items() if kind.is_date() or kind.is_timestamp()]
    written = as_written(source, columns) if columns else source.table
    for column in columns:
        text = written[column]
        first = source.rows(written.filter(text.notnull()).select(value=text).limit(1))
        year_last = first and re.match(YEAR_LAST, first[0]["value"])  # the engine reads all rows in one form
        if year_last and not source.scalar(text.re_search(DECIDED).fill_null(False).any()):
            raise DataError(
                "Column `{column}` holds dates like {value}, which can be read in more than one way; write them year first, like 2026-03-12.",
                column=column, value=first[0]["value"],
            )  # fmt: skip
