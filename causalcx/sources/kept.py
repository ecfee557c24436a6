"""Which rows count: those that the plan does not exclude, and whose outcome windows are over."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence

from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer, DataError, Message
from causalcx.core.need import Need
from causalcx.sources.dates import dates
from causalcx.sources.engine import Source, ibis, ir, is_label, labels_of

MOST_VALUES = 10_000
SHOWN = 10
"""Values of a column shown beside one that it does not hold."""


def rows_that_count(source: Source, need: Need) -> tuple[ir.Table, dict[str, int], int, list[Notice]]:
    """The rows, how many each exclusion left out, how many are too young, and what to say of it.

    Raises CannotAnswer where no window is over.
    """
    table, excluded, notices = source.table, {}, []
    for column, labels in need.exclude.items():
        found = labels_of(source, source.table, column, MOST_VALUES, Message("an exclusion"))
        notices += _unheld(column, labels, sorted(set(found.values())))
        out = is_label(table[column], found, list(labels)).fill_null(False)
        excluded[column] = source.scalar(out.sum()) or 0
        table = table.filter(~out)
        notices.append(Notice(code="rows-excluded", facts={"rows": excluded[column], "column": column}))
    table, immature = _windows_over(source, table, need) if need.entered and need.as_of else (table, 0)
    if immature:
        notices.append(Notice(code="immature-left-out", facts={"rows": immature}))
    return table, excluded, immature, notices


def _unheld(column: str, labels: Sequence[str], held: Sequence[str]) -> Iterator[Notice]:
    """Values to exclude that the column never holds: none today, or a slip of the pen."""
    unheld = [label for label in labels if label not in held]
    near = list(dict.fromkeys(n for label in unheld for n in difflib.get_close_matches(label, held, 1)))
    if unheld:
        facts = {"column": column, "values": unheld, "near": near, "found": list(held[:SHOWN])}
        yield Notice(code="excluded-like" if near else "excluded-none", facts=facts)


def _windows_over(source: Source, table: ir.Table, need: Need) -> tuple[ir.Table, int]:
    """Units that entered long enough before `as_of`, and how many did not."""
    column, as_of = str(need.entered), str(need.as_of)
    entered, refusals = dates(table, column)
    for refusal in refusals:
        if source.scalar(refusal.wrong.sum()):
            refusal.refuse(source, table, need.row_name)
    over = entered + ibis.interval(months=need.longest_window) <= ibis.date(as_of)
    counts = source.rows(table.aggregate(rows=table.count(), none=entered.isnull().sum(), young=(~over).sum()))[0]
    if counts["none"]:
        raise DataError("Column `{column}` (entered) is empty in {rows} rows.", column=column, rows=counts["none"])
    if counts["rows"] and counts["young"] == counts["rows"]:
        raise CannotAnswer(
            "On {as_of} the outcome windows of {months} months are over for none of the {rows} units; fit again later.",
            as_of=as_of, months=need.longest_window, rows=counts["rows"],
        )  # fmt: skip
    return table.filter(over), counts["young"] or 0
