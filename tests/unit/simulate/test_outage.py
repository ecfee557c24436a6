"""The outage world: its closed forms against its draws, and its trap."""

from __future__ import annotations

import numpy as np

from causalcx.simulate.outage import BY_HAND, Outage

WITHIN = 4.5
"""Standard errors of a mean of the draws."""


def test_the_careless_figures_are_those_of_the_draws() -> None:
    world = Outage(customers=400_000, moved=0.0)
    columns, truth = world.draw(3), world.truth()["careless"]
    had = columns["credit"] == 1
    points = 100.0 * ((columns["score"] >= 9).astype(float) - (columns["score"] <= 6))
    for name, values in (
        ("churn", columns["churned_60d"]),
        ("nps", np.where(np.isnan(columns["score"]), np.nan, points)),
    ):
        one, other = (values[side & ~np.isnan(values)] for side in (had, ~had))
        error = np.sqrt(one.var() / len(one) + other.var() / len(other))
        assert abs(one.mean() - other.mean() - truth[name]) < WITHIN * error


def test_the_effect_is_that_at_the_cutoff() -> None:
    """Churn at 8 hours: 1 / (1 + exp(2.05)) = 0.1140 without and 1 / (1 + exp(2.47)) = 0.0780 with a credit."""
    assert abs(Outage().truth()["effects"]["churn"] - (0.07800 - 0.11406)) < 1e-4


def test_only_one_region_writes_by_hand() -> None:
    columns = Outage(customers=40_000).draw(1)
    at = columns["hours_30d"] == 8.0
    by_region = np.bincount(columns["region"][at], minlength=9)
    assert by_region[BY_HAND] > 20 * by_region[[1, 2, 3, 4, 5, 6, 8]].max()


def test_the_same_seed_gives_the_same_customers() -> None:
    one, other = Outage(customers=500).draw(7), Outage(customers=500).draw(7)
    assert all(np.array_equal(one[c], other[c], equal_nan=one[c].dtype.kind == "f") for c in one)
