"""Draw the assignment of a randomised design, and keep it as a file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer, UsageError
from causalcx.core.need import BETWEEN
from causalcx.service.experiments import Source, load
from causalcx.service.files import FileExists, write_whole
from causalcx.service.interference import refuse_interference, without_neighbours

if TYPE_CHECKING:
    from causalcx.designs.planning.assignment import Lot


def assign(
    *, experiment: Source, units: str | Path, out: str | Path, salt: str = "", rerandomise: float | None = None, pairs: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Draw an arm for every unit of a file and write it to ``out``: the unit's and the treatment's column, or those of the factors.

    Where the plan names a `cluster`, whole groups are drawn; a file without units may list the groups themselves. ``pairs`` matches
    them two by two on covariates and draws one of each pair; a column `pair` then goes with the arms.

    The same units, key and salt give the same lot. ``rerandomise`` keeps drawing until covariates are balanced as in that share of
    all lots. A file that holds another lot is never replaced.
    """
    from causalcx.designs.planning.assignment import assigned, units_need
    from causalcx.designs.planning.split import planned_split
    from causalcx.sources.engine import open_file
    from causalcx.sources.pull import pull

    loaded = load(experiment)
    refuse_interference(loaded)
    loaded = without_neighbours(loaded)
    design = _drawable(loaded.design)
    if rerandomise is not None and not 0 < rerandomise < 1:
        raise UsageError(
            "--rerandomise takes the share of lots to accept, between 0 and 1; found {found}.", found=rerandomise
        )
    split = planned_split(loaded)
    if not split.stated:
        raise CannotAnswer("An assignment needs `design.ratio`: the arms and how units are split between them.")
    source = open_file(Path(units))
    unit = _drawn_by(design, source.table.columns)
    frame = pull(source, units_need(loaded, design, unit, with_covariates=pairs or rerandomise is not None))
    lot = assigned(loaded.key, salt, frame, design, split, rerandomise, unit=unit, pairs=pairs)
    file = _kept(Path(out), _text(design, unit, lot))
    counts = Counter(lot.arms)
    return {
        "schema": 1,
        "experiment": loaded.key,
        "file": str(file),
        "units": len(lot.units),
        "arms": {arm: counts[arm] for arm in split.shares},
        "strata": len(set(lot.strata)),
        "salt": lot.salt,
        "pairs": len(set(lot.pairs)) if lot.pairs else None,
        "lots_drawn": lot.tries,
        "balance_p": lot.balance,
    }


def _drawn_by(design: Randomised, columns: Collection[str]) -> str:
    """The column that names what the file lists: units, or the groups that are drawn as one."""
    grouped = design.cluster is not None and design.cluster in columns and design.unit not in columns
    return str(design.cluster) if grouped else design.unit


def _drawable(design: Any) -> Randomised:
    if not isinstance(design, Randomised):
        raise CannotAnswer(
            "Only `kind: randomised` has an assignment to draw; this design is {kind}.", kind=design.kind
        )
    return design


def _text(design: Randomised, unit: str, lot: Lot) -> str:
    """The file: unit, arm (or the level of every factor), and the pair where pairs were made."""
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    arms = [arm.split(BETWEEN) if design.factors else [arm] for arm in lot.arms]
    columns = design.factors.values() if design.factors else [design.treatment]
    pairs = [[pair] for pair in lot.pairs] if lot.pairs else [[]] * len(arms)
    writer.writerow([unit, *columns, *(["pair"] if lot.pairs else [])])
    writer.writerows([name, *arm, *pair] for name, arm, pair in zip(lot.units, arms, pairs, strict=True))
    return rows.getvalue()


def _kept(file: Path, text: str) -> Path:
    try:
        return write_whole(file, text, replace=False)
    except FileExists as error:
        if file.is_file() and file.read_text(encoding="utf-8") == text:
            return file
        raise UsageError(
            "{file} holds another assignment, and a lot is drawn once; name another file, or move that one away.",
            file=str(file),
        ) from error
