"""The population means of the simulated company in closed form: no simulation, no quadrature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, owens_t

from causalcx.simulate.population import LATENTS, SATISFACTION_CUTS, SCORE_CUTS, Array, Effects, Population

UNITS = {
    "nps_everyone": "NPS points",
    "nps_answerers": "NPS points",
    "satisfaction_everyone": "points of 1 to 5",
    "satisfaction_answerers": "points of 1 to 5",
    "answered": "share",
    "churn": "share",
    "revenue": "USD per customer in 90 days",
    "revenue_capped": "USD per customer in 90 days",
    "calls": "calls per customer in 90 days",
}


def population_means(
    population: Population, effects: Effects, cap: float | None, segment: str | None = None
) -> dict[str, float]:
    """The mean of every outcome if everyone (or everyone of a segment) were in an arm with these effects.

    Keys and units: :data:`UNITS`; ``revenue_capped`` only with a ``cap``. ``nps_answerers`` is 100 x (promoters -
    detractors) among those who would answer in this arm; where answering depends on mood, arms differ in who that is.
    """
    cells = [c for c in population.cells if segment in (None, c.segment)]
    weights = np.array([c.share for c in cells]) / sum(c.share for c in cells)
    rows = [
        _cell_means(Pair(population.means(c.segment, c.region, effects), population.covariance), cap) for c in cells
    ]
    mean = {name: float(weights @ [row[name] for row in rows]) for name in rows[0]}
    for name in ("nps_answerers", "satisfaction_answerers"):
        mean[name] /= mean["answered"]
    return mean


@dataclass(frozen=True)
class Pair:
    """Means [latents] and covariance [latents, latents] of a cell under an arm."""

    mean: Array
    covariance: Array

    def sd(self, name: str) -> float:
        """Standard deviation of a latent."""
        i = LATENTS.index(name)
        return float(np.sqrt(self.covariance[i, i]))

    def above(self, name: str, cut: float) -> float:
        """P(latent > cut)."""
        return float(ndtr((self.mean[LATENTS.index(name)] - cut) / self.sd(name)))

    def both_above(self, one: str, cut: float, other: str, other_cut: float = 0.0) -> float:
        """P(one > cut, other > other_cut)."""
        i, j = LATENTS.index(one), LATENTS.index(other)
        correlation = self.covariance[i, j] / (self.sd(one) * self.sd(other))
        h, k = (self.mean[i] - cut) / self.sd(one), (self.mean[j] - other_cut) / self.sd(other)
        return bivariate_normal(h, k, correlation)

    def tilted(self, name: str, power: float) -> tuple[float, Pair]:
        """(E[exp(power x latent)], the law under which E[exp(power x latent) 1(A)] is that factor times P(A))."""
        i = LATENTS.index(name)
        factor = float(np.exp(power * self.mean[i] + power**2 * self.covariance[i, i] / 2))
        return factor, Pair(self.mean + power * self.covariance[i], self.covariance)


def bivariate_normal(h: float, k: float, correlation: float) -> float:
    """P(X <= h, Y <= k) of standard normals (Owen 1956, Annals of Mathematical Statistics 27: 1075-1090, eq. 2.1)."""
    if np.isinf(k):
        return float(ndtr(h)) if k > 0 else 0.0
    h, k = h or 1e-300, k or 1e-300
    root = np.sqrt(1 - correlation**2)
    tails = owens_t(h, (k - correlation * h) / (h * root)) + owens_t(k, (h - correlation * k) / (k * root))
    return float((ndtr(h) + ndtr(k)) / 2 - tails - (0.5 if (h < 0) != (k < 0) else 0.0))


def _cell_means(law: Pair, cap: float | None) -> dict[str, float]:
    answered = law.above("answering", 0.0)
    means = {
        "nps_everyone": _nps([law.above("opinion", cut) for cut in SCORE_CUTS], 1.0),
        "nps_answerers": _nps([law.both_above("opinion", cut, "answering") for cut in SCORE_CUTS], answered),
        "satisfaction_everyone": 1.0 + sum(law.above("opinion", cut) for cut in SATISFACTION_CUTS),
        "satisfaction_answerers": answered + sum(law.both_above("opinion", c, "answering") for c in SATISFACTION_CUTS),
        "answered": answered,
        "churn": law.above("leaving", 0.0),
        "revenue": _revenue(law),
        "calls": law.tilted("calling", 1.0)[0],
    }
    return means | ({"revenue_capped": _revenue_capped(law, cap)} if cap is not None else {})


def _nps(above: list[float], everyone: float) -> float:
    """100 x (P(score > 8) - P(score < 7)); ``above[i]`` is P(score > i), ``everyone`` the total it is a part of."""
    return 100 * (above[8] - (everyone - above[6]))


def _revenue(law: Pair) -> float:
    """E[exp(L) (1 - (1 - U) 1(C > 0))] = E[exp(L)] - E[exp(L) 1(C > 0)] / 2, with U uniform."""
    factor, tilted = law.tilted("spend", 1.0)
    return factor * (1 - tilted.above("leaving", 0.0) / 2)


def _revenue_capped(law: Pair, cap: float) -> float:
    """E[min(cap, revenue)].

    With l = log cap, a stayer gives min(cap, exp(L)), and a leaver, over U: exp(L) / 2 for L < l, and otherwise
    cap - cap^2 exp(-L) / 2.
    """
    log_cap = float(np.log(cap))
    factor, up = law.tilted("spend", 1.0)
    inverse, down = law.tilted("spend", -1.0)
    leavers = up.above("leaving", 0.0) - up.both_above("spend", log_cap, "leaving")
    uncapped = factor * (1 - up.above("spend", log_cap) - leavers / 2)
    capped = cap * law.above("spend", log_cap)
    return uncapped + capped - cap**2 * inverse * down.both_above("spend", log_cap, "leaving") / 2
