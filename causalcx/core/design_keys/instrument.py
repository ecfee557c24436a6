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
    instrument: str = Field(description="Column of the nudge.")
    treatment: str = Field(description="Column of take-up.")
    control: Label | None = Field(None, description="The arm compared against.")
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
