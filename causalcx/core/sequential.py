"""How wide an interval has to be so that looking several times flatters no more than looking once.

*Spending* (Lan & DeMets 1983, Biometrika 70: 659-663): the error allowed until information t is a function of t; the bound c_k of look k is
such that P(|Z_j| < c_j for all j < k, |Z_k| >= c_k) is what look k adds, with Z_j = B(t_j) / sqrt(t_j) of a Brownian motion B. The joint law
is carried forward by numerical integration (Armitage, McPherson & Rowe 1969, JRSS A 132: 235-244). The interval estimate -+ c_k x standard
error is the repeated one of Jennison & Turnbull (1989, JRSS B 51: 305-361): at all looks together it holds the truth with 95 %.

*Always valid* (Waudby-Smith et al. 2024, Annals of Statistics 52: 2613-2640, theorem 2.2): after n units the multiple of the standard error is
sqrt((1 + 1 / v) (log(1 + v) - 2 log alpha)), v proportional to n, whenever and however often one looks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from causalcx.core.inference import quantile

ALPHA = 0.05
"""Error allowed over all looks together, both sides."""
Shape = Literal["obrien-fleming", "pocock"]
Array = NDArray[np.float64]
FAR = 9.0
"""Standard errors beyond which nothing of a normal law lies."""
LEAST, MOST = 1e-10, 0.99
"""Range of repeated p-values: smaller ones are told as the first, larger ones as 1."""


def spent(shape: Shape, information: float, alpha: float = ALPHA) -> float:
    """Error allowed until this share of the information, both sides together; all of it at 1 (Lan & DeMets 1983, alpha 1 and 2)."""
    if information >= 1:
        return alpha
    if shape == "pocock":
        return alpha * math.log(1 + (math.e - 1) * information)
    return float(4 * special.ndtr(special.ndtri(alpha / 4) / math.sqrt(information)))


def bounds(times: Sequence[float], errors: Sequence[float]) -> tuple[float, ...]:
    """Two-sided bounds for |Z| at each look; ``times`` grow in any unit of information, ``errors`` are spent until each."""
    found: list[float] = []
    nodes, mass, now, already = np.zeros(1), np.ones(1), 0.0, 0.0
    for time, error in zip(times, errors, strict=True):
        step = math.sqrt(time - now)
        edge = _edge(nodes, mass, step, error - already) if error > already else math.inf
        found.append(edge / math.sqrt(time))
        nodes, mass = _forward(nodes, mass, step, min(edge, FAR * math.sqrt(time)))
        now, already = time, error
    return tuple(found)


def ever_beyond(times: Sequence[float], critical: Sequence[float], drift: float = 0.0) -> float:
    """Probability that |Z| exceeds its bound at one of the looks at least, where Z has the mean ``drift`` at time 1."""
    nodes, mass, now = np.zeros(1), np.ones(1), 0.0
    for time, bound in zip(times, critical, strict=True):
        edge = min(bound, FAR + abs(drift) * math.sqrt(time)) * math.sqrt(time)
        nodes, mass = _forward(nodes + drift * (time - now), mass, math.sqrt(time - now), edge)
        now = time
    return 1 - float(mass.sum())


def _edge(nodes: Array, mass: Array, step: float, error: float) -> float:
    """The level whose crossing, from either side, has this probability."""

    def too_often(edge: float) -> float:
        return float(mass @ (special.ndtr((nodes - edge) / step) + special.ndtr((-edge - nodes) / step))) / error - 1

    return float(optimize.brentq(too_often, 0.0, np.abs(nodes).max() + 40 * step, xtol=1e-10))


def _forward(nodes: Array, mass: Array, step: float, edge: float) -> tuple[Array, Array]:
    """The law of those still inside after one more step: Gauss-Legendre nodes and the probability at each."""
    x, weight = _legendre(96 + 2 * math.ceil(4 * edge / step))
    at = edge * x
    density = np.exp(-(((at[:, None] - nodes) / step) ** 2) / 2) @ mass / (step * math.sqrt(2 * math.pi))
    return at, edge * weight * density


@lru_cache(maxsize=64)
def _legendre(nodes: int) -> tuple[Array, Array]:
    return np.polynomial.legendre.leggauss(nodes)


@dataclass(frozen=True)
class Spending:
    """The bound of one look among several."""

    shape: Shape
    times: tuple[float, ...]
    """Information at the looks until this one, growing; 1 is all that was planned."""
    last: bool
    """Whether all that is left is spent now."""

    def critical(self, alpha: float = ALPHA) -> float:
        """Standard errors from the estimate to either end."""
        return _critical(self.shape, self.times, self.last, alpha)

    def p_value(self, z: float) -> float:
        """The repeated p-value: the smallest error over all looks at which the interval of this look leaves 0 out."""

        def away(log_alpha: float) -> float:
            return abs(z) - self.critical(math.exp(log_alpha))

        low, high = math.log(LEAST), math.log(MOST)
        if away(high) <= 0:
            return 1.0
        return LEAST if away(low) >= 0 else math.exp(float(optimize.brentq(away, low, high, xtol=1e-9)))


@lru_cache(maxsize=4096)
def _critical(shape: Shape, times: tuple[float, ...], last: bool, alpha: float) -> float:
    errors = [spent(shape, t, alpha) for t in times]
    return bounds(times, [*errors[:-1], alpha] if last else errors)[-1]


@dataclass(frozen=True)
class AlwaysValid:
    """The bound after ``units`` units; it is tightest after ``tightest`` of them."""

    units: float
    tightest: float

    @property
    def _v(self) -> float:
        """n rho^2, with rho such that the multiple is least after ``tightest`` units: v = log(1 + v) - 2 log alpha there."""
        least = -float(special.lambertw(-(ALPHA**2) / math.e, -1).real) - 1
        return least * self.units / self.tightest

    def critical(self, alpha: float = ALPHA) -> float:
        """Standard errors from the estimate to either end."""
        return math.sqrt((1 + 1 / self._v) * (math.log1p(self._v) - 2 * math.log(alpha)))

    def p_value(self, z: float) -> float:
        """The error at which the interval just leaves 0 out."""
        return min(1.0, math.exp((math.log1p(self._v) - z**2 * self._v / (1 + self._v)) / 2))


Bound = Spending | AlwaysValid


def t_critical(bound: Bound, df: float | None) -> float:
    """The bound on the scale of a t statistic: the value that is as rare (Jennison & Turnbull 2000, section 11.4)."""
    return -quantile(float(special.ndtr(-bound.critical())), df)


def z_of(p_value: float) -> float:
    """The normal value as rare as a two-sided p-value."""
    return -float(special.ndtri(max(p_value, np.finfo(float).tiny) / 2))
