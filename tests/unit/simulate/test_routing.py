"""The routed centres: what they plant is what their truth says, and a careless schedule shows as one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causalcx.simulate.routing import Routing
from causalcx.simulate.worlds import write_world

FAR = 4.0
"""Monte Carlo standard errors."""
SEEDS = 30


def differences(world: Routing, seed: int) -> list[float]:
    """All slots on against off; those that follow their like; how long others wait."""
    columns = world.draw(seed)
    on = (columns["vip_first"] == "on").reshape(world.centres, -1)
    handle, wait = (columns[c].reshape(on.shape) for c in ("vip_handle_s", "others_wait_s"))
    alike = np.column_stack([np.zeros(world.centres, bool), on[:, 1:] == on[:, :-1]])
    return [
        handle[on].mean() - handle[~on].mean(), handle[on & alike].mean() - handle[~on & alike].mean(), wait[on].mean() - wait[~on].mean(),
    ]  # fmt: skip


def test_careless_and_careful_readings_find_what_the_truth_says() -> None:
    world = Routing(days=28)
    found = np.array([differences(world, seed) for seed in range(SEEDS)])
    truth = world.truth()
    expected = [truth["careless"]["vip_handle"], truth["effects"]["vip_handle"], truth["effects"]["others_wait"]]
    error = found.std(axis=0, ddof=1) / np.sqrt(SEEDS)
    assert np.abs((found.mean(axis=0) - expected) / error).max() < FAR


def test_a_schedule_by_day_and_night_hides_most_of_the_change() -> None:
    assert differences(replace(Routing(days=28), follows_clock=True), 1)[0] > -25


def test_the_same_seed_the_same_bytes(tmp_path) -> None:
    one, other = (write_world("routing", tmp_path / name, 3) for name in "ab")
    assert one["data"].read_bytes() == other["data"].read_bytes()


def test_one_row_per_centre_and_slot() -> None:
    columns = Routing(centres=2, days=3).draw(1)
    assert len(set(zip(columns["centre"], columns["slot"], strict=True))) == 2 * 3 * 12
    assert columns["hour"].max() == pytest.approx(22)
