"""Whether spill-over can be told from the comparison: units that nobody's change reached."""

from __future__ import annotations

from causalcx.core.check import Check

ENOUGH = 8
"""Untouched units below which the comparison rests on the form of the spill-over."""


def comparison_far(far: int, compared: int) -> Check:
    """Untreated units without a treated neighbour: they show what happens without the change, whatever form spill-over has."""
    facts = {"far": far, "compared": compared, "enough": ENOUGH}
    return Check(name="untouched-comparison", verdict="pass" if far >= ENOUGH else "warn", value=far, facts=facts)
