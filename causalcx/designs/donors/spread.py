"""How far an effect found by a synthetic control may be off: placebos among the donors, or the jackknife.

Few treated units say little about their own spread, so below ``FEW_TREATED`` it is taken from the donors: each placebo treats as many
donors as there are treated units, with the other donors as its pool (Arkhangelsky et al. 2021, algorithm 4), all of them where there are
at most ``PLACEBOS``, else a random choice. From there on units are left out one by one, with the weights kept (algorithm 3).

Departures: the mean square of B placebos of M out of J donors is multiplied by J / (J - M), as they share donors (by J / (J - 1) for
one treated unit); intervals are Student-t, with J - 1 degrees of freedom, and with Satterthwaite's between treated units and donors for
the jackknife, which otherwise covers far too little with few treated units.
All outcomes share the same placebos, so their covariance is joint.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Literal

import numpy as np

from causalcx.core.moments import Array, Whole
from causalcx.designs.donors.synthetic import Method, Synthetic, synthetic

PLACEBOS = 200
FEW_TREATED = 5
"""Treated units from which the jackknife is used: below, its variance rests on three degrees of freedom or fewer."""
WHOLE_WEIGHT = 1 - 1e-9
"""Weight of a donor without which nobody is left; the others then count equally."""


@dataclass(frozen=True)
class Setting:
    """What is compared: K outcomes as [U, T] each, and who is who."""

    values: tuple[Array, ...]
    treated: Whole
    donors: Whole
    start: int
    method: Method

    def fit(self, k: int) -> Synthetic:
        """The synthetic control of outcome ``k``."""
        return synthetic(self.values[k], self.treated, self.donors, self.start, self.method)

    def without_donor(self, donor: int) -> Setting:
        """The same with one unit less among the donors."""
        return Setting(self.values, self.treated, self.donors[self.donors != donor], self.start, self.method)

    def earlier(self, start: int) -> Setting:
        """The periods before the change alone, as if it had begun at ``start``."""
        before = tuple(y[:, : self.start] for y in self.values)
        return Setting(before, self.treated, self.donors, start, self.method)


@dataclass(frozen=True)
class Placebos:
    """Sets of donors in the place of the treated units. B sets, K outcomes, T periods."""

    path: Array
    """[B, K, T]"""
    misfit: Array
    """[B, K]"""


@dataclass(frozen=True)
class Spread:
    """Deviations of the effect's path, and what their squares are multiplied with."""

    kind: Literal["placebo", "jackknife"]
    deviation: Array
    """[B, K, T]"""
    scale: float
    df: Array
    """[K]"""
    start: int

    @property
    def covariance(self) -> Array:
        """[K, K] of the mean effects."""
        mean = self.deviation[:, :, self.start :].mean(axis=2)
        return self.scale * mean.T @ mean

    @property
    def error(self) -> Array:
        """[K, T] standard errors by period."""
        return np.sqrt(self.scale * (self.deviation**2).sum(axis=0))


def placebos_of(setting: Setting, seed: int) -> Placebos:
    """Placebos in space; none where the donors are too few to leave one over."""
    fits = [
        [fit.fit(k) for k in range(len(setting.values))]
        for chosen in _sets(setting.donors, len(setting.treated), seed)
        for fit in [_in_place(setting, chosen)]
    ]
    shape = (len(fits), len(setting.values), setting.values[0].shape[1])
    path = np.array([[f.path for f in row] for row in fits]).reshape(shape)
    return Placebos(path, np.array([[f.misfit for f in row] for row in fits]).reshape(shape[:2]))


def _sets(donors: Whole, size: int, seed: int) -> list[Whole]:
    if len(donors) <= size:
        return []
    if comb(len(donors), size) <= PLACEBOS:
        return [np.array(chosen) for chosen in combinations(donors.tolist(), size)]
    rng = np.random.default_rng(seed)
    return [np.sort(rng.choice(donors, size, replace=False)) for _ in range(PLACEBOS)]


def _in_place(setting: Setting, chosen: Whole) -> Setting:
    rest = np.setdiff1d(setting.donors, chosen)
    return Setting(setting.values, chosen, rest, setting.start, setting.method)


def spread_of(setting: Setting, fits: Sequence[Synthetic], placebos: Placebos) -> Spread:
    """The spread by placebos with few treated units, by the jackknife with more, or where no placebo can be made."""
    if len(setting.treated) < FEW_TREATED and len(placebos.path) > 1:
        deviation = placebos.path - placebos.path.mean(axis=0)
        donors, size = len(setting.donors), len(setting.treated)
        scale = donors / (donors - size) / len(deviation)
        return Spread("placebo", deviation, scale, np.full(len(fits), donors - 1.0), setting.start)
    return _jackknife(setting, fits)


def _jackknife(setting: Setting, fits: Sequence[Synthetic]) -> Spread:
    path = np.stack([_left_out(setting, k, fit) for k, fit in enumerate(fits)], axis=1)
    n, deviation = len(path), path - path.mean(axis=0)
    square = (deviation[:, :, setting.start :].mean(axis=2) ** 2).T
    parts = np.array([square[:, : len(setting.treated)].sum(axis=1), square[:, len(setting.treated) :].sum(axis=1)])
    freedom = np.array([[len(setting.treated) - 1.0], [len(setting.donors) - 1.0]])
    total = parts.sum(axis=0)
    df = np.where(total > 0, total**2 / np.maximum((parts**2 / freedom).sum(axis=0), 1e-300), freedom.sum())
    return Spread("jackknife", deviation, (n - 1) / n, df, setting.start)


def _left_out(setting: Setting, k: int, fit: Synthetic) -> Array:
    """[N, T] paths with each treated unit, then each donor, left out, and the weights kept."""
    values = setting.values[k]
    treated, pool = values[setting.treated], values[setting.donors]
    n, made = len(treated), fit.omega @ pool
    others = (treated.sum(axis=0) - treated) / (n - 1)
    alone = (fit.omega > WHOLE_WEIGHT)[:, None]
    kept = (made - fit.omega[:, None] * pool) / np.where(alone, 1.0, 1 - fit.omega[:, None])
    without = np.where(alone, (pool.sum(axis=0) - pool) / (len(pool) - 1), kept)
    gap = np.concatenate([others - made, treated.mean(axis=0) - without])
    return gap - gap[:, : setting.start] @ fit.lam[:, None]
