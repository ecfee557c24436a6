"""Keys of `kind: instrument`: a nudge, or as-good-as-random agents."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from causalcx.core.design_keys.base import Columns, DesignKeys
from causalcx.core.outcomes import Label


class Instrument(DesignKeys):
    """Something as good as random moved take-up, and nothing else."""

    kind: Literal["instrument"]
    unit: str = Field(description="Column that names the unit.")
    instrument: str = Field(description="Column of the nudge (two values or a few), or of the agent or queue (many).")
    treatment: str = Field(description="Column that says who took it, of two values.")
    control: Label | None = Field(
        None, description="The value of those who did not take it; 0 or false where not named."
    )
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
