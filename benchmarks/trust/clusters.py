"""How often the 95 % interval holds the truth where teams were drawn: many, few, of unequal size, in pairs; units and clusters as estimands.

The row without ``cluster`` shows what agents taken singly would claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from benchmarks.trust.judged import row
from causalcx.core.clusters import clusters_of_columns
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array, Moments, Whole, moments_of_columns
from causalcx.core.need import COVARIATE, variables_of
from causalcx.core.outcomes import Kind, Outcome
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.contrasts import contrasts

TRUTH: dict[Kind, float] = {"amount": 2.0, "binary": -0.1, "nps": 12.0, "count": -0.4, "score": 0.3}
"""Effect on every unit, in outcome units."""


@dataclass(frozen=True)
class Case:
    """One row: the outcome and how teams were drawn."""

    kind: Kind
    label: str
    teams: int = 40
    pairs: bool = False
    unequal: bool = False
    covariate: bool = False
    equal: bool = False
    """Every team counts equally."""
    clustered: bool = True


CASES = (
    *(Case(kind, "40 teams of 20") for kind in TRUTH),
    Case("amount", "40 teams of 5 to 60", unequal=True),
    Case("amount", "40 teams of 5 to 60, a covariate", unequal=True, covariate=True),
    Case("amount", "40 teams of 5 to 60, each counts equally", unequal=True, equal=True),
    Case("amount", "16 teams of 5 to 60", teams=16, unequal=True),
    Case("amount", "8 teams of 5 to 60", teams=8, unequal=True),
    Case("amount", "20 pairs of teams of 5 to 60", pairs=True, unequal=True),
    Case("amount", "broken: 40 teams, agents taken singly", clustered=False),
)  # fmt: skip


def draw(case: Case, rng: np.random.Generator) -> Moments:
    """Teams share a level (a third of the variance), and what is known before tells a part of it."""
    size = rng.integers(5, 61, case.teams) if case.unequal else np.full(case.teams, 20)
    team = np.repeat(np.arange(case.teams), size)
    pair = np.arange(case.teams) // 2 if case.pairs else np.zeros(case.teams, int)
    lot = (
        np.argsort(np.argsort(pair + rng.uniform(size=case.teams))) % 2
        if case.pairs
        else rng.permutation(case.teams) % 2
    )
    x = rng.normal(size=len(team))
    level = 0.5 * rng.normal(size=case.teams)[team] + 0.5 * rng.normal(size=pair.max() + 1)[pair][team] + 0.6 * x
    y = _outcome(case, rng, level, lot[team] * TRUTH[case.kind])
    parts = (
        {"y|promoters": (y >= 9).astype(float), "y|detractors": (y <= 6).astype(float)}
        if case.kind == "nps"
        else {"y": y}
    )
    return _reduced(case, parts, {COVARIATE + "x": x} if case.covariate else {}, lot[team], team, pair[team])


def _reduced(case: Case, y: dict[str, Array], x: dict[str, Array], arm: Whole, team: Whole, pair: Whole) -> Moments:
    if case.equal:
        first = np.unique(team, return_index=True)[1]
        y = {name: np.bincount(team, values) / np.bincount(team) for name, values in y.items()}
        arm, team, pair = arm[first], team[first], pair[first]
    moments = moments_of_columns(arm.astype(str), y | x, pair.astype(str), "0")
    order = np.array([moments.strata.index(str(s)) for s in pair])
    return replace(moments, clusters=clusters_of_columns(arm, team, y, x, order)) if case.clustered else moments


def _outcome(case: Case, rng: np.random.Generator, level: np.ndarray, effect: np.ndarray) -> np.ndarray:
    if case.kind == "binary":
        return (rng.uniform(size=len(level)) < np.clip(0.5 + 0.15 * level, 0.15, 0.95) + effect).astype(float)
    if case.kind == "count":
        return rng.poisson(np.maximum(3 + level, 1) + effect).astype(float)
    if case.kind == "nps":
        promoters = np.clip(0.35 + 0.1 * level, 0.05, 0.6) + effect / 200
        u = rng.uniform(size=len(level))
        return np.select([u < promoters, u > promoters + 0.3], [9.0, 3.0], 7.0)
    return 10 + 2 * level + effect + 2 * rng.normal(size=len(level))


def one(case: Case, rng: np.random.Generator) -> tuple[float, float, bool, bool]:
    """Estimate, standard error, whether the interval holds the truth, and whether it leaves zero out."""
    outcome, moments = Outcome(name="y", kind=case.kind, column="y"), draw(case, rng)
    found = contrasts(means(moments, variables_of(outcome), "interacted"), [outcome], "0", "")
    value, error = float(found.value[0]), float(np.sqrt(found.covariance[0, 0]))
    low, high = t_interval(value, error, found.df[0], 0.95)
    return value, error, low < TRUTH[case.kind] < high, not low < 0 < high


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, mean standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        estimate, error, holds, clear = np.array([one(case, rng) for _ in range(runs)], float).T
        yield row(("randomised", case.kind, case.label), TRUTH[case.kind], estimate, error, holds=holds, clear=clear)
