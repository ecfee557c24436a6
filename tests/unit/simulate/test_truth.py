"""The bivariate normal behind the truth, against closed forms and quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from scipy.special import ndtr

from causalcx.simulate.truth import bivariate_normal

EXACT = 1e-12  # Owen's T is computed to about 1e-16
QUADRATURE = 1e-9  # quad's own estimate of its error stays below


@pytest.mark.parametrize(
    ("correlation", "expected"),
    [(0.5, 1 / 3), (0.0, 1 / 4), (-0.5, 1 / 6)],  # 1/4 + asin(correlation) / (2 pi), Sheppard 1899
)
def test_quadrant_probabilities(correlation, expected):
    assert bivariate_normal(0.0, 0.0, correlation) == pytest.approx(expected, abs=EXACT)


@pytest.mark.parametrize("correlation", [-0.9, -0.3, 0.0, 0.4, 0.95])
@pytest.mark.parametrize(
    ("h", "k"), [(0.7, -1.2), (-0.4, -2.0), (1.5, 0.3), (0.0, 1.1), (-0.6, 0.0), (0.0, -0.5), (2.0, -3.0)]
)
def test_agrees_with_quadrature(h, k, correlation):
    def density(x):
        return np.exp(-x * x / 2) / np.sqrt(2 * np.pi) * ndtr((k - correlation * x) / np.sqrt(1 - correlation**2))

    expected = integrate.quad(density, -12, h, epsabs=1e-12, limit=200)[0]
    assert bivariate_normal(h, k, correlation) == pytest.approx(expected, abs=QUADRATURE)
