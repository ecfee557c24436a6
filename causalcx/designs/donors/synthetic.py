"""Synthetic difference-in-differences and its relatives: what treated units would have shown, from a weighted mean of donors.

With gap_t the treated units' mean less the donors' mean under weights omega, the effect in period t >= S is
gap_t - sum_{s < S} lambda_s gap_s, and the effect is its mean over the treated periods. The methods differ in the weights:

- ``synthetic-did`` (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021, American Economic Review 111: 4088-4118, eq. 4-6 and algorithm 1):
  omega fits the treated mean before the start up to a constant, with ridge T_pre zeta^2, zeta = (N_tr T_post)^(1/4) sd of the
  donors' first differences before the start; lambda fits the donors' means after the start up to a constant;
- ``demeaned`` (Ferman & Pinto 2021, Quantitative Economics 12: 1197-1221): omega up to a constant without that ridge, lambda = 1 / S;
- ``classic`` (Abadie, Diamond & Hainmueller 2010, Journal of the American Statistical Association 105: 493-505, outcomes only): omega
  without a constant, lambda = 0.

A departure from the authors' program: both problems are solved exactly, not by a few Frank-Wolfe steps that are then made sparse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from causalcx.core.moments import Array, Whole
from causalcx.designs.donors.simplex import simplex_weights

Method = Literal["synthetic-did", "demeaned", "classic"]
SMALL_RIDGE = 1e-6
"""In standard deviations of the first differences: makes weights unique, and no more."""


@dataclass(frozen=True)
class Synthetic:
    """A treated mean and its synthetic counterpart. J donors, T periods, the first ``start`` of them before the change."""

    gap: Array
    """[T] treated mean less the weighted donors."""
    start: int
    omega: Array
    """[J] weights of the donors."""
    lam: Array
    """[start] weights of the periods before."""

    @property
    def offset(self) -> float:
        """The constant between treated and synthetic before the start that is taken as lasting."""
        return float(self.lam @ self.gap[: self.start])

    @property
    def path(self) -> Array:
        """[T] gap less the lasting offset: after the start, the effect by period."""
        return self.gap - self.offset

    @property
    def effect(self) -> float:
        """Mean effect over the treated periods."""
        return float(self.path[self.start :].mean())

    @property
    def misfit(self) -> float:
        """Root mean square of the gap before the start, less its mean where the method allows for a constant."""
        before = self.gap[: self.start]
        centred = before - before.mean() if self.lam.any() else before
        return float(np.sqrt((centred**2).mean()))


def synthetic(values: Array, treated: Whole, donors: Whole, start: int, method: Method) -> Synthetic:
    """Fit [U, T] values of the units at ``treated`` by those at ``donors``."""
    target, pool = values[treated].mean(axis=0), values[donors]
    noise = float(np.diff(pool[:, :start], axis=1).std(ddof=1)) if start > 1 and pool[:, :start].size > 2 else 0.0
    after = values.shape[1] - start
    zeta = (len(treated) * after) ** 0.25 if method == "synthetic-did" else SMALL_RIDGE
    omega = _fitted(pool[:, :start].T, target[:start], zeta * noise, constant=method != "classic")
    lam = _period_weights(pool, start, noise, method)
    return Synthetic(target - omega @ pool, start, omega, lam)


def _period_weights(pool: Array, start: int, noise: float, method: Method) -> Array:
    if method == "classic":
        return np.zeros(start)
    if method == "demeaned":
        return np.full(start, 1 / start)
    return _fitted(pool[:, :start], pool[:, start:].mean(axis=1), SMALL_RIDGE * noise, constant=True)


def _fitted(columns: Array, target: Array, zeta: float, *, constant: bool) -> Array:
    """Simplex weights with ridge rows x zeta^2; ``constant`` leaves a constant free."""
    if constant:
        columns, target = columns - columns.mean(axis=0), target - target.mean()
    return simplex_weights(columns, target, len(target) * zeta**2)
