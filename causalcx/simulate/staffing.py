"""More agents at peak hours, store by store in four waves, the busiest stores first, on the way to a holiday.

Sales rise towards the holiday anyway, so before and after claims far too much. The effect is larger in early waves and grows for weeks,
so a regression with store and week effects, which takes early waves as controls for late ones, claims too little. With
``neighbours`` a treated store also takes visitors from the store next to it: stores that were never treated are harmed, and
look like a comparison that fell.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
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
    """Share of its usual sales that the store next to a treated one loses."""
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

    def _own(self) -> Array:
        grown = np.minimum(self._weeks_in() / self.grows, 1)
        return self._usual()[:, None] * np.array([*self.lift, 0.0])[self._wave()][:, None] * grown

    def _effect(self) -> Array:
        """Own effects, and with neighbours what each store loses to the one next to it."""
        if not self.neighbours:
            return self._own()
        beside = np.roll(self._weeks_in() > 0, 1, axis=0)
        return self._own() - self._usual()[:, None] * self.taken * beside

    def truth(self) -> dict[str, Any]:
        """The group aggregation on sales (CNY a month per store) and queues, and what other readings claim in expectation."""
        own, all_in = self._own(), self._effect()
        return {
            "effects": {"sales": self._by_wave(own), "queue": -1.5},
            "by_wave": {
                str(MONDAY + WEEK * s): float(own[self._wave() == g, s:].mean()) for g, s in enumerate(self.starts)
            },
            "with_neighbours": self._total(own, all_in) if self.neighbours else None,
            "careless": {"before_after": self._before_after(all_in), "never_treated": self._against_never(all_in)},
        }

    def _by_wave(self, change: Array) -> float:
        """Mean over the treated weeks of each wave, then over the waves (all of one size)."""
        return float(np.mean([change[self._wave() == g, s:].mean() for g, s in enumerate(self.starts)]))

    def _total(self, own: Array, all_in: Array) -> float:
        """Own effect less what all stores lost, per treated store and week."""
        return float(self._by_wave(own) + (all_in - own).sum() / (self._weeks_in() > 0).sum())

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
