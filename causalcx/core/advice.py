"""Which designs would work for a change: what a person can say of it, and the answer."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from causalcx.core.check import Notice

Decided = Literal["open", "chance", "nudge", "threshold", "company", "customers", "results", "everyone"]
When = Literal["once", "waves", "switching"]
DECIDED: tuple[Decided, ...] = ("open", "chance", "nudge", "threshold", "company", "customers", "results", "everyone")
WHEN: tuple[When, ...] = ("once", "waves", "switching")


class Situation(BaseModel):
    """A change as the person who plans it would tell it."""

    model_config = ConfigDict(frozen=True)

    decided: Decided
    """Who decides who gets it: still open, chance, chance for an invitation that may be declined, a number beyond a threshold, managers,
    customers themselves, the units' own results (the worst twenty), or everyone gets it."""
    when: When
    """All at once, in waves, or switched on and off."""
    sites: int = Field(0, ge=0)
    """Sites (stores, regions, teams) that get it; 0 where it is given to single customers."""
    untouched: int = Field(0, ge=0)
    """Sites, or with ``sites: 0`` customers, that never get it or get it last."""
    shares: tuple[str, ...] = ()
    """What those with it and those without share: queue, agents, stock ...; nothing where empty."""
    before: bool = False
    """Whether the outcome was measured over several periods before the start."""


class Recommended(BaseModel):
    """A design that would work."""

    model_config = ConfigDict(frozen=True)

    design: str
    """Kind of design, as `design.kind` names it."""
    level: int
    """Evidence level at which it starts."""
    needs: tuple[Notice, ...]
    """What has to be there."""
    assumes: tuple[Notice, ...]
    """What cannot be seen in the data."""


class Refused(BaseModel):
    """A comparison that would mislead."""

    model_config = ConfigDict(frozen=True)

    because: Notice
    """Why."""
    instead: tuple[str, ...]
    """Kinds of design that would work, if the change were made so."""


class Advice(BaseModel):
    """The designs that would work, best first, and the comparisons that would mislead."""

    model_config = ConfigDict(frozen=True)

    situation: Situation
    """What was said of the change."""
    designs: tuple[Recommended, ...]
    """Best first; empty where no design works."""
    refused: tuple[Refused, ...]
    """What not to do, and why."""
