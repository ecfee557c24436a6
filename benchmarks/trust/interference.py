"""How often the 95 % intervals hold total, own effect and spill-over of units that feel each other's change.

Stores on a map in waves (``simulate/staffing.py``, with neighbours), and sites drawn one by one or by region on maps of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from benchmarks.trust.judged import row_of_ends
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array, Whole
from causalcx.core.neighbours import Neighbours
from causalcx.designs.neighbours import felt_arms
from causalcx.designs.neighbours.felt_parts import groups_of
from causalcx.designs.neighbours.nearby import Nearby
from causalcx.designs.neighbours.spillover import OWN, ROLLED, SPILL, TOTAL, Asked, Weights, joint, weights
from causalcx.simulate.staffing import Staffing, with_neighbours

SITES, FEELS = 400, {0: -0.8, 1: -0.4}
"""Sites of a map, and what an untreated and a treated one feel once all its neighbours are treated; a treated one gains 1."""
Found = dict[str, tuple[float, float, float, float]]
"""Truth, estimate, standard error and degrees of freedom by what was asked."""


@cache
def stores(*, everyone: bool) -> tuple[Staffing, Weights, Whole]:
    """The stores, how estimates are made of their sales, and their groups: the same in every run."""
    world = with_neighbours()
    unit, neighbour = np.nonzero(world.near())
    near = Neighbours(unit, neighbour, np.ones(len(unit)), world.stores)
    rank = np.arange(world.stores)
    wave = np.where(rank % 2 == 0, rank * len(world.starts) // world.stores, len(world.starts))
    first = np.array([*world.starts, world.weeks])
    now = (np.arange(world.weeks) >= first[wave][:, None]).astype(float)
    nearby = Nearby(near.share(now), (near.total > 0).astype(float), near.total, near.groups)
    return world, weights(nearby, wave, first, np.zeros((world.stores, 0)), everyone=everyone), near.groups


def waves(seed: int, *, everyone: bool) -> Found:
    """One draw of the stores."""
    world, made, groups = stores(everyone=everyone)
    told = world.truth()
    truth = {TOTAL: told["effects"]["sales"], OWN: told["own"], SPILL: told["spillover"], ROLLED: told["as_rolled_out"]}
    y = world.draw(seed)["sales"].reshape(world.stores, -1).astype(float)
    law = joint([Asked(made, np.arange(world.stores), y, tuple((name, None) for name in truth))], groups)
    errors = np.sqrt(np.diag(law.covariance))
    told_each = zip(truth.items(), law.value, errors, law.df, strict=True)
    return {name: (true, float(v), float(s), float(df)) for (name, true), v, s, df in told_each}


def lot(seed: int, *, regions: int) -> Found:
    """One map of sites; ``regions`` 0: drawn one by one."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 1, (SITES, 2))
    near = (((place[:, None] - place[None]) ** 2).sum(axis=2) < 2 / (SITES * np.pi)) & ~np.eye(SITES, dtype=bool)
    unit, neighbour = np.nonzero(near)
    pairs, side = Neighbours(unit, neighbour, np.ones(len(unit)), SITES), max(int(regions**0.5), 1)
    region = (place[:, 0] * side).astype(int) * side + (place[:, 1] * side).astype(int)
    group = np.unique(region, return_inverse=True)[1] if regions else np.arange(SITES)
    drawn = rng.permutation(group.max() + 1) < (group.max() + 1) // 2
    treated = drawn[group].astype(float)
    y = _outcome(rng, pairs, treated, group if regions else None)
    has = (pairs.total > 0).astype(float)
    held = np.column_stack([*felt_arms._expected(pairs, treated, group, np.zeros(SITES, int)), pairs.total])
    by, name = groups_of(pairs.groups, group, "region" if regions else None)
    found = felt_arms._outcome(felt_arms.Place(treated, pairs.share(treated), has, held, pairs.groups, by, name), y)
    truth = {TOTAL: 1 + FEELS[1] * has.mean(), OWN: 1.0, SPILL: FEELS[1] * has.mean()}
    told = {what: found.triple(what) for what in truth}
    return {what: (true, told[what][0], told[what][1] ** 0.5, told[what][2]) for what, true in truth.items()}


def _outcome(rng: np.random.Generator, pairs: Neighbours, treated: Array, region: Whole | None) -> Array:
    """Denser places have more, and regions levels of their own."""
    level = 10 + 0.2 * pairs.total + (0.5 * rng.normal(size=region.max() + 1)[region] if region is not None else 0.0)
    felt = np.where(treated == 1, FEELS[1], FEELS[0]) * pairs.share(treated)
    return level + treated + felt + rng.normal(size=len(treated))


CASES: dict[tuple[str, str], Callable[[int], Found]] = {
    ("staggered", "stores on a map, against never treated"): lambda seed: waves(seed, everyone=False),
    ("staggered", "stores on a map, against not yet treated"): lambda seed: waves(seed, everyone=True),
    ("randomised", "400 sites on a map, drawn one by one"): lambda seed: lot(seed, regions=0),
    ("randomised", "400 sites on a map, drawn by 36 regions"): lambda seed: lot(seed, regions=36),
}


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case and part: bias, coverage and power, mean standard error and spread."""
    for (design, label), draw in CASES.items():
        found = [draw(seed * 100_003 + i) for i in range(runs)]
        for what in found[0]:
            truth, estimate, error, df = np.array([f[what] for f in found]).T
            ends = np.array([t_interval(e, s, f, 0.95) for e, s, f in zip(estimate, error, df, strict=True)])
            yield row_of_ends((design, "amount", f"{label}: {what}"), truth, estimate, error, *ends.T)
