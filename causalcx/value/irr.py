"""Internal rate of return of many cash flows at once; undefined where no unique rate exists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalcx.value.numbers import Array

RESIDUE = 1e-12
"""A month's net below this share of the largest is the rounding of equal benefits and costs, not a change of sign."""
_GRID = np.concatenate([[0.0], np.geomspace(1e-4, 30.0, 200)])
"""|log(1 + monthly rate)| at which the value of a flow is looked at; 30 is a return of 10^13 in a month."""
_HALVINGS = 60
"""A bracket of width 4 shrinks below 1e-17."""


def internal_rate_per_year(net: Array) -> Array:
    """[draws] (1 + r)^12 - 1 with sum over m of net(m) / (1 + r)^m = 0; NaN where there is no unique r > -1.

    ``net`` is [draws, 1 + months]. By Descartes' rule of signs one change of sign gives exactly one rate and an even
    number never gives a single one (a double rate counts as two); an odd number from three on gives one where the value changes
    sign once over a grid of rates (Norstrøm 1972 gives a sufficient condition only).
    """
    net = _moved_money(net)
    rates = np.full(len(net), np.nan)
    for rows in np.array_split(np.flatnonzero(_sign_changes(net) % 2 == 1), max(1, net.size // 4_000_000)):
        rates[rows] = _single_root(net[rows])
    return np.expm1(12 * rates)


def _moved_money(net: Array) -> Array:
    """The flow without rounding residue and without the empty months before its first and after its last payment."""
    cleared = np.where(np.abs(net) <= RESIDUE * np.abs(net).max(axis=1, keepdims=True), 0.0, net)
    months = np.flatnonzero(np.any(cleared != 0, axis=0))
    return cleared[:, months[0] : months[-1] + 1] if len(months) else cleared


def _single_root(net: Array) -> Array:
    """[draws] log(1 + r) of the only root seen on the grid, else NaN."""
    positive = np.hstack([_at_falling_rates(net) >= 0, (_value(net) >= 0)[:, 1:]])
    crossing = positive[:, 1:] != positive[:, :-1]
    where = np.argmax(crossing, axis=1) - (len(_GRID) - 1)
    below_zero = where < 0
    oriented = np.where(below_zero[:, None], net[:, ::-1], net)
    nearer = np.where(below_zero, -where - 1, where)
    root = _halved(oriented, _GRID[nearer], _GRID[nearer + 1])
    return np.where(crossing.sum(axis=1) == 1, np.where(below_zero, -root, root), np.nan)


def _value(net: Array) -> Array:
    """[draws, grid] value of the flow at log(1 + r) = grid."""
    return net @ np.exp(-np.outer(np.arange(net.shape[1]), _GRID))


def _at_falling_rates(net: Array) -> Array:
    """[draws, grid] value at log(1 + r) = -grid, from the far end to 0, divided by a positive power that keeps it finite."""
    return _value(net[:, ::-1])[:, ::-1]


def _halved(net: Array, low: Array, high: Array) -> Array:
    """Bisection of the value of each flow between two rates."""
    months = np.ascontiguousarray(net.T)
    starts_positive = _horner(months, low) >= 0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = (_horner(months, middle) >= 0) == starts_positive
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (low + high) / 2


def _horner(months: Array, log_growth: Array) -> Array:
    """[draws] sum over m of months[m] x exp(-m x log_growth), log_growth >= 0; ``months`` is [1 + months, draws]."""
    factor, value = np.exp(-log_growth), np.zeros(months.shape[1])
    for month in months[::-1]:
        value *= factor
        value += month
    return value


def _sign_changes(net: Array) -> NDArray[np.int64]:
    """[draws] number of changes of sign in the order of months, zeros left out."""
    changes, last = np.zeros(len(net), dtype=np.int64), np.zeros(len(net))
    for sign in np.sign(net).T:
        changes += sign * last < 0
        last = np.where(sign == 0, last, sign)
    return changes
