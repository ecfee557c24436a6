"""The city with an app desk: what it plants is what its truth says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causalcx.simulate.city import DESK, MONTHS, City
from causalcx.simulate.worlds import write_world

FAR = 4.0
"""Monte Carlo standard errors."""
SEEDS = 200


def differences(world: City, seed: int) -> np.ndarray:
    """Before against after in the city of the desk, and the same less the mean of all others; churn."""
    churn = world.draw(seed)["churn_rate"].reshape(world.cities, len(MONTHS))
    change = churn[:, world.start :].mean(axis=1) - churn[:, : world.start].mean(axis=1)
    return np.array([change[DESK], change[DESK] - np.delete(change, DESK).mean()])


def test_careless_readings_claim_what_the_truth_says() -> None:
    world = City()
    found = np.array([differences(world, seed) for seed in range(SEEDS)])
    truth = world.truth()["careless"]
    expected = [truth["before_after"]["churn"], truth["difference_in_differences"]["churn"]]
    error = found.std(axis=0, ddof=1) / np.sqrt(SEEDS)
    assert np.abs((found.mean(axis=0) - expected) / error).max() < FAR


def test_without_war_flood_and_spill_the_plain_comparison_is_right() -> None:
    world = replace(City(), war=0.02, spill=0.0)
    calls = world.draw(1)["calls_per_100"].reshape(world.cities, len(MONTHS))
    change = calls[:, world.start :].mean(axis=1) - calls[:, : world.start].mean(axis=1)
    assert change[DESK] - np.delete(change, DESK).mean() == pytest.approx(world.calls, abs=0.6)


def test_the_same_seed_the_same_bytes_and_a_file_that_is_there_is_kept(tmp_path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "experiment.yaml").write_text("mine", encoding="utf-8")
    one, other = (write_world("city", tmp_path / name, 3) for name in "ab")
    assert one["data"].read_bytes() == other["data"].read_bytes()
    assert one["truth"].read_bytes() == other["truth"].read_bytes()
    assert other["experiment"].read_text("utf-8") == "mine"
