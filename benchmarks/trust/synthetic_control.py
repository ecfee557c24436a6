"""How often a synthetic control's 95 % interval holds the truth, per outcome kind, method and number of treated units.

Sites have a level, a common course with a load of their own, and noise. In the plain worlds the treated are drawn like the donors; where they
are "at the edge", their load lies above nearly all others', and no mix of donors quite follows them: they are not exchangeable
with the donors, which placebos take for granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.trust.judged import row_of_ends
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array
from causalcx.designs.donors.spread import Setting, placebos_of, spread_of
from causalcx.designs.donors.synthetic import Method

DONORS, PERIODS, START = 30, 36, 24
LEVEL = 0.95


@dataclass(frozen=True)
class Case:
    """One row: an outcome kind, how many sites are treated, and with which method."""

    kind: str
    treated: int
    method: Method = "synthetic-did"
    edge: bool = False
    effect: float = 2.0
    """In outcome units: USD thousands, calls, or points of 0 to 100."""

    @property
    def label(self) -> str:
        """What stands in the table."""
        sites = "1 site" if self.treated == 1 else f"{self.treated} sites"
        return f"broken: {self.method}, {sites}, at the edge" if self.edge else f"{self.method}, {sites}"


CASES = (
    *(Case(kind, 1) for kind in ("amount", "count", "score")),
    Case("amount", 1, "demeaned"), Case("amount", 1, "classic"), Case("amount", 2), Case("amount", 8), Case("amount", 1, edge=True),
)  # fmt: skip


def draw(case: Case, rng: np.random.Generator, effect: float) -> Array:
    """[treated + donors, periods] values with the effect planted."""
    sites = case.treated + DONORS
    load = rng.uniform(0.2, 1.2, (sites, 1))
    if case.edge:
        load[: case.treated] = 1.2
    mean = 50 + rng.normal(0, 3, (sites, 1)) + load * np.cumsum(rng.normal(0, 0.8, PERIODS))
    mean[: case.treated, START:] += effect
    if case.kind == "count":
        return rng.poisson(np.maximum(mean, 1)).astype(float)
    values = mean + rng.normal(0, 1.5, mean.shape)
    return np.clip(np.round(values, 1), 0, 100) if case.kind == "score" else values


def one(case: Case, rng: np.random.Generator, effect: float) -> tuple[float, float, float, float]:
    """Estimate, standard error and interval of one world."""
    values = draw(case, rng, effect)
    units = np.arange(len(values))
    setting = Setting((values,), units[: case.treated], units[case.treated :], START, case.method)
    fit = setting.fit(0)
    spread = spread_of(setting, [fit], placebos_of(setting, seed=1))
    error = float(np.sqrt(spread.covariance[0, 0]))
    return fit.effect, error, *t_interval(fit.effect, error, float(spread.df[0]), LEVEL)


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, mean standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        estimate, error, low, high = np.array([one(case, rng, case.effect) for _ in range(runs)]).T
        yield row_of_ends(("synthetic-control", case.kind, case.label), case.effect, estimate, error, low, high)
