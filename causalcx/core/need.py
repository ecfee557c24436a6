"""What a design asks of a source, and what the source answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from causalcx.core.check import Notice
from causalcx.core.outcomes import Outcome

if TYPE_CHECKING:
    from causalcx.core.experiment import Experiment
    from causalcx.core.moments import Array, Moments, Whole

COVARIATE = "covariate|"
"""Names of covariate variables start with it."""
ANSWERED_BY = "@"
"""Joins a covariate's name to an outcome with missing values: the covariate among those who answered."""


@dataclass(frozen=True)
class Need:
    """Columns and their meaning; the source validates all of it before anything is computed."""

    unit: str
    treatment: str
    control: str
    outcomes: tuple[Outcome, ...]
    planned: tuple[str, ...] | None = None
    """Labels of the planned arms, where the plan names them."""
    covariates: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    segment: str | None = None
    exclude: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    entered: str | None = None
    as_of: dt.date | None = None
    candidates: tuple[str, ...] = ()
    """Covariates that are pulled where the data have them: nodes of a causal graph, of which some may be unobserved."""

    @classmethod
    def of(cls, experiment: Experiment, today: dt.date, **own: Any) -> Need:
        """What every design asks of its plan, and the design's ``own`` columns."""
        design: Any = experiment.design
        return cls(
            unit=design.unit,
            treatment=str(design.treatment),
            control=str(design.control),
            outcomes=tuple(experiment.outcomes),
            exclude={c: tuple(v) for c, v in experiment.exclude.items()},
            entered=experiment.entered,
            as_of=experiment.as_of or (today if experiment.entered else None),
            **own,
        )

    @property
    def longest_window(self) -> int:
        """Months until the last outcome of a unit is known."""
        return max((o.window_months or 0 for o in self.outcomes), default=0)


def variables_of(outcome: Outcome) -> tuple[str, ...]:
    """Variables that stand for an outcome in the moments: promoters and detractors for NPS, itself otherwise."""
    return (f"{outcome.key}|promoters", f"{outcome.key}|detractors") if outcome.kind == "nps" else (outcome.key,)


@dataclass(frozen=True)
class Profile:
    """What a first look at the data found, after every refusal it could have caused."""

    fingerprint: str
    source: str | None
    rows: int
    """Rows that count: not excluded, window over."""
    arms: Mapping[str, int]
    """Units per arm label."""
    answered: Mapping[str, Mapping[str, int]]
    """Units with a value, per outcome and arm."""
    range: Mapping[str, tuple[float, float]]
    """Smallest and largest value per outcome."""
    skewness: Mapping[str, float]
    """Largest skewness over arms, per amount or count outcome (capped values)."""
    excluded: Mapping[str, int] = field(default_factory=dict)
    immature: int = 0
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Reduced:
    """The data as a moments design sees them."""

    profile: Profile
    moments: Moments
    """Strata on the second axis."""
    segments: Mapping[str, Moments] = field(default_factory=dict)
    """The same per level of the segment column."""

    def to_json(self) -> dict[str, Any]:
        """For the registry; without loss."""
        from dataclasses import asdict

        return {
            "profile": asdict(self.profile) | {"notices": [n.model_dump() for n in self.profile.notices]},
            "moments": self.moments.to_json(),
            "segments": {level: m.to_json() for level, m in self.segments.items()},
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Reduced:
        """The inverse of :meth:`to_json`."""
        from causalcx.core.moments import Moments

        profile = dict(document["profile"])
        profile["notices"] = tuple(Notice(**n) for n in profile["notices"])
        profile["range"] = {k: (low, high) for k, (low, high) in profile["range"].items()}
        return cls(
            Profile(**profile),
            Moments.from_json(document["moments"]),
            {level: Moments.from_json(m) for level, m in document["segments"].items()},
        )


@dataclass(frozen=True)
class Frame:
    """The data as a design sees them that needs rows: one entry per unit, in the order of the unit column."""

    profile: Profile
    arm: Whole
    """[n] position of the unit's arm in ``profile.arms``; the control is 0."""
    outcomes: Mapping[str, Array]
    """[n] value per outcome (capped; scores for NPS); NaN where missing."""
    covariates: Mapping[str, Array]
    """[n] value per covariate column, NaN where missing; for a column of text the position in ``levels``."""
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of each covariate column of text."""
