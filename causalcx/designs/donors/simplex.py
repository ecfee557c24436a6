"""Weights that are non-negative and add up to one, chosen so that a weighted mean of columns is as near a target as can be."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from causalcx.core.moments import Array


def simplex_weights(columns: Array, target: Array, ridge: float) -> Array:
    """[J] w minimising |columns w - target|^2 + ridge |w|^2 over w >= 0 with sum 1; exact.

    On the simplex columns w - target = C w with C = columns - target, so the problem is the point of a convex hull nearest
    the origin (Wolfe 1976, Mathematical Programming 11: 128-149). Non-negative least squares of [C; 1'] on [0; 1] finds it: along
    w times s its loss is s^2 |C w|^2 + (1 - s)^2, at best |C w|^2 / (1 + |C w|^2), which grows with |C w|^2; so the solution over its
    sum is the answer.
    """
    gap = columns - target[:, None]
    gram = gap.T @ gap + ridge * np.eye(columns.shape[1])
    size = float(np.trace(gram)) / len(gram)
    if size == 0:
        return np.full(len(gram), 1 / len(gram))
    root = np.linalg.cholesky(gram / size + 1e-14 * np.eye(len(gram)), upper=True)
    solved, _ = nnls(np.vstack([root, np.ones(len(gram))]), np.append(np.zeros(len(gram)), 1.0), maxiter=50 * len(gram))
    return solved / solved.sum()
