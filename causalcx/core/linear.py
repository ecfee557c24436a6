"""Inverses of products of columns that differ in size by many orders: spend in won beside a rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
NOTHING = 1e-10
"""Eigenvalues of columns of equal size below this share of the largest count as none: columns that say the same twice."""


def inverse(products: Array, nothing: float = NOTHING) -> Array:
    """[..., k, k] pseudo-inverse of X'X: columns that say the same share what they say, and a column of zeros says nothing."""
    scale = _scale(products)
    return np.linalg.pinv(products * scale, rcond=nothing, hermitian=True) * scale


def rank(products: Array, nothing: float = NOTHING) -> NDArray[np.intp]:
    """[...] columns that say something of their own."""
    return np.linalg.matrix_rank(products * _scale(products), rtol=nothing, hermitian=True)


def _scale(products: Array) -> Array:
    size = np.sqrt(np.maximum(np.diagonal(products, axis1=-2, axis2=-1), 0.0))
    one = 1 / np.where(size > 0, size, 1.0)
    return one[..., :, None] * one[..., None, :]
