"""Sample size and detectable effect of a difference of two arm means, by the noncentral t distribution.

With units N, shares s of the two arms and the variance per unit v (who answers and what covariates explain is in it), the
standard error is sqrt(v_0 / (N s_0) + v_1 / (N s_1)), and a two-sided test at level a sees the effect d with probability
1 - F(t; d / error) + F(-t; d / error), t the a / 2 quantile and F the noncentral t distribution with Welch's degrees of freedom.
"""

from __future__ import annotations

import math

from scipy import optimize, special

from causalcx.core.inference import quantile
from causalcx.core.sizing import LEVEL
from causalcx.designs.planning.spreads import Spreads

NORMAL_FROM = 2_000
"""Degrees of freedom from which the normal distribution stands for t: they differ by less than one thousandth."""
MOST_UNITS = 10**12
LEAST_ANSWERS = 2
"""Answers an arm needs before it has a variance."""


def chance_to_see(spreads: Spreads, k: int, shares: tuple[float, float], units: float, effect: float) -> float:
    """Probability that the interval excludes 0; ``shares`` are those of the treated and the control arm."""
    answers = [spreads.drawn(k, units * share) for share in shares]
    if min(answers) < LEAST_ANSWERS:
        return 0.0
    growth = (spreads.growth(k, effect), 1.0)
    parts = [float(spreads.per_unit[k, k]) * g / (units * s) for g, s in zip(growth, shares, strict=True)]
    freedom = sum(parts) ** 2 / sum(p**2 / (n - 1) for p, n in zip(parts, answers, strict=True))
    return two_sided(abs(effect) / math.sqrt(sum(parts)), freedom)


def two_sided(away: float, df: float) -> float:
    """Probability that a two-sided t test sees an effect that lies ``away`` standard errors from 0."""
    if df >= NORMAL_FROM:
        edge = quantile((1 + LEVEL) / 2, None)
        return float(special.ndtr(away - edge) + special.ndtr(-away - edge))
    edge = quantile((1 + LEVEL) / 2, df)
    return 1 - _below(edge, away, df) + _below(-edge, away, df)


def _below(t: float, away: float, df: float) -> float:
    """Noncentral t distribution function; far out, where the series fails, by the normal one (Abramowitz & Stegun 26.7.10)."""
    exact = float(special.nctdtr(df, away, t))
    if not math.isnan(exact):
        return exact
    return float(special.ndtr((t * (1 - 1 / (4 * df)) - away) / math.sqrt(1 + t**2 / (2 * df))))


def units_needed(spreads: Spreads, k: int, shares: tuple[float, float], effect: float, power: float) -> int | None:
    """Least units in all arms together that see the effect with this probability; None where no number does."""

    def enough(units: int) -> bool:
        return chance_to_see(spreads, k, shares, units, effect) >= power

    high = 4
    while not enough(high):
        high *= 2
        if high > MOST_UNITS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def detectable_effect(
    spreads: Spreads, k: int, shares: tuple[float, float], units: float, power: float
) -> float | None:
    """Least effect in the good direction that is seen with this probability; None where none that is possible is."""
    sign, room = spreads.outcomes[k].sign, spreads.room(k)

    def lacking(size: float) -> float:
        return chance_to_see(spreads, k, shares, units, sign * size) - power

    if not math.isfinite(room):
        room = float(spreads.spread[k])
        while lacking(room) < 0 and room < 1e6 * float(spreads.spread[k]):
            room *= 2
    if lacking(room) < 0:
        return None
    return sign * float(optimize.brentq(lacking, 0.0, room, xtol=1e-12 * room))
