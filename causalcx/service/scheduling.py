"""Writes the schedule of a switchback, before the first slot."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from causalcx.core.design_keys.switchback import Switchback
from causalcx.core.errors import UsageError
from causalcx.designs.slots.schedule import Opening, Slot, schedule
from causalcx.service.experiments import Source, load
from causalcx.service.files import FileExists, write_whole


def write_schedule(
    *, experiment: Source, out: Path, units: Sequence[str], minutes: int = 120, hours: str = "0-24", block: int = 0, on: str = "on", seed: int = 1
) -> Path:  # fmt: skip
    """A CSV with a row per unit and slot, in the columns that the experiment file names; refuses to overwrite.

    Days are those of `period`. Without ``block`` a block is twice the washout, and one slot where there is none. The salt is the
    experiment's key and the seed, so the same call writes the same bytes.
    """
    loaded = load(experiment)
    design = loaded.design
    if not isinstance(design, Switchback):
        raise UsageError("A schedule belongs to `kind: switchback`; this experiment is `{kind}`.", kind=design.kind)
    names = list(dict.fromkeys(name.strip() for name in units if name.strip()))
    if not names:
        raise UsageError("Name the units to be switched: --units {example}.", example="north,south")
    if on == str(design.control):
        raise UsageError("`{on}` is the control; name the other setting with --on.", on=on)
    opens, closes = _hours(hours)
    opening = Opening(loaded.period.start, loaded.period.end, minutes, opens, closes)
    length = block or max(1, 2 * design.washout)
    slots = schedule(names, opening, block=length, washout=design.washout, salt=f"{loaded.key}|{seed}")
    try:
        return write_whole(out, _csv(design, slots, on), replace=False)
    except FileExists as error:
        raise UsageError(
            "{file} is there already; a schedule is drawn once. Choose another file.", file=str(out)
        ) from error


def _hours(text: str) -> tuple[int, int]:
    """Minutes after midnight of opening and closing, from ``8-20`` or ``8:30-17``."""
    try:
        opens, closes = (
            round(60 * sum(float(x) / 60**i for i, x in enumerate(end.split(":")))) for end in text.split("-")
        )
    except (ValueError, OverflowError):
        raise UsageError(
            "`{hours}` are no opening hours; write them as {example}.", hours=text, example="8-20"
        ) from None
    return opens, closes


def _csv(design: Switchback, slots: Iterable[Slot], on: str) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([design.unit, design.time, design.treatment, "block", "counts"])
    for slot in slots:
        setting = on if slot.on else design.control
        writer.writerow([slot.unit, slot.start.isoformat(" "), setting, slot.block, int(slot.counts)])
    return text.getvalue()
