"""Do units pile up at a cutoff? The density on either side by local polynomials, and the count at the cutoff itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from causalcx.core.inference import two_sided_p
from causalcx.core.moments import Array, Whole

ORDER, ROBUST = 2, 3
"""Degrees of the polynomial through the distribution: for the bandwidth, and for the test, whose bias is then smaller than its error."""
LEAST_VALUES = 10
"""Different values on either side, and within the bandwidth, that are needed."""
PILOT = 3.0
"""Pilot bandwidth, in standard deviations of a side times the number of its rows to the power -1/9."""
UNSURE = 1.0
"""Variances of the pilot's curvature that are added to its square, so that no flat stretch makes the bandwidth endless."""
TIED = 5
"""Rows at the cutoff itself from which their count is held against its neighbours."""
NEIGHBOURS = 8
"""Cells on either side that predict the count at the cutoff, at most."""
LEAST_CELLS = 3


@dataclass(frozen=True)
class Coefficient:
    """Of a power of x in the distribution near the cutoff; of the first power, the density."""

    value: float
    square: float
    """Sum of squares of the rows' shares in it, over n squared: its variance is this less value squared over n."""
    odd: float
    """What a unit of x cubed adds to it: the bias of a fit of degree 2."""

    def variance(self, n: int) -> float:
        """The jackknife variance."""
        return max(self.square - self.value**2 / n, 0.0)


def coefficient(x: Array, side: int, bandwidth: float, degree: int, power: int) -> Coefficient:
    """From the rows of x [n] (ascending, less the cutoff) within the bandwidth above (``side`` 1) or below (-1) the cutoff.

    Least squares of the empirical distribution on powers of x with triangular weights (Cattaneo, Jansson & Ma 2020, Journal of
    the American Statistical Association 115: 1449-1455). A row counts in the distribution of every row from its own value on.
    """
    n = len(x)
    start, end = np.searchsorted(x, (0.0, bandwidth) if side > 0 else (-bandwidth, 0.0))
    near = x[start:end]
    basis = np.vander(near / bandwidth, degree + 1, increasing=True)
    weighted = basis * (1 - np.abs(basis[:, 1:2]))
    own = weighted @ np.linalg.inv(weighted.T @ basis)[power] / bandwidth**power
    first, last = _runs(near)
    share = (start + last + 1) / n
    from_here = np.cumsum(own[::-1])[::-1][first]
    return Coefficient(float(own @ share), float(from_here @ from_here) / n**2, float(own @ near**3))


def _runs(x: Array) -> tuple[Whole, Whole]:
    """[n] positions of the first and of the last row with the same value, of ascending x [n]."""
    new = np.append(True, x[1:] != x[:-1])
    run, starts = np.cumsum(new) - 1, np.flatnonzero(new)
    return starts[run], np.append(starts[1:], len(x))[run] - 1


def _different(x: Array) -> Array:
    """The different values of ascending x."""
    return x[np.append(True, x[1:] != x[:-1])] if len(x) else x


def best_bandwidth(x: Array, side: int) -> float:
    """At which the squared bias and the variance of the density are smallest together, from a cubic pilot fit."""
    own = x[x >= 0] if side > 0 else -x[x < 0][::-1]
    values = _different(own)
    least, most = values[LEAST_VALUES - 1] * (1 + 1e-9), values[-1] * (1 + 1e-9)
    pilot = float(np.clip(PILOT * own.std() * len(own) ** (-1 / 9), least, most))
    bend, density = (coefficient(x, side, pilot, degree, power) for degree, power in ((ROBUST, 3), (ORDER, 1)))
    bias = (bend.value**2 + UNSURE * bend.variance(len(x))) * density.odd**2
    return float(np.clip(pilot * (density.variance(len(x)) / (4 * bias)) ** 0.2, least, most)) if bias > 0 else pilot


def jump(x: Array, below: float, above: float) -> tuple[float, float, float]:
    """Density just above less just below, its standard error, and the density below, at the two bandwidths."""
    sides = coefficient(x, -1, below, ROBUST, 1), coefficient(x, 1, above, ROBUST, 1)
    change = sides[1].value - sides[0].value
    variance = sides[0].square + sides[1].square - change**2 / len(x)
    return change, float(np.sqrt(max(variance, 0.0))), sides[0].value


def piling_up(x: Array) -> dict[str, Any] | None:
    """Two tests on x [n] (ascending, less the cutoff): does the density jump, and do rows lie on the cutoff? None with too few values.

    ``p`` is twice the smaller where both are made: the first needs enough different values, the second rows on the cutoff.
    """
    found = _jumps(x) | _on_the_cutoff(x)
    tests = [found[k] for k in ("p_density", "p_heap") if found[k] is not None]
    return found | {"p": min(1.0, len(tests) * min(tests))} if tests else None


def _jumps(x: Array) -> dict[str, Any]:
    if min(len(_different(side)) for side in (x[x < 0], x[x >= 0])) <= LEAST_VALUES:
        return {"p_density": None, "ratio": None, "bandwidth": None}
    widths = best_bandwidth(x, -1), best_bandwidth(x, 1)
    change, error, base = jump(x, *widths)
    ratio = (base + change) / base if base > 0 and base + change > 0 else None
    return {"p_density": two_sided_p(change, error, None) if error > 0 else 1.0, "ratio": ratio, "bandwidth": widths}


def _on_the_cutoff(x: Array) -> dict[str, Any]:
    """The rows on the cutoff against what the cells around lead one to expect, by a parabola through these.

    Cells are as wide as the step between values. The error is that of counts, or that of the cells around it where these
    scatter more. Not tested with fewer than ``TIED`` rows on the
    cutoff, or fewer than ``LEAST_CELLS`` on a side.
    """
    tied = int(np.searchsorted(x, 0.0, "right") - np.searchsorted(x, 0.0, "left"))
    steps = np.diff(_different(x))
    step = float(np.median(steps)) if len(steps) else np.inf
    reach = min(NEIGHBOURS, round(min(-x[0], x[-1]) / step))
    if tied < TIED or reach < LEAST_CELLS:
        return {"at_cutoff": tied, "expected": None, "p_heap": None}
    edges = (np.arange(-reach, reach + 2) - 0.5) * step
    counts = np.delete(np.diff(np.searchsorted(x, edges)).astype(float), reach)
    curve = np.vander(np.delete(np.arange(-reach, reach + 1), reach), 3, increasing=True)
    inverse = np.linalg.inv(curve.T @ curve)
    found = inverse @ curve.T @ counts
    expected = max(float(found[0]), 0.0)
    scatter = float(((counts - curve @ found) ** 2).sum()) / (len(counts) - 3)
    error = float(np.sqrt(max(scatter, expected, 1.0) * (1 + inverse[0, 0])))
    by_count = min(1.0, 2 * float(stats.poisson.sf(tied - 1, max(expected, 1.0))))
    p = max(two_sided_p(max(tied - expected, 0.0), error, None), by_count)
    return {"at_cutoff": tied, "expected": expected, "p_heap": p}
