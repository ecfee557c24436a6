"""PyMC as oracle of the closed-form posterior: a normal prior on each effect, one joint normal likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalcx.core import inference
from causalcx.core.effect import Law

ESTIMATE = np.array([3.0, -0.02, 1.0])
ERROR = np.array([2.0, 0.01, 1.5])
CORRELATION = np.array([[1, -0.6, 0.4], [-0.6, 1, -0.2], [0.4, -0.2, 1]])
COVARIANCE = CORRELATION * np.outer(ERROR, ERROR)
PRIOR_MEAN, PRIOR_SD = np.array([1.0, 0.0, 0.0]), np.array([1.5, 0.02, 3.0])
LABELS = ("nps: b vs a", "churn: b vs a", "calls: b vs a")
MONTE_CARLO = 5  # standard errors of the sampler's means and of its draws' correlations


@pytest.fixture(scope="module")
def sampled():
    import pymc as pm

    scale = PRIOR_SD  # sampled in units of the prior, so that the sampler needs no adaptation to them
    with pm.Model():
        theta = pm.Normal("theta", PRIOR_MEAN / scale, 1, shape=3)
        pm.MvNormal("estimate", theta, COVARIANCE / np.outer(scale, scale), observed=ESTIMATE / scale)
        trace = pm.sample(1_500, tune=500, chains=2, cores=1, random_seed=3, nuts_sampler="nutpie", progressbar=False, quiet=True)
    return trace["posterior"]["theta"].to_numpy().reshape(-1, 3) * scale


def test_the_closed_form_against_the_sampler(sampled):
    law = inference.posterior(LABELS, ESTIMATE, COVARIANCE, (None,) * 3, PRIOR_MEAN, PRIOR_SD)
    matrix = np.array(law.matrix)
    error = np.sqrt(np.diag(matrix))
    close = MONTE_CARLO / np.sqrt(len(sampled) / 3)  # NUTS draws are worth a third of independent ones or more
    assert np.abs((sampled.mean(axis=0) - law.mean) / error).max() < close
    assert np.abs((np.cov(sampled.T) - matrix) / np.outer(error, error)).max() < 1.5 * close
    for i, sign in ((0, 1), (1, -1), (2, 1)):
        share = (sign * sampled[:, i] > 0).mean()
        assert inference.probability_above(law, i, 0.0, sign) == pytest.approx(share, abs=close / 2)


def test_the_closed_form_against_precision_matrices():
    """The textbook form (V^-1 + P^-1)^-1 (V^-1 t + P^-1 m), where V can be inverted."""
    law = inference.posterior(LABELS, ESTIMATE, COVARIANCE, (9.0, None, 40.0), PRIOR_MEAN, PRIOR_SD)
    precision = np.linalg.inv(COVARIANCE) + np.diag(PRIOR_SD**-2.0)
    mean = np.linalg.solve(precision, np.linalg.solve(COVARIANCE, ESTIMATE) + PRIOR_MEAN / PRIOR_SD**2)
    np.testing.assert_allclose(law.mean, mean, rtol=1e-10)
    np.testing.assert_allclose(law.matrix, np.linalg.inv(precision), rtol=1e-9)
    assert law.df == (9.0, None, 40.0)


@pytest.mark.parametrize("sd", [1e9, 1e-9])
def test_a_wide_prior_says_nothing_and_a_narrow_one_everything(sd):
    law = inference.posterior(LABELS, ESTIMATE, COVARIANCE, (None,) * 3, PRIOR_MEAN, np.full(3, sd))
    wanted = (ESTIMATE, COVARIANCE) if sd > 1 else (PRIOR_MEAN, np.diag([sd**2] * 3))
    np.testing.assert_allclose(law.mean, wanted[0], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(law.matrix, wanted[1], rtol=1e-6, atol=1e-12)


def law_of(errors: np.ndarray, df: tuple[float | None, ...]) -> Law:
    matrix = CORRELATION * np.outer(errors, errors)
    return Law(labels=LABELS, mean=(1.0, 2.0, 3.0), matrix=tuple(map(tuple, matrix)), df=df, prior_mean=(0.0,) * 3, prior_sd=(1.0,) * 3)


@pytest.mark.parametrize("errors", [[1.0, 1.0, 1.0], [1e7, 1e-5, 1.0]])
def test_draws_keep_the_joint_law_whatever_the_units(errors):
    """Revenue in cents beside a churn share: neither may lose its spread or its correlation."""
    errors = np.array(errors)
    drawn = inference.draws(law_of(errors, (None,) * 3), 40_000, seed=5)
    np.testing.assert_allclose(drawn.std(axis=0) / errors, 1, atol=0.02)  # five Monte Carlo errors of 40,000 draws
    np.testing.assert_allclose(np.corrcoef(drawn.T), CORRELATION, atol=0.025)


def test_draws_are_student_t_with_each_estimators_freedom():
    drawn = inference.draws(law_of(np.array([1.0, 2.0, 3.0]), (5.0, None, 5.0)), 20_000, seed=6)
    t = (drawn - [1, 2, 3]) / [1, 2, 3]
    for column, law in ((0, stats.t(5)), (1, stats.norm()), (2, stats.t(5))):
        assert stats.kstest(t[:, column], law.cdf).pvalue > 1e-3
    np.testing.assert_array_equal(drawn, inference.draws(law_of(np.array([1.0, 2.0, 3.0]), (5.0, None, 5.0)), 20_000, seed=6))
