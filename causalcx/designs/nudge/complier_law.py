"""The posterior of effects on compliers by joint draws of reduced forms and first stages, where a ratio is far from normal.

Reduced forms r and first stages f are jointly normal around b x p and p, with p the true first stages (flat prior) and b the effects (the plan's
normal prior). Given p, b is normal, and given b, p is: a Gibbs sampler with two closed steps (Kleibergen & Zivot 2003, Journal of
Econometrics 114: 29-72, for the model). Its draws are kept as their mean and covariance. With a clear first stage it agrees with the delta method.
"""

from __future__ import annotations

import numpy as np

from causalcx.core.effect import Law
from causalcx.core.linear import inverse
from causalcx.core.moments import Array
from causalcx.designs.nudge.wald import Moved

DRAWS, BURN = 4_000, 500


def joint_law(law: Law, found: Moved, seed: int) -> Law:
    """The law with the moments of joint draws; ``found`` holds the same effects, in the same order."""
    scale = np.array([sd if sd > 0 else 1.0 for sd in law.prior_sd])
    size = np.concatenate([scale, np.ones(len(scale))])
    draws = _draws(found, found.covariance / np.outer(size, size), scale, np.array(law.prior_mean) / scale, seed)
    mean, matrix = draws.mean(axis=0) * scale, np.atleast_2d(np.cov(draws.T)) * np.outer(scale, scale)
    return law.model_copy(update={"mean": tuple(mean.tolist()), "matrix": tuple(map(tuple, matrix.tolist()))})


def _draws(found: Moved, covariance: Array, scale: Array, prior: Array, seed: int) -> Array:
    """[DRAWS, V] effects in units of their prior's standard deviation."""
    rng, many = np.random.default_rng(seed), len(scale)
    reduced, first = found.reduced / scale, found.first
    precision = inverse(covariance)
    pull = covariance[:many, many:] @ inverse(covariance[many:, many:])
    left = inverse(covariance[:many, :many] - pull @ covariance[many:, :many])
    common = _shared(covariance[many:, many:], first)
    p, kept = first.copy(), np.empty((BURN + DRAWS, many))
    for draw in kept:
        weight = np.eye(many) + p[:, None] * left * p
        draw[:] = _normal(rng, weight, prior + p * (left @ (reduced - pull @ (first - p))))
        design = np.vstack([np.diag(draw), np.eye(many)]) @ common
        p = common @ _normal(
            rng, design.T @ precision @ design, design.T @ precision @ np.concatenate([reduced, first])
        )
    return kept[BURN:]


def _shared(covariance: Array, first: Array) -> Array:
    """[V, G] which of G distinct first stages belongs to which outcome."""
    same = (first[:, None] == first) & (np.diag(covariance)[:, None] == np.diag(covariance))
    leader = same.argmax(axis=1)
    return (leader[:, None] == np.unique(leader)).astype(float)


def _normal(rng: np.random.Generator, precision: Array, pull: Array) -> Array:
    """A draw around precision^-1 pull with covariance precision^-1."""
    root = np.linalg.cholesky(precision)
    return np.linalg.solve(precision, pull) + np.linalg.solve(root.T, rng.standard_normal(len(pull)))
