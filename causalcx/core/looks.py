"""Planned looks: the keys of the file, and what a readout keeps of the looks so far."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, Tag, model_validator

from causalcx.core.choice import chosen_by
from causalcx.core.model import Part

MOST_LOOKS = 100


def _share_or_date(value: Any) -> str | None:
    if isinstance(value, dt.date) or (isinstance(value, str) and value[:4].isdigit()):
        return "~date"
    return "~share" if isinstance(value, (int, float)) and not isinstance(value, bool) else None


When = Annotated[
    Annotated[float, Tag("~share")] | Annotated[dt.date, Tag("~date")],
    chosen_by("a share like 0.5, or a date like 2026-03-01", _share_or_date),
]


class Looks(Part):
    """When the result is looked at before the end, and how that is paid for."""

    spending: Literal["obrien-fleming", "pocock"] | None = Field(
        None, description="How fast the error allowed is used up: little at first, or evenly."
    )
    at: list[When] | None = Field(
        None,
        min_length=2,
        max_length=MOST_LOOKS,
        description="The looks: shares of what is planned, the last 1; or dates.",
    )
    sequence: Literal["always-valid"] | None = Field(
        None, description="Instead of `spending`: ranges that hold at every look, on whatever day."
    )
    planned_units: int | None = Field(
        None,
        ge=4,
        description="Units in all arms at the last look; without it shares are those of the days of `period`.",
    )

    _named: int | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.spending is None) == (self.sequence is None):
            raise ValueError("expected `spending` with `at`, or `sequence: always-valid`")
        if self.spending is not None and self.at is None:
            raise ValueError("`spending` needs `at`, the looks that are planned")
        if self.sequence is not None and self.at is not None:
            raise ValueError("`at` belongs to `spending`; an always-valid sequence may be looked at on any day")
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if len({type(look) for look in self.at or ()}) > 1:
            raise ValueError("`at` takes shares or dates; not both")
        in_order = sorted(set(self.shares)), sorted(set(self.dates))
        if (list(self.shares), list(self.dates)) != in_order:
            raise ValueError("`at` lists the looks in order, each later than the one before")
        if self.shares and not (self.shares[0] > 0 and self.shares[-1] == 1):
            raise ValueError("shares of `at` lie above 0, and the last of them is 1")
        if self.dates and self.planned_units is not None:
            raise ValueError("`planned_units` belongs to shares; with dates the days of `period` count")
        return self

    @property
    def shares(self) -> tuple[float, ...]:
        """The looks as shares of what is planned; empty where they are dates."""
        return tuple(look for look in self.at or () if isinstance(look, float))

    @property
    def dates(self) -> tuple[dt.date, ...]:
        """The looks as dates; empty where they are shares."""
        return tuple(look for look in self.at or () if isinstance(look, dt.date))

    @property
    def rule(self) -> str:
        """Name of the rule: obrien-fleming, pocock or always-valid."""
        return str(self.spending or self.sequence)

    @property
    def named(self) -> int | None:
        """The look that whoever fits says this is; None leaves it to the data."""
        return self._named

    def this_is(self, number: int) -> Looks:
        """The same plan, at this look."""
        copy = self.model_copy()
        copy._named = number
        return copy


class Frozen(BaseModel):
    """Base of the records below."""

    model_config = ConfigDict(frozen=True)


class PlannedLook(Frozen):
    """One look of the plan."""

    number: int
    """1 is the first."""
    information: float
    """Share of what is planned that should be in, 0 to 1."""
    on: dt.date | None = None
    """Its date; null where looks are shares of units."""
    critical: float
    """Standard errors from the estimate to either end of the range."""
    spent: float
    """Error used up by then, of 0.05, both sides."""


class SeenEffect(Frozen):
    """What a look said of one primary outcome."""

    outcome: str
    """Name of the outcome."""
    comparison: str
    """``treated vs control``, by arm label."""
    unit: str
    """Unit of the figures."""
    estimate: float
    """The effect as it stood."""
    low: float
    """Lower end of its range at this look."""
    high: float
    """Upper end."""
    naive_low: float
    """Lower end of the range that a single look would have had."""
    naive_high: float
    """Upper end of the same."""


class SeenLook(Frozen):
    """One look that was made, as the registry kept it."""

    number: int | None
    """Number of the planned look; null for one that was not planned."""
    as_of: dt.date | None = None
    """Date of the data; null where the file does not say."""
    information: float
    """Share of what was planned that was in."""
    rows: int
    """Units that counted."""
    fingerprint: str | None = None
    """Tells whether two looks saw the same data."""
    critical: float
    """Standard errors from an estimate to either end of its range."""
    effects: tuple[SeenEffect, ...] = ()
    """The primaries, in file order."""


class LookRecord(Frozen):
    """The looks of an experiment: which one this is, what the plan allows, what was seen so far."""

    rule: str
    """obrien-fleming, pocock or always-valid."""
    number: int | None
    """Number of this look; null where none was planned now."""
    of: int
    """Looks planned; of an always-valid sequence the days of the period."""
    last: bool
    """Whether nothing is left to wait for: the decision then rests on the money alone."""
    information: float
    """Share of what is planned that is in now."""
    critical: float
    """Standard errors from an estimate to either end of its range at this look."""
    planned: tuple[PlannedLook, ...] = ()
    """The plan's looks with their bounds; empty for an always-valid sequence."""
    may_scale: tuple[str, ...] = ()
    """Comparisons that may be scaled at a look before the last: the range of a primary lies wholly on the good side of 0."""
    may_stop: tuple[str, ...] = ()
    """Comparisons that may be stopped there: the ranges of all primaries leave `matters` out (0, where none is stated) and lie on its bad side."""
    seen: tuple[SeenLook, ...] = ()
    """Looks so far, this one last."""

    @property
    def widening(self) -> float:
        """How much wider a range is than that of a single look: 0.5 is half as wide again."""
        return self.critical / ONE_LOOK - 1

    @property
    def widened(self) -> bool:
        """Whether a reader could tell the range from that of a single look."""
        return self.widening >= TELLS


TELLS = 0.0005
"""Widening below which a page would write 0.0 %."""
ONE_LOOK = 1.959964
"""Standard errors from an estimate to either end of a 95 % range when one looks once."""
