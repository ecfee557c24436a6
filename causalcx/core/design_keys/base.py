"""What every design kind shares."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from causalcx.core.model import Part


def as_list(value: Any) -> Any:
    """One column name may stand without brackets."""
    return [value] if isinstance(value, str) else value


Columns = Annotated[list[str], BeforeValidator(as_list)]


class DesignKeys(Part):
    """Base of the design kinds."""

    kind: str
    graph: str | None = Field(None, description="Causal graph in DOT, or a file with one.")
