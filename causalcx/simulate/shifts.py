"""Teams of a contact centre that choose their own shifts, drawn by lot team by team: agents of a team share a leader and leave together.

The difference between the groups is right however it is read. Its error is not: taken over agents, as if each had been drawn singly,
it is a third too small, and of worlds without any effect far more than one in twenty would be called a success.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Columns = dict[str, NDArray[Any]]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(60)


@dataclass(frozen=True)
class Shifts:
    """A year of agents in teams: who left, and how many calls and minutes each handled."""

    sites: int = 6
    teams: int = 10
    """Teams per site; half of them choose their shifts."""
    agents: int = 30
    leaving: float = -0.66
    """Log odds that an agent leaves within the year under a rota."""
    choice: float = -0.50
    """Effect of choosing on the log odds."""
    shared: float = 0.45
    """Standard deviation between teams of the log odds."""
    minutes: float = 6.0
    """Minutes per call, of which choosing changes nothing; they differ by 0.4 between teams."""

    def draw(self, seed: int) -> Columns:
        """One row per agent: ``agent``, ``team``, ``site``, ``shifts`` (rota, own), ``tenure_months``, ``left_12m`` (0, 1), ``calls``, ``minutes``."""
        rng = np.random.default_rng(seed)
        teams = self.sites * self.teams
        own = np.concatenate([rng.permutation(np.arange(self.teams) % 2) for _ in range(self.sites)])
        likes, pace = self.shared * rng.standard_normal(teams), self.minutes + 0.4 * rng.standard_normal(teams)
        team = np.repeat(np.arange(teams), self.agents)
        left = (rng.uniform(size=len(team)) < expit(self.leaving + self.choice * own + likes)[team]).astype(np.int8)
        months = np.where(left, rng.uniform(1, 12, len(team)), 12)
        calls = rng.poisson(600 * months).astype(np.int32)
        spent = calls * pace[team] * np.exp(0.1 * rng.standard_normal(len(team)))
        return {
            "agent": np.arange(1, len(team) + 1), "team": team + 1, "site": team // self.teams + 1,
            "shifts": np.array(["rota", "own"])[own[team]], "tenure_months": np.rint(rng.gamma(1.5, 14, len(team))).astype(np.int16),
            "left_12m": left, "calls": calls, "minutes": np.round(spent, 1),
        }  # fmt: skip

    def _left(self, choice: float) -> float:
        return float(self._mean(choice) @ WEIGHTS / WEIGHTS.sum())

    def _mean(self, choice: float) -> NDArray[Any]:
        return expit(self.leaving + choice + self.shared * NODES)

    def truth(self) -> dict[str, Any]:
        """The effect on leaving, its error in expectation, and the error that agents drawn singly would have."""
        each = [(self._left(c), self._mean(c)) for c in (self.choice, 0.0)]
        teams = self.sites * self.teams / 2
        between = [float(mean**2 @ WEIGHTS / WEIGHTS.sum() - p**2) for p, mean in each]
        alone = sum(p * (1 - p) for p, _ in each) / (teams * self.agents)
        together = alone + sum(between) * (self.agents - 1) / (teams * self.agents)
        return {
            "effects": {"left": each[0][0] - each[1][0], "minutes per call": 0.0},
            "std_error": {"left": together**0.5},
            "careless": {"std_error": {"left": alone**0.5}},
        }
