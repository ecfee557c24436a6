"""A chatbot that answers first: calls fall at once, and from the fourth month on more customers leave.

Half of the customers have been seen for less than a year yet. After 90 days churn shows nothing, and the saved calls look like money. Those lost
from sight (a number that stopped answering) are lost sooner without the chatbot, so counting only those whose year is known misleads too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
YEAR, FIRST, TURN = 12.0, 3.0, 3.0
"""Months: the horizon, the early reading, and from when on the chatbot tells."""
ENTRIES, DATA = np.datetime64("2024-01-01"), np.datetime64("2025-07-01")
"""The first day of entry, and the day of the data."""


@dataclass(frozen=True)
class Chatbot:
    """Customers who entered over a year, by lot with a chatbot first or with an agent; who left, when, and how often they called."""

    customers: int = 60_000
    leaving: float = 0.022
    """Chance of leaving in a month, as a rate."""
    later: float = 0.24
    """How much higher the log of that rate is with the chatbot from the fourth month on."""
    lost: tuple[float, float] = (0.020, 0.010)
    """Rates of being lost from sight a month, with an agent and with the chatbot."""
    calls: tuple[float, float] = (0.90, 0.60)
    """Calls in the first three months."""

    def draw(self, seed: int) -> Columns:
        """Columns ``customer_id``, ``variant``, ``entered_on``, ``months`` seen, ``left`` (1 if they left then), ``calls_90d``."""
        rng = np.random.default_rng(seed)
        n = self.customers
        bot = rng.permutation(n) % 2
        entered = ENTRIES + rng.integers(0, 366, n)
        seen = (DATA - entered).astype(float) * 12 / 365.25
        leaves = self._until(rng.exponential(size=n), bot)
        gone = np.minimum(rng.exponential(1 / np.array(self.lost)[bot]), seen)
        return {
            "customer_id": np.arange(1, n + 1, dtype=np.int32), "variant": np.where(bot == 1, "chatbot", "agent"),
            "entered_on": entered, "months": np.round(np.minimum(leaves, gone), 2),
            "left": (leaves <= gone).astype(np.int8), "calls_90d": rng.poisson(np.array(self.calls)[bot]).astype(np.int16),
        }  # fmt: skip

    def _until(self, unit: NDArray[Any], bot: NDArray[Any]) -> NDArray[Any]:
        """When an exponential of mean 1 is used up: at one rate until the turn, at another after it."""
        before, after = self.leaving * TURN, self.leaving * np.exp(self.later * bot)
        return np.where(unit <= before, unit / self.leaving, TURN + (unit - before) / after)

    def _left_by(self, month: float, bot: int) -> float:
        after = self.leaving * np.exp(self.later * bot)
        return float(1 - np.exp(-self.leaving * min(month, TURN) - after * max(month - TURN, 0.0)))

    def truth(self) -> dict[str, Any]:
        """Effects at twelve months, and what the churn of 90 days would claim."""
        calls = self.calls[1] - self.calls[0]
        return {
            "effects": {"leaving": self._left_by(YEAR, 1) - self._left_by(YEAR, 0), "calls": calls},
            "careless": {"leaving": self._left_by(FIRST, 1) - self._left_by(FIRST, 0), "calls": calls},
        }
