"""A short version of the trust table's rows: intervals of quantiles and bounds hold the planted truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.trust.tails import CASES, Case, one

RUNS, SEED = 250, 11
BAND = 0.9999
"""A correct interval fails once in a thousand seeds, ten rows taken together."""


@pytest.mark.parametrize("case", CASES[:-1], ids=lambda case: f"{case.kind}: {case.label}")
def test_the_interval_holds_the_truth(case: Case) -> None:
    rng = np.random.default_rng(SEED)
    held = sum(one(case, rng)[2] for _ in range(RUNS))
    assert held >= stats.binom.ppf(1 - BAND, RUNS, 0.95)


def test_bounds_mislead_where_some_answer_without_the_change_only() -> None:
    held = [one(CASES[-1], np.random.default_rng(seed))[2] for seed in range(20)]
    assert sum(held) < 10
