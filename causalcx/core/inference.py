"""The arithmetic of the spine: prior times estimate, probabilities, draws. Estimates are (multivariate) Student-t."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from causalcx.core.effect import Law

Array = NDArray[np.float64]


def posterior(
    labels: Sequence[str],
    estimate: Array,
    covariance: Array,
    df: Sequence[float | None],
    prior_mean: Array,
    prior_sd: Array,
) -> Law:
    """Normal prior (independent per effect) times the estimates' joint law, in closed form.

    With estimate t of covariance V and prior N(m, P): covariance V (V + P)^-1 P and mean m + P (V + P)^-1 (t - m)
    (Gelman et al., Bayesian Data Analysis, 3rd ed., eq. 3.13, written so that V may be singular). The degrees of
    freedom stay those of the estimates.
    """
    unit = np.where(prior_sd > 0, prior_sd, 1.0)  # effects differ in scale by many orders: work in prior widths
    scaled = covariance / np.outer(unit, unit)
    gain = unit[:, None] * np.linalg.inv(scaled + np.eye(len(unit))) / unit
    mean = prior_mean + gain @ (estimate - prior_mean)
    scale = gain @ covariance
    scale = (scale + scale.T) / 2
    return Law(
        labels=tuple(labels),
        mean=tuple(mean.tolist()),
        matrix=tuple(tuple(row) for row in scale.tolist()),
        df=tuple(df),
        prior_mean=tuple(np.asarray(prior_mean, float).tolist()),
        prior_sd=tuple(np.asarray(prior_sd, float).tolist()),
    )


def probability_above(law: Law, i: int, threshold: float, sign: int = 1) -> float:
    """P(sign x effect_i > threshold) under the law."""
    centre, scale = sign * law.mean[i] - threshold, float(np.sqrt(law.matrix[i][i]))
    if scale == 0:
        return float(centre > 0)
    df = law.df[i]
    return float(special.ndtr(centre / scale) if df is None else special.stdtr(df, centre / scale))


def draws(law: Law, n: int, seed: int) -> Array:
    """[n, effects] joint draws."""
    rng = np.random.default_rng(seed)
    scale = np.asarray(law.matrix)
    error = np.sqrt(np.diag(scale))
    safe = np.where(error > 0, error, 1.0)  # decompose correlations: effects differ in scale by many orders
    values, vectors = np.linalg.eigh(scale / np.outer(safe, safe))
    root = error[:, None] * vectors * np.sqrt(np.clip(values, 0, None))
    z = rng.standard_normal((n, len(law.mean))) @ root.T
    u = rng.uniform(size=n)
    stretch = np.ones_like(z)
    for df in {d for d in law.df if d is not None}:
        columns = [i for i, d in enumerate(law.df) if d == df]
        stretch[:, columns] = np.sqrt(df / stats.chi2.ppf(u, df))[:, None]
    return np.asarray(law.mean) + z * stretch


def t_interval(estimate: float, std_error: float, df: float | None, level: float) -> tuple[float, float]:
    """Equal-tailed interval."""
    half = quantile((1 + level) / 2, df) * std_error
    return estimate - half, estimate + half


def quantile(probability: float, df: float | None) -> float:
    """Quantile of the t distribution; of the normal without degrees of freedom."""
    return float(special.ndtri(probability) if df is None else special.stdtrit(df, probability))


def two_sided_p(estimate: float, std_error: float, df: float | None) -> float:
    """Two-sided p-value of the hypothesis of no effect."""
    if std_error == 0:
        return 1.0 if estimate == 0 else 0.0
    t = -abs(estimate) / std_error
    return float(2 * (special.ndtr(t) if df is None else special.stdtr(df, t)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjustment (Holm 1979, Scandinavian Journal of Statistics 6: 65-70)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    m, adjusted, running = len(p_values), [0.0] * len(p_values), 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (m - rank) * p_values[i]))
        adjusted[i] = running
    return adjusted
