"""The twenty stores with the lowest score of a quarter are coached. The coaching does nothing, and they recover: they were partly unlucky.

Every store has a level of its own, and a quarter's score is that of the few customers who were asked. The twenty lowest are those
with a low level and, more often, with bad luck, which does not repeat. Against the other stores the rise is as large as before
against after: those were not picked, so nothing makes them rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Columns = dict[str, NDArray[Any]]
FIRST_YEAR, QUARTERS = 2023, 4
STEPS = 20_001


@dataclass(frozen=True)
class Coaching:
    """NPS by store and quarter; the lowest of the quarter before ``start`` are coached from ``start`` on."""

    stores: int = 240
    coached: int = 20
    quarters: int = 12
    start: int = 9
    mean: float = 1.0
    between: float = 4.0
    """Standard deviation of the stores' own levels."""
    answers: int = 80
    """Customers asked per store and quarter."""
    answer: float = 80.0
    """Standard deviation of one customer's answer, on the scale from -100 to 100."""
    effect: float = 0.0
    """Of the coaching, in NPS points."""
    by_lot: bool = False
    """Whether the stores were drawn by lot instead."""

    def draw(self, seed: int) -> Columns:
        """One row per store and quarter: ``store``, ``quarter``, ``coached_from`` (empty: never), ``nps``."""
        rng = np.random.default_rng(seed)
        level = self.mean + self.between * rng.standard_normal((self.stores, 1))
        score = level + self._luck * rng.standard_normal((self.stores, self.quarters))
        order = rng.permutation(self.stores) if self.by_lot else np.argsort(score[:, self.start - 1])
        coached = np.isin(np.arange(self.stores), order[: self.coached])
        score[coached, self.start :] += self.effect
        labels = np.array([f"{FIRST_YEAR + q // QUARTERS}Q{1 + q % QUARTERS}" for q in range(self.quarters)])
        return {
            "store": np.repeat(np.arange(1, self.stores + 1), self.quarters), "quarter": np.tile(labels, self.stores),
            "coached_from": np.repeat(np.where(coached, labels[self.start], ""), self.quarters), "nps": np.round(score, 1).ravel(),
        }  # fmt: skip

    @property
    def _luck(self) -> float:
        return self.answer / self.answers**0.5

    def _picked(self) -> float:
        """Standard deviations by which the picked stand below the mean in the quarter that they were picked for.

        The mean of the ``coached`` lowest of ``stores`` normal draws: a draw at z counts where fewer than ``coached`` others lie below.
        """
        if self.by_lot:
            return 0.0
        z = np.linspace(-8, 8, STEPS)
        counts = stats.binom.cdf(self.coached - 1, self.stores - 1, stats.norm.cdf(z))
        return -float(np.trapezoid(z * stats.norm.pdf(z) * counts, z)) * self.stores / self.coached

    def truth(self) -> dict[str, Any]:
        """The effect, and what the coached stores would have done without it: their luck ends, their level stays."""
        spread = (self.between**2 + self._luck**2) ** 0.5
        before = self.mean - self._picked() * spread
        recovery = self._picked() * self._luck**2 / spread
        others = recovery * self.coached / (self.stores - self.coached)
        return {
            "effects": {"nps": self.effect},
            "careless": {
                "score_before": before,
                "score_after": before + recovery + self.effect,
                "before_after": recovery + self.effect,
                "against_the_others": recovery + others + self.effect,
            },
        }
