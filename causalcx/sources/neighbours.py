"""The file of neighbours: pairs of units with an optional weight, checked against the units of the data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.errors import DataError
from causalcx.core.labels import canonical
from causalcx.core.need import Need
from causalcx.core.neighbours import Neighbours
from causalcx.sources.engine import Source, open_file, with_whole_units

NEIGHBOUR, WEIGHT = "neighbour", "weight"
SHOWN = 3
Pair = tuple[str, str]


@dataclass(frozen=True)
class Pairs:
    """The file's pairs in their labels."""

    file: str
    weight: dict[Pair, float]

    @property
    def once(self) -> bool:
        """Whether no pair is written in both directions, so that each stands for both."""
        return bool(self.weight) and not any((b, a) in self.weight for a, b in self.weight)

    @property
    def directed(self) -> dict[Pair, float]:
        """What each unit feels; pairs that were written once go both ways."""
        return self.weight | ({(b, a): w for (a, b), w in self.weight.items()} if self.once else {})


def neighbours_of(
    source: Source, need: Need, file: Path, units: tuple[str, ...]
) -> tuple[Neighbours, tuple[Notice, ...]]:
    """Neighbours among the units of a frame, in its order; pairs with units that were left out of the data are left out, and said.

    Raises DataError where the file is missing or no list of pairs, or names units that the data do not have.
    """
    pairs = _read(file, need.unit)
    place = {label: i for i, label in enumerate(units)}
    strangers = sorted({u for pair in pairs.weight for u in pair if u not in place})
    left_out = _known_elsewhere(source, need, strangers) if strangers else set()
    unknown = [u for u in strangers if u not in left_out]
    if unknown:
        raise DataError(
            "The file of neighbours {file} names units that column `{column}` of the data does not have ({units} in all; first: {first}).",
            file=pairs.file, units=len(unknown), column=need.unit, first=", ".join(unknown[:SHOWN]),
        )  # fmt: skip
    kept = {(place[a], place[b]): w for (a, b), w in pairs.directed.items() if a in place and b in place}
    notices = [Notice(code="neighbours-written-once", facts={"pairs": len(pairs.weight)})] if pairs.once else []
    if left_out:
        notices.append(Notice(code="neighbours-left-out", facts={"units": len(left_out)}))
    ends = np.array(list(kept) or np.zeros((0, 2)), np.int64).reshape(-1, 2)
    return Neighbours(ends[:, 0], ends[:, 1], np.array(list(kept.values()), float), len(units)), tuple(notices)


def _known_elsewhere(source: Source, need: Need, units: list[str]) -> set[str]:
    """Those of the units that the data have in rows that do not count."""
    known = source.arrow(source.table.select(unit=source.table[need.unit]).distinct()).column("unit").to_pylist()
    return set(units) & {canonical(u) for u in known if u is not None}


def _read(file: Path, unit: str) -> Pairs:
    if not file.is_file():
        raise DataError("The file of neighbours {file} does not exist.", file=str(file))
    source = _opened(file, unit)
    own = next((c for c in ("unit", unit) if c in source.table.columns), None)
    if own is None or NEIGHBOUR not in source.table.columns:
        raise DataError(
            "The file of neighbours {file} needs the columns `unit` and `neighbour`, and may have `weight`; it has: {present}.",
            file=file.name, present=", ".join(source.table.columns),
        )  # fmt: skip
    rows = source.arrow(source.table)
    weights = rows.column(WEIGHT).to_pylist() if WEIGHT in source.table.columns else [1.0] * rows.num_rows
    return Pairs(file.name, _checked(file, rows.column(own).to_pylist(), rows.column(NEIGHBOUR).to_pylist(), weights))


def _opened(file: Path, unit: str) -> Source:
    source = open_file(file)
    for column in ("unit", unit, NEIGHBOUR):
        source = with_whole_units(source, column)
    return replace(source, name=file.name)


def _checked(file: Path, ones: list[Any], others: list[Any], weights: list[Any]) -> dict[Pair, float]:
    """Every pair once, of two different units, with a weight above 0."""
    if not ones:
        raise DataError("The file of neighbours {file} holds no pair.", file=file.name)
    found: dict[Pair, float] = {}
    for row, (one, other, weight) in enumerate(zip(ones, others, weights, strict=True), start=1):
        if _empty(one) or _empty(other):
            raise DataError("The file of neighbours {file} names no unit in pair {row}.", file=file.name, row=row)
        pair = (canonical(one), canonical(other))
        if pair[0] == pair[1]:
            raise DataError(
                "The file of neighbours {file} makes unit {unit} its own neighbour (pair {row}); leave that pair out.",
                file=file.name, unit=pair[0], row=row,
            )  # fmt: skip
        if pair in found:
            raise DataError(
                "The file of neighbours {file} names the pair {unit}, {neighbour} twice (pair {row}); each counts once.",
                file=file.name, unit=pair[0], neighbour=pair[1], row=row,
            )  # fmt: skip
        found[pair] = _weight(file, weight, row)
    return found


def _empty(value: Any) -> bool:
    return value is None or value != value or str(value).strip() == ""


def _weight(file: Path, value: Any, row: int) -> float:
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = float("nan")
    if not 0 < weight < float("inf"):
        raise DataError(
            "The file of neighbours {file} has the weight {weight} in pair {row}; a weight is a number above 0.",
            file=file.name, weight=str(value), row=row,
        )  # fmt: skip
    return weight
