"""Proposes the schedule of a switchback: blocks on and off in equal number by hour and weekday at every unit, by hash and salt.

A block is on when the hash of salt, unit and its beginning is among the lower half of its stratum; an odd one out goes by the hash of the
stratum. Whoever knows the salt can draw it again, on any machine. ``redraws`` tests with the same rule.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from causalcx.core.errors import UsageError

DAY = 24 * 60


@dataclass(frozen=True)
class Slot:
    """One slot of one unit."""

    unit: str
    start: dt.datetime
    on: bool
    block: int
    """Number of the block, from 1."""
    counts: bool
    """Whether it lies beyond the washout after a switch."""


@dataclass(frozen=True)
class Opening:
    """When slots are: every day from ``opens`` to ``closes``, minutes after midnight."""

    first: dt.date
    last: dt.date
    minutes: int = 120
    opens: int = 0
    closes: int = DAY

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= DAY or self.minutes < 1 or (self.closes - self.opens) % self.minutes:
            raise UsageError(
                "Slots of {minutes} minutes do not fill the hours from {opens} to {closes}; choose a length that divides them.",
                minutes=self.minutes, opens=f"{self.opens / 60:g}", closes=f"{self.closes / 60:g}",
            )  # fmt: skip

    def blocks(self, length: int) -> list[list[dt.datetime]]:
        """Slots in blocks of ``length``; a night that is closed ends a block, and so does the end."""
        slot = dt.timedelta(minutes=self.minutes)
        opening = dt.datetime.combine(self.first, dt.time()) + dt.timedelta(minutes=self.opens)
        days = [opening + dt.timedelta(days=d) for d in range((self.last - self.first).days + 1)]
        daily = [[day + i * slot for i in range((self.closes - self.opens) // self.minutes)] for day in days]
        stretches = daily if self.closes - self.opens < DAY else [[s for day in daily for s in day]]
        return [stretch[i : i + length] for stretch in stretches for i in range(0, len(stretch), length)]


def schedule(units: Sequence[str], opening: Opening, *, block: int, washout: int, salt: str) -> Iterator[Slot]:
    """Every slot of every unit. Raises UsageError where the washout would leave nothing of a block."""
    if block <= washout:
        raise UsageError(
            "Blocks of {block} slots leave nothing once {washout} after each switch are left out; take at least {least}.",
            block=block, washout=washout, least=washout + 1,
        )  # fmt: skip
    blocks = opening.blocks(block)
    for unit in units:
        settings, before = settings_of(unit, [b[0] for b in blocks], salt), None
        for number, (slots, on) in enumerate(zip(blocks, settings, strict=True)):
            follows = number > 0 and slots[0] - blocks[number - 1][-1] == dt.timedelta(minutes=opening.minutes)
            left_out = washout if follows and on != before else 0
            yield from (Slot(unit, s, on, number + 1, i >= left_out) for i, s in enumerate(slots))
            before = on


def settings_of(unit: str, starts: Sequence[dt.datetime], salt: str) -> list[bool]:
    """Whether each block is on."""
    chosen = set()
    for stratum, members in _strata(starts).items():
        ranked = sorted(members, key=lambda start: _hash(salt, unit, start.isoformat()))
        odd = len(ranked) % 2 and int(_hash(salt, unit, str(stratum)), 16) % 2
        chosen.update(ranked[: len(ranked) // 2 + odd])
    return [start in chosen for start in starts]


def _strata(starts: Sequence[dt.datetime]) -> dict[object, list[dt.datetime]]:
    """Hour and weekday where each has two blocks or more; else the hour; else all."""
    for key in (lambda s: (s.weekday(), s.time()), lambda s: s.time(), lambda _: "all"):
        found = defaultdict(list)
        for start in starts:
            found[key(start)].append(start)
        if min(map(len, found.values())) > 1:
            return dict(found)
    return {"all": list(starts)}


def _hash(*parts: str) -> str:
    return sha256("|".join(parts).encode()).hexdigest()
