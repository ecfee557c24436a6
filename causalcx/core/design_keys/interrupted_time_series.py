"""Keys of `kind: interrupted-time-series`: everyone changed at once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from causalcx.core.design_keys.base import Columns, DesignKeys
from causalcx.core.outcomes import Label


class InterruptedTimeSeries(DesignKeys):
    """Everybody changed on one day."""

    kind: Literal["interrupted-time-series"]
    unit: str | None = Field(None, description="Column that names the series, where there are several.")
    time: str = Field(description="Column of the period.")
    start: Label = Field(description="First treated period.")
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
    season: Any = Field(None, description="Seasonal terms.")
    trend: Any = Field(None, description="Trend terms.")
