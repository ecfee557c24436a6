"""Seals: the first one counts, a change is refused with its fields or kept openly, and nothing is ever forgotten."""

from __future__ import annotations

import datetime as dt
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kept_records import SEALED_ON, experiment_of, keep_run, sealed_of

from causalcx.core.errors import CannotAnswer
from causalcx.registry import Registry

LATER = SEALED_ON + dt.timedelta(days=20)


def test_the_same_plan_again_returns_its_first_seal(registry: Registry) -> None:
    experiment = experiment_of()
    first = registry.register(sealed_of(experiment), experiment)
    assert registry.register(sealed_of(experiment, LATER), experiment) == first
    assert registry.sealed("merge") == first
    assert first.sealed_on == SEALED_ON


def test_a_seal_comes_back_without_loss(file: Path) -> None:
    experiment = experiment_of()
    plan = sealed_of(experiment)
    Registry.open(file).register(plan, experiment)
    assert Registry.open(file).sealed("merge") == plan


def test_a_changed_plan_is_refused_with_its_fields_and_the_seal_stays(registry: Registry) -> None:
    registry.register(sealed_of(experiment_of()), experiment_of())
    changed = experiment_of(title="Merge two steps", matters=3)
    with pytest.raises(CannotAnswer) as refused:
        registry.register(sealed_of(changed, LATER), changed)
    assert refused.value.exit_code == 5
    assert "outcomes[0].matters, title.en" in str(refused.value)
    assert SEALED_ON.isoformat() in str(refused.value)
    assert registry.sealed("merge") == sealed_of(experiment_of())
    assert [row["title"] for row in registry.experiments()] == [experiment_of().title]


def test_a_change_made_openly_becomes_the_newest_and_no_seal_is_removed(registry: Registry, file: Path) -> None:
    one, two = experiment_of(), experiment_of(matters=3)
    days = [SEALED_ON, LATER, LATER + dt.timedelta(days=1)]
    for experiment, day in zip((one, two, one), days, strict=True):
        registry.register(sealed_of(experiment, day), experiment, allow_change=True)
        assert registry.sealed("merge") == sealed_of(experiment, day)
    with sqlite3.connect(file) as plain:
        kept = [dt.date.fromisoformat(day) for (day,) in plain.execute("SELECT sealed_on FROM plans ORDER BY id")]
    plain.close()
    assert kept == days


def test_of_writers_at_the_same_time_one_seals_and_the_others_are_refused(file: Path) -> None:
    Registry.open(file)
    rivals = [experiment_of(matters=n) for n in range(1, 9)]

    def seal_one(n: int) -> bool:
        try:
            Registry.open(file).register(sealed_of(rivals[n]), rivals[n])
        except CannotAnswer:
            return False
        return True

    with ThreadPoolExecutor(len(rivals)) as pool:
        won = [n for n, sealed in enumerate(pool.map(seal_one, range(len(rivals)))) if sealed]
    assert len(won) == 1
    assert Registry.open(file).sealed("merge") == sealed_of(rivals[won[0]])


def test_experiments_are_listed_once_newest_seal_first_with_their_latest_run(registry: Registry) -> None:
    for key in ("first", "second"):
        registry.register(sealed_of(experiment_of(key)), experiment_of(key))
    changed = experiment_of("first", matters=3)
    registry.register(sealed_of(changed, LATER), changed, allow_change=True)
    keep_run(registry, experiment_of("second"))
    listed = registry.experiments()
    assert [(row["key"], row["sealed_on"], row["last_run"]) for row in listed] == [
        ("first", LATER.isoformat(), None),
        ("second", SEALED_ON.isoformat(), "done"),
    ]
    assert registry.sealed("third") is None
