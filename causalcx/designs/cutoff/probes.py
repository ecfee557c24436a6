"""What could speak against a jump at a cutoff: piling up, jumps elsewhere, and other choices of rows and bandwidth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.inference import t_interval, two_sided_p
from causalcx.core.moments import Flags
from causalcx.designs.cutoff.jumps import Measured, Ordered
from causalcx.designs.cutoff.local_polynomial import Jump, Rows, Widths, jump, least_width, widths

HOLE = 0.05
"""Share of the rows within the bandwidth that the donut leaves out."""
MULTIPLES = (0.5, 0.75, 1.0, 1.5, 2.0)
QUANTILES = (0.25, 0.5, 0.75)
"""Where on either side of the cutoff a placebo cutoff stands."""
LEVEL = 0.95


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


def donut(one: Measured) -> dict[str, Any] | None:
    """The jump without the rows nearest to the cutoff, and whether it differs; farther out where too few values would be left, and
    None where there are too few on a side."""
    near = np.abs(one.rows.x)
    hole = float(np.quantile(near[near < one.jump.widths.jump], HOLE))
    kept = near > hole
    rows = _only(one.rows, kept)
    try:
        least = least_width(rows)
    except CannotAnswer:
        return None
    other = jump(rows, Widths(max(one.jump.widths.jump, least), max(one.jump.widths.bias, least)))
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
    """The jump at those multiples of its bandwidths that hold enough values."""
    enough = least_width(one.rows) / min(one.jump.widths.jump, one.jump.widths.bias)
    return [_at(one, m) for m in MULTIPLES if m >= min(enough, 1.0)]


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
