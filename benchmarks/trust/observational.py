"""How often the 95 % interval holds the truth where nobody drew lots: every outcome kind, over everybody and over the treated, and a cause that nobody recorded.

Customers with more need take the change more often and are worse off without it; need, age and region are recorded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.trust.judged import row
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array
from causalcx.designs import observational
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull

UNITS, POPULATION = 1_500, 2_000_000
KINDS = ("amount", "binary", "count", "score", "nps")
COVARIATES = ("need", "age", "region")


def drawn(units: int, rng: np.random.Generator) -> tuple[dict[str, Array], dict[str, tuple[Array, Array]], Array]:
    """What is recorded before, the outcomes without and with the change, and who took it."""
    need, age, region = rng.normal(size=units), rng.normal(size=units), rng.integers(0, 3, units)
    noise, luck = rng.normal(size=units), rng.uniform(size=units)
    taken = rng.uniform(size=units) < 1 / (1 + np.exp(0.3 - 0.7 * need - 0.3 * age - 0.3 * (region == 1)))

    def under(change: int) -> dict[str, Array]:
        level = 0.6 * need + 0.3 * age + change * (0.4 + 0.2 * need)
        answer = np.clip(np.round(7 + 1.2 * level + 1.5 * noise), 0, 10)
        return {
            "amount": 20 + 5 * level + 5 * noise, "binary": (luck < 1 / (1 + np.exp(1 - level))).astype(float),
            "count": np.floor(np.exp(0.8 + 0.3 * level) + luck), "score": np.clip(np.round(3 + 0.6 * level + 0.8 * noise), 1, 5), "nps": answer,
        }  # fmt: skip

    without, with_it = under(0), under(1)
    outcomes = {kind: (without[kind], with_it[kind]) for kind in KINDS}
    return {"need": need, "age": age, "region": region.astype(float)}, outcomes, taken


def in_points(kind: str, values: Array) -> Array:
    """Values in effect units."""
    return 100.0 * ((values >= 9).astype(float) - (values <= 6)) if kind == "nps" else values


@cache
def truth(effect: str) -> dict[str, float]:
    """Mean effect per kind over a large population."""
    _, outcomes, taken = drawn(POPULATION, np.random.default_rng(0))
    whom = taken if effect == "att" else slice(None)
    return {k: float((in_points(k, one) - in_points(k, none))[whom].mean()) for k, (none, one) in outcomes.items()}


@cache
def plan(effect: str, covariates: tuple[str, ...]) -> Experiment:
    """One file that asks for every kind."""
    own = {"score": ", scale: [1, 5]"}
    outcomes = "\n".join(f"  - {{name: {k}, kind: {k}, column: {k}, role: primary{own.get(k, '')}}}" for k in KINDS)
    return parse_experiment(f"""
key: known-truth
title: A change that customers chose
intervention: product
owner: trust@example.com
hypothesis: none
period: {{start: 2026-01-01, end: 2026-01-31}}
data: {{source: data.csv}}
design: {{kind: observational, unit: unit, treatment: taken, control: 0, effect: {effect}, covariates: [{", ".join(covariates)}]}}
outcomes:
{outcomes}
""")


def one(
    effect: str, covariates: tuple[str, ...], rng: np.random.Generator
) -> Iterator[tuple[float, float, bool, bool]]:
    """Per kind: estimate, standard error, whether the interval holds the truth, and whether it leaves zero out."""
    before, outcomes, taken = drawn(UNITS, rng)
    seen = {k: np.where(taken, with_it, without) for k, (without, with_it) in outcomes.items()}
    table = pa.table({"unit": np.arange(UNITS), "taken": taken.astype(int)} | before | seen)
    experiment = plan(effect, covariates)
    frame = pull(open_frame(table), observational.needs(experiment, dt.date(2026, 3, 1)))
    found = observational.estimated(experiment, frame, seed=int(rng.integers(2**31)))
    errors = np.sqrt(np.diag(found.covariance))
    for kind, value, error, df in zip(KINDS, found.value, errors, found.df, strict=True):
        low, high = t_interval(float(value), float(error), df, 0.95)
        yield float(value), float(error), low < truth(effect)[kind] < high, not low < 0 < high


CASES = (
    ("over everybody", "ate", COVARIATES),
    ("over the treated", "att", COVARIATES),
    ("broken: need was not recorded", "ate", ("age", "region")),
)


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case and kind: bias, coverage, mean standard error, spread and power, in outcome units."""
    for i, (label, effect, covariates) in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        found = np.array([list(one(effect, covariates, rng)) for _ in range(runs)], float)
        for k, kind in enumerate(KINDS):
            estimate, error, holds, clear = found[:, k].T
            yield row(("observational", kind, label), truth(effect)[kind], estimate, error, holds=holds, clear=clear)
