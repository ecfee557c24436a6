"""Whether outcomes that cannot move stood still (Lipsitch, Tchetgen Tchetgen & Cohen 2010, Epidemiology 21: 383-388)."""

from __future__ import annotations

from collections.abc import Sequence

from causalcx.core.check import Check
from causalcx.core.effect import Effect
from causalcx.core.inference import holm

FAILS, WARNS = 0.01, 0.05
"""p-values, adjusted for the number of comparisons."""


def negative_controls(effects: Sequence[Effect], names: Sequence[str]) -> Check:
    """A difference where there can be none tells that the groups differ otherwise; ``names`` are all that the plan lists."""
    tested = [(e, e.p_value) for e in effects if e.p_value is not None]
    adjusted = holm([p for _, p in tested])
    facts = {
        "names": list(names),
        "untested": [n for n in names if n not in {e.outcome for e, _ in tested}],
        "controls": [
            {
                "name": e.outcome, "versus": e.comparison, "change": e.estimate, "low": e.low, "high": e.high, "p": p,
                "p_adjusted": a, "unit": e.unit,
            }
            for (e, p), a in zip(tested, adjusted, strict=True)
        ],
    }  # fmt: skip
    if not tested:
        return Check(name="negative-controls", verdict="info", facts=facts)
    p = min(adjusted)
    moved = dict.fromkeys(e.outcome for (e, _), a in zip(tested, adjusted, strict=True) if a < WARNS)
    verdict = "fail" if p < FAILS else "warn" if p < WARNS else "pass"
    return Check(name="negative-controls", verdict=verdict, value=p, facts=facts | {"moved": list(moved), "p": p})
