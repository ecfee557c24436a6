"""What every design kind shares."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from causalcx.core.choice import wrong_shape
from causalcx.core.model import Part
from causalcx.core.outcomes import Label


def as_list(value: Any) -> Any:
    """One column name may stand without brackets."""
    return [value] if isinstance(value, str) else value


Columns = Annotated[list[str], BeforeValidator(as_list)]


def _as_period(value: Any) -> Any:
    if value is None or isinstance(value, bool | list | dict):
        raise wrong_shape("a period of the time column, like 2026-03-01 or 12")
    return value


PeriodLabel = Annotated[Label, BeforeValidator(_as_period)]


class DesignKeys(Part):
    """Base of the design kinds."""

    kind: str
    graph: str | None = Field(None, description="Causal graph in DOT, or a file with one.")
