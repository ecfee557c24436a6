"""Hold the arms in the data against the assignment that was drawn."""

from __future__ import annotations

import csv
from pathlib import Path

from causalcx.core.errors import DataError
from causalcx.core.labels import canonical
from causalcx.core.need import BETWEEN, Assigned, Need
from causalcx.sources.engine import Source, ir


def held_against(source: Source, table: ir.Table, need: Need, file: Path) -> Assigned:
    """How many rows that count bear another arm than the file, or a unit that it does not name."""
    column, planned = _planned(file, need)
    rows = source.arrow(table.select(unit=table[column], arm=table[need.treatment]))
    arms = {v: canonical(v) for v in rows.column("arm").unique().to_pylist()}
    units = [canonical(unit) for unit in rows.column("unit").to_pylist()]
    found = [(planned.get(unit), arms[arm]) for unit, arm in zip(units, rows.column("arm").to_pylist(), strict=True)]
    unknown = sum(plan is None for plan, _ in found)
    differing = sum(plan is not None and plan != arm for plan, arm in found)
    return Assigned(
        file=file.name,
        rows=len(found),
        differing=differing,
        unknown=unknown,
        absent=len(planned.keys() - set(units)),
    )


def _planned(file: Path, need: Need) -> tuple[str, dict[str, str]]:
    """The column that the file goes by (units, or groups that were drawn as one), and the arm of each."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.DictReader(stream)
        named = rows.fieldnames or ()
        grouped = need.cluster is not None and need.cluster in named and need.unit not in named
        column = str(need.cluster) if grouped else need.unit
        parts = need.factors or (need.treatment,)
        missing = [c for c in (column, *parts) if c not in named]
        if missing:
            raise DataError(
                "The assignment {file} has no column {missing}; it names the unit and the arm it was drawn for.",
                file=str(file), missing=", ".join(missing),
            )  # fmt: skip
        return column, {canonical(row[column]): BETWEEN.join(canonical(row[c]) for c in parts) for row in rows}
