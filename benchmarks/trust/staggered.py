"""How often the 95 % interval of a roll-out holds the truth: every outcome kind, few units, clusters, covariates, surveys, one broken trend.

Three waves of one size: two start in periods 3 and 5 of 8, one never. Units keep levels of their own, and noise lasts into the
next period; the effect is the same in every treated period, except where a case says that waves differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.trust.judged import row_of_ends
from causalcx.core.design_keys.staggered import Staggered
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array
from causalcx.core.panel import Clock
from causalcx.designs.roll_out import aggregation
from causalcx.designs.roll_out.waves import Waves
from causalcx.designs.staggered import group_time_effects

PERIODS, STARTS = 8, np.array([3, 5, 8])
TRUTH = {"amount": 2.0, "count": 1.0, "score": 4.0, "binary": -0.08, "nps": 8.0}
"""In outcome units; a score runs from 0 to 100."""


@dataclass(frozen=True)
class Case:
    """One row."""

    kind: str
    label: str
    units: tuple[int, int, int] = (40, 40, 40)
    compare: str = "never"
    cluster: int = 0
    """Units of a wave that share a shock, 0: none do."""
    slope: float = 0.0
    """How much faster an outcome grows per unit of a covariate, which treated units have more of."""
    adjusted: bool = False
    rows: bool = False
    """Other units in every period."""
    apart: bool = False
    """The first wave gains twice as much, the second nothing."""
    drift: float = 0.0
    """Per period, of treated units only: trends are not parallel."""


CASES = (
    *(Case(kind, "40 units a wave") for kind in TRUTH),
    Case("amount", "40 units a wave, not yet treated", compare="not-yet"),
    Case("amount", "waves that gain differently, of 60, 20 and 40 units", (60, 20, 40), apart=True),
    Case("amount", "8 units a wave", (8, 8, 8)),
    Case("amount", "one unit in the first wave", (1, 10, 30)),
    Case("amount", "120 clusters of 5 units", (200, 200, 200), cluster=5),
    Case("amount", "18 clusters of 20 units", (120, 120, 120), cluster=20),
    Case("amount", "trends by a covariate, adjusted", (100, 100, 100), slope=0.5, adjusted=True),
    *(Case(kind, "surveys of others in every period", (600, 600, 600), rows=True) for kind in TRUTH),
    *(
        Case(kind, "surveys, trends by a covariate, adjusted", (1200, 1200, 1200), slope=0.5, adjusted=True, rows=True)
        for kind in ("amount", "nps")
    ),
    Case("amount", "broken: trends by a covariate, not adjusted", (100, 100, 100), slope=0.5),
    Case("amount", "broken: treated units drift by 0.3 a period", drift=0.3),
)


def draw(case: Case, rng: np.random.Generator) -> Waves:
    """The records of one run."""
    cohort = np.repeat(np.arange(3), case.units)
    n = len(cohort)
    time = rng.integers(PERIODS, size=n)[:, None] if case.rows else np.arange(PERIODS)[None, :]
    now = (time >= STARTS[cohort][:, None]).astype(float)
    cluster = _clusters(case) if case.cluster else np.arange(n)
    x = rng.normal(cohort < 2)
    shared = rng.normal(size=(cluster.max() + 1, PERIODS))[cluster] if case.cluster else 0.0
    trend = np.sin(time) + shared + case.slope * x[:, None] * time + case.drift * (cohort < 2)[:, None] * time
    size = np.array([2.0, 0.0, 0.0])[cohort][:, None] if case.apart else 1.0
    values = _outcome(case, rng, trend + rng.normal(size=n)[:, None], size * now)
    known = np.repeat(x[:, None, None], values.shape[1], axis=1) if case.adjusted else np.zeros((*values.shape, 0))
    clock = Clock("period", tuple(map(str, range(PERIODS))), "number", np.arange(float(PERIODS)))
    return Waves(
        clock, ("3", "5", "never"), STARTS, cohort, time[:, 0] if case.rows else None, values[:, :, None], known, cluster, np.zeros(3)
    )  # fmt: skip


def _clusters(case: Case) -> Any:
    """Clusters within waves, all of one size."""
    sizes = [units // case.cluster for units in case.units]
    return np.repeat(np.arange(sum(sizes)), case.cluster)


def _outcome(case: Case, rng: np.random.Generator, path: Array, treated: Array) -> Array:
    """``path`` moves every kind of outcome a little; ``treated`` is how much of the effect is in force."""
    effect = TRUTH[case.kind] * treated
    if case.kind == "binary":
        return (rng.uniform(size=effect.shape) < np.clip(0.4 + 0.04 * path, 0.2, 0.6) + effect).astype(float)
    if case.kind == "count":
        return rng.poisson(np.maximum(5 + 0.5 * path, 1) + effect).astype(float)
    if case.kind == "nps":
        u, promoters = rng.uniform(size=effect.shape), np.clip(0.35 + 0.04 * path, 0.15, 0.55) + effect / 200
        return np.select([u < promoters, u > promoters + 0.4], [100.0, -100.0], 0.0)
    noise = rng.normal(size=effect.shape)
    if effect.shape[1] > 1:
        noise[:, 1:] += 0.5 * noise[:, :-1]
    values = 50 + 3 * path + effect + 3 * noise
    return np.round(values) if case.kind == "score" else values


def truth_of(case: Case) -> float:
    """What the group aggregation is of: waves by their sizes."""
    size = case.units[0] / (case.units[0] + case.units[1])
    return TRUTH[case.kind] * (2 * size if case.apart else 1.0)


def one(case: Case, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Estimate, standard error and the ends of the interval."""
    keys = {"unit": "unit", "time": "period", "cohort": "start", "compare": case.compare}
    design = Staggered.model_validate(
        keys
        | {
            "kind": "staggered",
            "cluster": "site" if case.cluster else None,
            "covariates": ["x"] if case.adjusted else [],
        }
    )
    effects, _ = group_time_effects(draw(case, rng), design)
    group = aggregation.group(effects, 0)
    covariance, freedom = aggregation.law(effects, [(0, group)])
    error = float(np.sqrt(covariance[0, 0]))
    return (group.value, error, *t_interval(group.value, error, float(freedom[0]), 0.95))


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, mean standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng, truth = np.random.default_rng([seed, i]), truth_of(case)
        estimate, error, low, high = np.array([one(case, rng) for _ in range(runs)]).T
        yield row_of_ends(("staggered", case.kind, case.label), truth, estimate, error, low, high)
