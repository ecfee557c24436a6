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
DIGITS = 1e-9  # relative; both sides are closed forms


def test_the_closed_form_is_the_posterior_of_a_pymc_model():
    """PyMC's log posterior of the model, written as a person would, differs from ours by a constant, wherever one looks."""
    import pymc as pm

    with pm.Model() as model:
        theta = pm.Normal("theta", PRIOR_MEAN, PRIOR_SD, shape=3)
        pm.MvNormal("estimate", theta, COVARIANCE, observed=ESTIMATE)
    theirs = model.compile_fn(model.logp(), mode="FAST_COMPILE")
    law = inference.posterior(LABELS, ESTIMATE, COVARIANCE, (None,) * 3, PRIOR_MEAN, PRIOR_SD)
    ours = stats.multivariate_normal(law.mean, law.matrix)
    places = ours.rvs(50, random_state=3) + np.random.default_rng(4).normal(0, 3, (50, 3)) * ERROR
    apart = [float(theirs({"theta": place})) - ours.logpdf(place) for place in places]
    np.testing.assert_allclose(apart, apart[0], atol=DIGITS * np.abs(ours.logpdf(places)).max())


def test_probabilities_are_shares_of_the_law():
    law = inference.posterior(LABELS, ESTIMATE, COVARIANCE, (None, None, 5.0), PRIOR_MEAN, PRIOR_SD)
    mean, error = law.mean, np.sqrt(np.diag(law.matrix))
    assert inference.probability_above(law, 0, 2.0) == pytest.approx(stats.norm.sf(2, mean[0], error[0]), rel=DIGITS)
    assert inference.probability_above(law, 1, 0.005, -1) == pytest.approx(
        stats.norm.cdf(-0.005, mean[1], error[1]), rel=DIGITS
    )
    assert inference.probability_above(law, 2, 0.0) == pytest.approx(stats.t.sf(0, 5, mean[2], error[2]), rel=DIGITS)


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
    return Law(
        labels=LABELS,
        mean=(1.0, 2.0, 3.0),
        matrix=tuple(map(tuple, matrix)),
        df=df,
        prior_mean=(0.0,) * 3,
        prior_sd=(1.0,) * 3,
    )


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
    np.testing.assert_array_equal(
        drawn, inference.draws(law_of(np.array([1.0, 2.0, 3.0]), (5.0, None, 5.0)), 20_000, seed=6)
    )
