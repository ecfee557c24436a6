"""The horizon of a duration: until when leaving counts, as a number or in named months or days."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, Tag, model_validator

from causalcx.core.choice import chosen_by_shape
from causalcx.core.model import Part

TimeUnit = Literal["months", "days"]
UNITS: tuple[TimeUnit, ...] = ("months", "days")
DAYS_A_MONTH = 365.25 / 12
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(month|day)s?\s*", re.IGNORECASE)
"""12 months, 90 days."""


class Named(Part):
    """A length of time with its unit."""

    months: float | None = Field(None, gt=0, description="Length in months.")
    days: float | None = Field(None, gt=0, description="Length in days.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.months is None) == (self.days is None):
            raise ValueError("expected one of `months` and `days`")
        return self


def _written(value: Any) -> Any:
    found = _WRITTEN.fullmatch(value) if isinstance(value, str) else None
    return {f"{found[2].lower()}s": float(found[1])} if found else value


Horizon = Annotated[
    Annotated[Annotated[float, Field(gt=0)], Tag("~number")] | Annotated[Named, Tag("~named")],
    chosen_by_shape("a number in the unit of the column, {months: 12} or {days: 90}", {"named": UNITS}),
    BeforeValidator(_written),
]


def length_of(horizon: float | Named) -> float:
    """The horizon as a number, in the unit of the column."""
    return float(horizon.months or horizon.days or 0) if isinstance(horizon, Named) else float(horizon)


def unit_named_by(text: str | None) -> TimeUnit | None:
    """The unit that a text names: ``months``, ``tenure_months``, ``Days since start``; None where it names none, or both."""
    found = [unit for unit in UNITS if unit.removesuffix("s") in (text or "").lower()]
    return found[0] if len(found) == 1 else None


def whole_months(length: float, unit: TimeUnit) -> int:
    """Whole months that the horizon spans, one at least: 14 days count as 1."""
    return max(1, math.ceil((length if unit == "months" else length / DAYS_A_MONTH) - 0.05))
