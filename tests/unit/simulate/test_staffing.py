"""Stores staffed in waves: what the world plants is what its truth says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalcx.simulate.staffing import Staffing, with_neighbours

FAR = 4.0
"""Monte Carlo standard errors."""
SEEDS = 40


def readings(world: Staffing, seed: int) -> list[float]:
    """Before against after, and the waves' changes since their base less those of stores never treated."""
    data = pd.DataFrame(world.draw(seed))
    sales = data.sales.to_numpy().reshape(world.stores, world.weeks)
    start = data.groupby("store").first_week.first()
    never, rises, gaps = sales[start.isna()].mean(axis=0), [], []
    for week, s in zip(sorted(start.dropna().unique()), world.starts, strict=True):
        own = sales[start == week].mean(axis=0)
        rises.append(own[s:].mean() - own[:s].mean())
        gaps.append((own - never)[s:].mean() - (own - never)[s - 1])
    return [float(np.mean(rises)), float(np.mean(gaps))]


@pytest.mark.parametrize("world", [Staffing(), with_neighbours()])
def test_readings_claim_what_the_truth_says(world: Staffing) -> None:
    found, truth = np.array([readings(world, seed) for seed in range(SEEDS)]), world.truth()["careless"]
    error = found.std(axis=0, ddof=1) / np.sqrt(SEEDS)
    assert np.abs((found.mean(axis=0) - [truth["before_after"], truth["never_treated"]]) / error).max() < FAR


def test_neighbours_make_the_comparison_claim_more_than_the_own_effect_and_the_whole_is_less() -> None:
    alone, together = Staffing().truth(), with_neighbours().truth()
    assert alone["careless"]["never_treated"] == pytest.approx(alone["effects"]["sales"], rel=1e-12)
    assert together["own"] == pytest.approx(alone["effects"]["sales"], rel=1e-12)
    assert together["careless"]["never_treated"] > 1.1 * together["own"]
    assert together["own"] > together["as_rolled_out"] > together["effects"]["sales"] > 0.5 * together["own"]
    assert together["spillover"] == pytest.approx(together["effects"]["sales"] - together["own"])


def test_the_map_does_not_change_with_the_sales() -> None:
    pairs = with_neighbours().pairs()
    both = set(zip(pairs["unit"].tolist(), pairs["neighbour"].tolist(), strict=True))
    assert {(b, a) for a, b in both} == both
    assert 1 < len(both) / 160 < 2.5
    assert len(Staffing().pairs()["unit"]) == 0
