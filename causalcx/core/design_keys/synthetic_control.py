"""Keys of `kind: synthetic-control`: one or a few sites, regions, brands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from causalcx.core.design_keys.base import Columns, DesignKeys, PeriodLabel
from causalcx.core.outcomes import Label


class SyntheticControl(DesignKeys):
    """A few units were treated from a date on; the others show what would have been."""

    kind: Literal["synthetic-control"]
    unit: str = Field(description="Column that names the unit.")
    time: str = Field(description="Column of the period.")
    treated: Annotated[list[Label], Field(min_length=1, description="The treated units.")]
    start: PeriodLabel = Field(description="First treated period.")
    method: Literal["synthetic-did", "demeaned", "classic"] = Field(
        "synthetic-did", description="How the comparison is weighted."
    )
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
