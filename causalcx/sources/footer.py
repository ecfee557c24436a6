"""What the footer of a Parquet file already knows, so that no scan has to ask."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Known:
    """Smallest and largest value of a numeric column without nulls; NaN is neither, and may still occur."""

    low: float
    high: float


def known_columns(path: Path) -> dict[str, Known]:
    """Numeric columns whose statistics are complete over all row groups and count no null."""
    from pyarrow import parquet

    footer = parquet.read_metadata(path)
    groups = [footer.row_group(g) for g in range(footer.num_row_groups)]
    found = {}
    for i in range(footer.num_columns):
        known = _known(group.column(i).statistics for group in groups)
        if known:
            found[footer.schema.column(i).path] = known
    return found


def _known(statistics: Iterable[Any]) -> Known | None:
    lows, highs = [], []
    for part in statistics:
        if part is None or not part.has_min_max or not part.has_null_count or part.null_count:
            return None
        if not isinstance(part.min, int | float) or part.min != part.min or part.max != part.max:
            return None
        lows.append(float(part.min))
        highs.append(float(part.max))
    return Known(min(lows), max(highs)) if lows else None
