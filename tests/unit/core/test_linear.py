"""Inverses of products: columns of any size, copies, zeros."""

from __future__ import annotations

import numpy as np
import pytest

from causalcx.core.linear import inverse, rank


def columns() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(50, 3))


@pytest.mark.parametrize("size", [1e-9, 1.0, 1e9])
def test_the_size_of_a_column_changes_its_own_slope_alone(size: float) -> None:
    x, y = columns(), columns()[:, 0] + np.arange(50)
    plain = inverse(x.T @ x) @ x.T @ y
    wide = x * [1, 1, size]
    assert inverse(wide.T @ wide) @ wide.T @ y == pytest.approx(plain / [1, 1, size], rel=1e-9)
    assert plain == pytest.approx(np.linalg.lstsq(x, y)[0], rel=1e-9)
    assert rank(wide.T @ wide) == 3


def test_copies_share_a_slope_and_zeros_have_none() -> None:
    x = columns()
    both = np.column_stack([x, 1e8 * x[:, 0], np.zeros(50)])
    assert rank(both.T @ both) == 3
    slopes = inverse(both.T @ both) @ both.T @ x[:, 0]
    assert slopes == pytest.approx([0.5, 0, 0, 0.5e-8, 0], abs=1e-9)
