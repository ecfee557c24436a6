"""The model of ``structural.py`` sampled with PyMC: an independent twin for tests and benchmarks, compiled once for courses of one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.core.moments import Array
from causalcx.models.structural import LASTS, LONGEST, STEPS, Series


@dataclass(frozen=True)
class Compiled:
    """A compiled model for courses with so many periods before the start and so many columns."""

    model: Any
    size: tuple[int, int]


def compiled(before: int, columns: int) -> Compiled:
    """Compile the model without a drifting slope; the data come with each run."""
    import nutpie
    import pymc as pm

    with pm.Model() as model:
        y = pm.Data("y", np.zeros(before))
        x = pm.Data("x", np.zeros((before, columns)))
        share, median, deviation = np.array(STEPS).T
        q = pm.Deterministic("q", pm.math.exp(pm.NormalMixture("log_q", share, np.log(median), deviation)))
        phi = pm.Deterministic("phi", LONGEST * pm.Beta("lasting", *LASTS))
        log_s = pm.Flat("log_s")
        beta = pm.Flat("beta", shape=columns)
        steps = pm.Normal("steps", 0, 1, shape=before - 1)
        noise = pm.math.exp(log_s) / pm.math.sqrt(1 - phi**2)
        level = pm.Flat("first") + pm.math.concatenate([[0.0], pm.math.cumsum(steps) * q * noise])
        e = y - level - x @ beta
        pm.Deterministic("last", level[-1])
        pm.Potential("beginning", -0.5 * (e[0] / noise) ** 2 - pm.math.log(noise))
        pm.Potential("rest", (-0.5 * ((e[1:] - phi * e[:-1]) / pm.math.exp(log_s)) ** 2 - log_s).sum())
    return Compiled(nutpie.compile_pymc_model(model), (before, columns))


def sampled_means(engine: Compiled, series: Series, *, draws: int, seed: int) -> Array:
    """Draws of the mean over the periods from the start on, had nothing changed. The course must be complete and of the engine's size."""
    import nutpie

    before = series.x[: series.start]
    mean, deviation = series.y[: series.start].mean(), series.y[: series.start].std()
    x = (series.x - before.mean(axis=0)) / before.std(axis=0)
    y = (series.y - mean) / deviation
    model = engine.model.with_data(y=y[: series.start], x=x[: series.start])
    trace = nutpie.sample(
        model, draws=draws, tune=1_000, chains=4, cores=1, seed=seed, progress_bar=False, target_accept=0.95
    )
    found = {name: _flat(trace, name) for name in ("q", "phi", "log_s", "beta", "last")}
    return mean + deviation * _ahead(found, x, y, series.start, np.random.default_rng(seed))


def _flat(trace: Any, name: str) -> Array:
    values = trace["posterior"][name].to_numpy()
    return values.reshape(-1, *values.shape[2:])


def _ahead(found: dict[str, Array], x: Array, y: Array, start: int, rng: np.random.Generator) -> Array:
    """One course forward per draw, and its mean."""
    s, phi, level = np.exp(found["log_s"]), found["phi"], found["last"]
    step = found["q"] * s / np.sqrt(1 - phi**2)
    e = y[start - 1] - level - found["beta"] @ x[start - 1]
    total = np.zeros_like(level)
    for row in x[start:]:
        level = level + step * rng.standard_normal(len(level))
        e = phi * e + s * rng.standard_normal(len(e))
        total += level + found["beta"] @ row + e
    return total / len(x[start:])
