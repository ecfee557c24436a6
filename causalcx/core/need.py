"""What a design asks of a source, and what the source answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalcx.core.check import Notice
from causalcx.core.curve import Curve
from causalcx.core.outcomes import Outcome

if TYPE_CHECKING:
    from causalcx.core.experiment import Experiment
    from causalcx.core.moments import Array, Flags, Moments, Whole
    from causalcx.core.neighbours import Neighbours
    from causalcx.core.panel import Panel
    from causalcx.core.tails import Tails

COVARIATE = "covariate|"
"""Names of covariate variables start with it."""
IS_MISSING = " is missing"
"""Names of indicators of a missing value end with it."""
NUMBER = "number|"
"""Names of variables that are read as numbers, beside outcomes and covariates, start with it."""
EVERYONE = "(everyone)"
"""Arm of every row, and the column that says so, where a design has no treatment column."""
EACH_ROW = "(row)"
"""Unit column where the plan names none: every row is a unit."""
CELL = "(cell)"
"""Treatment column of factorial arms: made from the factors' columns."""
BETWEEN = " × "
"""Joins the levels of a cell."""
SIDE = "(side)"
"""Treatment column where a threshold decided: made from the running column."""
UNTREATED, TREATED = "untreated", "treated"
"""Arms of designs without a treatment column."""
PARTS = {"nps": ("promoters", "detractors"), "ratio": ("numerator", "denominator"), "duration": ("share", "time")}
"""What an outcome is made of, where that is more than one variable."""
ANSWERED_BY = "@"
"""Joins a covariate's name, or take-up's, to an outcome with missing values: the covariate among those who answered."""
TAKEN = "(received)"
"""Name of take-up among outcomes and variables."""


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
    time: str | None = None
    """Column of the period; one row per unit and period is then expected."""
    bridged: bool = False
    """Whether a period without a covariate counts as one without an outcome, of which the design speaks itself."""
    labels: tuple[str, ...] = ()
    """Columns read as labels, row by row: cohorts, clusters, agents."""
    cohort: str | None = None
    """Column of the cohort, where units of a long panel may be reduced to sums by cohort."""
    numbers: tuple[str, ...] = ()
    """Columns read as numbers, row by row: a running variable, a share of treatment received."""
    cluster: str | None = None
    """Column of the randomised group, of which sums are wanted beside the moments."""
    equal_clusters: bool = False
    """Whether every cluster counts equally, whatever its size."""
    bounds: bool = False
    """Whether cuts for trimmed means are wanted where an arm answered more often than another."""
    assignment: Path | None = None
    """The file of arms that was drawn for this experiment; the data are held against it."""
    factors: tuple[str, ...] = ()
    """Columns whose levels make the arms, cell by cell; ``treatment`` is then made from them, and the control is the first cell."""
    neighbours: Path | None = None
    """The file of units that feel each other's change."""
    threshold: tuple[str, float] | None = None
    """Running column and cutoff: rows from the cutoff on are the treated arm, and ``treatment`` is made from it."""

    @classmethod
    def of(cls, experiment: Experiment, today: dt.date, **own: Any) -> Need:
        """What every design asks of its plan, and the design's ``own`` columns."""
        design: Any = experiment.design
        treatment, control = (getattr(design, key, None) for key in ("treatment", "control"))
        arms: dict[str, Any] = {
            "treatment": treatment or EVERYONE,
            "control": EVERYONE if treatment is None else str(control),
        }
        return cls(
            unit=design.unit or EACH_ROW,
            **(arms | own),
            outcomes=tuple(experiment.outcomes),
            exclude={c: tuple(v) for c, v in experiment.exclude.items()},
            entered=experiment.entered,
            as_of=experiment.as_of or (today if experiment.entered else None),
            neighbours=experiment.neighbours_file,
        )

    @property
    def derived(self) -> tuple[str, ...]:
        """Columns of this need that the data do not have: the source makes them."""
        return tuple(c for c in (self.unit, self.treatment) if c in (EACH_ROW, EVERYONE, SIDE, CELL))

    @property
    def row_name(self) -> str:
        """The column that names a row in a sentence: the unit, or the period where the plan names no unit."""
        return self.time if self.time and self.unit == EACH_ROW else self.unit

    @property
    def treatment_columns(self) -> str:
        """The column, or columns, that say who got what, as the data have them."""
        return self.threshold[0] if self.threshold else self.treatment

    @property
    def longest_window(self) -> int:
        """Months until the last outcome of a unit is known; a duration counts as far as it was seen."""
        return max((o.window_months or 0 for o in self.outcomes if o.kind != "duration"), default=0)


def variables_of(outcome: Outcome) -> tuple[str, ...]:
    """Variables that stand for an outcome in the moments: two for NPS and for a ratio, itself otherwise."""
    parts = PARTS.get(outcome.kind)
    return tuple(f"{outcome.key}|{part}" for part in parts) if parts else (outcome.key,)


@dataclass(frozen=True)
class Assigned:
    """The arms in the data against those that were drawn, in rows that count."""

    file: str
    rows: int
    differing: int
    """Rows with another arm than was drawn."""
    unknown: int
    """Rows whose unit no arm was drawn for."""
    absent: int
    """Units that an arm was drawn for and that have no row."""


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
    memory_gb: float | None = None
    """Estimate of the memory that a fit on these rows takes, GB (2^30 bytes); None where no rows are pulled."""
    notices: tuple[Notice, ...] = ()
    assigned: Assigned | None = None
    """None where no assignment was drawn."""
    survival: Mapping[str, Mapping[str, Curve]] = field(default_factory=dict)
    """Who is still there over time, per duration outcome and arm."""


@dataclass(frozen=True)
class Reduced:
    """The data as a moments design sees them."""

    profile: Profile
    moments: Moments
    """Strata on the second axis."""
    segments: Mapping[str, Moments] = field(default_factory=dict)
    """The same per level of the segment column."""
    tails: Tails | None = None
    """Quantiles, and cuts for trimmed means; None where nothing asks for them."""

    def to_json(self) -> dict[str, Any]:
        """For the registry; without loss."""
        from dataclasses import asdict

        return {
            "profile": asdict(self.profile) | {"notices": [n.model_dump() for n in self.profile.notices]},
            "moments": self.moments.to_json(),
            "segments": {level: m.to_json() for level, m in self.segments.items()},
        } | ({"tails": self.tails.to_json()} if self.tails else {})

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Reduced:
        """The inverse of :meth:`to_json`."""
        from causalcx.core.moments import Moments
        from causalcx.core.tails import Tails

        profile = dict(document["profile"])
        profile["notices"] = tuple(Notice(**n) for n in profile["notices"])
        assigned = profile.get("assigned")
        profile["assigned"] = Assigned(**assigned) if assigned else None
        profile["range"] = {k: (low, high) for k, (low, high) in profile["range"].items()}
        profile["survival"] = {
            outcome: {arm: Curve.from_json(curve) for arm, curve in arms.items()}
            for outcome, arms in profile.get("survival", {}).items()
        }
        return cls(
            Profile(**profile),
            Moments.from_json(document["moments"]),
            {level: Moments.from_json(m) for level, m in document["segments"].items()},
            Tails.from_json(document["tails"]) if "tails" in document else None,
        )


@dataclass(frozen=True)
class Frame:
    """The data as a design sees them that needs rows: one entry per unit, in the order of the unit column."""

    profile: Profile
    arm: Whole
    """[n] position of the unit's arm in ``profile.arms``; the control is 0."""
    outcomes: Mapping[str, Array]
    """[n] value per outcome (capped; scores for NPS, the time until a unit left or was last seen for a duration); NaN where missing."""
    covariates: Mapping[str, Array]
    """[n] value per covariate column, NaN where missing; for a column of text the position in ``levels``."""
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Values of each covariate column of text."""
    labels: Mapping[str, Labels] = field(default_factory=dict)
    """Columns read as labels."""
    numbers: Mapping[str, Array] = field(default_factory=dict)
    """[n] columns read as numbers; NaN where missing."""
    left: Mapping[str, Flags] = field(default_factory=dict)
    """[n] whether the unit left when its duration ended, per duration outcome; otherwise it was last seen then."""
    panel: Panel | None = None
    """The place of every row, where the need names a time column; rows are then in the order of unit and period."""
    neighbours: Neighbours | None = None
    """Who feels whose change, among the units of the panel or of the rows; None where no file was named."""


@dataclass(frozen=True)
class Labels:
    """A column of labels."""

    position: Whole
    """[n] position of the row's label, -1 where missing."""
    names: tuple[str, ...]
    """The labels, in the order of their values."""
