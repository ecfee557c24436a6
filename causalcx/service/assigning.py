"""Draw the assignment of a randomised design, and keep it as a file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any

from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer, NotBuilt, UsageError
from causalcx.service.experiments import Source, load
from causalcx.service.files import FileExists, write_whole


def assign(
    *, experiment: Source, units: str | Path, out: str | Path, salt: str = "", rerandomise: float | None = None
) -> dict[str, Any]:
    """Draw an arm for every unit of a file and write it to ``out``: the unit's and the treatment's column.

    The same units, key and salt give the same lot. ``rerandomise`` keeps drawing until covariates are balanced as in that share of
    all lots. A file that holds another lot is never replaced.
    """
    from causalcx.designs.planning.assignment import assigned, units_need
    from causalcx.designs.planning.split import planned_split
    from causalcx.sources.engine import open_file
    from causalcx.sources.pull import pull

    loaded = load(experiment)
    design = _drawable(loaded.design)
    if rerandomise is not None and not 0 < rerandomise < 1:
        raise UsageError(
            "--rerandomise takes the share of lots to accept, between 0 and 1; found {found}.", found=rerandomise
        )
    split = planned_split(loaded)
    if not split.stated:
        raise CannotAnswer("An assignment needs `design.ratio`: the arms and how units are split between them.")
    frame = pull(open_file(Path(units)), units_need(loaded, design, with_covariates=rerandomise is not None))
    lot = assigned(loaded.key, salt, frame, design, split, rerandomise)
    file = _kept(Path(out), _text(design, lot.units, lot.arms))
    counts = Counter(lot.arms)
    return {
        "schema": 1,
        "experiment": loaded.key,
        "file": str(file),
        "units": len(lot.units),
        "arms": {arm: counts[arm] for arm in split.shares},
        "strata": len(set(lot.strata)),
        "salt": lot.salt,
        "lots_drawn": lot.tries,
        "balance_p": lot.balance,
    }


def _drawable(design: Any) -> Randomised:
    if not isinstance(design, Randomised):
        raise CannotAnswer(
            "Only `kind: randomised` has an assignment to draw; this design is {kind}.", kind=design.kind
        )
    for key in ("factors", "cluster"):
        if getattr(design, key) is not None:
            raise NotBuilt(f"an assignment with `design.{key}`")
    return design


def _text(design: Randomised, units: tuple[str, ...], arms: tuple[str, ...]) -> str:
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow([design.unit, design.treatment])
    writer.writerows(zip(units, arms, strict=True))
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
