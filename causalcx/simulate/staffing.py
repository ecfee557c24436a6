"""More agents at peak hours, store by store in four waves, the busiest stores first, on the way to a holiday.

Sales rise towards the holiday anyway, so before and after claims far too much. The effect is larger in early waves and grows for weeks,
so a regression with store and week effects, which takes early waves as controls for late ones, claims too little. With
``neighbours`` a treated store also takes visitors from the stores near it, half as many from those that have more agents too: stores
that were never treated are harmed, and look like a comparison that fell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
CITY, WIDE, NEAR = 8, 9.0, 3.0
"""Stores of a city, its width and the distance within which stores share their visitors, in km."""
STREETS = 20_250_901
"""Seed of the map, which is the same whatever the sales."""
MONDAY, WEEK = np.datetime64("2025-09-01"), np.timedelta64(7, "D")


@dataclass(frozen=True)
class Staffing:
    """Weekly sales, visits, and how long people queue, in stores of which some got more agents from a week on."""

    stores: int = 160
    weeks: int = 36
    starts: tuple[int, ...] = (12, 17, 22, 27)
    """First treated week of each wave of an eighth of the stores, from 0; the other half is never treated."""
    lift: tuple[float, ...] = (0.052, 0.040, 0.028, 0.018)
    """Effect on sales by wave, as a share of the store's usual sales, once grown."""
    grows: int = 8
    """Weeks until the effect has grown."""
    neighbours: bool = False
    taken: float = 0.016
    """Share of its usual sales that a store loses to each treated store near it, once grown; half of it where it is treated too."""
    noise: float = 2_000.0
    """CNY a month, in a week."""

    def draw(self, seed: int) -> Columns:
        """One row per store and week: ``store``, ``week``, ``first_week`` (empty = never), ``city_tier``, sales, visits, ``queue_minutes``."""
        rng = np.random.default_rng(seed)
        wave, effect = self._wave(), self._effect()
        shock = np.zeros((self.stores, self.weeks))
        for t in range(self.weeks):  # what moves a store lasts into the next week
            shock[:, t] = 0.4 * shock[:, max(t - 1, 0)] + self.noise * rng.standard_normal(self.stores)
        sales = self._usual()[:, None] + self._season() + effect + shock
        queue = 9 + self._season() / 10_000 - 1.5 * (self._weeks_in() > 0) + 0.8 * rng.standard_normal(sales.shape)
        first = np.append(MONDAY + WEEK * np.array(self.starts), np.datetime64("NaT", "D"))[wave]
        rows = np.repeat(np.arange(self.stores), self.weeks)
        return {
            "store": rows + 1, "week": np.tile(MONDAY + WEEK * np.arange(self.weeks), self.stores), "first_week": first[rows],
            "city_tier": (1 + rows * 3 // self.stores), "sales": np.round(sales).ravel(),
            "visits": rng.poisson(np.maximum(sales, 0) / 110).ravel(), "queue_minutes": np.round(np.maximum(queue, 0), 1).ravel(),
        }  # fmt: skip

    def _wave(self) -> NDArray[Any]:
        """Every other store in four waves from the busiest on; the stores between them are never treated."""
        rank = np.arange(self.stores)
        return np.where(rank % 2 == 0, rank * len(self.starts) // self.stores, len(self.starts))

    def _usual(self) -> Array:
        """CNY a month, the busiest store first; what a week sells is told at a month's rate."""
        return 100_000 * np.exp(0.25 * -ndtri((np.arange(self.stores) + 0.5) / self.stores))

    def _season(self) -> Array:
        return 12_000 * np.sin(np.pi * np.arange(self.weeks) / self.weeks / 2) ** 2

    def _weeks_in(self) -> Array:
        start = np.array([*self.starts, self.weeks])[self._wave()]
        return np.maximum(np.arange(self.weeks) - start[:, None] + 1, 0)

    def _grown(self) -> Array:
        return np.minimum(self._weeks_in() / self.grows, 1)

    def _own(self) -> Array:
        return self._usual()[:, None] * np.array([*self.lift, 0.0])[self._wave()][:, None] * self._grown()

    def near(self) -> NDArray[np.bool_]:
        """[stores, stores] within reach of each other; nobody without ``neighbours``."""
        if not self.neighbours:
            return np.zeros((self.stores, self.stores), bool)
        rng = np.random.default_rng(STREETS)
        place, city = rng.uniform(0, WIDE, (self.stores, 2)), rng.permutation(self.stores) // CITY
        apart = np.sqrt(((place[:, None] - place[None]) ** 2).sum(axis=2))
        return (apart < NEAR) & (city[:, None] == city[None]) & ~np.eye(self.stores, dtype=bool)

    def pairs(self) -> Columns:
        """Stores near each other, each pair in both directions: ``unit``, ``neighbour``."""
        unit, neighbour = np.nonzero(self.near())
        return {"unit": unit + 1, "neighbour": neighbour + 1}

    def _lost(self, treated: Array) -> Array:
        """What a store loses to others, of which ``treated`` [stores, weeks] have so much of the effect."""
        halved = np.where(self._weeks_in() > 0, 0.5, 1.0)
        return self._usual()[:, None] * self.taken * halved * treated

    def _effect(self) -> Array:
        """Own effects, less what each store loses to those near it."""
        return self._own() - self._lost(self.near() @ self._grown())

    def truth(self) -> dict[str, Any]:
        """The group aggregation on sales (CNY a month per store) and queues, and what other readings claim in expectation.

        With neighbours, ``effects`` are the totals: own effect, and what a store loses once all stores near it got more agents with it.
        """
        own, all_in = self._own(), self._effect()
        total = own - self._lost(self.near().sum(axis=1)[:, None] * self._grown())
        felt = {
            "own": self._by_wave(own), "spillover": self._by_wave(total - own), "as_rolled_out": self._by_wave(all_in),
            "own_by_wave": self._each_wave(own),
        }  # fmt: skip
        return {
            "effects": {"sales": self._by_wave(total), "queue": -1.5},
            "by_wave": self._each_wave(total),
            **(felt if self.neighbours else {}),
            "careless": {"before_after": self._before_after(all_in), "never_treated": self._against_never(all_in)},
        }

    def _each_wave(self, change: Array) -> dict[str, float]:
        """Mean over the treated weeks of each wave."""
        return {str(MONDAY + WEEK * s): float(change[self._wave() == g, s:].mean()) for g, s in enumerate(self.starts)}

    def _by_wave(self, change: Array) -> float:
        """Over the waves, all of one size."""
        return float(np.mean(list(self._each_wave(change).values())))

    def _before_after(self, change: Array) -> float:
        moved = self._season() + change
        rises = [
            moved[self._wave() == g, s:].mean() - moved[self._wave() == g, :s].mean() for g, s in enumerate(self.starts)
        ]
        return float(np.mean(rises))

    def _against_never(self, change: Array) -> float:
        """What the design finds: the changes of each wave since its base less those of stores never treated."""
        never = change[self._wave() == len(self.starts)].mean(axis=0)
        gaps = [change[self._wave() == g].mean(axis=0) - never for g in range(len(self.starts))]
        return float(np.mean([gap[s:].mean() - gap[s - 1] for gap, s in zip(gaps, self.starts, strict=True)]))


def with_neighbours() -> Staffing:
    """The same stores, taking visitors from each other."""
    return Staffing(neighbours=True)
