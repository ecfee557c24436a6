"""How often the robust 95 % interval at a threshold holds the truth, per outcome kind, sharp and fuzzy, and what rounding and cheating do.

Hours without service are gamma; outcomes bend with them, so a line within the bandwidth misses a little. In the last case those just below the
cutoff with a bad outcome are put on it, which the design does not survive; the check `density` is what sees it. The intervals take the bandwidth as
given, as the method does; its own luck makes estimates vary by up to a tenth more than the standard errors say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit, ndtr

from benchmarks.trust.judged import row_of_ends
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array
from causalcx.designs.cutoff.density import piling_up
from causalcx.designs.cutoff.local_polynomial import Rows, jump, widths

UNITS, CUTOFF, LEVEL = 10_000, 8.0, 0.95
SHIFT = 0.8
"""Effect on the mood behind scores and answers, on the logit of churn, and (times five) on an amount."""


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    kind: str
    label: str = "sharp"
    fuzzy: bool = False
    adjusted: bool = False
    step: float = 0.0
    """Hours are rounded down to a multiple of it; 0 leaves them."""
    moved: float = 0.0
    """Share of the bad cases within half an hour below the cutoff that are put on it."""


CASES = (
    *(Case(kind) for kind in ("amount", "count", "binary", "score", "nps")),
    Case("binary", "fuzzy", fuzzy=True), Case("amount", "fuzzy", fuzzy=True), Case("amount", "covariates", adjusted=True),
    Case("amount", "rounded to a quarter of an hour", step=0.25), Case("amount", "broken: bad cases moved across the cutoff", moved=0.6),
)  # fmt: skip


def mood(x: Array) -> Array:
    """What hours do to people: more is worse, and less so the longer it has lasted."""
    return -0.12 * x + 0.006 * x**2


def expected(kind: str, mean: Array) -> Array:
    """Mean outcome at a mood."""
    if kind == "binary":
        return expit(mean - 1)
    if kind == "count":
        return np.exp(0.5 + 0.5 * mean)
    if kind == "nps":
        return 100 * (1 - ndtr(8.5 - 7 - mean) - ndtr(6.5 - 7 - mean))
    if kind == "score":
        return 1 + np.sum([1 - ndtr(cut - 3 - mean) for cut in (1.5, 2.5, 3.5, 4.5)], axis=0)
    return 50 + 5 * mean


def answered(kind: str, mean: Array, rng: np.random.Generator) -> Array:
    """Outcomes with these expectations."""
    if kind == "binary":
        return (rng.uniform(size=len(mean)) < expected(kind, mean)).astype(float)
    if kind == "count":
        return rng.poisson(expected(kind, mean)).astype(float)
    noise = rng.standard_normal(len(mean))
    if kind == "nps":
        score = 7 + mean + noise
        return 100.0 * ((score > 8.5).astype(float) - (score <= 6.5))
    if kind == "score":
        return 1 + np.searchsorted([1.5, 2.5, 3.5, 4.5], 3 + mean + noise).astype(float)
    return 50 + 5 * mean + 5 * noise


def drawn(case: Case, rng: np.random.Generator, effect: float) -> Rows:
    """One world."""
    x = rng.gamma(2, 3.2, UNITS) - CUTOFF
    if case.step:
        x = np.floor(x / case.step) * case.step
    known = rng.standard_normal(UNITS)
    taken = (
        (rng.uniform(size=UNITS) < np.where(x >= 0, 0.9, 0.08)).astype(float) if case.fuzzy else (x >= 0).astype(float)
    )
    y = answered(case.kind, mood(x) + effect * taken, rng) + (10 * known if case.adjusted else 0.0)
    bad = (x > -0.5) & (x < 0) & (y < np.median(y)) & (rng.uniform(size=UNITS) < case.moved)
    x = np.where(bad, 0.0, x)
    order = np.argsort(x, kind="stable")
    others = known[order][:, None] if case.adjusted else np.empty((0, 0))
    return Rows(case.kind, x[order], y[order], taken[order] if case.fuzzy else None, others)


def one(case: Case, rng: np.random.Generator) -> tuple[float, ...]:
    """Estimate, standard error, interval, and whether piling up was seen."""
    rows = drawn(case, rng, SHIFT)
    found = jump(rows, widths(rows))
    piled = piling_up(rows.x)
    return (
        found.value,
        found.error,
        *t_interval(found.corrected, found.error, None, LEVEL),
        float(piled is not None and piled["p"] < 0.01),
    )


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power, mean standard error and spread in outcome units, and how often piling up was seen."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        at = np.zeros(1)
        truth = float((expected(case.kind, mood(at) + SHIFT) - expected(case.kind, mood(at)))[0])
        estimate, error, low, high, piled = np.array([one(case, rng) for _ in range(runs)]).T
        found = row_of_ends(("discontinuity", case.kind, case.label), truth, estimate, error, low, high)
        yield found | {"piling_up_seen": float(piled.mean())}
