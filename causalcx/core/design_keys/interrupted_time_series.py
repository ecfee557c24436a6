"""Keys of `kind: interrupted-time-series`: everyone changed at once."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from causalcx.core.choice import wrong_shape
from causalcx.core.design_keys.base import Columns, DesignKeys, PeriodLabel
from causalcx.core.model import Part


class Season(Part):
    """A pattern that repeats."""

    period: float = Field(gt=1, description="Length, in periods of the time column: 7 for a week of days.")
    harmonics: int | None = Field(
        None, ge=1, description="Waves it is made of; every place of its own up to 12 periods, else 3."
    )

    @property
    def waves(self) -> int:
        """How many waves it is made of."""
        most = int(self.period // 2) or 1
        return min(self.harmonics or (most if self.period <= MOST_FREE else FEW_WAVES), most)


MOST_FREE, FEW_WAVES = 12, 3


def _as_seasons(value: Any) -> Any:
    """7, {period: 7} and a list of them are all seasons."""
    entries = value if isinstance(value, list) else [value]
    if any(isinstance(e, str | bool | list | None) for e in entries):
        raise wrong_shape("a length in periods of the time column, like 7, {period: 7} or a list of them")
    return [{"period": e} if isinstance(e, (int, float)) else e for e in entries]


def _as_trend(value: Any) -> Any:
    """`true` is a straight line, `false` none."""
    return {True: "linear", False: None}[value] if isinstance(value, bool) else value


Seasons = Annotated[list[Season], BeforeValidator(_as_seasons)]


class InterruptedTimeSeries(DesignKeys):
    """Everybody changed on one day."""

    kind: Literal["interrupted-time-series"]
    unit: str | None = Field(
        None, description="Column of the unit, where a period has several rows; they are averaged."
    )
    time: str = Field(description="Column of the period.")
    start: PeriodLabel = Field(description="First treated period.")
    covariates: Columns = Field(
        default_factory=list, description="Columns that the change cannot touch: other series, a calendar."
    )
    season: Seasons = Field(
        default_factory=list, description="Repeating patterns: 7, `{period: 7}`, or several: `[7, 30.4]`."
    )
    trend: Annotated[Literal["linear", "local"] | None, BeforeValidator(_as_trend)] = Field(
        None, description="A steady trend (`true` or linear), or one whose slope drifts (local)."
    )
