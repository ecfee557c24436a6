"""The proposed schedule: even by hour and weekday, the same for the same salt, and tested by the rule that drew it."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter

import numpy as np
import pytest

from causalcx.core.errors import UsageError
from causalcx.core.panel import Clock
from causalcx.designs.slots.order import Slots
from causalcx.designs.slots.redraws import strata
from causalcx.designs.slots.schedule import Opening, Slot, schedule

START = dt.date(2026, 3, 2)


def four_weeks(salt: str = "key|1", days: int = 28, **opening: int) -> list[Slot]:
    hours = Opening(START, START + dt.timedelta(days=days - 1), **opening)
    return list(schedule(["north", "south"], hours, block=2, washout=1, salt=salt))


def firsts(slots: list[Slot]) -> list[Slot]:
    return [
        s
        for before, s in zip([None, *slots], slots, strict=False)
        if before is None or (before.unit, before.block) != (s.unit, s.block)
    ]


def test_every_hour_of_every_weekday_is_half_on() -> None:
    count = Counter((s.unit, s.start.weekday(), s.start.hour) for s in firsts(four_weeks()) if s.on)
    assert len(count) == 2 * 7 * 6
    assert set(count.values()) == {2}


def test_in_one_week_every_hour_is_half_on() -> None:
    count = Counter((s.unit, s.start.hour) for s in firsts(four_weeks(days=7)) if s.on)
    assert set(count.values()) <= {3, 4}


def test_another_salt_another_schedule() -> None:
    assert four_weeks() == four_weeks()
    assert [s.on for s in four_weeks()] != [s.on for s in four_weeks("key|2")]


def test_only_slots_after_a_switch_do_not_count() -> None:
    slots = four_weeks()
    pairs = list(itertools.pairwise(slots))
    assert all(b.counts == (a.on == b.on) for a, b in pairs if a.unit == b.unit)


def test_a_closed_night_ends_a_block_and_is_no_switch() -> None:
    slots = four_weeks(opens=8 * 60, closes=18 * 60)
    days = Counter(s.start.date() for s in slots if s.unit == "north")
    assert set(days.values()) == {5}
    assert all(s.counts for s in slots if s.start.hour == 8)
    last = [s for s in slots if s.start.hour == 16]
    assert all(s.block != t.block for s, t in zip(last, [s for s in slots if s.start.hour == 14], strict=True))


def test_the_design_finds_the_blocks_and_strata_that_drew_it() -> None:
    drawn = four_weeks()
    periods = len(drawn) // 2
    at = np.array([(s.start - dt.datetime(1970, 1, 1)) / dt.timedelta(days=1) for s in drawn[:periods]])
    rows = np.arange(len(drawn))
    found = Slots(
        Clock("slot", tuple(str(s.start) for s in drawn[:periods]), "day", at), rows, rows // periods, ("north", "south"),
        rows % periods, np.array([int(s.on) for s in drawn]), 1,
    )  # fmt: skip
    assert found.block_length == 2
    assert found.kept.tolist() == [s.counts for s in drawn]
    name, stratum = next(strata(found))
    assert (name, len(np.unique(stratum))) == ("hour-and-weekday", 2 * 7 * 6)
    assert set(np.bincount(stratum, found.blocks.on)) == {2.0}


@pytest.mark.parametrize(
    ("opening", "block", "washout"), [({"minutes": 50}, 2, 1), ({"opens": 600, "closes": 500}, 2, 1), ({}, 1, 1)]
)
def test_what_cannot_be_drawn(opening: dict[str, int], block: int, washout: int) -> None:
    with pytest.raises(UsageError):
        list(schedule(["a"], Opening(START, START, **opening), block=block, washout=washout, salt="1"))
