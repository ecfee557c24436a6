"""Who is still there over time, as it is kept and drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Curve:
    """Who is still there over time, for a picture and a check; an arm's, over all strata."""

    time: tuple[float, ...]
    share: tuple[float, ...]
    """Still there after each time."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    """Ends of a 95 % interval (log-log)."""
    units: int
    left: int
    """Units that were seen to leave by the horizon."""
    lost: int
    """Units last seen before the horizon, still there."""
    followed: bool
    """Whether somebody was seen until the horizon, or everybody seen to leave."""
    losing: tuple[float, float] = (0.0, 0.0)
    """Share that would be lost before the horizon had nobody left, and its standard error."""

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """The inverse of ``dataclasses.asdict``, of which JSON makes lists."""
        values: dict[str, Any] = {name: tuple(x) if isinstance(x, list) else x for name, x in document.items()}
        return cls(**values)
