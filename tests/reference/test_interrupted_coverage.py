"""Intervals of an interrupted time series hold a known truth; benchmarks/trust runs the same cases many more times."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from benchmarks.trust import interrupted_time_series as trust
from causalcx.designs.course.found import mean_of

RUNS, SURE = 60, 0.001
"""Fails where so few intervals would hold the truth in fewer than one of a thousand tests of a right one."""


def held(case: trust.Case, seed: int) -> tuple[int, float]:
    rng = np.random.default_rng(seed)
    means = [mean_of(trust.draw(case, rng)) for _ in range(RUNS)]
    low, high = np.array([m.interval for m in means]).T
    return int(((low <= case.truth) & (case.truth <= high)).sum()), float(np.mean([m.value for m in means]))


@pytest.mark.parametrize(
    "case", [trust.CASES[4], trust.CASES[5], trust.CASES[11]], ids=lambda c: f"{c.kind}: {c.label}"
)
def test_coverage(case: trust.Case) -> None:
    found, _ = held(replace(case, before=80, after=20), 7)
    assert stats.binom.cdf(found, RUNS, 0.95) > SURE


def test_what_happens_at_the_same_time_is_taken_for_the_effect() -> None:
    case = next(c for c in trust.CASES if c.shock)
    _, mean = held(replace(case, before=80, after=20), 7)
    assert mean == pytest.approx(case.truth * (1 + case.shock), abs=0.5)
