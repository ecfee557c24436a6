"""Digit oracles: other packages, or the formula written out, on the same data."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import tea_tasting as tt
from scipy import stats
from statsmodels.stats.multitest import multipletests

from causalcx.core import inference
from causalcx.core.moments import moments_of_columns
from causalcx.core.need import COVARIATE
from causalcx.designs.arms.armmeans import arm_means

DIGITS = 1e-9  # relative: nine significant digits, the same formula in another order of sums
BOOTSTRAP = 0.23  # of the product of standard errors: four Monte Carlo errors of a covariance from 600 resamples
RESAMPLES = 600


def customers(n: int = 900, arms: str = "ab", seed: int = 4) -> pd.DataFrame:
    """Unequal arms with unequal variances, two covariates, three sites of unequal size and effect."""
    rng = np.random.default_rng(seed)
    arm = rng.choice(list(arms), n, p=[0.5, *[0.5 / (len(arms) - 1)] * (len(arms) - 1)])
    site = rng.choice(["n", "s", "w"], n, p=[0.5, 0.3, 0.2])
    x, z = rng.normal(10, 3, n), rng.exponential(2, n)
    treated = (arm != "a").astype(float)
    noise = rng.normal(0, 1, n)
    y = 50 + 2 * x - z + treated * (3 + 0.5 * (x - 10)) + 4 * (site == "w") * treated + noise * (4 + 3 * treated)
    v = (0.3 * (x - 10) + 0.3 * treated + noise + rng.normal(0, 1, n) > 0).astype(int)
    return pd.DataFrame({"id": range(n), "arm": arm, "site": site, "x": x, "z": z, "y": y, "v": v})


PRIMARY = {"outcomes": [{"name": "y", "kind": "amount", "column": "y", "role": "primary"}]}


@pytest.mark.parametrize(
    ("adjustment", "metric"),
    [("none", tt.Mean("y", use_t=True, equal_var=False)), ("cuped", tt.Mean("y", "x", use_t=True, equal_var=False))],
)
@pytest.mark.parametrize("n", [20, 900])
def test_tea_tasting(adjustment, metric, n, fit_trial):
    """Welch and CUPED of tea-tasting 2.0 on two arms: estimate, interval, p-value, statistic."""
    data = customers(n)
    theirs = tt.Experiment({"y": metric}, variant="arm").analyze(data)["y"]
    changes = PRIMARY | {"design.covariates": ["x"] if adjustment == "cuped" else [], "design.adjustment": adjustment}
    ours = fit_trial(changes, data).effects[0]
    found = (ours.baseline, ours.estimate, ours.low, ours.high, ours.p_value, ours.estimate / ours.std_error)
    wanted = (
        theirs.control,
        theirs.effect_size,
        theirs.effect_size_ci_lower,
        theirs.effect_size_ci_upper,
        theirs.pvalue,
        theirs.statistic,
    )
    assert found == pytest.approx(wanted, rel=DIGITS)


def interacted(data: pd.DataFrame, arm: str, columns: list[str]) -> Any:
    """Ordinary least squares of one arm's outcome on its covariates."""
    mine = data[data.arm == arm]
    return sm.OLS(mine.y, sm.add_constant(mine[columns])).fit()


@pytest.mark.parametrize("columns", [["x"], ["x", "z"]])
def test_interacted_adjustment_against_statsmodels(columns, fit_trial):
    """Estimate: the treatment's coefficient in the regression with interactions with centred covariates (Lin 2013).

    Variance: residual variance over n of each arm's own regression, plus the slope term of the design's docstring.
    """
    data = customers()
    ours = fit_trial(PRIMARY | {"design.covariates": columns}, data).effects[0]
    treated = (data.arm == "b").astype(float)
    centred = data[columns] - data[columns].mean()
    regressors = pd.concat([treated.rename("t"), centred, centred.mul(treated, axis=0).add_prefix("t:")], axis=1)
    theirs = sm.OLS(data.y, sm.add_constant(regressors)).fit()
    assert ours.estimate == pytest.approx(theirs.params["t"], rel=DIGITS)
    one, zero = (interacted(data, arm, columns) for arm in "ba")
    apart = (one.params - zero.params)[columns].to_numpy()
    spread = data[columns].cov().to_numpy()
    variance = one.mse_resid / one.nobs + zero.mse_resid / zero.nobs + apart @ spread @ apart / len(data)
    assert ours.std_error**2 == pytest.approx(variance, rel=DIGITS)
    sandwich = theirs.HC2_se["t"]
    assert ours.std_error == pytest.approx(
        sandwich, rel=0.05
    )  # another estimator of the same variance, less the slope term


def test_covariates_that_repeat_or_stand_still_change_nothing(fit_trial):
    data = customers().assign(copy=lambda d: d.x, line=lambda d: 3 * d.x + 7, flat=5.0)
    alone = fit_trial(PRIMARY | {"design.covariates": ["x"]}, data).effects[0]
    crowd = fit_trial(PRIMARY | {"design.covariates": ["copy", "x", "flat", "line"]}, data).effects[0]
    keep = {"estimate", "std_error", "df", "low", "high", "p_value", "baseline"}
    assert crowd.model_dump(include=keep) == pytest.approx(
        alone.model_dump(include=keep), rel=1e-7
    )  # an ill-conditioned inverse


@pytest.mark.parametrize("columns", [[], ["x", "z"]])
def test_strata_by_hand(columns, fit_trial):
    """tau = sum n_s/n tau_s (slopes pooled over an arm's strata where there are covariates)."""
    data = customers()
    ours = fit_trial(PRIMARY | {"design.covariates": columns, "design.strata": "site"}, data).effects[0]
    within = data[["y", *columns]] - data.groupby(["arm", "site"])[["y", *columns]].transform("mean")
    slopes = {
        a: np.linalg.lstsq(
            within.loc[data.arm == a, columns].to_numpy(), within.loc[data.arm == a, "y"].to_numpy(), rcond=None
        )[0]
        for a in "ab"
    }
    tau, variance, cells = [], [], []
    for _, cell in data.groupby("site"):
        means = {
            a: cell[cell.arm == a].y.mean()
            - (cell.loc[cell.arm == a, columns].mean() - cell[columns].mean()).to_numpy() @ slopes[a]
            for a in "ab"
        }
        tau.append(means["b"] - means["a"])
        cells.append(len(cell))
        variance.append(sum(cell[cell.arm == a].y.var() / (cell.arm == a).sum() for a in "ab"))
    share = np.array(cells) / len(data)
    estimate = share @ tau
    assert ours.estimate == pytest.approx(estimate, rel=DIGITS)
    if not columns:  # within strata by Neyman, and the shares of the strata are a sample too
        between = share @ (np.array(tau) - estimate) ** 2 / len(data)
        assert ours.std_error**2 == pytest.approx(share**2 @ variance + between, rel=DIGITS)


def test_nps_is_the_mean_of_the_scores(fit_trial):
    """Points from promoter and detractor shares are Welch's comparison of -100, 0 and 100, and so are the flows."""
    rng = np.random.default_rng(8)
    data = customers(600).assign(score=rng.integers(0, 11, 600).astype(float))
    data.loc[rng.random(600) < 0.3, "score"] = np.nan
    readout = fit_trial({"outcomes": [{"name": "nps", "kind": "nps", "column": "score", "role": "primary"}]}, data)
    ours, answered = readout.effects[0], data.dropna(subset="score")
    points = np.select([answered.score >= 9, answered.score <= 6], [100.0, -100.0], 0.0)
    one, zero = points[answered.arm == "b"], points[answered.arm == "a"]
    theirs = stats.ttest_ind(one, zero, equal_var=False)
    interval = theirs.confidence_interval()
    found = (ours.estimate, ours.p_value, ours.df, ours.low, ours.high, ours.n_treated, ours.n_control)
    assert found == pytest.approx(
        (one.mean() - zero.mean(), theirs.pvalue, theirs.df, interval.low, interval.high, len(one), len(zero)),
        rel=DIGITS,
    )
    assert readout.law.prior_sd[0] == pytest.approx(zero.std(ddof=1), rel=DIGITS)  # the default prior of the plan
    flow = readout.flows[0]
    assert 100 * (flow.promoters - flow.detractors) == pytest.approx(ours.estimate, rel=DIGITS)
    assert flow.promoters == pytest.approx((one == 100).mean() - (zero == 100).mean(), rel=DIGITS)
    error = np.sqrt((one == -100).var(ddof=1) / len(one) + (zero == -100).var(ddof=1) / len(zero))
    assert flow.detractors_std_error == pytest.approx(error, rel=DIGITS)
    assert flow.promoters + flow.passives + flow.detractors == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("adjustment", ["none", "interacted", "cuped"])
@pytest.mark.parametrize("strata", [False, True])
def test_joint_covariance_against_a_bootstrap(adjustment, strata):
    """Two outcomes, one of them answered by two in three, three arms: resampling units moves the estimates as the law says."""
    data = customers(1_500, "abc")
    rng = np.random.default_rng(3)
    answered = rng.random(len(data)) < 0.67
    cells = data.site.to_numpy() if strata else np.repeat("", len(data))
    columns = {"y": data.y.to_numpy(), "v": np.where(answered, data.v, np.nan), COVARIATE + "x": data.x.to_numpy()}
    columns[COVARIATE + "x@v"] = np.where(answered, data.x, np.nan)

    def effects(rows: np.ndarray) -> Any:
        moments = moments_of_columns(
            data.arm.to_numpy()[rows], {k: c[rows] for k, c in columns.items()}, cells[rows], control="a"
        )
        return arm_means(moments, ("y", "v"), adjustment)

    resampled = [effects(rng.integers(0, len(data), len(data))).mean for _ in range(RESAMPLES)]
    drawn = np.array([(m[1:] - m[0]).ravel() for m in resampled])
    whole = effects(np.arange(len(data)))
    contrast = np.array([np.kron(np.array([-1, b, 1 - b]), np.eye(2)[v]) for b, v in product((1, 0), (0, 1))])
    ours = contrast @ whole.covariance.reshape(6, 6) @ contrast.T
    error = np.sqrt(np.diag(ours))
    assert np.abs(np.cov(drawn.T) / np.outer(error, error) - ours / np.outer(error, error)).max() < BOOTSTRAP
    assert abs(ours[0, 1] / error[0] / error[1]) > 0.1  # there is a correlation to get right
    assert ours[0, 2] / error[0] / error[2] > 0.1  # the control is shared


@pytest.mark.parametrize(
    "p_values", [[0.01, 0.04, 0.03, 0.5], [0.2], [0.02, 0.02, 0.02], [1.0, 0.0], list(np.linspace(1e-6, 0.9, 17))]
)
def test_holm_against_statsmodels(p_values):
    assert inference.holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist(), rel=1e-12)


def test_intervals_and_p_values_against_scipy():
    t = stats.t(7.3)
    assert inference.t_interval(2, 1.5, 7.3, 0.95) == pytest.approx(
        (2 - 1.5 * t.ppf(0.975), 2 + 1.5 * t.ppf(0.975)), rel=1e-12
    )
    assert inference.two_sided_p(2, 1.5, 7.3) == pytest.approx(2 * t.sf(2 / 1.5), rel=1e-12)
    assert inference.two_sided_p(2, 1.5, None) == pytest.approx(2 * stats.norm.sf(2 / 1.5), rel=1e-12)
