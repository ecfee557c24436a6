"""How often the posterior interval of an interrupted time series holds the truth: every outcome kind, levels that stand or drift,
seasons, few periods, and what breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.trust.judged import row_of_ends
from causalcx.core.moments import Array
from causalcx.designs.course.found import mean_of
from causalcx.models.structural import Series

PEOPLE = 200
"""Answers behind a period's mean, for yes-or-no outcomes and NPS."""
NOISE = {"amount": 4.0, "count": 6.0, "score": 0.15, "binary": 0.021, "nps": 5.5}
"""Deviation of a period around its level, in outcome units; a count is a Poisson number around 36."""
AUTOREGRESSION = 0.6


@dataclass(frozen=True)
class Case:
    """One row: the outcome, and how it moves. Sizes are in deviations of the noise."""

    kind: str
    label: str
    steps: float = 0.05
    """Of the level, from one period to the next."""
    before: int = 120
    after: int = 30
    covariate: bool = False
    weekly: float = 0.0
    """Size of a weekday pattern."""
    season: bool = False
    """Whether it is declared."""
    autoregressive: bool = False
    shock: float = 0.0
    """Of something else that happened at the start."""
    touched: float = 0.0
    """How far the covariate jumps at the start, because of the change."""

    @property
    def truth(self) -> float:
        """The effect: one deviation of the noise, in outcome units."""
        return NOISE[self.kind]


CASES = (
    *(Case(kind, "a level that drifts slowly") for kind in NOISE),
    *(Case(kind, "with another series as covariate", covariate=True) for kind in NOISE),
    Case("amount", "a level that stands still", steps=0.0),
    Case("amount", "a level that drifts fast", steps=0.5),
    Case("amount", "a random walk", steps=5.0),
    *(Case("amount", f"a level that drifts by {steps:g}", steps=steps) for steps in (0.01, 0.1, 0.3)),
    Case("amount", "20 periods before", before=20, after=10),
    Case("amount", "a week of days, declared", weekly=2.0, season=True),
    Case("amount", "broken: a week of days, not declared", weekly=2.0, before=122),
    Case("amount", "broken: disturbances that last", autoregressive=True),
    Case("amount", "broken: something else happened at the start", shock=0.5),
    Case("amount", "broken: the change touched the covariate", covariate=True, touched=0.5),
)


def draw(case: Case, rng: np.random.Generator) -> Series:
    """Means per period, with the effect from the start on."""
    length, noise = case.before + case.after, NOISE[case.kind]
    own = rng.normal(size=length)
    if case.autoregressive:
        own = _lasting(own)
    shared = np.cumsum(rng.normal(size=length)) * 0.2
    weekday = case.weekly * np.array([1.0, 0.6, 0.2, 0, 0.2, -0.8, -1.2])[np.arange(length) % 7]
    late = np.arange(length) >= case.before
    level = np.cumsum(rng.normal(size=length)) * case.steps + weekday + (1 + case.shock) * late
    level += shared if case.covariate else 0
    columns = [(shared + case.touched * late + 0.05 * rng.normal(size=length))[:, None]] if case.covariate else []
    if case.season:
        angle = 2 * np.pi * np.outer(np.arange(length), [1, 2, 3]) / 7
        columns += [np.cos(angle), np.sin(angle)]
    x = np.concatenate(columns, axis=1) if columns else np.empty((length, 0))
    return Series(_measured(case.kind, level, own, noise, rng), x, case.before)


def _lasting(noise: Array) -> Array:
    found = noise.copy()
    for t in range(1, len(noise)):
        found[t] = AUTOREGRESSION * found[t - 1] + np.sqrt(1 - AUTOREGRESSION**2) * noise[t]
    return found


def _measured(kind: str, level: Array, own: Array, noise: float, rng: np.random.Generator) -> Array:
    if kind == "count":
        return rng.poisson(np.maximum(36 + noise * level, 1)).astype(float)
    if kind == "binary":
        return rng.binomial(PEOPLE, np.clip(0.1 + noise * level, 0.005, 0.995)) / PEOPLE
    if kind == "nps":
        happy = np.clip(0.45 + noise / 200 * level, 0.01, 0.74)
        shares = np.stack([happy, np.full(len(level), 0.25), 0.75 - happy], axis=1)
        return rng.multinomial(PEOPLE, shares) @ np.array([100, 0, -100]) / PEOPLE
    return 50 + noise * (level + own)


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, standard error and spread, in outcome units."""
    for i in range(len(CASES)):
        yield row(i, runs, seed)


def row(i: int, runs: int, seed: int) -> dict[str, Any]:
    """One case, by its place."""
    case, rng = CASES[i], np.random.default_rng([seed, i])
    found = [mean_of(draw(case, rng)) for _ in range(runs)]
    estimate, error = np.array([m.value for m in found]), np.array([m.student[0] for m in found])
    low, high = np.array([m.interval for m in found]).T
    return row_of_ends(("interrupted-time-series", case.kind, case.label), case.truth, estimate, error, low, high)
