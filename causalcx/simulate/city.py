"""One city gets an app desk: monthly churn and calls of 24 cities over three years, with what misleads a plain comparison.

A competitor's price war raises churn from month 9 to 24, in each city by its own load, most of all where the desk is; it ends as the
desk opens, so the city would have gained anyway. One city is flooded during the war, and two neighbours of the desk gain a little
from it, so none of the three can show what would have been.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

MONTHS = np.arange("2024-01", "2027-01", dtype="datetime64[M]")
DESK, FLOODED, NEIGHBOURS = 4, 11, (3, 5)
"""Positions of the city with the desk, of the flooded one and of the neighbours."""
WAR, FLOOD = slice(8, 24), slice(14, 17)
CUSTOMERS = 30_000
"""In each city."""


@dataclass(frozen=True)
class City:
    """Churn in percent of the customers a month, calls per 100 customers a month."""

    cities: int = 24
    start: int = 24
    churn: float = -0.20
    """Effect of the desk on churn."""
    calls: float = -2.0
    war: float = 0.30
    """What the price war adds to churn at load 1."""
    spill: float = -0.05
    """What the neighbours gain."""
    noise: float = 0.06

    def load(self, rng: np.random.Generator) -> NDArray[Any]:
        """[cities] how hard the price war hits each."""
        load = rng.uniform(0.2, 1.2, self.cities)
        load[DESK] = 1.15
        return load

    def draw(self, seed: int) -> Columns:
        """Columns ``city``, ``month``, ``churn_rate`` (a share), ``leavers`` (customers), ``calls_per_100``; one row per city and month."""
        rng = np.random.default_rng(seed)
        shape, load = (self.cities, len(MONTHS)), self.load(rng)
        season = np.sin(2 * np.pi * np.arange(len(MONTHS)) / 12)
        churn = 1.37 + rng.normal(0, 0.12, (self.cities, 1)) + 0.08 * season + rng.normal(0, self.noise, shape)
        churn += np.outer(load, self._war())
        churn[DESK, self.start :] += self.churn
        churn[list(NEIGHBOURS), self.start :] += self.spill
        churn[FLOODED, FLOOD] += 0.9
        calls = (
            40
            + rng.normal(0, 4, (self.cities, 1))
            + 3 * season
            + 8 * np.outer(load, self._war())
            + rng.normal(0, 0.6, shape)
        )
        calls[DESK, self.start :] += self.calls
        names = np.array([f"city-{i + 1:02d}" for i in range(self.cities)])
        return {
            "city": np.repeat(names, len(MONTHS)), "month": np.tile(MONTHS.astype("datetime64[D]"), self.cities),
            "churn_rate": np.rint(CUSTOMERS * churn.ravel() / 100) / CUSTOMERS, "leavers": np.rint(CUSTOMERS * churn.ravel() / 100), "calls_per_100": np.round(calls.ravel(), 2),
        }  # fmt: skip

    def _war(self) -> NDArray[Any]:
        war = np.full(len(MONTHS), 0.0)
        war[WAR], war[self.start :] = self.war, 0.02
        return war

    def truth(self) -> dict[str, Any]:
        """Effects, and what careless readings claim in expectation: before against after, and against the mean of all other cities."""
        war = self._war()
        gone = war[self.start :].mean() - war[: self.start].mean()
        others = (
            0.7 * gone + len(NEIGHBOURS) * self.spill / (self.cities - 1) - 0.9 * 3 / self.start / (self.cities - 1)
        )
        return {
            "effects": {"churn": self.churn / 100, "leavers": CUSTOMERS * self.churn / 100, "calls": self.calls},
            "careless": {
                "before_after": {"churn": (self.churn + 1.15 * gone) / 100, "calls": self.calls + 8 * 1.15 * gone},
                "difference_in_differences": {
                    "churn": (self.churn + 1.15 * gone - others) / 100, "calls": self.calls + 8 * (1.15 - 0.7) * gone,
                },
            },
        }  # fmt: skip
