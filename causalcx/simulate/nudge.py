"""Callers nudged to an app, and calls that reach agents by chance: two worlds of compliers with known truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]
Columns = dict[str, NDArray[Any]]
CALLS, CHURN, SCORE, NOISE = 3.0, 0.12, 7.0, 1.5
"""Of a caller of patience 0 without the app: mean further calls, chance to leave, mean score; and how scores scatter."""


@dataclass(frozen=True)
class Part:
    """Callers who take alike: their share, how patient they are, what the app does to their calls, churn and scores."""

    share: float
    patience: float
    calls: float
    churn: float
    score: float = 0.6

    def means(self, taken: int) -> dict[str, float]:
        """Expected outcomes with or without the app."""
        mood = SCORE + self.patience + self.score * taken
        return {
            "calls": CALLS - 0.5 * self.patience + self.calls * taken,
            "churn": CHURN - 0.03 * self.patience + self.churn * taken,
            "nps": 100 * float(ndtr((mood - 8.5) / NOISE) - ndtr((6.5 - mood) / NOISE)),
        }


def parts() -> dict[str, Part]:
    """Always-takers use the app anyway, never-takers whatever they are told never do, compliers do because of the nudge.

    Always-takers are the patient ones, and patience alone keeps customers and saves calls: takers look better than the app
    made them.
    """
    return {
        "always": Part(share=0.15, patience=1.0, calls=-0.5, churn=-0.01),
        "compliers": Part(share=0.30, patience=0.2, calls=-0.9, churn=-0.03),
        "never": Part(share=0.55, patience=-0.4, calls=-0.2, churn=0.02),
    }


@dataclass(frozen=True)
class Nudge:
    """A message on hold, *the app answers this at once*, drawn for a share of the callers."""

    parts: dict[str, Part] = field(default_factory=parts)
    nudged: float = 0.5

    def draw(self, callers: int, seed: int) -> Columns:
        """Columns ``customer``, ``message`` and ``used_app`` (0, 1), ``tenure_months``, ``calls_90d``, ``churned_90d``, ``score``."""
        rng = np.random.default_rng(seed)
        part = rng.choice(len(self.parts), callers, p=[p.share for p in self.parts.values()])
        message = (rng.uniform(size=callers) < self.nudged).astype(int)
        taken = np.select([part == 0, part == 1], [1, message], 0)
        return {"customer": np.arange(1, callers + 1), "message": message, "used_app": taken} | self._after(
            rng, part, taken
        )

    def _after(self, rng: Generator, part: NDArray[Any], taken: NDArray[Any]) -> Columns:
        n, kinds = len(part), list(self.parts.values())
        calls, churn = (
            np.array([[p.means(t)[name] for t in (0, 1)] for p in kinds])[part, taken] for name in ("calls", "churn")
        )
        patience, lift = (np.array([getattr(p, name) for p in kinds])[part] for name in ("patience", "score"))
        score = SCORE + patience + lift * taken + NOISE * rng.standard_normal(n)
        return {
            "tenure_months": np.rint(np.exp(3 + 0.3 * patience + 0.5 * rng.standard_normal(n))).astype(int),
            "calls_90d": rng.poisson(calls),
            "churned_90d": (rng.uniform(size=n) < churn).astype(int),
            "score": np.clip(np.rint(score), 0, 10).astype(int),
        }

    def truth(self) -> dict[str, Any]:
        """Effects on compliers, of the message on everyone, and what takers against others would claim."""
        always, compliers, never = self.parts.values()
        effects = _less(compliers.means(1), compliers.means(0))
        takers = _mixed((always.share, always.means(1)), (compliers.share * self.nudged, compliers.means(1)))
        others = _mixed((never.share, never.means(0)), (compliers.share * (1 - self.nudged), compliers.means(0)))
        return {
            "effects": effects,
            "share": compliers.share,
            "intention_to_treat": {name: compliers.share * effect for name, effect in effects.items()},
            "careless": _less(takers, others),
        }


def _less(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {name: one[name] - other[name] for name in one}


def _mixed(*groups: tuple[float, dict[str, float]]) -> dict[str, float]:
    total = sum(share for share, _ in groups)
    return {name: sum(share * means[name] for share, means in groups) / total for name in groups[0][1]}


@dataclass(frozen=True)
class Agents:
    """Calls that go to whichever agent is free; agents differ in how readily they waive a fee.

    A caller insists with a strength drawn evenly from 0 to 1, and gets the waiver where it exceeds 1 - the agent's leniency. Who
    insists is close to leaving, so the waived look hardly more loyal than the others, though a waiver keeps customers.
    """

    agents: int = 60
    lowest: float = 0.2
    highest: float = 0.6
    churn: float = 0.1
    insisting: float = 0.2
    """How much more often a caller of insistence 1 leaves than one of 0."""
    effect: float = -0.08
    """Of a waiver on the chance to leave."""

    @property
    def leniency(self) -> Array:
        """Share of calls that each agent waives."""
        return np.linspace(self.lowest, self.highest, self.agents)

    def draw(self, calls: int, seed: int) -> Columns:
        """Columns ``call``, ``agent_id``, ``waived`` (0, 1), ``bill`` (USD), ``churned_90d``."""
        rng = np.random.default_rng(seed)
        agent, insists = rng.integers(self.agents, size=calls), rng.uniform(size=calls)
        waived = (insists > 1 - self.leniency[agent]).astype(int)
        leaves = self.churn + self.insisting * insists + self.effect * waived
        return {
            "call": np.arange(1, calls + 1),
            "agent_id": np.char.add("agent ", (agent + 1).astype(str)),
            "waived": waived,
            "bill": np.round(40 + 20 * insists + 10 * rng.standard_normal(calls), 2),
            "churned_90d": (rng.uniform(size=calls) < leaves).astype(int),
        }

    def truth(self) -> dict[str, Any]:
        """The effect on compliers, their share between the ends, and what waived against others would claim."""
        waived = self.leniency
        insistence = (waived * (1 - waived / 2)).sum() / waived.sum() - ((1 - waived) ** 2 / 2).sum() / (
            1 - waived
        ).sum()
        return {
            "effects": {"churn": self.effect},
            "share": self.highest - self.lowest,
            "careless": {"churn": self.effect + self.insisting * float(insistence)},
        }
