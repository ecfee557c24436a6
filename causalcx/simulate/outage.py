"""A credit after outages of eight hours and more: who was without service longest leaves most, credit or not.

The rule decides nearly everybody's credit, so those who got one leave more often than others although it keeps them: the careless
comparison has the wrong sign. In one region hours are written by hand, and angry customers just under the threshold are put on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr
from scipy.stats import gamma

Columns = dict[str, NDArray[Any]]

REGIONS, BY_HAND = 8, 7
SCORES = np.arange(10) + 0.5
"""Where the answer steps from one score to the next."""


@dataclass(frozen=True)
class Outage:
    """Hours without service in 30 days, a credit, churn in 60 days, and an answer from some."""

    customers: int = 100_000
    cutoff: float = 8.0
    above: float = 0.92
    """Chance of a credit from the cutoff on."""
    below: float = 0.06
    credit: float = -0.42
    """Effect of the credit on the log odds of leaving."""
    per_hour: float = 0.13
    opinion: float = 0.7
    """Effect of the credit on the answer, before it is rounded."""
    answering: float = 0.4
    moved: float = 0.5
    """Share of the region's customers within the last hour below the cutoff who are put on it."""

    def draw(self, seed: int) -> Columns:
        """Columns ``customer_id``, ``region``, ``tenure_months``, ``hours_30d``, ``credit`` (0, 1), ``churned_60d`` (0, 1), ``score``."""
        rng = np.random.default_rng(seed)
        n = self.customers
        hours, region = np.round(rng.gamma(2, 3.2, n), 2), rng.integers(1, REGIONS + 1, n)
        near = (region == BY_HAND) & (hours >= self.cutoff - 1) & (hours < self.cutoff)
        moved = near & (rng.uniform(size=n) < self.moved)
        written = np.where(moved, self.cutoff, hours)
        credit = (rng.uniform(size=n) < np.where(written >= self.cutoff, self.above, self.below)).astype(np.int8)
        leaving = rng.uniform(size=n) < expit(self._leaning(hours, credit) + moved)
        answer = np.searchsorted(SCORES, self._mood(hours, credit) - 2 * moved + 2 * rng.standard_normal(n))
        return {
            "customer_id": np.arange(1, n + 1, dtype=np.int32), "region": region.astype(np.int8),
            "tenure_months": np.rint(rng.gamma(1.2, 26, n)).astype(np.int16), "hours_30d": written, "credit": credit,
            "churned_60d": leaving.astype(np.int8), "score": np.where(rng.uniform(size=n) < self.answering, answer, np.nan),
        }  # fmt: skip

    def _leaning(self, hours: NDArray[Any], credit: NDArray[Any]) -> NDArray[Any]:
        return -2.05 + self.per_hour * (hours - self.cutoff) + self.credit * credit

    def _mood(self, hours: NDArray[Any], credit: NDArray[Any]) -> NDArray[Any]:
        return 7.2 - 0.12 * (hours - self.cutoff) + self.opinion * credit

    def truth(self) -> dict[str, Any]:
        """Effects of the credit at the cutoff, and what those with a credit against those without would claim, by quadrature."""
        at, none, one = np.full(1, self.cutoff), np.zeros(1), np.ones(1)
        return {
            "effects": {name: float((of(at, one) - of(at, none))[0]) for name, of in self._means().items()},
            "share": self.above - self.below,
            "careless": {name: self._careless(of) for name, of in self._means().items()},
        }

    def _means(self) -> dict[str, Any]:
        return {
            "churn": lambda hours, credit: expit(self._leaning(hours, credit)),
            "nps": lambda hours, credit: 100 * (
                ndtr((self._mood(hours, credit) - SCORES[8]) / 2) - ndtr((SCORES[6] - self._mood(hours, credit)) / 2)
            ),
        }  # fmt: skip

    def _careless(self, mean: Any) -> float:
        hours = gamma.ppf((np.arange(20_000) + 0.5) / 20_000, 2, scale=3.2)
        chance = np.where(hours >= self.cutoff, self.above, self.below)
        with_credit = np.average(mean(hours, np.ones_like(hours)), weights=chance)
        return float(with_credit - np.average(mean(hours, np.zeros_like(hours)), weights=1 - chance))
