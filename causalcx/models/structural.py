"""A Bayesian structural time series, exactly: local level, static regression, disturbances that may last; a drifting slope on request.

    y_t = level_t + x_t' beta + e_t        level_t = level_(t-1) + Normal(0, q sd(e))        e_t = phi e_(t-1) + Normal(0, s)
    log q ~ mixture of normals (STEPS)   phi / LONGEST ~ Beta(LASTS)   p(s^2) ~ 1 / s^2   beta and the first level flat

With a drifting slope, level_t = level_(t-1) + slope_(t-1) + Normal(0, q s), slope_t = slope_(t-1) + Normal(0, d s),
log d ~ Uniform(SLOPE_STEPS), and disturbances last one period (phi = 0).

Given q and phi (or d) everything is linear and Gaussian with one unknown variance, so a Kalman filter whitens outcome and columns, and
beta, levels and s integrate out in closed form (Harvey 1989, Forecasting, structural time series models and the Kalman filter,
section 3.4; first states as regression columns: Rosenberg 1973, Annals of Economic and Social Measurement 2: 399-428). What is left is a
sum over a grid of two numbers: a forecast is a mixture of Student-t, with no draws and no seed. ``structural_in_pymc.py`` is the same
model sampled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import special

from causalcx.core.moments import Array, Flags, Whole

STEPS = ((0.1, 0.003, 0.7), (0.6, 0.4, 1.2), (0.3, 20.0, 0.3))
"""Steps of the level from one period to the next, in standard deviations of the disturbances: share, median and deviation of the logarithm
of levels that as good as stand still, that drift, and that wander like a share price (a random walk)."""
SLOPE_STEPS = (0.001, 1.0)
"""The same of the slope; every order of size is as likely before."""
LASTS, LONGEST = (0.05, 0.02), 0.96
"""Shape of the prior of what is left of a disturbance a period later, and the most: mostly hardly anything or nearly all."""
LEVELS, SLOPES = np.concatenate([[0.001], np.geomspace(0.005, 10, 23)]), np.geomspace(*SLOPE_STEPS, 28)
"""Points of the grid for the steps of level and slope."""
LASTING = np.concatenate([np.linspace(0, 0.8, 9), [0.86, 0.91, 0.94, 0.955]])
"""Points of the grid for phi."""
UNLIKELY = 1e-12
"""Weight, of the likeliest point's, below which a point of the grid is left out."""
TINY = 1e-9
SAME = 1e-7
"""Share of a column that is its own, below which it counts as a copy of those before it."""


@dataclass(frozen=True)
class Series:
    """One outcome on a grid of equal periods. T periods, k columns."""

    y: Array
    """[T], NaN where missing."""
    x: Array
    """[T, k] columns of the regression, without the constant; NaN makes the period count as missing."""
    start: int
    """First period of the forecast."""
    drifts: bool = False
    """Whether the slope drifts."""

    @property
    def known(self) -> Flags:
        """[T] periods with outcome and columns."""
        return ~np.isnan(self.y) & ~np.isnan(self.x).any(axis=1)


class State(NamedTuple):
    """What is known of level and second state before a period, for every point of the grid and every column."""

    level: Array
    second: Array
    """The slope where it drifts, else the disturbance."""
    p00: Array
    p01: Array
    p11: Array


@dataclass(frozen=True)
class Motion:
    """How the states move and are seen: y = level + seen x second + noise; then level += carried x second. G points of the grid."""

    seen: float
    carried: float
    noise: float
    """Variance beside the second state."""
    lasting: Array
    """[G] part of the second state that is left a period later."""
    level: Array
    """[G] variance of a step of the level, in those of ``s``."""
    second: Array
    """[G] the same of the second state."""

    def at(self, points: Flags | Whole) -> Motion:
        """Some of the points."""
        return replace(self, lasting=self.lasting[points], level=self.level[points], second=self.second[points])


@dataclass(frozen=True)
class Mixture:
    """Student-t laws with weights, for m quantities. G points of the grid."""

    weight: Array
    """[G]"""
    centre: Array
    """[G, m]"""
    scale: Array
    """[G, m]"""
    df: float

    @property
    def mean(self) -> Array:
        """[m]"""
        return self.weight @ self.centre

    def below(self, value: Array) -> Array:
        """[m] probability of less than ``value``."""
        return self.weight @ special.stdtr(self.df, (value - self.centre) / self.scale)

    def quantile(self, probability: float) -> Array:
        """[m] by bisection, to a ten-thousand-millionth of the narrowest law."""
        each = self.centre + self.scale * special.stdtrit(self.df, probability)
        low, high = each.min(axis=0), each.max(axis=0)
        while np.any((high - low > 1e-10 * self.scale.min(axis=0)) & (np.nextafter(low, high) < high)):
            middle = (low + high) / 2
            less = self.below(middle) < probability
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        return (low + high) / 2


@dataclass(frozen=True)
class Structural:
    """The posterior after the periods before ``series.start``. G points of the grid, k columns with the constant."""

    series: Series
    kept: Whole
    """Columns that the time before can tell apart."""
    weight: Array
    """[G] posterior weights."""
    motion: Motion
    state: State
    """Before ``series.start``; the outcome is column 0."""
    coefficient: Array
    """[G, k]"""
    spread: Array
    """[G, k, k] covariance of the coefficients, in units of ``variance``."""
    variance: Array
    """[G] estimate of s squared, in squared units of ``table``."""
    df: float
    table: Array
    """[T, 1 + k] outcome and columns, brought to mean 0 and deviation 1 before the start."""
    unit: tuple[float, float]
    """Mean and deviation of the outcome before the start."""

    def forecast(self, weights: Array) -> Mixture:
        """The law of ``weights @ y`` over the periods from the start on, had nothing changed. ``weights``: [m, H]."""
        total, reach, drift = weights.sum(axis=1), *self._reach(weights)
        level = total[:, None] * self.state.level[:, None] + reach[:, :, None] * self.state.second[:, None]
        after = np.nan_to_num(self.table[self.series.start :, 1:])  # a period with a missing column has no weight
        away = weights @ after - level[:, :, 1:]
        centre = level[:, :, 0] + np.einsum("gmk,gk->gm", away, self.coefficient)
        _, _, p00, p01, p11 = (part[:, None] for part in self.state)
        square = np.einsum("gmk,gkl,gml->gm", away, self.spread, away) + drift
        square += p00 * total**2 + 2 * p01 * total * reach + p11 * reach**2
        mean, deviation = self.unit
        scale = deviation * np.sqrt(self.variance[:, None] * square)
        return Mixture(self.weight, total * mean + deviation * centre, scale, self.df)

    def _reach(self, weights: Array) -> tuple[Array, Array]:
        """[G, m] how far the second state at the start moves the sum, and the variance that noise and later steps bring.

        From the last period back: a step before a period moves it and all that follow.
        """
        motion = self.motion
        level = np.zeros(len(weights))
        second = np.zeros((len(self.weight), len(weights)))
        drift = np.zeros_like(second) + motion.noise * (weights**2).sum(axis=1)
        for j in range(weights.shape[1] - 1, -1, -1):
            second = motion.seen * weights[:, j] + motion.lasting[:, None] * second + motion.carried * level
            level = level + weights[:, j]
            if j:
                drift += motion.level[:, None] * level**2 + motion.second[:, None] * second**2
        return second, drift

    @cached_property
    def one_step(self) -> tuple[Array, Array]:
        """[start] one-step forecasts and standardised residuals before the start, at the likeliest point; NaN where missing."""
        best = np.array([self.weight.argmax()])
        motion, table, known = self.motion.at(best), self.table[: self.series.start], self.series.known
        coefficient = np.concatenate([[1.0], -self.coefficient[best[0]]])
        expected, residual = np.full((2, self.series.start), np.nan)
        mean, deviation = self.unit
        state = _first(motion, table.shape[1])
        for t in range(self.series.start):
            off, total, state = _advance(state, table[t], bool(known[t]), motion)
            if known[t]:
                error = float(off[0] @ coefficient)
                residual[t] = error / np.sqrt(float(total[0] * self.variance[best[0]]))
                expected[t] = mean + deviation * (table[t, 0] - error)
        return expected, residual


def structural(series: Series) -> Structural:
    """The posterior of the model given the periods before the start."""
    return posterior(series, *(_drifting() if series.drifts else _lasting()))


def posterior(series: Series, motion: Motion, prior: Array) -> Structural:
    """The same on a grid of one's own; ``prior``: [G] what it gives to each point."""
    table, kept, unit = _table(series)
    known = series.known[: series.start]
    state, columns = _first(motion, table.shape[1]), table.shape[1]
    gram, log_total = np.zeros((len(prior), columns, columns)), np.zeros(len(prior))
    for t in range(series.start):
        off, total, state = _advance(state, table[t], bool(known[t]), motion)
        if known[t]:
            gram += off[:, :, None] * (off / total[:, None])[:, None, :]
            log_total += np.log(total)
    spread = np.linalg.inv(gram[:, 1:, 1:])
    coefficient = np.einsum("gkl,gl->gk", spread, gram[:, 1:, 0])
    df = float(known.sum() - (columns - 1))
    rest = np.maximum(gram[:, 0, 0] - np.einsum("gk,gk->g", coefficient, gram[:, 1:, 0]), 1e-14 * gram[:, 0, 0])
    log_weight = np.log(prior) - 0.5 * (log_total + np.linalg.slogdet(gram[:, 1:, 1:])[1] + df * np.log(rest))
    weight = np.exp(log_weight - log_weight.max())
    likely = weight > UNLIKELY
    return Structural(
        series, kept, weight[likely] / weight[likely].sum(), motion.at(likely), State(*(part[likely] for part in state)),
        coefficient[likely], spread[likely], rest[likely] / df, df, table, unit,
    )  # fmt: skip


def _table(series: Series) -> tuple[Array, Whole, tuple[float, float]]:
    """Outcome, constant, slope where it drifts, and the columns that differ from those before them."""
    rows = series.known[: series.start]
    y, x = series.y, series.x
    unit = float(y[: series.start][rows].mean()), float(y[: series.start][rows].std()) or 1.0
    time = (np.arange(len(y)) - series.start) / series.start
    columns, kept = [np.ones(len(y)), *([time] if series.drifts else [])], []
    for j in range(x.shape[1]):
        before = x[: series.start, j][rows]
        if before.min() < before.max():
            column = (x[:, j] - before.mean()) / before.std()
            basis = np.stack(columns, axis=1)[: series.start][rows]
            own = column[: series.start][rows]
            if np.linalg.norm(own - basis @ np.linalg.lstsq(basis, own)[0]) > SAME * np.linalg.norm(own):
                columns.append(column)
                kept.append(j)
    return np.stack([(y - unit[0]) / unit[1], *columns], axis=1), np.array(kept, int), unit


def _lasting() -> tuple[Motion, Array]:
    """A level, and disturbances that last: the grid, and what the prior gives to each point."""
    q, phi = (g.ravel() for g in np.meshgrid(LEVELS, LASTING, indexing="ij"))
    edges = np.concatenate([[0.0], (LASTING[1:] + LASTING[:-1]) / 2, [LONGEST]])
    prior = np.outer(_steps(), np.diff(special.betainc(*LASTS, edges / LONGEST))).ravel()
    return Motion(1.0, 0.0, 0.0, phi, q**2 / (1 - phi**2), np.ones_like(q)), prior


def _steps() -> Array:
    """What the prior gives to each point of the grid for the level's steps."""
    middle = (np.log(LEVELS[1:]) + np.log(LEVELS[:-1])) / 2
    edges = np.concatenate([[-np.inf], middle, [np.inf]])
    return sum(
        share * np.diff(special.ndtr((edges - np.log(median)) / deviation)) for share, median, deviation in STEPS
    )


def _drifting() -> tuple[Motion, Array]:
    """A level whose slope drifts, and noise."""
    q, d = (g.ravel() for g in np.meshgrid(LEVELS, SLOPES, indexing="ij"))
    prior = np.repeat(_steps() / len(SLOPES), len(SLOPES))
    return Motion(0.0, 1.0, 1.0, np.ones_like(q), q**2, d**2), prior


def _first(motion: Motion, columns: int) -> State:
    """Level and slope begin at 0, and columns carry where they truly begin; a disturbance begins anywhere."""
    points = len(motion.lasting)
    zero, none = np.zeros((points, columns)), np.zeros(points)
    spread = motion.seen * motion.second / np.maximum(1 - motion.lasting**2, TINY)
    return State(zero, zero, none, none, spread)


def _advance(state: State, row: Array, seen: bool, motion: Motion) -> tuple[Array, Array, State]:
    """One period of the filter: what was off and its variance, and the state before the next period."""
    level, second, p00, p01, p11 = state
    h, a, lasting = motion.seen, motion.carried, motion.lasting
    with_level, with_second = p00 + h * p01, p01 + h * p11
    off, total = row - level - h * second, with_level + h * with_second + motion.noise
    if seen:
        gain, pull = with_level / total, with_second / total
        level, second = level + gain[:, None] * off, second + pull[:, None] * off
        p00, p01, p11 = p00 - gain * with_level, p01 - gain * with_second, p11 - pull * with_second
    later = State(
        level + a * second, lasting[:, None] * second, p00 + 2 * a * p01 + a * a * p11 + motion.level,
        lasting * (p01 + a * p11), lasting**2 * p11 + motion.second,
    )  # fmt: skip
    return off, total, later
