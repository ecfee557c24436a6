"""A short version of ``python -m benchmarks.coverage``: the readout's intervals hold the closed-form truth as often as they say."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from benchmarks.coverage import (
    COVARIATES,
    KINDS,
    all_runs,
    columns_of,
    coverage_band,
    moments_of_arrays,
    report,
    truths,
)
from causalcx.core.experiment_file import load_experiment
from causalcx.core.need import COVARIATE
from causalcx.designs.randomised import needs
from causalcx.simulate import draw_customers, write_company
from causalcx.sources.engine import open_file
from causalcx.sources.reduce import reduce

RUNS, CUSTOMERS, SEED = 400, 400, 7
BIAS_ERRORS = 4.0  # Monte Carlo standard errors; 24 rows below, so a correct readout fails once in 650 seeds
SPREAD = 0.16  # relative; the standard deviation of 400 estimates has a relative error of 3.5 %, more where skewed
SAME = 1e-9  # sums in another order


@pytest.fixture(scope="module")
def runs():
    return all_runs(RUNS, CUSTOMERS, SEED, processes=1)


@pytest.mark.parametrize("adjustment", COVARIATES)
def test_intervals_hold_the_truth_as_often_as_they_say(runs, adjustment):
    low, high = coverage_band(RUNS)
    coverage = dict(zip([k.label for k in KINDS], runs[adjustment].holds.mean(axis=0), strict=True))
    assert {label: c for label, c in coverage.items() if not low <= c <= high} == {}


@pytest.mark.parametrize("adjustment", COVARIATES)
def test_estimates_are_unbiased(runs, adjustment):
    estimate = runs[adjustment].estimate
    z = (estimate.mean(axis=0) - truths()) / estimate.std(axis=0, ddof=1) * np.sqrt(RUNS)
    assert np.abs(z).max() < BIAS_ERRORS


@pytest.mark.parametrize("adjustment", COVARIATES)
def test_reported_standard_errors_are_the_spread_of_the_estimates(runs, adjustment):
    spread = runs[adjustment].estimate.std(axis=0, ddof=1)
    reported = np.sqrt(np.diagonal(runs[adjustment].covariance, axis1=1, axis2=2)).mean(axis=0)
    assert spread == pytest.approx(reported, rel=SPREAD)


def test_adjustment_makes_revenue_sharper(runs):
    k = [kind.label for kind in KINDS].index("amount, revenue")
    spread = {a: r.estimate[:, k].std() for a, r in runs.items()}
    assert spread["interacted"] < 0.9 * spread["none"]  # past spend explains almost half of the variance
    assert spread["cuped"] < 0.9 * spread["none"]


def test_the_page_has_a_row_per_kind_adjustment_and_size(runs):
    page = report({CUSTOMERS: runs}, runs=RUNS, seed=SEED, date=dt.date(2026, 1, 2), took="1 s")
    assert sum(line.startswith("| ") and line.endswith(("| yes |", "| no |")) for line in page.splitlines()) == 24
    assert f"{RUNS:,} runs per row, seed {SEED}, 2026-01-02" in page


def test_moments_of_arrays_are_those_of_the_source(tmp_path):
    experiment = load_experiment(write_company(tmp_path, customers=600, seed=3)["experiment"])
    reduced = reduce(open_file(tmp_path / "data.parquet"), needs(experiment, dt.date(2026, 8, 1))).moments
    few = draw_customers(600, 3)
    tables = dict.fromkeys(("everyone answers", "a fifth answers", "skewed bills"), few)
    kinds = {
        "nps": "nps, 20 % answer at random",
        "churn": "binary, churn",
        "revenue": "amount, revenue",
        "calls": "count, calls",
    }
    arrays = moments_of_arrays(few["variant"], reduced.arms, columns_of(tables, COVARIATES["interacted"]))
    names = {
        v: v.replace(o, kinds[o]) for v in reduced.variables for o in kinds if v.startswith(o) or v.endswith("@" + o)
    }
    at = [arrays.index(names.get(v, v)) for v in reduced.variables]
    outcomes = [i for i, v in enumerate(reduced.variables) if not v.startswith(COVARIATE)]
    blocks = [outcomes, [i for i, v in enumerate(reduced.variables) if v.startswith(COVARIATE) and "@" not in v]]
    for block in (*blocks, [i for i, v in enumerate(reduced.variables) if v.endswith("@nps")]):
        assert block
        for part in ("count", "mean", "product"):
            ours = getattr(arrays, part)[:, 0][:, [at[i] for i in block]][:, :, [at[i] for i in block]]
            np.testing.assert_allclose(ours, getattr(reduced, part)[:, 0][:, block][:, :, block], rtol=SAME, atol=SAME)
