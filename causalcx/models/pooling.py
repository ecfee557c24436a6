"""Partial pooling of per-segment estimates: a small normal-normal model, and the exact grid that is its oracle.

    estimate_g ~ Normal(theta_g, std_error_g)      theta_g ~ Normal(mu, tau)
    mu ~ Normal(0, 10 s)                            tau ~ HalfNormal(s)

with s the larger of the spread of the estimates and their mean standard error (Gelman et al., Bayesian Data Analysis,
3rd ed., section 5.4; half-normal prior on tau: Gelman 2006, Bayesian Analysis 1: 515-534).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.moments import Array

DRAWS, CHAINS, TUNE = 1_000, 4, 1_000
GRID = 4_000


@dataclass(frozen=True)
class Pooled:
    """Posterior of the effects, [K sets, G segments], in the unit of each set."""

    mean: Array
    sd: Array
    low: Array
    """2.5 % quantile."""
    high: Array
    """97.5 % quantile."""
    draws: Array
    """[draws, K, G]"""
    r_hat: float
    """Largest over all parameters."""
    ess: float
    """Smallest bulk effective sample size over all parameters."""
    divergences: int


def scale_of(estimate: Array, std_error: Array) -> Array:
    """s of the model, [K]: what a difference between segments could plausibly be."""
    return np.maximum(np.maximum(estimate.std(axis=-1), std_error.mean(axis=-1)), 1e-12)


def pool(estimate: Array, std_error: Array, *, seed: int) -> Pooled:
    """Pool K independent sets of G segments in one run of nutpie.

    Non-centred, so that a tau near zero samples well; one model for all sets, so that it is compiled once. The same seed
    gives the same draws.
    """
    import arviz as az
    import pymc as pm

    s = scale_of(estimate, std_error)[:, None]
    sets, segments = estimate.shape
    with pm.Model():
        mu = pm.Normal("mu", 0, 10, shape=(sets, 1))
        tau = pm.HalfNormal("tau", 1, shape=(sets, 1))
        offset = pm.Normal("offset", 0, 1, shape=(sets, segments))
        theta = pm.Deterministic("theta", mu + tau * offset)
        pm.Normal("estimate", theta, std_error / s, observed=estimate / s)
        trace = pm.sample(
            DRAWS, tune=TUNE, chains=CHAINS, cores=1, random_seed=seed, nuts_sampler="nutpie", progressbar=False,
            quiet=True, target_accept=0.95,
        )  # fmt: skip
    names = ["mu", "tau", "theta"]
    draws = s * trace["posterior"]["theta"].to_numpy().reshape(-1, sets, segments)
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return Pooled(
        draws.mean(axis=0), draws.std(axis=0), low, high, draws,
        r_hat=float(max(v.max() for v in az.rhat(trace, var_names=names).data_vars.values())),
        ess=float(min(v.min() for v in az.ess(trace, var_names=names).data_vars.values())),
        divergences=int(trace["sample_stats"]["diverging"].to_numpy().sum()),
    )  # fmt: skip


def pool_exactly(estimate: Array, std_error: Array) -> tuple[Array, Array]:
    """Posterior means and standard deviations, [G], of one set by an exact grid over tau (mu and theta integrate out)."""
    s = float(scale_of(estimate[None], std_error[None])[0])
    y, v = estimate / s, np.square(std_error / s)
    tau = np.linspace(1e-4, 6, GRID)
    total = v[None] + np.square(tau)[:, None]
    precision = (1 / total).sum(axis=1) + 1 / 100
    centre = (y / total).sum(axis=1) / precision
    misfit = (np.square(y) / total).sum(axis=1) - np.square(centre) * precision
    log_weight = -0.5 * (np.log(total).sum(axis=1) + np.log(precision) + misfit + np.square(tau))
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    keep = v / total
    mean = (1 - keep) * y + keep * centre[:, None]
    variance = (1 - keep) * v + np.square(keep) / precision[:, None]
    overall = weight @ mean
    return s * overall, s * np.sqrt(weight @ (variance + np.square(mean - overall)))
