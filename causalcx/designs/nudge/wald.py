"""What an instrument moved: reduced forms and first stages with their joint law, their ratio, and its weak-instrument set.

With outcome y, take-up d and instrument z, each less its projection on the covariates and a constant:

    reduced form  r = z'y / z'z        first stage  f = z'd / z'z        effect on compliers  b = r / f

(two-stage least squares with one instrument; Imbens & Angrist 1994, Econometrica 62: 467-475). The influence of a unit
on r is z (y - r z) / z'z, on f alike, and on b (influence on r - b influence on f) / f; sums of their products over
units, or over clusters, are the joint covariance of everything.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalcx.core.moments import Array, Whole

NOTHING = 1e-9
"""Share of a matrix' largest singular value below which a direction is none; and the leverage that a row leaves others."""

Pieces = tuple[tuple[float | None, float | None], ...]
"""Intervals of a confidence set, in order; None where a bound is open."""


@dataclass(frozen=True)
class Moved:
    """V variables and take-up among the units that have them, by one instrument."""

    reduced: Array
    """[V] change of the variable per unit of the instrument."""
    first: Array
    """[V] change of take-up, among the same units."""
    influence: Array
    """[C, 2V] influence of every unit or cluster on the reduced forms, then the first stages."""
    df: tuple[float | None, ...]
    """[V] degrees of freedom of clustered errors; None where units stand for themselves."""

    @property
    def covariance(self) -> Array:
        """[2V, 2V] of the reduced forms, then the first stages."""
        return self.influence.T @ self.influence

    @property
    def ratio(self) -> Array:
        """[V] effect on compliers."""
        return self.reduced / self.first

    @property
    def ratio_covariance(self) -> Array:
        """[V, V] by the delta method."""
        jacobian = np.hstack([np.diag(1 / self.first), np.diag(-self.ratio / self.first)])
        return jacobian @ self.covariance @ jacobian.T

    def strength(self, v: int) -> float:
        """Squared t of the first stage: the effective F of Montiel Olea & Pflueger (2013) with one instrument."""
        variance = self.covariance[len(self.first) + v, len(self.first) + v]
        return float(self.first[v] ** 2 / variance) if variance > 0 else float("inf")

    def pair(self, v: int) -> Array:
        """[2, 2] covariance of a variable's reduced form and first stage."""
        own = [v, len(self.first) + v]
        return self.covariance[np.ix_(own, own)]

    def picked(self, variables: list[int]) -> Moved:
        """Only these variables."""
        columns = [*variables, *(len(self.first) + v for v in variables)]
        return replace(
            self, reduced=self.reduced[variables], first=self.first[variables], influence=self.influence[:, columns],
            df=tuple(self.df[v] for v in variables),
        )  # fmt: skip


def moved(y: Array, taken: Array, instrument: Array, x: Array, cluster: Whole | None) -> Moved:
    """Reduced forms and first stages of ``y`` [n, V], NaN where missing; ``x`` [n, k] covariates without a constant."""
    n, many = y.shape
    group = np.arange(n) if cluster is None else cluster
    reduced, first, influence = np.zeros(many), np.zeros(many), np.zeros((int(group.max()) + 1, 2 * many))
    df: list[float | None] = [None] * many
    seen = ~np.isnan(y)
    for mask in {column.tobytes(): column for column in seen.T}.values():
        own = np.flatnonzero((seen == mask[:, None]).all(axis=0))
        basis = _basis(x[mask] - x[mask].mean(axis=0))
        z, d, *values = (_without(basis, c) for c in (instrument[mask], taken[mask], *y[np.ix_(mask, own)].T))
        target = np.column_stack([*values, *[d] * len(own)])
        slopes = z @ target / (z @ z)
        reduced[own], first[own] = slopes[: len(own)], slopes[len(own) :]
        pull = z * np.sqrt(len(z) / max(len(z) - basis.shape[1] - 2, 1))
        if cluster is not None:
            pull, freedom = _corrected(z, basis, cluster[mask])
            df = [freedom if v in own else known for v, known in enumerate(df)]
        found = pull[:, None] * (target - np.outer(z, slopes)) / (z @ z)
        np.add.at(influence, np.ix_(group[mask], [*own, *(many + own)]), found)
    return Moved(reduced, first, influence, tuple(df))


def _corrected(z: Array, basis: Array, cluster: Whole) -> tuple[Array, float]:
    """The instrument turned so that clustered sums are unbiased for errors of equal spread (CR2), and their degrees of freedom.

    With H = B B' the projection on constant, covariates and instrument, cluster j counts with (I - H_jj)^(-1/2) z_j, taken from the
    small matrix B_j' B_j; Satterthwaite's degrees of freedom are tr(G)^2 / tr(G^2) of the sums' covariance G = diag(z_j' z_j) - P' P
    with P_j = B_j' z_j (Bell & McCaffrey 2002, Survey Methodology 28: 169-181; Imbens & Kolesar 2016, Review of Economics and
    Statistics 98: 701-712).
    """
    wide = np.column_stack([np.full(len(z), len(z) ** -0.5), basis, z / np.sqrt(z @ z)])
    turned, shadows = z.copy(), []
    for own in np.split(np.argsort(cluster, kind="stable"), np.cumsum(np.bincount(cluster))[:-1]):
        part = wide[own]
        values, vectors = np.linalg.eigh(part.T @ part)
        left = 1 - values
        usable = np.where(left > NOTHING, 1 / np.sqrt(np.maximum(left, NOTHING)), 0.0)
        gain = np.where(values > NOTHING, (usable - 1) / np.maximum(values, NOTHING), 0.0)
        turned[own] += part @ (vectors @ (gain * (vectors.T @ (part.T @ z[own]))))
        shadows.append(part.T @ turned[own])
    size, shadow = np.bincount(cluster, turned**2), np.array(shadows)
    shade = (shadow**2).sum(axis=1)
    squares = (size**2).sum() - 2 * (size * shade).sum() + ((shadow.T @ shadow) ** 2).sum()
    return turned, float((size - shade).sum() ** 2 / squares)


def freedom(instrument: Array, x: Array) -> float:
    """Degrees of freedom of robust errors of a two-valued instrument under equal luck: those of the variance of its rarer side, less what is fitted."""
    basis = _basis(x - x.mean(axis=0))
    z = _without(basis, instrument)
    spare = len(z) - basis.shape[1] - 2
    return max(float((z @ z) ** 2 / (z**4).sum()) * spare / len(z), 0.0)


def share_left(instrument: Array, x: Array) -> float:
    """Share of the instrument's variance that the covariates leave."""
    centred = instrument - instrument.mean()
    left = _without(_basis(x - x.mean(axis=0)), instrument)
    return float(left @ left / (centred @ centred)) if centred.any() else 0.0


def _without(basis: Array, column: Array) -> Array:
    """A column less its mean and its projection on a centred basis."""
    centred = column - column.mean()
    return centred - basis @ (basis.T @ centred)


def _basis(x: Array) -> Array:
    """Orthonormal columns that span those of ``x``, whatever their scales."""
    size = np.sqrt((x**2).sum(axis=0))
    left, values, _ = np.linalg.svd(x[:, size > 0] / size[size > 0], full_matrices=False)
    return left[:, values > NOTHING * max(values.max(initial=0.0), 1.0)]


def classical_f(taken: Array, instrument: Array, x: Array) -> float:
    """F of the first stage under equal spread everywhere, as textbooks print it."""
    basis = _basis(x - x.mean(axis=0))
    z, d = (_without(basis, c) for c in (instrument, taken))
    slope = z @ d / (z @ z)
    left = d - slope * z
    variance = left @ left / (len(d) - basis.shape[1] - 2) / (z @ z)
    return float(slope**2 / variance) if variance > 0 else float("inf")


def leave_one_out(taken: Array, level: Whole, x: Array) -> Array:
    """[n] how much more often a unit's level treats, judged by the level's other units, net of covariates.

    The unbiased jackknife of Kolesar (2013, "Estimation in an instrumental variables model with treatment effect
    heterogeneity"): with residuals e and leverages h, once on covariates and once on covariates and levels,
    z = e_x / (1 - h_x) - e_xl / (1 - h_xl). Without covariates it is the mean of the level's other units less the mean of
    all other units. NaN for a unit that is alone in its level, or whose covariates nobody else shares.
    """
    centred = x - x.mean(axis=0)
    everyone = np.full(len(taken), 1 / len(taken))
    counts = np.bincount(level)
    within = np.column_stack([c - (np.bincount(level, c) / np.maximum(counts, 1))[level] for c in (taken, *x.T)])
    broad = _left_out(taken - taken.mean(), centred, everyone)
    return broad - _left_out(within[:, 0], within[:, 1:], 1 / counts[level])


def jackknife_strength(z: Array, taken: Array, level: Whole, x: Array) -> float:
    """Squared distance of leniency's first stage z'd from that of levels that treat alike, in standard errors.

    Were all levels alike, z'd would have mean 0 and variance 2 s^4 sum over levels of n / (n - 1), with s^2 the variance of
    take-up within levels (Mikusheva & Sun 2022, Review of Economic Studies 89: 2663-2686, section 4, for equal spread).
    """
    counts = np.bincount(level)
    basis = _basis(x - x.mean(axis=0))
    within = taken - (np.bincount(level, taken) / counts)[level]
    variance = (within @ within) / max(len(taken) - len(counts) - basis.shape[1], 1)
    spread = 2 * variance**2 * (counts / np.maximum(counts - 1, 1)).sum()
    return float((_without(basis, z) @ taken) ** 2 / spread) if spread > 0 else float("inf")


def _left_out(residual: Array, x: Array, leverage: Array) -> Array:
    """Residuals as if each unit had been left out of its own prediction."""
    basis = _basis(x)
    left = 1 - leverage - (basis**2).sum(axis=1)
    usable = left > NOTHING
    return np.where(usable, (residual - basis @ (basis.T @ residual)) / np.where(usable, left, 1.0), np.nan)


def anderson_rubin(reduced: float, first: float, covariance: Array, critical: float) -> Pieces:
    """All effects b for which r - b f lies within ``critical`` standard errors of 0 (Anderson & Rubin 1949; Fieller 1954).

    (r - b f)^2 <= c (V_rr - 2 b V_rf + b^2 V_ff) with c = critical^2 is an interval where the first stage is clear of zero,
    and otherwise everything outside one, or everything. With one instrument it is never empty, since it holds r / f.
    """
    c = critical**2
    square = first**2 - c * covariance[1, 1]
    half = reduced * first - c * covariance[0, 1]
    inner = half**2 - square * (reduced**2 - c * covariance[0, 0])
    if square == 0 or inner < 0:
        return ((None, None),)
    low, high = sorted(((half - np.sqrt(inner)) / square, (half + np.sqrt(inner)) / square))
    return ((float(low), float(high)),) if square > 0 else ((None, float(low)), (float(high), None))


def two_valued(level: Whole, taken: Array) -> tuple[Array, tuple[int, int]]:
    """[n] 1 where the level treats more often of two, and (that level, the other)."""
    share = [float(taken[level == i].mean()) for i in (0, 1)]
    more = int(share[1] >= share[0])
    return (level == more).astype(float), (more, 1 - more)
