"""A warmer greeting on the hotline, drawn by lot call by call, and looked at every evening. It does nothing.

Whoever stops on the first evening on which a plain range leaves zero out finds a win, or a loss, far more often than once in twenty.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalcx.core.looks import ONE_LOOK
from causalcx.core.sequential import ever_beyond

Columns = dict[str, NDArray[Any]]
STORY = 25_580
"""Chosen so that with seed 1 a plain range leaves zero out on days 9 to 11, as it does in one story of a few dozen."""


@dataclass(frozen=True)
class Greeting:
    """Callers by day; whether they called again within a week, and how satisfied they said they were."""

    days: int = 28
    callers: int = 1_000
    """A day."""
    start: dt.date = dt.date(2026, 3, 1)
    again: float = 0.28
    """Share that calls again."""
    effect: float = 0.0
    """Of the greeting on that share."""

    def draw(self, seed: int) -> Columns:
        """Columns ``caller``, ``greeting`` (usual, warm), ``called_on``, ``called_again`` (0, 1), ``satisfaction`` (1 to 5), in the order of calls."""
        rng = np.random.default_rng([STORY, seed])
        n = self.days * self.callers
        warm = rng.permuted(np.tile(np.arange(self.callers) % 2, (self.days, 1)), axis=1).ravel()
        again = rng.uniform(size=n) < self.again + self.effect * warm
        mood = np.rint(3.9 - 0.7 * again + rng.standard_normal(n))
        first = np.datetime64(self.start.isoformat())
        return {
            "caller": np.arange(1, n + 1),
            "greeting": np.where(warm == 1, "warm", "usual"),
            "called_on": first + np.repeat(np.arange(self.days), self.callers),
            "called_again": again.astype(int),
            "satisfaction": np.clip(mood, 1, 5).astype(int),
        }

    def truth(self) -> dict[str, Any]:
        """The effects, and how often somebody who looks every evening and stops at the first plain range without zero is misled."""
        return {
            "effects": {"calling again": self.effect, "satisfaction": 0.0 - 0.7 * self.effect},
            "careless": {
                "looks": self.days,
                "misled": ever_beyond([(k + 1) / self.days for k in range(self.days)], [ONE_LOOK] * self.days),
            },
        }
