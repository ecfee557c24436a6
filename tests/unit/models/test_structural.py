"""The structural time series against a dense twin: the same law from one large covariance matrix, without a filter."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from causalcx.models.structural import LASTING, LASTS, LEVELS, LONGEST, STEPS, Mixture, Series, structural

SAME = 1e-6
"""Both are exact; the twin inverts matrices of a hundred rows."""


def course(seed: int = 3, length: int = 50, start: int = 38, *, drifts: bool = False) -> Series:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(length, 2)) + np.linspace(0, 1, length)[:, None]
    y = 20 + np.cumsum(0.3 * rng.normal(size=length)) + x @ [1.5, -0.7] + rng.normal(size=length)
    y[[4, 5, 20, 44]] = np.nan
    return Series(y, x, start, drifts)


def covariance(series: Series, level: float, second: float, lasting: float) -> np.ndarray:
    """[T, T] of the course without columns, in units of s squared."""
    t = np.arange(len(series.y))
    walk = np.minimum.outer(t, t) * level
    if not series.drifts:
        return walk + lasting ** np.abs(np.subtract.outer(t, t)) / (1 - lasting**2)
    bend = np.array([[sum((a - j) * (b - j) for j in range(1, min(a, b))) for b in t] for a in t], float)
    return walk + second * bend + np.eye(len(t))


def twin(series: Series, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centre, scale and log marginal likelihood at every point of the grid that the filter kept."""
    motion, rows = structural(series).motion, np.flatnonzero(series.known[: series.start])
    columns = [np.ones(len(series.y)), *([np.arange(len(series.y))] if series.drifts else []), *series.x.T]
    z, later = np.stack(columns, axis=1), np.arange(series.start, len(series.y))
    found = []
    for level, second, lasting in zip(motion.level, motion.second, motion.lasting, strict=True):
        whole = covariance(series, level, second, lasting)
        own, across = whole[np.ix_(rows, rows)], whole[np.ix_(later, rows)]
        inverse = np.linalg.inv(own)
        spread = np.linalg.inv(z[rows].T @ inverse @ z[rows])
        beta = spread @ z[rows].T @ inverse @ series.y[rows]
        left = series.y[rows] - z[rows] @ beta
        df = len(rows) - z.shape[1]
        square = left @ inverse @ left
        away = weights @ (z[later] - across @ inverse @ z[rows])
        rest = weights @ (whole[np.ix_(later, later)] - across @ inverse @ across.T) @ weights
        scale = np.sqrt(square / df * (away @ spread @ away + rest))
        log = -0.5 * (np.linalg.slogdet(own)[1] - np.linalg.slogdet(spread)[1] + df * np.log(square))
        found.append((weights @ (z[later] @ beta + across @ inverse @ left), scale, log))
    return tuple(np.array(part) for part in zip(*found, strict=True))  # ty: ignore[invalid-return-type]


@pytest.mark.parametrize("drifts", [False, True])
def test_forecast_is_that_of_the_dense_law(drifts: bool) -> None:
    series = course(drifts=drifts)
    weights = series.known[series.start :] / series.known[series.start :].sum()
    law = structural(series).forecast(weights[None])
    centre, scale, _ = twin(series, weights)
    assert law.centre[:, 0] == pytest.approx(centre, rel=SAME)
    assert law.scale[:, 0] == pytest.approx(scale, rel=SAME)


def cells(points: np.ndarray, cdf, *, low: float, high: float, middle) -> dict[float, float]:
    """What a distribution gives to each point of a grid: the stretch that is nearer to it than to its neighbours."""
    edges = [low, *(middle(a, b) for a, b in pairwise(points)), high]
    return {round(float(p), 9): cdf(b) - cdf(a) for p, (a, b) in zip(points, pairwise(edges), strict=True)}


def log_prior(series: Series) -> np.ndarray:
    """The stated prior at every point of the grid that the filter kept: a mixture of log-normals, and a beta of what lasts."""
    motion = structural(series).motion
    mixture = [(share, stats.lognorm(deviation, scale=median)) for share, median, deviation in STEPS]
    step = cells(
        LEVELS,
        lambda q: sum(s * law.cdf(q) for s, law in mixture),
        low=0,
        high=np.inf,
        middle=lambda a, b: (a * b) ** 0.5,
    )
    if series.drifts:
        return np.log([step[round(float(q), 9)] for q in np.sqrt(motion.level)])
    beta = stats.beta(*LASTS, scale=LONGEST)
    lasts = cells(LASTING, beta.cdf, low=0, high=LONGEST, middle=lambda a, b: (a + b) / 2)
    q = np.sqrt(motion.level * (1 - motion.lasting**2))
    return np.log(
        [step[round(float(a), 9)] * lasts[round(float(b), 9)] for a, b in zip(q, motion.lasting, strict=True)]
    )


@pytest.mark.parametrize("drifts", [False, True])
def test_weights_are_prior_times_the_dense_likelihood(drifts: bool) -> None:
    series = course(drifts=drifts)
    _, _, log = twin(series, np.full(len(series.y) - series.start, 1 / 12))
    constant = np.log(structural(series).weight) - log - log_prior(series)
    assert constant == pytest.approx(np.full(len(log), constant[0]), abs=1e-4)


def test_a_filter_knows_no_unit_and_no_origin() -> None:
    series = course()
    weights = np.eye(12)[[0, 11]]
    law, other = (
        structural(s).forecast(weights) for s in (series, replace(series, y=1_000 * series.y - 7, x=series.x / 50 + 3))
    )
    assert other.mean == pytest.approx(1_000 * law.mean - 7, rel=SAME)
    assert other.quantile(0.9) == pytest.approx(1_000 * law.quantile(0.9) - 7, rel=SAME)


def test_quantiles_undo_probabilities() -> None:
    law = Mixture(np.array([0.3, 0.7]), np.array([[0.0, 5.0], [1.0, 5.0]]), np.array([[1.0, 2.0], [3.0, 2.0]]), 7.0)
    for probability in (0.025, 0.5, 0.9):
        assert law.below(law.quantile(probability)) == pytest.approx([probability] * 2, abs=1e-8)
    assert law.quantile(0.9)[1] == pytest.approx(5 + 2 * stats.t(7).ppf(0.9))
    assert law.mean == pytest.approx([0.7, 5.0])


def test_columns_that_say_nothing_of_their_own_are_left_out() -> None:
    series = course()
    x = np.column_stack([series.x, series.x @ [2, -1], np.arange(len(series.y)) >= series.start])
    wide = structural(replace(series, x=x))
    assert wide.kept.tolist() == [0, 1]
    weights = np.full((1, 12), 1 / 12)
    assert wide.forecast(weights).mean == pytest.approx(structural(series).forecast(weights).mean, rel=SAME)


def test_what_comes_after_the_start_does_not_count() -> None:
    series = course()
    later = series.y.copy()
    later[series.start :] += 1_000
    weights = np.full((1, 12), 1 / 12)
    assert structural(replace(series, y=later)).forecast(weights).mean == structural(series).forecast(weights).mean
