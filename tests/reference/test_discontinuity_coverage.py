"""A short version of the trust table's rows: robust intervals at a threshold hold known truth, and fail where cases were moved across."""

from __future__ import annotations

import pytest
from scipy import stats

from benchmarks.trust import discontinuity as trust

RUNS, SEED = 150, 3
LEAST = int(stats.binom.ppf(0.001, RUNS, 0.94)) / RUNS
"""What a coverage of 94 % leaves less than once in a thousand; the intervals are a little narrow at 2,500 units."""
MOVED = "broken: bad cases moved across the cutoff"
BIAS_ERRORS = 4.0
"""Monte Carlo standard errors; the worlds bend too little for the bias of the conventional estimate to be more."""


@pytest.fixture(scope="module")
def rows():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trust, "UNITS", 2_500)
        return list(trust.rows(RUNS, SEED))


def test_intervals_hold_the_truth(rows) -> None:
    kept = [r for r in rows if r["case"] != MOVED]
    assert {(r["outcome"], r["case"]): r["coverage"] for r in kept if r["coverage"] < LEAST} == {}
    assert max(abs(r["bias"]) / r["spread"] * RUNS**0.5 for r in kept) < BIAS_ERRORS


def test_cheating_is_not_survived_but_seen(rows) -> None:
    cheated = next(r for r in rows if r["case"] == MOVED)
    assert cheated["coverage"] < 0.5
    assert cheated["piling_up_seen"] > 0.9
    assert max(r["piling_up_seen"] for r in rows if r is not cheated) < 0.06
