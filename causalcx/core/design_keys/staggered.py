"""Keys of `kind: staggered`: waves of roll-out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from causalcx.core.design_keys.base import Columns, DesignKeys


class Staggered(DesignKeys):
    """Units were treated in waves."""

    kind: Literal["staggered"]
    unit: str = Field(description="Column that names the unit.")
    time: str = Field(description="Column of the period.")
    cohort: str = Field(description="Column of the first treated period; empty or 0 = never.")
    compare: Literal["never", "not-yet"] = Field("never", description="Whom the treated are compared with.")
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
    cluster: str | None = Field(None, description="Column of the group within which units move together.")
