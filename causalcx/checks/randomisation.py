"""Whether chance did what the plan said: the split between the arms, and the balance of what was known before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from causalcx.core.check import Check
from causalcx.core.moments import Array, Moments
from causalcx.core.need import ANSWERED_BY, COVARIATE

FAILS = 0.001
WARNS = 0.01


def sample_ratio(moments: Moments, ratio: Mapping[str, float] | None) -> Check:
    """Pearson's test of the planned split, within strata; fails at p < .001.

    The statistic is summed over strata, with (arms - 1) degrees of freedom each (Fabijan et al. 2019, KDD: sample ratio
    mismatch).
    """
    observed = {arm: int(n) for arm, n in zip(moments.arms, moments.units.sum(axis=1), strict=True)}
    if not ratio:
        return Check(name="sample-ratio", verdict="info", facts={"planned": None, "observed": observed, "p": None})
    share = np.array([ratio[arm] for arm in moments.arms]) / sum(ratio.values())
    expected = share[:, None] * moments.units.sum(axis=0)
    filled = expected.sum(axis=0) > 0
    statistic = float((np.square(moments.units - expected)[:, filled] / expected[:, filled]).sum())
    p = float(stats.chi2.sf(statistic, (len(moments.arms) - 1) * int(filled.sum())))
    planned = dict(zip(moments.arms, share.tolist(), strict=True))
    facts = {"planned": planned, "observed": observed, "p": p, "strata": int(filled.sum())}
    return Check(name="sample-ratio", verdict="fail" if p < FAILS else "pass", value=p, facts=facts)


def balance(moments: Moments) -> Check | None:
    """One omnibus test that covariate means are equal in all arms (within strata), and standardised differences.

    Wald statistic sum n_a (xbar_a - xbar)' S^-1 (xbar_a - xbar), chi-square with (arms - 1) x covariates degrees of
    freedom, S pooled within arms (Hansen & Bowers 2008, Statistical Science 23: 219-236). None without covariates.
    """
    x = [i for i, name in enumerate(moments.variables) if name.startswith(COVARIATE) and ANSWERED_BY not in name]
    if not x:
        return None
    names = [moments.variables[i].removeprefix(COVARIATE) for i in x]
    away, spread = _departures(moments, x)
    weighted = np.einsum("as,ask->ak", moments.units, away)
    inverse = np.linalg.pinv(spread, rcond=1e-10, hermitian=True)
    units = moments.units.sum(axis=1)
    statistic = float(np.einsum("ak,kl,al,a->", weighted, inverse, weighted, 1 / units))
    freedom = (len(moments.arms) - 1) * int(
        np.linalg.matrix_rank(spread, tol=1e-10 * max(float(np.trace(spread)), 1e-300))
    )
    p = float(stats.chi2.sf(statistic, freedom)) if freedom else 1.0
    differences = _standardised(weighted / units[:, None], spread, names)
    facts: dict[str, Any] = {
        "p": p,
        "covariates": differences,
        "largest": max(differences, key=lambda d: abs(d["smd"])),
    }
    verdict = "fail" if p < FAILS else "warn" if p < WARNS else "pass"
    return Check(name="balance", verdict=verdict, value=p, facts=facts)


def _departures(moments: Moments, x: list[int]) -> tuple[Array, Array]:
    """[A, S, k] covariate means less their stratum's; [k, k] pooled covariance within arms and strata."""
    mean = np.stack([moments.mean[:, :, i, i] for i in x], axis=2)
    total = np.maximum(moments.units.sum(axis=0), 1)
    centre = np.einsum("as,ask->sk", moments.units, mean) / total[:, None]
    cells = int((moments.units > 0).sum())
    spread = moments.product[:, :, x][:, :, :, x].sum(axis=(0, 1)) / max(moments.units.sum() - cells, 1)
    return np.where(moments.units[..., None] > 0, mean - centre, 0.0), spread


def _standardised(away: Array, spread: Array, names: list[str]) -> list[dict[str, Any]]:
    """Largest difference of an arm from the first (control) arm, in standard deviations, per covariate."""
    deviation = np.sqrt(np.where(np.diag(spread) > 0, np.diag(spread), 1.0))
    difference = (away[1:] - away[0]) / deviation
    largest = np.take_along_axis(difference, np.abs(difference).argmax(axis=0)[None], axis=0)[0]
    return [{"name": name, "smd": float(d)} for name, d in zip(names, largest, strict=True)]
