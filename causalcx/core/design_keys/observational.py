"""Keys of `kind: observational`: nobody designed it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from causalcx.core.design_keys.base import Columns, DesignKeys
from causalcx.core.outcomes import Label


class Observational(DesignKeys):
    """Units chose, or were chosen; covariates have to make them comparable."""

    kind: Literal["observational"]
    unit: str = Field(description="Column that names the unit; one row per unit.")
    treatment: str = Field(description="Column with the arm.")
    control: Label = Field(description="The arm compared against.")
    covariates: Columns = Field(default_factory=list, description="Columns known before that explain who was treated.")
    effect: Literal["ate", "att"] = Field("ate", description="Average over everybody, or over the treated.")

    @model_validator(mode="after")
    def _explained(self) -> Self:
        if not self.covariates and not self.graph:
            raise ValueError("an observational design needs `covariates` or `graph`")
        return self
