"""Synthetic controls against a sampled model of the same weights, and against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmarks.trust.synthetic_control import CASES, Case, rows
from causalcx.designs.donors.synthetic import synthetic

RUNS, SEED = 120, 5
BAND = 0.999
BIAS_ERRORS = 4.0
"""Monte Carlo standard errors; eight rows, so a correct design fails once in two thousand seeds."""
WEIGHT, EFFECT = 0.04, 0.15
"""Four posterior standard deviations of a weight and of the effect: the same likelihood, read as a mean and not as its peak."""
BEFORE, AFTER = 80, 20


def small_world() -> np.ndarray:
    """A treated unit that is .5, .3 and .2 of three donors, with 3 added after the start; the fourth donor is idle."""
    rng = np.random.default_rng(2)
    donors = rng.normal(0, 1, (4, BEFORE + AFTER)).cumsum(axis=1) + 10
    treated = np.array([0.5, 0.3, 0.2, 0.0]) @ donors + rng.normal(0, 0.3, BEFORE + AFTER)
    treated[BEFORE:] += 3
    return np.vstack([treated, donors])


def test_weights_and_effect_are_those_of_a_sampled_model() -> None:
    import pymc as pm

    values = small_world()
    found = synthetic(values, np.array([0]), np.arange(1, 5), BEFORE, "classic")
    with pm.Model():
        weights = pm.Dirichlet("weights", np.ones(4))
        noise = pm.HalfNormal("noise", 1)
        pm.Normal("treated", values[1:, :BEFORE].T @ weights, noise, observed=values[0, :BEFORE])
        trace = pm.sample(
            500, tune=500, chains=2, cores=1, random_seed=1, nuts_sampler="nutpie", progressbar=False, quiet=True,
            compute_convergence_checks=False,
        )  # fmt: skip
    drawn = np.asarray(trace["posterior"]["weights"]).reshape(-1, 4)
    effect = values[0, BEFORE:].mean() - drawn @ values[1:, BEFORE:].mean(axis=1)
    assert found.omega == pytest.approx(drawn.mean(axis=0), abs=WEIGHT)
    assert found.effect == pytest.approx(effect.mean(), abs=EFFECT)
    assert np.quantile(effect, 0.025) < found.effect < np.quantile(effect, 0.975)


@pytest.fixture(scope="module")
def table() -> dict[Case, dict]:
    return dict(zip(CASES, rows(RUNS, SEED), strict=True))


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.kind}, {c.label}")
def test_intervals_hold_the_truth_as_often_as_they_say(table, case: Case) -> None:
    covered = round(table[case]["coverage"] * RUNS)
    assert stats.binom.cdf(covered, RUNS, 0.95) > 1 - BAND


@pytest.mark.parametrize("case", [c for c in CASES if not c.edge], ids=lambda c: f"{c.kind}, {c.label}")
def test_estimates_are_unbiased(table, case: Case) -> None:
    row = table[case]
    assert abs(row["bias"]) < BIAS_ERRORS * row["spread"] / np.sqrt(RUNS)
