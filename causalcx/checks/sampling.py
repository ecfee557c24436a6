"""Whether a sampler's draws can be trusted."""

from __future__ import annotations

from causalcx.core.check import Check

R_HAT_WARNS, R_HAT_FAILS = 1.01, 1.05
LEAST_DRAWS = 400
"""Effective draws below which quantiles are rough (Vehtari et al. 2021, Bayesian Analysis 16: 667-718)."""


def convergence(r_hat: float, ess: float, divergences: int) -> Check:
    """R-hat, effective sample size and divergences of a sampled model."""
    doubtful = r_hat > R_HAT_WARNS or ess < LEAST_DRAWS or divergences > 0
    verdict = "fail" if r_hat > R_HAT_FAILS else "warn" if doubtful else "pass"
    facts = {"r_hat": r_hat, "ess": ess, "divergences": divergences}
    return Check(name="convergence", verdict=verdict, value=r_hat, facts=facts)
