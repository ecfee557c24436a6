"""Discounting, return on investment, payback and the depth of the hole; one figure per draw."""

from __future__ import annotations

import numpy as np

from causalcx.value.numbers import Array

SLACK = 1e-9
"""A cumulative net above -SLACK x the money moved counts as zero: sums of cents are not exact in binary."""


def discount_factors(rate: Array, horizon: int) -> Array:
    """[1 or draws, 1 + months] 1 / (1 + i)^m with i = (1 + rate)^(1/12) - 1; month 0 is not discounted."""
    return (1 + rate)[:, None] ** (-np.arange(horizon + 1) / 12)


def return_on_investment(benefits: Array, costs: Array) -> Array | None:
    """[draws] (PV(benefits) - PV(all costs)) / PV(all costs); None where a draw has no positive costs."""
    return (benefits - costs) / costs if np.all(costs > 0) else None


def payback_months(net: Array) -> Array:
    """[draws] first month m >= 1 from which the cumulative undiscounted net stays >= 0 to the horizon; never = infinite.

    ``net`` is [draws, 1 + months].
    """
    months = net.shape[1] - 1
    below = _cumulative(net)[:, 1:] < 0
    last_below = np.where(below.any(axis=1), months - np.argmax(below[:, ::-1], axis=1), 0)
    return np.where(last_below == months, np.inf, last_below + 1.0)


def deepest_point(net: Array) -> Array:
    """[draws] lowest point of the cumulative undiscounted net, months 0..H."""
    return np.cumsum(net, axis=1).min(axis=1)


def _cumulative(net: Array) -> Array:
    """Cumulative sums with rounding residue set to zero."""
    running = np.cumsum(net, axis=1)
    return np.where(np.abs(running) <= SLACK * np.abs(net).sum(axis=1, keepdims=True), 0.0, running)
