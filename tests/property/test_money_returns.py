"""IRR and payback of single flows against definitions and a polynomial's roots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from causalcx.value.irr import internal_rate_per_year
from causalcx.value.returns import payback_months

NEAR_DOUBLE = 1e-3
"""Two rates closer than this share, or a pair of almost real ones, are too near for either method to count."""
AGREE = 1e-6
"""The companion matrix finds a root of degree 6 to about nine digits; the twelfth power loses one."""

flow = st.lists(st.integers(-100, 100), min_size=2, max_size=7)


def monthly_rates(net: list[int]) -> list[float]:
    """Every r > -1 at which the flow is worth nothing, from the companion matrix: the positive roots x = 1 / (1 + r)."""
    roots = np.roots(net[::-1])
    roots = roots[np.abs(roots) > 1e-9]
    close = roots.real > 0
    assume(not np.any(close & (np.abs(roots.imag) > 1e-9) & (np.abs(roots.imag) < NEAR_DOUBLE * np.abs(roots))))
    real = np.sort(roots[close & (np.abs(roots.imag) <= 1e-9)].real)
    assume(np.all(np.diff(real) > NEAR_DOUBLE * real[1:]))
    return [1 / x - 1 for x in real]


@settings(max_examples=400, deadline=None)
@given(flow)
def test_irr_is_the_only_root_or_undefined(net: list[int]) -> None:
    rates = monthly_rates(net) if any(net) else []
    found = internal_rate_per_year(np.array([net], dtype=float))[0]
    if len(rates) == 1:
        assert found == pytest.approx((1 + rates[0]) ** 12 - 1, rel=AGREE, abs=AGREE)
    else:
        assert np.isnan(found)


@settings(max_examples=300, deadline=None)
@given(st.lists(flow.filter(lambda f: len(f) == 5), min_size=1, max_size=4))
def test_payback_is_the_first_month_from_which_the_sum_stays_up(nets: list[list[int]]) -> None:
    found = payback_months(np.array(nets, dtype=float))
    for net, month in zip(nets, found, strict=True):
        stays = [m for m in range(1, len(net)) if all(sum(net[: k + 1]) >= 0 for k in range(m, len(net)))]
        assert month == (stays[0] if stays else np.inf)
