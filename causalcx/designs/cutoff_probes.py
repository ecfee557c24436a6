"""What could speak against a jump at a cutoff: piling up, jumps elsewhere, and other choices of rows and bandwidth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.inference import t_interval, two_sided_p
from causalcx.core.moments import Array, Flags
from causalcx.designs.cutoff import Measured, Ordered
from causalcx.designs.local_polynomial import LEAST_VALUES, Jump, Rows, Widths, jump, widths

BINS = 2.0
"""Standard deviations over the root of n: the width of a bin (McCrary 2008, Journal of Econometrics 142: 698-714, section 3.2)."""
LEAST_BINS = 2 * LEAST_VALUES
"""Bins that the shorter side is cut into at least."""
MOST_BINS = 5_000
"""Bins on either side; a long tail beyond them says nothing about the cutoff."""
HOLE = 0.05
"""Share of the rows within the bandwidth that the donut leaves out."""
MULTIPLES = (0.5, 0.75, 1.0, 1.5, 2.0)
QUANTILES = (0.25, 0.5, 0.75)
"""Where on either side of the cutoff a placebo cutoff stands."""
ROUNDING = 1e-9
LEVEL = 0.95


def density(x: Array) -> dict[str, Any] | None:
    """The jump of the histogram of x [n] (ascending) at 0, None where the values are too few to draw one.

    McCrary's (2008) bins, of which none crosses the cutoff; the jump is estimated as that of an outcome, with its bias corrected
    (Calonico, Cattaneo & Titiunik 2014), and its variance is that of counts: pull squared times count.
    """
    if min((x < 0).sum(), (x >= 0).sum()) < LEAST_BINS:
        return None
    width = _bin(x)
    x = x[np.abs(x) < MOST_BINS * width]
    below = np.minimum(np.floor(x[x < 0] / width + ROUNDING), -1)
    place = np.concatenate([below, np.floor(x[x >= 0] / width + ROUNDING)]).astype(int)
    counts = np.bincount(place - place[0]).astype(float)
    centres = (place[0] + np.arange(len(counts)) + 0.5) * width
    rows = Rows("density", centres, counts)
    if min(rows.start, len(counts) - rows.start) < LEAST_VALUES or counts.min() == counts.max():
        return None
    found = jump(rows, widths(rows))
    error = float(np.sqrt((found.pull**2 * counts[found.rows]).sum()))
    above = found.base + found.value
    return {
        "p": two_sided_p(found.corrected, error, None), "ratio": above / found.base if found.base > 0 else None,
        "bandwidth": found.widths.jump, "bin": width, "at_cutoff": int((x == 0).sum()),
    }  # fmt: skip


def _bin(x: Array) -> float:
    """McCrary's width, narrower where a side is short, and a multiple of the step where values are rounded."""
    wanted = min(BINS * float(x.std()) / len(x) ** 0.5, min(-x[0], x[-1]) / LEAST_BINS)
    gaps = np.diff(x)
    gaps = gaps[gaps > ROUNDING]
    step = float(np.median(gaps))
    rounded = len(gaps) < len(x) / 2
    return step * max(1, round(wanted / step)) if rounded else wanted


def covariate_jumps(data: Ordered) -> Iterator[dict[str, Any]]:
    """The jump of every covariate, in its standard deviations; one that is constant near the cutoff has none."""
    for i, name in enumerate(data.names):
        rows, _ = data.rows(name, data.covariates[:, i], taken=False, adjusted=False)
        found = jump_if_any(rows)
        if found is not None:
            yield {"name": name, "jump": found.value, "p": p_of(found)}


def jump_if_any(rows: Rows) -> Jump | None:
    """The jump; None where a side has too few values, or the outcome is constant near the cutoff."""
    try:
        return jump(rows, widths(rows))
    except CannotAnswer:
        return None


def p_of(found: Jump) -> float:
    """Robust two-sided p-value."""
    return two_sided_p(found.corrected, found.error, None)


def donut(one: Measured) -> dict[str, Any]:
    """The jump without the rows nearest to the cutoff, and whether it differs."""
    near = np.abs(one.rows.x)
    hole = float(np.quantile(near[near < one.jump.widths.jump], HOLE))
    kept = near > hole
    other = jump(_only(one.rows, kept), one.jump.widths)
    influence = np.zeros(len(near))
    influence[one.jump.rows] = one.jump.influence
    influence[np.flatnonzero(kept)[other.rows]] -= other.influence
    difference = one.jump.corrected - other.corrected
    p = two_sided_p(difference, float(np.linalg.norm(influence)), None)
    return {"without": other.value, "left_out": int((~kept).sum()), "p": p}


def _only(rows: Rows, kept: Flags) -> Rows:
    return replace(
        rows, x=rows.x[kept], y=rows.y[kept], taken=None if rows.taken is None else rows.taken[kept],
        covariates=rows.covariates[kept] if rows.covariates.size else rows.covariates,
    )  # fmt: skip


def bandwidth_curve(one: Measured) -> list[dict[str, Any]]:
    """The jump at multiples of its bandwidths."""
    return [_at(one, m) for m in MULTIPLES]


def _at(one: Measured, multiple: float) -> dict[str, Any]:
    at = Widths(one.jump.widths.jump * multiple, one.jump.widths.bias * multiple)
    found = one.jump if multiple == 1 else jump(one.rows, at)
    low, high = t_interval(found.corrected, found.error, None, LEVEL)
    return {"multiple": multiple, "bandwidth": at.jump, "estimate": found.value, "low": low, "high": high}


def placebo_cutoffs(one: Measured, origin: float) -> list[dict[str, Any]]:
    """Jumps of the outcome at quantiles of either side, each from the rows of its side alone; ``origin`` is the true cutoff."""
    found = []
    for side in (slice(None, one.rows.start), slice(one.rows.start, None)):
        for cutoff in np.unique(np.quantile(one.rows.x[side], QUANTILES, method="closest_observation")):
            rows = replace(
                one.rows, x=one.rows.x[side] - cutoff, y=one.rows.y[side], taken=None, covariates=np.empty((0, 0))
            )
            if (other := jump_if_any(rows)) is not None:
                low, high = t_interval(other.corrected, other.error, None, LEVEL)
                found.append(
                    {
                        "cutoff": float(f"{origin + cutoff:.9g}"),
                        "estimate": other.value,
                        "low": low,
                        "high": high,
                        "p": p_of(other),
                    }
                )
    return found
