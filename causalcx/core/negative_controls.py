"""Outcomes that the change cannot move: a difference in one of them is a fault of the comparison."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from causalcx.core.outcomes import Measure, Outcome
from causalcx.core.text import Text, text_key


class NegativeControl(Measure):
    """An outcome that cannot move."""

    name: Text = Field(description="Name of it; that of the column where none is given.")

    @property
    def key(self) -> str:
        """The name by which results refer to it."""
        return text_key(self.name)

    def as_outcome(self) -> Outcome:
        """What a design estimates."""
        return Outcome.model_validate(self.model_dump(exclude_unset=True) | {"role": "primary"})


def _as_record(value: Any) -> Any:
    """A column alone is an amount of that name."""
    record = {"column": value} if isinstance(value, str) else value
    if not isinstance(record, dict):
        return record
    return ({"name": record["column"]} if record.get("column") else {}) | {"kind": "amount"} | record


def _as_records(value: Any) -> Any:
    return [_as_record(v) for v in (value if isinstance(value, list) else [value])]


NegativeControls = Annotated[list[NegativeControl], BeforeValidator(_as_records), Field(min_length=1)]
