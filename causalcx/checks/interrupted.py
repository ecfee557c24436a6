"""Whether one course before and after deserves trust: false starts, what the model left over, columns that jump at the start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from causalcx.core.check import Check, Verdict
from causalcx.core.moments import Array

WARNS, FAILS = 0.05, 0.01
LEVEL = 0.95
LEANS = 2.3
"""Standard errors from zero at which false starts lean to one side: one in fifty does by luck."""
MOST_LAGS = 10
PATTERN_WARNS, PATTERN_FAILS = 0.02, 0.002
"""Stricter than the others: without any pattern p is below 0.05 in up to one course of eleven, below 0.02 in about one of twenty."""
STRONG, SURE = 0.3, 3.0
"""Correlation with the same place of the pattern before from which it is worth a season, and standard errors it must be from 0."""
LEAST_CYCLES = 3
"""Times a pattern must have come before it can be seen."""


@dataclass(frozen=True)
class FalseStart:
    """The model asked for an effect where nothing happened: what it found, and whether its interval held zero."""

    label: str
    found: float
    std_error: float
    holds_zero: bool


def pseudo_starts(outcome: str, unit: str, horizon: int, starts: Sequence[FalseStart]) -> Check:
    """Share of false starts whose interval held zero; fails where so few have a chance below 1 %. The effects' mean is the bias,
    held against its own standard error, since the periods after different false starts do not overlap."""
    facts: dict[str, Any] = {"outcome": outcome, "unit": unit, "horizon": horizon, "starts": len(starts)}
    if not starts:
        return Check(name="pseudo-starts", verdict="info", facts=facts)
    held, bias = sum(s.holds_zero for s in starts), float(np.mean([s.found for s in starts]))
    chance = float(stats.binom.cdf(held, len(starts), LEVEL))
    error = float(np.sqrt(sum(s.std_error**2 for s in starts))) / len(starts)
    drifts = abs(bias) > LEANS * error
    verdict: Verdict = "fail" if chance < FAILS else "warn" if chance <= WARNS + 1e-9 or drifts else "pass"
    facts |= {
        "held": held, "bias": bias, "std_error": error, "p": chance,
        "found": {s.label: s.found for s in starts}, "seen": "bias" if verdict == "warn" and chance > WARNS + 1e-9 else "coverage",
    }  # fmt: skip
    return Check(name="pseudo-starts", verdict=verdict, value=held / len(starts), facts=facts)


def residual_autocorrelation(outcome: str, residual: Array) -> Check:
    """Ljung-Box test of the one-step residuals (Ljung & Box 1978, Biometrika 65: 297-303)."""
    kept = residual[~np.isnan(residual)]
    lags = max(2, min(MOST_LAGS, len(kept) // 5))
    r = np.array([_correlation(residual, lag)[0] for lag in range(1, lags + 1)])
    n = len(kept)
    statistic = n * (n + 2) * float((r**2 / (n - np.arange(1, lags + 1))).sum())
    p = float(stats.chi2.sf(statistic, lags))
    verdict: Verdict = "fail" if p < PATTERN_FAILS else "warn" if p < PATTERN_WARNS else "pass"
    facts = {"outcome": outcome, "p": p, "lags": lags, "first": float(r[0])}
    return Check(name="residual-autocorrelation", verdict=verdict, value=p, facts=facts)


def season_undeclared(outcome: str, residual: Array, patterns: Sequence[int]) -> Check:
    """The strongest pattern of the calendar among the residuals; ``patterns``: lengths that the file does not declare."""
    seen = [(*_correlation(residual, p), p) for p in patterns if len(residual) >= LEAST_CYCLES * p]
    if not seen:
        return Check(name="season-undeclared", verdict="info", facts={"outcome": outcome})
    r, pairs, period = max(seen)
    strong = r > STRONG and r * np.sqrt(pairs) > SURE
    facts = {"outcome": outcome, "period": period, "correlation": r}
    return Check(name="season-undeclared", verdict="warn" if strong else "pass", value=r, facts=facts)


def _correlation(residual: Array, lag: int) -> tuple[float, int]:
    """Autocorrelation at a lag and the pairs behind it; gaps count for nothing."""
    centred = residual - np.nanmean(residual)
    products = centred[lag:] * centred[:-lag]
    square = float(np.nansum(centred**2))
    return (float(np.nansum(products)) / square if square > 0 else 0.0), int((~np.isnan(products)).sum())


def touched_regressor(column: str, found: float, low: float, high: float, p: float) -> Check:
    """The same model with the column in the outcome's place: a column that jumps at the start takes part of the effect with it."""
    verdict: Verdict = "fail" if p < FAILS else "warn" if p < WARNS else "pass"
    facts = {"column": column, "found": found, "low": low, "high": high, "p": p}
    return Check(name="touched-regressor", verdict=verdict, value=p, facts=facts)


def untested_regressor(column: str) -> Check:
    """A column of two values is a calendar, or ought to be: nothing can be forecast of it."""
    return Check(name="touched-regressor", verdict="info", facts={"column": column})
