"""The simulated company: normal latents, linear in independent standard normals, and what an arm shifts.

Everything a customer does comes from six latents (mood, answering, opinion, leaving, log spend, log calling rate), each
a constant plus a linear form in eight independent standard normals. So every pair is bivariate normal within a cell of
segment and region, and every mean that the company reports has a closed form (``truth.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Array = NDArray[np.float64]
Answering = Literal["random", "mood"]

BASES = ("tenure", "wallet", "mood", "opinion", "leaving", "spend", "calling", "answering")
"""The independent standard normals."""
LATENTS = ("mood", "answering", "opinion", "leaving", "spend", "calling")
"""The rows of :attr:`Population.loadings`: mood (standard deviations), answering (answers above 0), opinion (cut into
scores), leaving (churns above 0), spend (log of the currency over 90 days), calling (log of calls expected in 90 days)."""

SCORE_SHARES = (0.06, 0.02, 0.03, 0.04, 0.05, 0.09, 0.09, 0.15, 0.20, 0.14, 0.13)
"""Shares of the answers 0 to 10 in the control arm: 38 % detractors, 27 % promoters, NPS -11."""
SCORE_CUTS: Array = ndtri(np.cumsum(SCORE_SHARES)[:-1])
"""[10] cuts of the opinion between 0|1, ..., 9|10."""
SATISFACTION_CUTS: Array = ndtri(np.cumsum((0.08, 0.14, 0.26, 0.34)))
"""[4] cuts of the opinion between 1|2, ..., 4|5."""

SEGMENTS = {"personal": 0.60, "family": 0.28, "business": 0.12}
REGIONS = {"north": 0.30, "south": 0.30, "east": 0.25, "west": 0.15}
_SEGMENT_SHIFTS = {
    "personal": {},
    "family": {"leaving": -0.10, "spend": 0.25, "calling": 0.15},
    "business": {"leaving": -0.22, "spend": 0.60, "calling": 0.30},
}
_REGION_SHIFTS = {"north": {}, "south": {"leaving": 0.06}, "east": {"spend": 0.05}, "west": {"leaving": -0.05}}


@dataclass(frozen=True)
class Effects:
    """What an arm shifts, on the latent scales; 0 leaves them as they are in the control arm.

    A shift of mood reaches everything that depends on mood; the other three act beside it.
    """

    mood: float = 0.0
    """Standard deviations of mood."""
    leaving: float = 0.0
    """Probit units; negative keeps customers."""
    spend: float = 0.0
    """Logarithm of spend: 0.01 is about 1 % more from those who stay."""
    calling: float = 0.0
    """Logarithm of the calling rate."""
    strength: Mapping[str, float] = field(default_factory=dict)
    """Factor on all four per segment; 1 where a segment is not named."""

    def shift(self, latent: str, segment: str) -> float:
        """The direct shift of a latent in a segment."""
        return self.strength.get(segment, 1.0) * getattr(self, latent, 0.0)


@dataclass(frozen=True)
class Cell:
    """Customers of one segment and region."""

    segment: str
    region: str
    share: float


@dataclass(frozen=True)
class Population:
    """How the latents depend on one another, and who answers."""

    answering: Answering = "random"
    """``random``: independent of everything; ``mood``: the happier, the likelier, so treatment moves who answers."""
    answering_rate: float = 0.2
    """Share of the control arm that answers, above 0; at 1 everyone does."""
    answering_slope: float = 0.5
    """Probit units per standard deviation of mood where answering depends on mood."""
    spend_spread: float = 0.42
    """Standard deviation of log spend that neither mood nor past spend explains; above 1 bills are very skewed."""

    def __post_init__(self) -> None:
        if self.answering not in ("random", "mood"):
            raise ValueError(f"answering is random or mood, not {self.answering!r}")
        if not 0 < self.answering_rate <= 1:
            raise ValueError(f"answering_rate lies above 0 and is 1 at most, not {self.answering_rate}")

    @property
    def cells(self) -> Iterator[Cell]:
        """Segment by region, independent of each other."""
        for segment, share in SEGMENTS.items():
            for region, part in REGIONS.items():
                yield Cell(segment, region, share * part)

    @property
    def slope(self) -> float:
        """Loading of answering on mood."""
        return self.answering_slope if self.answering == "mood" else 0.0

    @property
    def on_mood(self) -> dict[str, float]:
        """How much of a shift of mood each latent takes over."""
        return {"mood": 1.0, "answering": self.slope, "opinion": 0.7, "leaving": -0.25, "spend": 0.06, "calling": -0.12}

    @property
    def loadings(self) -> Array:
        """[latents, bases]: row i times the standard normals is latent i less its mean."""
        mood = _row(tenure=0.3, mood=np.sqrt(1 - 0.3**2))
        own = {
            "answering": _row(answering=1.0),
            "opinion": _row(opinion=np.sqrt(1 - self.on_mood["opinion"] ** 2)),
            "leaving": _row(tenure=-0.25, leaving=1.0),
            "spend": _row(wallet=0.55, spend=self.spend_spread),
            "calling": _row(wallet=0.10, calling=0.70),
        }
        return np.array([mood, *(self.on_mood[name] * mood + own[name] for name in LATENTS[1:])])

    @property
    def covariance(self) -> Array:
        """[latents, latents]; the same in every cell and arm."""
        return self.loadings @ self.loadings.T

    def means(self, segment: str, region: str, effects: Effects) -> Array:
        """[latents] means in a cell under an arm's effects."""
        control = {
            "answering": ndtri(self.answering_rate) * np.sqrt(1 + self.slope**2),
            "leaving": -1.355,
            "spend": 4.60,
            "calling": -0.28,
        }
        mood = effects.shift("mood", segment)
        return np.array(
            [
                control.get(name, 0.0)
                + _SEGMENT_SHIFTS[segment].get(name, 0.0)
                + _REGION_SHIFTS[region].get(name, 0.0)
                + self.on_mood[name] * mood
                + (effects.shift(name, segment) if name != "mood" else 0.0)
                for name in LATENTS
            ]
        )


def _row(**loadings: float) -> Array:
    return np.array([loadings.get(base, 0.0) for base in BASES])
