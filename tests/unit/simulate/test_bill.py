"""The new bill: what careless readings find is what its truth says, and the bill alone moves the calls of its customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from causalcx.simulate.bill import DAYS, START, Bill

FAR = 4.0
"""Monte Carlo standard errors."""
SEEDS = 200


def readings(world: Bill, seed: int) -> np.ndarray:
    calls, first = world.draw(seed)["bill_calls"], int(np.searchsorted(DAYS, START))
    return np.array([
        calls[first:].mean() - calls[:first].mean(),
        calls[first : first + 28].mean() - calls[first - 28 : first].mean(),
        (calls[first:] - calls[first - 364 : len(DAYS) - 364]).mean(),
    ])  # fmt: skip


def test_careless_readings_claim_what_the_truth_says_with_the_wrong_sign() -> None:
    found = np.array([readings(Bill(), seed) for seed in range(SEEDS)])
    expected = list(Bill().truth()["careless"].values())
    assert np.abs((found.mean(axis=0) - expected) / (found.std(axis=0, ddof=1) / np.sqrt(SEEDS))).max() < FAR
    assert min(expected) > 0 > Bill().effect


def test_business_customers_do_not_notice() -> None:
    with_bill, without = Bill().draw(5), replace(Bill(), effect=0.0).draw(5)
    assert np.array_equal(with_bill["business_calls"], without["business_calls"])
    changed = with_bill["bill_calls"] - without["bill_calls"]
    assert set(changed[DAYS < START]) == {0}
    assert set(changed[DAYS >= START]) == {-580}
