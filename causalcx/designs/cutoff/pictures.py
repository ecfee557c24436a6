"""Pictures of a threshold: means on either side with the fitted lines, the estimate by bandwidth, and at placebo cutoffs."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalcx.core.effect import Effect
from causalcx.core.need import TREATED, UNTREATED
from causalcx.core.picture import Picture, Series
from causalcx.designs.cutoff.jumps import Measured
from causalcx.designs.cutoff.local_polynomial import Rows, local

BINS = 20
"""Points on either side."""
REACH = 3.0
"""Bandwidths that the picture reaches from the cutoff."""
SIDES, PASSED = (UNTREATED, TREATED), ("below", "above")
"""What the sides are called where the cutoff decided wholly, and where it decided in part."""


def threshold(
    code: str,
    rows: Rows,
    width: float,
    running: str,
    cutoff: float,
    outcome: str | None,
    unit: str,
    sides: tuple[str, str] = SIDES,
) -> Picture:
    """Binned means as points, and the lines fitted within the bandwidth."""
    return Picture(
        code=code, outcome=outcome, unit=unit, x=running, rule=cutoff,
        series=(
            *(_means(rows, side, REACH * width, cutoff, sides[side]) for side in (0, 1)),
            *(_line(rows, side, width, cutoff, sides[side]) for side in (0, 1)),
        ),
    )  # fmt: skip


def _means(rows: Rows, side: int, reach: float, cutoff: float, name: str) -> Series:
    window = rows.window(side, reach)
    x, y = rows.x[window], rows.y[window]
    edges = np.linspace(*((-float(-x[0]), 0.0) if side == 0 else (0.0, float(x[-1]))), BINS + 1)
    place = np.clip(np.searchsorted(edges, x, "right") - 1, 0, BINS - 1)
    count = np.bincount(place, minlength=BINS)
    kept = count > 0
    mean = np.bincount(place, y, BINS)[kept] / count[kept]
    middle = ((edges[1:] + edges[:-1]) / 2)[kept] + cutoff
    return Series(name=name, x=tuple(middle.tolist()), y=tuple(mean.tolist()), mark="points")


def _line(rows: Rows, side: int, width: float, cutoff: float, name: str) -> Series:
    fit = local(rows, side, width, 1)
    level, slope = (float(fit.pull(power) @ rows.y[fit.rows]) for power in (0, 1))
    far = -width if side == 0 else width
    ends = (far, 0.0) if side == 0 else (0.0, far)
    return Series(name=name, x=tuple(cutoff + e for e in ends), y=tuple(level + slope * e / width for e in ends))


def by_bandwidth(effect: Effect, curve: list[dict[str, Any]], running: str) -> Picture:
    """The estimate and its interval at multiples of the bandwidth; the rule marks the one used."""
    used = next(c["bandwidth"] for c in curve if c["multiple"] == 1)
    return Picture(
        code="bandwidth", outcome=effect.outcome, unit=effect.unit, x=running, rule=used,
        series=(_band("effect", curve, "bandwidth", "line"),),
    )  # fmt: skip


def at_placebos(effect: Effect, tests: list[dict[str, Any]], running: str, cutoff: float) -> Picture:
    """The jump at the cutoff beside those where nothing was decided."""
    own = [{"cutoff": cutoff, "estimate": effect.estimate, "low": effect.low, "high": effect.high}]
    return Picture(
        code="placebo-cutoffs", outcome=effect.outcome, unit=effect.unit, x=running, rule=cutoff,
        series=(_band("placebo", tests, "cutoff", "points"), _band("effect", own, "cutoff", "points")),
    )  # fmt: skip


def _band(name: str, found: list[dict[str, Any]], at: str, mark: Any) -> Series:
    columns = {key: tuple(f[key] for f in found) for key in ("estimate", "low", "high")}
    return Series(
        name=name, x=tuple(f[at] for f in found), y=columns["estimate"], low=columns["low"], high=columns["high"], mark=mark,
    )  # fmt: skip


def of_primary(one: Measured, running: str, cutoff: float, unit: str) -> tuple[Picture, ...]:
    """The outcome at the threshold, and the treatment received there where the cutoff decided only in part."""
    width, sides = one.jump.widths.jump, SIDES if one.rows.taken is None else PASSED
    pictures = [threshold("threshold", one.rows, width, running, cutoff, one.outcome.key, unit, sides)]
    if one.rows.taken is not None:
        taken = Rows("received", one.rows.x, one.rows.taken)
        pictures.append(threshold("threshold-received", taken, width, running, cutoff, None, "share", sides))
    return tuple(pictures)
