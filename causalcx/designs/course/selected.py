"""Did everybody change because the last periods were bad? One series cannot tell a bad spell from a lasting one, so the check only asks."""

from __future__ import annotations

from causalcx.checks import selection as verdicts
from causalcx.core.check import Check
from causalcx.core.inference import holm
from causalcx.designs.course.found import Found, mean_of
from causalcx.designs.course.rows import required
from causalcx.designs.headline import unit_of
from causalcx.models.structural import Series

WIDTHS = (1, 3)
"""Periods before the start that are held against what the earlier ones forecast."""


def selected(found: Found) -> tuple[Check, ...]:
    """The last periods before the start that stood furthest off their forecast, over outcomes and widths (Holm)."""
    tried = [
        (outcome, width, _missed(series, width))
        for k, outcome in enumerate(found.experiment.outcomes)
        for width in WIDTHS
        if _enough(series := found.course.series(k), width)
    ]
    if not tried:
        return (verdicts.nothing_seen("short"),)
    adjusted = holm([p for _, _, (_, p) in tried])
    at = min(range(len(tried)), key=adjusted.__getitem__)
    outcome, width, (missed, _) = tried[at]
    facts = {"outcome": outcome.key, "unit": unit_of(found.experiment, outcome), "periods": width, "dip": missed}
    return (verdicts.of_series(facts, adjusted[at]),)


def _enough(series: Series, width: int) -> bool:
    known = series.known[: series.start - width]
    return (
        len(known) > 0
        and int(known.sum()) >= max(required(series))
        and bool(series.known[len(known) : series.start].any())
    )


def _missed(series: Series, width: int) -> tuple[float, float]:
    """How far the last periods before the start stood off their forecast, and the p-value."""
    start = series.start
    mean = mean_of(Series(series.y[:start], series.x[:start], start - width, series.drifts))
    return mean.value, mean.p_value
