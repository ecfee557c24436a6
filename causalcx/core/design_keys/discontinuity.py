"""Keys of `kind: discontinuity`: a threshold decided who got it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from causalcx.core.design_keys.base import Columns, DesignKeys


class Discontinuity(DesignKeys):
    """Units at or above a cutoff were treated."""

    kind: Literal["discontinuity"]
    unit: str = Field(description="Column that names the unit.")
    running: str = Field(description="Column of the running variable.")
    cutoff: float = Field(description="Treated are those with running >= cutoff.")
    fuzzy: str | None = Field(None, description="Column that says who was really treated.")
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
