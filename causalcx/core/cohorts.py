"""A panel of independent units reduced to means and cross-products over its periods: what a roll-out in waves needs, in kilobytes."""

from __future__ import annotations

from dataclasses import dataclass

from causalcx.core.moments import Array
from causalcx.core.need import Profile
from causalcx.core.panel import Clock


@dataclass(frozen=True)
class CohortSums:
    """Axes: C values of the cohort column, T periods, V variables (promoters and detractors for an NPS outcome)."""

    profile: Profile
    clock: Clock
    labels: tuple[str, ...]
    """[C] canonical; empty for units without a cohort."""
    units: Array
    """[C] units with every value in every period."""
    dropped: Array
    """[C] units that miss some value, and count nowhere below."""
    mean: Array
    """[C, T, V]"""
    product: Array
    """[C, T x V, T x V] sums over units of cross-products of deviations from the mean."""
