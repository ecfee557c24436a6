"""Keys of `kind: switchback`: on and off by time slot."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from causalcx.core.design_keys.base import Columns, DesignKeys
from causalcx.core.outcomes import Label


class Switchback(DesignKeys):
    """A policy switched on and off by slot."""

    kind: Literal["switchback"]
    unit: str = Field(description="Column of the site or queue that is switched.")
    time: str = Field(description="Column of the slot.")
    treatment: str = Field(description="Column with the arm of the slot.")
    control: Label = Field(description="The arm compared against.")
    washout: int = Field(0, ge=0, description="Slots left out after a switch.")
    covariates: Columns = Field(default_factory=list, description="Columns known before, for precision.")
