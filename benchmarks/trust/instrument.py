"""How often the 95 % interval for compliers holds the truth: nudges strong and weak, agents, every outcome kind, and an assumption that fails.

Who takes more readily has better outcomes anyway. Bias and standard error are medians: a ratio of two normals has no mean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.checks.instrument import WEAK
from causalcx.core.inference import quantile, t_interval
from causalcx.core.moments import Array, Whole
from causalcx.designs.nudge.wald import Moved, Pieces, anderson_rubin, leave_one_out, moved

UNITS, SITES = 2_000, 6
TRUTH = {"amount": 3.0, "count": -0.5, "score": 6.0, "binary": -0.12, "nps": 30.0}
"""Effect on compliers, in outcome units; a score runs from 0 to 100."""


@dataclass(frozen=True)
class Case:
    """One row: the outcome, what was drawn, and how far it moved take-up."""

    kind: str
    label: str
    moved: float = 0.3
    """Share of compliers, between two messages or the ends of the agents' leniency."""
    agents: int = 0
    """0: a message of two values."""
    sites: bool = False
    """Agents take the calls of their own site, and sites differ."""
    leak: float = 0.0
    """What the message does to the outcome by another way, in outcome units: exclusion fails."""


CASES = (
    *(Case(kind, "a nudge that moves 30 %") for kind in TRUTH),
    Case("amount", "a nudge that moves 8 %", moved=0.08),
    Case("amount", "a nudge that moves 4 %", moved=0.04),
    *(Case(kind, "60 agents whom chance assigned", agents=60, moved=0.4) for kind in TRUTH),
    Case("amount", "60 agents within 6 sites that differ", agents=60, moved=0.4, sites=True),
    Case("amount", "20 agents whom chance assigned", agents=20, moved=0.4),
    Case("amount", "broken: the message works by another way too", leak=0.3),
)


def draw(case: Case, rng: np.random.Generator) -> tuple[Array, Array, Whole, Array]:
    """Outcome in effect units, take-up, level of the instrument, covariates."""
    levels = case.agents or 2
    level, ease, x = rng.integers(levels, size=UNITS), rng.uniform(size=UNITS), rng.normal(size=UNITS)
    site = level % SITES if case.sites else np.zeros(UNITS, int)
    taken = (ease > 0.85 - 0.05 * site - case.moved * level / (levels - 1)).astype(float)
    better = ease - 0.5 + 0.2 * x + 0.2 * site
    own = [(site == s).astype(float) for s in range(1, SITES)] if case.sites else []
    return _outcome(case, rng, better, taken) + case.leak * level, taken, level, np.column_stack([x, *own])


def _outcome(case: Case, rng: np.random.Generator, better: Array, taken: Array) -> Array:
    effect = TRUTH[case.kind] * taken
    if case.kind == "binary":
        return (rng.uniform(size=UNITS) < np.clip(0.5 - 0.2 * better, 0.2, 0.8) + effect).astype(float)
    if case.kind == "count":
        return rng.poisson(np.maximum(3 - better, 1) + effect).astype(float)
    if case.kind == "nps":
        promoters = np.clip(0.35 + 0.2 * better, 0.15, 0.55) + effect / 200
        u = rng.uniform(size=UNITS)
        return np.select([u < promoters, u > promoters + 0.3], [100.0, -100.0], 0.0)
    values = 50 + 5 * better + effect + 4 * rng.normal(size=UNITS)
    return np.round(values) if case.kind == "score" else values


def one(case: Case, rng: np.random.Generator) -> tuple[float, float, bool, bool]:
    """Estimate, standard error, whether the interval holds the truth, and whether it leaves zero out."""
    y, taken, level, x = draw(case, rng)
    z = leave_one_out(taken, level, x) if case.agents else level.astype(float)
    found = moved(y[:, None], taken, z, x, level if case.agents else None)
    pieces = _interval(found)
    holds = [
        any((-np.inf if a is None else a) <= v <= (np.inf if b is None else b) for a, b in pieces)
        for v in (TRUTH[case.kind], 0.0)
    ]
    return float(found.ratio[0]), float(np.sqrt(found.ratio_covariance[0, 0])), holds[0], not holds[1]


def _interval(found: Moved) -> Pieces:
    """As the design shows it: the Anderson-Rubin set where the first stage is weak."""
    df = found.df[0]
    if df is None and found.strength(0) < WEAK:
        return anderson_rubin(float(found.reduced[0]), float(found.first[0]), found.pair(0), quantile(0.975, df))
    return (t_interval(float(found.ratio[0]), float(np.sqrt(found.ratio_covariance[0, 0])), df, 0.95),)


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        estimate, error, holds, clear = np.array([one(case, rng) for _ in range(runs)], float).T
        low, high = np.quantile(estimate, [0.25, 0.75])
        yield {
            "design": "instrument", "outcome": case.kind, "case": case.label, "runs": runs, "truth": TRUTH[case.kind],
            "bias": float(np.median(estimate) - TRUTH[case.kind]), "coverage": float(holds.mean()), "std_error": float(np.median(error)),
            "spread": float((high - low) / 1.349), "power": float(clear.mean()),
        }  # fmt: skip
