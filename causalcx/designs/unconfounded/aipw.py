"""Augmented inverse propensity weighting: effects on the average unit or on the treated, with one joint covariance.

With e_a(x) the probability of arm a and m_a(x) the expected outcome under it, both predicted out of fold:

- ATE: the mean under arm a is the mean of  m_a + 1[A = a] (Y - m_a) / e_a  over the units with overlap
  (Robins, Rotnitzky & Zhao 1994; Chernozhukov et al. 2018, Econometrics Journal 21: C1-C68, eq. 5.3);
- ATT of arm a, with r = e_a / (e_a + e_0) among units of arm a or control: the treated's own mean against
  sum over the treated of m_0 plus sum over the controls of r / (1 - r) (Y - m_0), over the number treated (eq. 5.4).

The covariance of two means is the sum over units of the products of their influence values; a unit without an answer
to one outcome has the influence 0 on it. Over several splits of the folds the estimate is the median, and its variance the
median of (variance + (estimate - median)^2) (the same article, definition 3.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from causalcx.core.moments import Array, Flags, Whole
from causalcx.designs.unconfounded.crossfit import Predicted

OVERLAP = (0.05, 0.95)
"""Propensities between which a unit has comparable counterparts (Crump et al. 2009, Biometrika 96: 187-199)."""
Effect = Literal["ate", "att"]


@dataclass(frozen=True)
class Means:
    """Means under treatment and control of P pairs (variable, treated arm), and what an interval needs."""

    treated: Array
    """[P]"""
    control: Array
    """[P]"""
    covariance: Array
    """[2P, 2P] of the treated means, then the control means."""
    spread: Array
    """[S, P] the difference in each split."""


def kept(propensity: Array, arm: Whole, effect: Effect) -> Flags:
    """[n, A - 1] units that count for each treated arm. ``propensity`` [n, A], the mean over the splits.

    ATE: every arm had a probability within ``OVERLAP``, so the same units for all arms. ATT: units of the arm or control
    whose probability of that arm against control is at most the upper bound.
    """
    low, high = OVERLAP
    if effect == "ate":
        inside = ((propensity >= low) & (propensity <= high)).all(axis=1)
        return np.repeat(inside[:, None], propensity.shape[1] - 1, axis=1)
    arms = np.arange(1, propensity.shape[1])
    involved = (arm[:, None] == arms) | (arm[:, None] == 0)
    return involved & (against_control(propensity) <= high)


def against_control(propensity: Array) -> Array:
    """[n, A - 1] probability of each arm among those in it or in control."""
    return propensity[:, 1:] / np.maximum(propensity[:, 1:] + propensity[:, :1], 1e-12)


def influences(predicted: Predicted, arm: Whole, y: Array, counts: Flags, effect: Effect) -> tuple[Array, Array]:
    """[2P] means (treated, then control) and [n, 2P] influence values divided by the number of units.

    Pairs run over variables, then treated arms; ``y`` [n, V], ``counts`` [n, A - 1] the units that count.
    """
    pairs = [(v, a) for v in range(y.shape[1]) for a in range(1, predicted.propensity.shape[1])]
    found = [_pair(predicted, arm, y[:, v], counts[:, a - 1], v, a, effect) for v, a in pairs]
    means = np.array([f[side] for side in (0, 2) for f in found])
    return means, np.column_stack([f[side] for side in (1, 3) for f in found])


def _pair(
    predicted: Predicted, arm: Whole, y: Array, counts: Flags, v: int, a: int, effect: Effect
) -> tuple[float, Array, float, Array]:
    if effect == "ate":
        treated, control = (_score(predicted, arm, y, v, b) for b in (a, 0))
        return _mean(treated, counts, counts) + _mean(control, counts, counts)
    expected = predicted.outcome[:, v, 0]
    ratio = against_control(predicted.propensity)[:, a - 1]
    odds = np.minimum(ratio, OVERLAP[1]) / (1 - np.minimum(ratio, OVERLAP[1]))
    own = counts & (arm == a)
    control = np.where(arm == a, expected, odds * (y - expected))
    return _mean(y, own, own) + _mean(control, counts, own)


def _score(predicted: Predicted, arm: Whole, y: Array, v: int, a: int) -> Array:
    expected, probability = predicted.outcome[:, v, a], np.maximum(predicted.propensity[:, a], OVERLAP[0] / 2)
    return expected + (arm == a) * (y - expected) / probability


def _mean(score: Array, counts: Flags, population: Flags) -> tuple[float, Array]:
    """Sum of the scores that count over the size of the population, and the influence values of that ratio."""
    size = population.sum()
    mean = float(score[counts].sum() / size)
    return mean, (np.where(counts, score, 0.0) - mean * population) / size


def combined(means: Array, covariances: Array) -> tuple[Array, Array]:
    """[S, K] estimates and [S, K, K] covariances of the splits as one: medians, the spread of the splits added.

    Each variance is the median of (variance + (estimate - median)^2); correlations are those of the mean of
    (covariance + outer product), so the matrix stays positive semi-definite.
    """
    middle = np.median(means, axis=0)
    away = means - middle
    total = covariances + away[:, :, None] * away[:, None, :]
    variance = np.median(np.diagonal(total, axis1=1, axis2=2), axis=0)
    average = total.mean(axis=0)
    scale = np.sqrt(np.where(np.diag(average) > 0, variance / np.where(np.diag(average) > 0, np.diag(average), 1), 0.0))
    return middle, average * scale[:, None] * scale[None, :]
