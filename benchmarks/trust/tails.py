"""How often the 95 % interval holds the truth beyond the mean of a randomised trial: of quantiles, and of an effect that is only bounded.

Bounds are tried where they are hardest: those who answer in one arm alone are the lowest, so the truth lies at the upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.trust.judged import row
from causalcx.core.check import Check
from causalcx.core.clusters import clusters_of_columns
from causalcx.core.effect import Effect
from causalcx.core.moments import Array, Whole
from causalcx.core.tails import Tails, tails_of_columns
from causalcx.designs.arms.bounds import bounds
from causalcx.designs.arms.quantiles import quantile_effects

STEPS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
HEADLINE = Effect(
    outcome="y", comparison="b vs a", estimand="ATE", applies_to="assigned", share=1.0, unit="units", estimate=0.0, std_error=1.0, df=None,
    low=None, high=None, method="", n_treated=0, n_control=0, role="primary",
)  # fmt: skip
"""What the parts hang on."""
UNEVEN = Check(name="missing-by-arm", verdict="fail", facts={"outcome": "y"})


@dataclass(frozen=True)
class Case:
    """One row: what is measured, its truth, and how one trial is drawn."""

    kind: str
    label: str
    truth: float
    draw: Callable[[np.random.Generator], Effect]


def of_quantile(
    values: Callable[[np.random.Generator, Whole], Array], share: float, n: int, teams: int = 0
) -> Callable[[np.random.Generator], Effect]:
    """A trial of which a quantile is compared; with ``teams`` these were drawn, and share a level of their own."""

    def draw(rng: np.random.Generator) -> Effect:
        team = np.arange(n) * teams // n if teams else np.arange(n)
        arm = rng.permutation(np.arange(teams or n) % 2)[team]
        y = values(rng, arm) + (rng.normal(size=teams)[team] if teams else 0.0)
        tails = tails_of_columns(np.array(["a", "b"])[arm].tolist(), "y", y, [share], steps=STEPS if teams else (1.0,))
        (effect,) = quantile_effects(_of_teams(tails, y, arm, team) if teams else tails, (HEADLINE,)).effects
        return effect

    return draw


def _of_teams(tails: Tails, y: Array, arm: Whole, team: Whole) -> Tails:
    """The same where teams were drawn."""
    at = {q.arm: q.at for q in tails.quantiles}
    limit = np.where(arm == 1, at["b"], at["a"])
    below = {tails.moments.variables[0]: (y < limit) + 0.5 * (y == limit)}
    return replace(tails, moments=replace(tails.moments, clusters=clusters_of_columns(arm, team, below, {})))


def normal(rng: np.random.Generator, arm: Whole) -> Array:
    """A middle that moves by half a standard deviation."""
    return rng.normal(size=len(arm)) + 0.5 * arm


def skewed(rng: np.random.Generator, arm: Whole) -> Array:
    """Revenue: most spend little, some very much; the change adds a fifth to everybody's."""
    return np.exp(rng.normal(size=len(arm))) * (1 + 0.2 * arm)


def calls(rng: np.random.Generator, arm: Whole) -> Array:
    """Whole numbers, many alike."""
    return rng.poisson(3, size=len(arm)) + 1.0 * arm


def of_bounds(
    levels: Callable[[Array, Whole], Array], n: int = 1_000, *, defiers: float = 0.0
) -> Callable[[np.random.Generator], Effect]:
    """A trial in which the upper eight tenths answer after the change and the upper six without it; ``defiers`` answer without it only."""

    def draw(rng: np.random.Generator) -> Effect:
        arm, rank = rng.permutation(np.arange(n) % 2), rng.uniform(size=n)
        answers = rank > np.where(arm == 1, 0.2, 0.4)
        answers = np.where(rank > 1 - defiers, arm == 0, answers)
        y = np.where(answers, levels(rank, arm), np.nan)
        tails = tails_of_columns(np.array(["a", "b"])[arm].tolist(), "y", y, trims=True)
        return bounds(tails, (UNEVEN,), (HEADLINE,)).effects[1]

    return draw


def amounts(rank: Array, arm: Whole) -> Array:
    """A bell shape, half a standard deviation higher."""
    return stats.norm.ppf(rank) + 0.5 * arm


def steps(values: Array, without: Array, changed: Array) -> Callable[[Array, Whole], Array]:
    """Whole steps by rank, whose limits the change lowers."""

    def levels(rank: Array, arm: Whole) -> Array:
        return np.where(arm == 1, values[np.searchsorted(changed, rank)], values[np.searchsorted(without, rank)])

    return levels


YES = steps(np.array([0.0, 1.0]), np.array([0.5]), np.array([0.45]))
SCORES = steps(np.array([-100.0, 0.0, 100.0]), np.array([0.3, 0.65]), np.array([0.25, 0.55]))
COUNTS = steps(np.arange(4.0), np.array([0.3, 0.55, 0.8]), np.array([0.25, 0.5, 0.7]))
CASES = (
    Case("amount", "median, 100 a group", 0.5, of_quantile(normal, 0.5, 200)),
    Case("amount", "median, 1,000 a group", 0.5, of_quantile(normal, 0.5, 2_000)),
    Case("amount", "upper tenth of a skewed amount, 500 a group", 0.2 * float(np.exp(stats.norm.ppf(0.9))), of_quantile(skewed, 0.9, 1_000)),
    Case("amount", "median, 40 teams of 20", 0.5, of_quantile(normal, 0.5, 800, teams=40)),
    Case("count", "median of calls, 500 a group, many alike", 1.0, of_quantile(calls, 0.5, 1_000)),
    Case("amount", "bounds, truth at the upper one", 0.5, of_bounds(amounts)),
    Case("amount", "bounds, 100 a group", 0.5, of_bounds(amounts, 200)),
    Case("binary", "bounds, truth at the upper one", 0.05 / 0.6, of_bounds(YES)),
    Case("nps", "bounds, truth at the upper one", 10 / 0.6, of_bounds(SCORES)),
    Case("count", "bounds, truth at the upper one", 0.15 / 0.6, of_bounds(COUNTS)),
    Case("amount", "broken: bounds, a tenth answers without the change only", 0.5, of_bounds(amounts, defiers=0.1)),
)  # fmt: skip


def one(case: Case, rng: np.random.Generator) -> tuple[float, float, bool, bool]:
    """Estimate (of a bound: the upper one), standard error, whether the interval holds the truth, and whether it leaves zero out."""
    effect = case.draw(rng)
    low, high = float(effect.low or 0.0), float(effect.high or 0.0)
    return effect.estimate, effect.std_error, low <= case.truth <= high, not low <= 0 <= high


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, mean standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        estimate, error, holds, clear = np.array([one(case, rng) for _ in range(runs)], float).T
        yield row(("randomised", case.kind, case.label), case.truth, estimate, error, holds=holds, clear=clear)
