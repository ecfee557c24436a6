"""Shares that were typed as percentages: never taken for what was meant, but the sentence says how to write them."""

from __future__ import annotations

import re
from typing import Any

_PERCENTAGE = re.compile(r"\s*([-+]?\d+(?:\.\d+)?)\s*[%％]\s*")


def percentage(value: Any) -> float | None:
    """8.0 for the text ``8%``; None for anything else."""
    found = _PERCENTAGE.fullmatch(value) if isinstance(value, str) else None
    return float(found[1]) if found else None


def as_share(percent: float) -> dict[str, str]:
    """The facts of a sentence: 8 is written 0.08."""
    return {"percent": f"{percent:.9g}", "share": f"{percent / 100:.9g}"}


def hint(percent: float) -> str:
    """The end of a sentence about a share; empty where a percentage cannot have been meant."""
    return "; for {percent} % write {share}".format(**as_share(percent)) if abs(percent) <= 100 else ""
