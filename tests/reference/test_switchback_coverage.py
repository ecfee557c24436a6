"""A short version of the trust table's rows: intervals of a switchback hold the planted truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.trust.switchback import CASES, EFFECT, Case, one

RUNS, SEED = 120, 11
BAND = 0.9999
BIAS_ERRORS = 4.5
"""Monte Carlo standard errors; eleven rows, so a correct design fails once in some thousand seeds."""


@pytest.mark.parametrize("case", CASES[:-1], ids=lambda case: f"{case.kind}: {case.label}")
def test_the_interval_holds_the_truth(case: Case) -> None:
    rng = np.random.default_rng(SEED)
    truth = EFFECT[case.kind] * (1 + case.carried)
    estimate, error, low, high = np.array([one(case, rng) for _ in range(RUNS)]).T
    assert abs(estimate.mean() - truth) < BIAS_ERRORS * error.mean() / np.sqrt(RUNS)
    least = stats.binom.ppf(1 - BAND, RUNS, 0.95)
    assert ((low <= truth) & (truth <= high)).sum() >= least


def test_carry_over_without_a_washout_misleads() -> None:
    case = CASES[-1]
    truth = EFFECT[case.kind] * (1 + case.carried)
    _, _, low, high = np.array([one(case, np.random.default_rng(seed)) for seed in range(20)]).T
    assert ((low <= truth) & (truth <= high)).mean() < 0.5
