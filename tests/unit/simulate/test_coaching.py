"""The coached stores: nothing happens, and the careless readings claim in expectation what the truth says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causalcx.simulate.coaching import Coaching

FAR = 4.0
"""Monte Carlo standard errors."""
SEEDS = 200


def readings(world: Coaching, seed: int) -> np.ndarray:
    """Score of the coached before and after, and their change less that of the others."""
    drawn = world.draw(seed)
    score, coached = (drawn[k].reshape(world.stores, world.quarters) for k in ("nps", "coached_from"))
    picked = coached[:, 0] != ""
    before, after = score[:, world.start - 1], score[:, world.start :].mean(axis=1)
    change = after - before
    return np.array([before[picked].mean(), after[picked].mean(), change[picked].mean() - change[~picked].mean()])


@pytest.mark.parametrize(
    "world", [Coaching(), Coaching(effect=3.0), Coaching(by_lot=True)], ids=["worst", "works", "by lot"]
)
def test_careless_readings_claim_what_the_truth_says(world: Coaching) -> None:
    found = np.array([readings(world, seed) for seed in range(SEEDS)])
    careless = world.truth()["careless"]
    expected = [careless[k] for k in ("score_before", "score_after", "against_the_others")]
    error = found.std(axis=0, ddof=1) / SEEDS**0.5
    assert np.abs((found.mean(axis=0) - expected) / error).max() < FAR


def test_the_worst_twenty_rise_by_fifteen_points_of_luck() -> None:
    careless = Coaching().truth()["careless"]
    assert careless["score_before"] == pytest.approx(-17, abs=0.5)
    assert careless["before_after"] == pytest.approx(15, abs=0.5)
    assert replace(Coaching(), by_lot=True).truth()["careless"]["before_after"] == 0
