"""The looks of an experiment: at which one a fit is, and every one that the registry keeps."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from causalcx.core.check import Notice
from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.looks import LookRecord, SeenEffect, SeenLook
from causalcx.core.picture import Picture, Series
from causalcx.core.readout import Readout
from causalcx.registry import Registry

MANY = 8
"""Looks from which on the picture has bands instead of bars."""


def at(experiment: Experiment, look: int | None = None, as_of: dt.date | None = None) -> Experiment:
    """The experiment at a look named by its number, or with data of this date."""
    if as_of is not None:
        experiment = experiment.model_copy(update={"as_of": as_of})
    if look is None:
        return experiment
    looks = experiment.looks
    planned = len(looks.at or ()) if looks else 0
    if looks is None or not 1 <= look <= planned:
        raise UsageError("There is no look {look}; `looks.at` plans {planned}.", look=look, planned=planned)
    return experiment.model_copy(update={"looks": looks.this_is(look)})


def kept_looks(registry: Registry | None, key: str, before: int | None = None) -> tuple[SeenLook, ...]:
    """Looks of the registry in the order of their data; of the same data only the newest."""
    records = registry.looks(key, before) if registry else []
    return _distinct([record.seen[-1] for record in records if record.seen])


def _distinct(seen: list[SeenLook]) -> tuple[SeenLook, ...]:
    newest = {(s.fingerprint, s.rows): s for s in seen}
    return tuple(sorted(newest.values(), key=lambda s: s.information))


def with_history(readout: Readout, earlier: tuple[SeenLook, ...]) -> Readout:
    """The readout with the looks before it, their picture, and what is to be said of them."""
    record = readout.looks
    if record is None:
        return readout
    now = record.seen[-1]
    before = [
        s
        for s in earlier
        if s.information <= now.information and (s.fingerprint, s.rows) != (now.fingerprint, now.rows)
    ]
    kept = record.model_copy(update={"seen": (*_distinct(before), now)})
    return readout.model_copy(
        update={
            "looks": kept,
            "pictures": (*readout.pictures, *pictures(kept)),
            "warnings": (*readout.warnings, *_repeated(kept)),
        }
    )


def _repeated(record: LookRecord) -> tuple[Notice, ...]:
    """Looks that were made on more than one state of the data."""
    times = Counter(s.number for s in record.seen if s.number is not None and record.rule != "always-valid")
    return tuple(
        Notice(code="look-repeated", facts={"look": k, "of": record.of, "times": n}) for k, n in times.items() if n > 1
    )


def pictures(record: LookRecord) -> tuple[Picture, ...]:
    """Per primary, its range at every look so far, and that of a single look inside it; of the first arm."""
    if len(record.seen) < 2:
        return ()
    pairs = dict.fromkeys((e.outcome, e.comparison) for e in record.seen[-1].effects)
    first = next((comparison for _, comparison in pairs), None)
    return tuple(_picture(record, outcome, comparison) for outcome, comparison in pairs if comparison == first)


def _picture(record: LookRecord, outcome: str, comparison: str) -> Picture:
    told = [(s, e) for s in record.seen for e in s.effects if (e.outcome, e.comparison) == (outcome, comparison)]
    ranges = {"naive": ("naive_low", "naive_high"), "effect": ("low", "high")}
    return Picture(
        code="looks", outcome=outcome, unit=told[0][1].unit,
        ticks=tuple(str(s.as_of or s.number or f"{s.information:.0%}") for s, _ in told),
        series=tuple(_series(name, [e for _, e in told], *ends) for name, ends in ranges.items()),
    )  # fmt: skip


def _series(name: str, effects: list[SeenEffect], low: str, high: str) -> Series:
    return Series(
        name=name,
        x=tuple(map(float, range(len(effects)))),
        y=tuple(e.estimate for e in effects),
        low=tuple(getattr(e, low) for e in effects),
        high=tuple(getattr(e, high) for e in effects),
        mark="line" if len(effects) >= MANY else "points",
    )
