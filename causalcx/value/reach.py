"""Who is reached when: a stock that is rolled out once, or a flow of new units every month."""

from __future__ import annotations

import numpy as np

from causalcx.core.money_terms import Reach
from causalcx.value.numbers import Array


def arriving(reach: Reach, horizon: int) -> Array:
    """[months] units newly reached in months 1..H, per unit of ``stock`` or ``per_month``.

    With r(m) = min(1, m / ramp_months), and r = 1 for a ramp of 0: a flow gives r(m); a stock gives r(m) - r(m - 1), r(0) = 0.
    """
    month = np.arange(1, horizon + 1, dtype=float)
    ramped = np.minimum(1.0, month / reach.ramp_months) if reach.ramp_months else np.ones(horizon)
    return ramped if reach.stock is None else np.diff(ramped, prepend=0.0)


def by_month(per_age: Array, new: Array) -> Array:
    """[cases, 1 + months] what arrives in months 0..H when a unit of age j brings ``per_age[:, j - 1]``.

    Month m receives the sum over k <= m of new(k) x per_age(m - k + 1); month 0 receives nothing. ``per_age`` is [cases, months].
    """
    months = len(new)
    lag = np.arange(months)[None, :] - np.arange(months)[:, None]
    arrived = np.where(lag >= 0, new[np.maximum(lag, 0)], 0.0)
    return np.pad(per_age @ arrived, ((0, 0), (1, 0)))
