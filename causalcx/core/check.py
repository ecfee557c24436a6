"""Checks and notices: codes and facts; ``words/`` turns them into sentences in the reader's language."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Verdict = Literal["pass", "warn", "fail", "info"]

HIDES_ALL = ("sample-ratio", "leakage", "overlap", "selected-on-outcome")
"""Checks whose failure hides every effect and caps the evidence level."""
HIDES_ONE = "missing-by-arm"
"""The check whose failure hides the effect on its outcome."""


class Check(BaseModel):
    """The verdict of one check on design, data or model."""

    model_config = ConfigDict(frozen=True)

    name: str
    """Code of the check, for example ``sample-ratio``."""
    verdict: Verdict
    """pass, warn, fail or info."""
    value: float | None = None
    """The number behind the verdict, in the unit that the check's page names (often a p-value or a share)."""
    facts: dict[str, Any] = Field(default_factory=dict)
    """What the sentence says, and what an appendix shows."""
    sentence: str = ""
    """Filled at the edge, in the reader's language."""


class Notice(BaseModel):
    """A warning, a fallback, a reason: a code with its facts."""

    model_config = ConfigDict(frozen=True)

    code: str
    """Code, for example ``not-registered``."""
    facts: dict[str, Any] = Field(default_factory=dict)
    """What the sentence says."""
    sentence: str = ""
    """Filled at the edge, in the reader's language."""


class Grade(BaseModel):
    """The evidence level, 0 to 5, and why."""

    model_config = ConfigDict(frozen=True)

    level: int = Field(ge=0, le=5)
    """Evidence level, by docs/reference/evidence-levels.md."""
    of: int = 5
    """Highest level there is."""
    because: tuple[Notice, ...] = ()
    """Where the design starts, what was paid, what caps; sentences in JSON."""
    to_raise: tuple[Notice, ...] = ()
    """What would raise the level; sentences in JSON."""
    sealed_days_before_data: int | None = None
    """Days from seal to data; negative when sealed after the data; null when never sealed. Data that had been fitted before the seal
    were there on that day, whatever `period` says: then 0 at most, and `because` says so."""
