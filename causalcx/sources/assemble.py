"""Rows of sums from the engine become centred moments, arm by arm, stratum by stratum."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from causalcx.core.moments import Array, Moments
from causalcx.sources.columns import Variable


def assemble(
    rows: Sequence[Mapping[str, Any]], arms: tuple[str, ...], variables: Sequence[Variable], shift: Mapping[str, float]
) -> tuple[Moments, dict[str, Moments]]:
    """Moments over strata, and the same per segment where there are segments."""
    cells = sorted({(r["stratum"], r["segment"]) for r in rows})
    k, shape = len(variables), (len(arms), len(cells))
    units = np.zeros(shape)
    count, mean, product = (np.zeros((*shape, k, k)) for _ in range(3))
    for row in rows:
        a, s = arms.index(row["arm"]), cells.index((row["stratum"], row["segment"]))
        part = _centred(row, variables, shift)
        merged = _merge((count[a, s], mean[a, s], product[a, s]), part)
        units[a, s] += row["n"]
        count[a, s], mean[a, s], product[a, s] = merged
    names = tuple(v.name for v in variables)
    every = Moments(arms, tuple(stratum for stratum, _ in cells), names, units, count, mean, product)
    levels = sorted({segment for _, segment in cells})
    segments = {
        g: every.selected([i for i, (_, segment) in enumerate(cells) if segment == g]) for g in levels if levels != [""]
    }
    return every.regrouped(every.strata), segments


def _centred(
    row: Mapping[str, Any], variables: Sequence[Variable], shift: Mapping[str, float]
) -> tuple[Array, Array, Array]:
    """Counts, means and centred products of one row of shifted sums."""
    k = len(variables)
    count, total, raw = np.zeros((k, k)), np.zeros((k, k)), np.zeros((k, k))
    own = [row.get(f"n{i}", row["n"]) for i in range(k)]
    for i in range(k):
        for j in range(i, k):
            if f"p{i}_{j}" not in row:  # not asked: a covariate among those who answered something else
                continue
            count[i, j] = count[j, i] = row.get(f"n{i}_{j}", min(own[i], own[j]))
            raw[i, j] = raw[j, i] = row[f"p{i}_{j}"] or 0.0
            total[i, j] = row.get(f"s{i}_{j}", row[f"s{i}"]) or 0.0
            total[j, i] = row.get(f"s{j}_{i}", row[f"s{j}"]) or 0.0
    away = total / np.where(count > 0, count, 1)
    level = np.array([shift[v.name] for v in variables])[:, None]
    product = _without_rounding(raw - count * away * away.T, raw, count)
    return count, np.where(count > 0, away + level, 0.0), product


def _without_rounding(product: Array, raw: Array, count: Array) -> Array:
    """Exact zeros for variables whose spread is no more than the rounding of the sums: they do not vary in this group.

    Sums of equal values are rounded the same way every time, so the error may grow with their number.
    """
    size, units = np.diag(raw), np.diag(count)
    flat = np.diag(product) <= np.finfo(float).eps * np.maximum(100, units) * size
    return np.where(flat[:, None] | flat[None, :], 0.0, product)


def _merge(one: tuple[Array, Array, Array], other: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
    """Two groups as one (raw spellings of one arm); exact where the first is empty."""
    if not one[0].any():
        return other
    count = one[0] + other[0]
    safe = np.where(count > 0, count, 1)
    apart = other[1] - one[1]
    mean = one[1] + apart * other[0] / safe
    return count, mean, one[2] + other[2] + apart * apart.T * one[0] * other[0] / safe
