"""The estimator of a design on many worlds without an effect: how far it strays, and what error it states.

Estimators here shift with the outcome: an effect d added to every treated row moves the estimate by d and leaves its error. So one
set of worlds without an effect tells the chance to see any effect, and the detectable effect is the quantile of t x error - estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from itertools import batched
from multiprocessing import get_context
from typing import Any

import numpy as np
from scipy import special, stats

from causalcx.core.errors import CannotAnswer, DataError, Message
from causalcx.core.inference import quantile
from causalcx.core.moments import Array, Flags
from causalcx.core.sizing import LEVEL, monte_carlo_error
from causalcx.designs.contrasts import Estimates
from causalcx.designs.planning.power import two_sided
from causalcx.designs.planning.worlds import World

ENOUGH = 20
"""Worlds of their own below which the stated error is taken for the spread, since so few do not show one."""
BATCH = 16
NORMAL = 1e6
"""Degrees of freedom that stand for the normal law."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Trials:
    """One size. R worlds, C effects."""

    size: int
    first: Estimates
    """Of the first world: names, kinds and baselines."""
    value: Array
    """[R, C]"""
    error: Array
    """[R, C]"""
    df: Array
    """[R, C]"""
    stated: Array
    """[C, C] mean of the stated covariances."""
    independent: float
    """Worlds that say something of their own."""
    failed: int = 0
    """Worlds in which the estimator could not answer."""

    def scaled(self, size: int, by: float) -> Trials:
        """The same at another size, where estimates stray less by this factor."""
        return replace(self, size=size, value=by * self.value, error=by * self.error, stated=by**2 * self.stated)

    @property
    def few(self) -> bool:
        """Whether spreads cannot be read from the worlds."""
        return self.independent < ENOUGH

    @property
    def covariance(self) -> Array:
        """[C, C] of the estimates."""
        return self.stated if self.few else np.atleast_2d(np.cov(self.value, rowvar=False))

    @property
    def std_error(self) -> Array:
        """[C]"""
        return np.sqrt(np.diag(self.covariance))

    @property
    def freedom(self) -> tuple[float | None, ...]:
        """[C] median degrees of freedom; None for the normal."""
        return tuple(None if f >= NORMAL else float(f) for f in np.median(self.df, axis=0))

    @property
    def _edge(self) -> Array:
        """[R, C] estimates from which on an effect is seen."""
        return self.error * special.stdtrit(self.df, (1 + LEVEL) / 2)

    def detectable(self, c: int, power: float, sign: int) -> float:
        """Effect in the good direction that is seen with this chance."""
        if self.few:
            df = self.freedom[c]
            return sign * float(self.std_error[c]) * _away(power, np.inf if df is None else df)
        return sign * float(np.quantile(self._edge[:, c] - sign * self.value[:, c], power))

    def chance(self, c: int, effect: float) -> tuple[float, float]:
        """Chance to see this effect, and its Monte Carlo error."""
        runs = len(self.value)
        if self.few:
            off = spread_error(self.independent)
            chance, wide, narrow = (self._by_law(c, effect * by) for by in (1.0, 1 / (1 + off), 1 + off))
            return chance, (narrow - wide) / 2
        seen = int((np.abs(self.value[:, c] + effect) > self._edge[:, c]).sum())
        return seen / runs, monte_carlo_error(seen, runs)

    def _by_law(self, c: int, effect: float) -> float:
        df = self.freedom[c]
        return two_sided(abs(effect) / float(self.std_error[c]), np.inf if df is None else df)

    def holds_nothing(self) -> Flags:
        """[R, C] whether the interval holds 0, which is the truth."""
        return np.abs(self.value) <= self._edge


def _away(power: float, df: float) -> float:
    """Standard errors at which an effect is seen with this chance (Bloom 1995: two quantiles)."""
    law = None if df >= NORMAL else df
    return quantile((1 + LEVEL) / 2, law) + quantile(power, law)


def trials(
    world: World,
    sizes: Sequence[int],
    runs: int,
    seed: int,
    *,
    design: str,
    workers: int,
    progress: Progress | None = None,
) -> list[Trials]:
    """Every size in turn; the same digits with any number of processes. ``design`` is the name of the module that estimates."""
    jobs = [(size, batch) for size in sizes for batch in batched(range(runs), BATCH)]
    work, done, found = partial(_some, world, design, seed), 0, []
    for results in _mapped(work, jobs, workers):
        found.append(results)
        done += len(results)
        if progress:
            progress(done, runs * len(sizes))
    of = {
        size: [one for (s, _), results in zip(jobs, found, strict=True) if s == size for one in results]
        for size in sizes
    }
    return [_trials(world, size, of[size]) for size in sizes]


def _mapped(work: Callable, jobs: list, workers: int):
    if workers < 2 or len(jobs) < 2:
        yield from map(work, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(work, jobs)


def _some(world: World, design: str, seed: int, job: tuple[int, Sequence[int]]) -> list[Estimates | Message]:
    from threadpoolctl import threadpool_limits

    size, batch = job
    with threadpool_limits(limits=1):
        return [_one(world, import_module(design), size, run, seed) for run in batch]


def _one(world: World, design: Any, size: int, run: int, seed: int) -> Estimates | Message:
    experiment, frame = world.drawn(size, run, np.random.default_rng([seed, size, run]))
    try:
        return design.estimated(experiment, frame, seed=seed)
    except (CannotAnswer, DataError) as error:
        return error.message


def _trials(world: World, size: int, results: list[Estimates | Message]) -> Trials:
    found = [one for one in results if isinstance(one, Estimates)]
    errors = [one for one in results if isinstance(one, Message)]
    if len(found) < max(2, len(errors)):
        raise CannotAnswer(errors[0].template, **errors[0].facts)
    covariance = np.array([one.covariance for one in found])
    df = np.array([[NORMAL if f is None else min(f, NORMAL) for f in one.df] for one in found])
    return Trials(
        size, found[0], np.array([one.value for one in found]), np.sqrt(np.einsum("rcc->rc", covariance)), df, covariance.mean(axis=0),
        world.independent(size, len(found)), len(errors),
    ).scaled(size, world.scale)  # fmt: skip


def spread_error(independent: float) -> float:
    """Monte Carlo error of a standard error, as a share of it."""
    return float(1 / np.sqrt(2 * max(independent - 1, 1)))


def alarms(found: Trials) -> int:
    """Worlds in which a primary is significant after Holm's adjustment."""
    from causalcx.core.inference import holm

    primaries = [c for c, o in enumerate(found.first.outcomes) if o.role == "primary"]
    p = 2 * stats.t.sf(np.abs(found.value / found.error), found.df)
    return sum(min(holm(row.tolist())) < 1 - LEVEL for row in p[:, primaries])
