"""Which effects remain possible if trends part after the start by up to M times the largest step seen before it.

Rambachan & Roth 2023, Review of Economic Studies 90: 2555-2591, relative magnitudes (their section 2.4.1). With s the largest
true step of the treated's lead over the comparison between two periods before the start, a step of at most M x s per period
after it puts the effect within M x exposure x s of what the data show. Which step is the largest, and its sign, is unknown:
the confidence set is the union over them (their lemma 2.2), and for each it inverts the hybrid of a least-favourable and a
conditional test of the two bounds (Andrews, Roth & Pakes 2023, Review of Economic Studies 90: 2763-2791, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from causalcx.core import inference
from causalcx.core.moments import Array, Flags

SIZE = 0.05
FIRST = SIZE / 10
"""Size of the least-favourable first stage."""
LATER = (SIZE - FIRST) / (1 - FIRST)
POINTS, ZOOMS, WIDE = 801, 3, 8.0
"""Points of a grid, how often it is refined at the ends of the set, and standard errors that it reaches beyond the bounds."""
TINY = 1e-200
"""Variance below which a bound has none."""
MOST = 20.0
"""Multiple up to which the one is looked for at which nothing is clear any more."""


@dataclass(frozen=True)
class Steps:
    """An estimate and the steps before the start, jointly normal."""

    estimate: float
    step: Array
    """[S] estimated steps between two periods before the start."""
    covariance: Array
    """[1 + S, 1 + S] of the estimate, then the steps."""
    exposure: float
    """Bias of the estimate if trends part by 1 per period from the start on."""

    @property
    def largest(self) -> float:
        """The largest estimated step."""
        return float(np.abs(self.step).max())

    @classmethod
    def of(cls, estimate: float, step: Array, covariance: Array, exposure: float, df: float) -> Steps:
        """Widened so that without any drift the set is the estimate's t interval."""
        wider = inference.quantile(1 - SIZE / 2, df) / inference.quantile(1 - SIZE / 2, None)
        return cls(estimate, step, covariance * wider**2, exposure)


def possible(steps: Steps, multiple: float, values: Array) -> Flags:
    """[N] whether a value of the effect is in the 95 % set at a multiple M."""
    sign = np.repeat([1.0, -1.0], len(steps.step))[:, None]
    step, reach = sign * np.tile(steps.step, 2)[:, None], multiple * steps.exposure
    own, other = steps.covariance[0, 0], np.tile(np.diag(steps.covariance)[1:], 2)[:, None]
    both = sign * np.tile(steps.covariance[0, 1:], 2)[:, None]
    error = np.sqrt(
        np.maximum(
            [own + reach**2 * other - 2 * reach * both, own + reach**2 * other + 2 * reach * both],
            1e-24 * steps.estimate**2 + TINY,
        )
    )
    away = steps.estimate - values
    beyond = np.array([away - reach * step, -away - reach * step]) / error
    correlation = np.clip((reach**2 * other - own) / error.prod(axis=0), -1, 1)
    return ~_rejected(beyond, correlation).all(axis=0)


def _rejected(beyond: Array, correlation: Array) -> Flags:
    """[C, N] whether two standardised bounds [2, C, N] that should not be exceeded are, by more than chance."""
    largest, rest = beyond.max(axis=0), beyond.min(axis=0)
    apart = 1 - correlation
    least = np.where(apart > 1e-9, (rest - correlation * largest) / np.where(apart > 1e-9, apart, 1.0), -np.inf)
    edge = _least_favourable(correlation)
    tail, cut = special.ndtr(-largest), special.ndtr(-edge)
    room = np.maximum(special.ndtr(-least) - cut, 1e-300)
    return (largest > 0) & ((largest > edge) | ((tail - cut) / room < LATER))


def _least_favourable(correlation: Array) -> Array:
    """What the larger of two standard normals exceeds with probability ``FIRST`` (Owen 1956, eq. 2.1, by bisection)."""
    slope = np.sqrt((1 - correlation) / np.maximum(1 + correlation, 1e-12))
    low, high = np.full_like(correlation, 2.5), np.full_like(correlation, 2.9)
    for _ in range(20):
        middle = (low + high) / 2
        inside = special.ndtr(middle) - 2 * special.owens_t(middle, slope) < 1 - FIRST
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return high


def robust_interval(steps: Steps, multiple: float) -> tuple[float, float]:
    """Ends of the 95 % set at a multiple M."""
    error = np.sqrt(np.diag(steps.covariance))
    reach = multiple * steps.exposure
    width = reach * steps.largest + WIDE * (error[0] + reach * error[1:].max())
    ends = [_end(steps, multiple, steps.estimate, steps.estimate + side * width) for side in (-1, 1)]
    return ends[0], ends[1]


def _end(steps: Steps, multiple: float, inside: float, outside: float) -> float:
    for _ in range(ZOOMS):
        grid = np.linspace(inside, outside, POINTS)
        last = int(np.flatnonzero(possible(steps, multiple, grid))[-1])
        inside, outside = float(grid[last]), float(grid[min(last + 1, POINTS - 1)])
    return inside


def breakdown(steps: Steps) -> float:
    """The smallest multiple M at which no effect becomes possible; ``MOST`` where it is larger."""
    none, grid = np.zeros(1), np.concatenate([[0.0], np.geomspace(0.01, MOST, 60)])
    first = next((i for i, m in enumerate(grid) if possible(steps, float(m), none)[0]), None)
    if first is None or first == 0:
        return MOST if first is None else 0.0
    low, high = float(grid[first - 1]), float(grid[first])
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (low, middle) if possible(steps, middle, none)[0] else (middle, high)
    return high
