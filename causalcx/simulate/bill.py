"""A clearer bill for everybody on one day: daily calls over sixteen months, with what misleads a reading of before and after.

The weeks before the start are a holiday trough, and demand rises that spring on every line, so calls go up although the bill takes some
away. Business customers kept their old bill; their calls show the rise, and a calendar shows the holidays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]

DAYS = np.arange("2025-01-01", "2026-04-27", dtype="datetime64[D]")
START = np.datetime64("2026-03-02")
HOLIDAYS = (
    ("2025-01-28", 8),
    ("2025-04-04", 3),
    ("2025-05-01", 5),
    ("2025-10-01", 8),
    ("2026-02-15", 9),
    ("2026-04-04", 3),
)
"""First day and length."""
WEEKDAYS = np.array([520.0, 310, 100, 0, 100, -1140, -1560])
"""Calls above a Thursday's, Monday first."""


@dataclass(frozen=True)
class Bill:
    """Calls a day."""

    calls: float = 5_200
    effect: float = -580
    """Of the bill, calls a day."""
    holiday: float = -1_800
    rise: float = 760
    """What demand brings by the spring, above the year before."""
    lasting: float = 0.6
    """Part of a day's disturbance that is left on the next."""
    noise: float = 150

    def draw(self, seed: int) -> Columns:
        """Columns ``day``, ``bill_calls``, ``business_calls``, ``holiday`` (0, 1); one row per day."""
        rng = np.random.default_rng(seed)
        demand = self._rise() + np.cumsum(rng.normal(0, 6, len(DAYS)))
        monday = (DAYS.astype(int) + 3) % 7
        own = rng.normal(0, self.noise, len(DAYS))
        for t in range(1, len(DAYS)):
            own[t] += self.lasting * own[t - 1]
        calls = self.calls + WEEKDAYS[monday] + self.holiday * holidays() + demand + own + self.effect * after()
        business = 900 + 0.3 * WEEKDAYS[monday] - 320 * holidays() + 0.25 * demand + rng.normal(0, 4, len(DAYS))
        return {
            "day": DAYS, "bill_calls": np.rint(calls).astype(int), "business_calls": np.rint(business).astype(int),
            "holiday": holidays().astype(int),
        }  # fmt: skip

    def _rise(self) -> NDArray[Any]:
        """An S in the winter before the start."""
        return self.rise / (1 + np.exp(-((DAYS - START).astype(int) + 60) / 7))

    def truth(self) -> dict[str, Any]:
        """The effect, and what careless readings claim in expectation: all days before, the four weeks before, the same weeks of last year."""
        course = self.holiday * holidays() + self._rise() + self.effect * after()
        first = int(np.searchsorted(DAYS, START))
        last_year = np.arange(first, len(DAYS)) - 364
        return {
            "effects": {"calls": self.effect},
            "careless": {
                "before_after": float(course[first:].mean() - course[:first].mean()),
                "four_weeks": float(course[first : first + 28].mean() - course[first - 28 : first].mean()),
                "last_year": float((course[first:] - course[last_year]).mean()),
            },
        }  # fmt: skip


def after() -> NDArray[Any]:
    """[days] whether the bill was new."""
    return DAYS >= START


def holidays() -> NDArray[Any]:
    """[days] whether it was a holiday."""
    first = [(np.datetime64(day, "D"), np.timedelta64(length, "D")) for day, length in HOLIDAYS]
    return np.any([(day <= DAYS) & (day + length > DAYS) for day, length in first], axis=0)
