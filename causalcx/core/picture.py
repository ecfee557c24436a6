"""What a design shows of itself, in numbers: waves, before and after, a threshold, a schedule. ``reports/`` draws it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Series(BaseModel):
    """One line, cloud of points or band. All tuples have the same length."""

    model_config = ConfigDict(frozen=True)

    name: str
    """Code that the legend translates (observed, expected, effect, treated, untreated, placebo ...), or a label of the data."""
    x: tuple[float, ...]
    """Positions on the horizontal axis."""
    y: tuple[float | None, ...]
    """Values, in the picture's unit; null where there is none."""
    low: tuple[float | None, ...] = ()
    """Lower ends of a band around ``y``; empty without a band."""
    high: tuple[float | None, ...] = ()
    """Upper ends of the same band."""
    mark: Literal["line", "points", "steps"] = "line"
    """How it is drawn."""


class Picture(BaseModel):
    """One picture of a design for one outcome; small (a few hundred points at most)."""

    model_config = ConfigDict(frozen=True)

    code: str
    """event-time, event-time-own (without the neighbours'), before-after, gap, threshold, threshold-received, bandwidth, placebo-cutoffs, schedule, since-switch, waves, selected-on-outcome, survival, looks, first-stage, reduced-form: names title, axes and text alternative."""
    outcome: str | None = None
    """Name of the outcome; null where the picture shows the design alone."""
    unit: str = ""
    """Unit of the vertical axis."""
    x: str = ""
    """What the horizontal axis is: the column of time, or the running column."""
    ticks: tuple[str, ...] = ()
    """Labels of the positions 0, 1, ... where the axis counts periods; empty where it is a number."""
    rule: float | None = None
    """Where the treatment begins: a vertical line."""
    series: tuple[Series, ...] = ()
    """What is drawn, in order."""
    facts: dict[str, int] = {}
    """What the caption counts: of a schedule `units` and `periods` that are drawn, of `of_units` and `of_periods`."""
