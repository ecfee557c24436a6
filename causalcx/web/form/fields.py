"""The form's sections, groups of rows and fields. A field is named by its place in the experiment file."""

from __future__ import annotations

from dataclasses import dataclass

from causalcx.core.design_keys import KINDS as DESIGN_KINDS
from causalcx.core.experiment import INTERVENTIONS

LANGUAGES = ("en", "zh")


@dataclass(frozen=True)
class Field:
    """One thing to fill in."""

    name: str
    """Place in the experiment file, or within a row of it."""
    kind: str = "text"
    options: tuple[str, ...] = ()
    required: bool = False
    more: bool = False
    """Rarely needed: stands in the part that opens."""
    only: tuple[str, ...] = ()
    """The design kinds that it belongs to; all of them where none is named."""
    suggests: str | None = None
    """Which of the form's own names are offered while typing."""
    wide: bool = False

    def belongs_to(self, kind: str) -> bool:
        """Whether a design of this kind has it."""
        return not self.only or kind in self.only

    @property
    def boxes(self) -> tuple[str, ...]:
        """Names of its text boxes."""
        return (
            tuple(f"{self.name}.{language}" for language in LANGUAGES) if self.kind.startswith("both") else (self.name,)
        )


@dataclass(frozen=True)
class Group:
    """Rows that can be added and removed."""

    name: str
    fields: tuple[Field, ...]
    rows: int = 0
    """Empty rows shown at first."""
    more: bool = False
    only: tuple[str, ...] = ()
    """The design kinds that it belongs to; all of them where none is named."""


@dataclass(frozen=True)
class Section:
    """One part of the form under its own heading."""

    name: str
    parts: tuple[Field | Group, ...]
    optional: bool = False


FURTHER = Field("extra", "yaml", more=True, wide=True)
"""Keys of a row that have no field of their own."""

WHAT = Section("what", (
    Field("title", "both", required=True, wide=True),
    Field("key", required=True),
    Field("intervention", "choice", INTERVENTIONS, required=True),
    Field("hypothesis", "both-long", required=True, wide=True),
    Field("journey"),
    Field("touchpoint"),
))  # fmt: skip

WHO = Section("who", (
    Field("owner", required=True),
    Field("sponsor"),
    Field("finance_partner"),
    Field("budget_line", "both", wide=True),
    Field("programme", "both", wide=True),
))  # fmt: skip

WHEN = Section("when", (
    Field("period.start", "date", required=True),
    Field("period.end", "date", required=True),
    Field("entered", more=True),
    Field("as_of", "date", more=True),
))  # fmt: skip

DATA = Section("data", (
    Field("data.source", required=True, wide=True),
    Field("data.connection", more=True),
    Field("data.table", more=True),
    Field("data.origin.kind", "choice", ("real", "simulated", "fictional"), more=True),
    Field("data.origin.licence", more=True),
    Field("data.origin.source", more=True, wide=True),
    Field("data.origin.note", "both", more=True, wide=True),
    Group("exclude", (Field("column", required=True), Field("values", "labels", required=True)), more=True),
))  # fmt: skip

ARMS = ("randomised", "observational", "switchback", "instrument")
"""Kinds with a column of arms."""
PLACES_IN_TIME = ("staggered", "synthetic-control", "interrupted-time-series", "switchback")
"""Kinds with a row per period."""

DESIGN = Section("design", (
    Field("design.kind", "choice", tuple(DESIGN_KINDS), required=True, wide=True),
    Field("design.unit", required=True),
    Field("design.time", required=True, only=PLACES_IN_TIME),
    Field("design.cohort", required=True, only=("staggered",)),
    Field("design.start", "label", required=True, only=("synthetic-control", "interrupted-time-series")),
    Field("design.treated", "labels", required=True, only=("synthetic-control",)),
    Field("design.running", required=True, only=("discontinuity",)),
    Field("design.cutoff", "number", required=True, only=("discontinuity",)),
    Field("design.fuzzy", only=("discontinuity",)),
    Field("design.instrument", required=True, only=("instrument",)),
    Field("design.treatment", required=True, only=ARMS),
    Field("design.control", "label", required=True, only=ARMS),
    Field("design.washout", "number", only=("switchback",)),
    Field("design.compare", "choice", ("never", "not-yet"), only=("staggered",)),
    Group("arms", (
        Field("label", "label", required=True),
        Field("weight", "number", only=("randomised",)),
        Field("name", "both", wide=True),
    ), rows=2, only=ARMS),
    Field("design.covariates", "columns", wide=True),
    Field("design.adjustment", "choice", ("interacted", "cuped", "none"), only=("randomised",), more=True),
    Field("design.strata", "columns", only=("randomised",), more=True),
    Field("design.cluster", only=("randomised", "staggered"), more=True),
    Field("design.weight", "choice", ("unit", "cluster"), only=("randomised",), more=True),
    Field("design.received", only=("randomised",), more=True),
    Field("design.method", "choice", ("synthetic-did", "demeaned", "classic"), only=("synthetic-control",), more=True),
    Field("design.season", "seasons", only=("interrupted-time-series",), more=True),
    Field("design.trend", "choice", ("linear", "local"), only=("interrupted-time-series",), more=True),
    Field("design.effect", "choice", ("ate", "att"), only=("observational",)),
    Field("design.graph", "long", only=("observational",), more=True, wide=True),
    Field("interference", "choice", ("none", "shares")),
    Field("interference.shares", "columns"),
    Field("segments", "columns", only=("randomised", "discontinuity"), more=True),
    Group("columns", (
        Field("name", required=True),
        Field("known", "choice", ("before", "after")),
        Field("label", "both", wide=True),
        Field("unit", "both", wide=True, more=True),
        Field("excused", "both", wide=True, more=True),
        FURTHER,
    ), more=True),
))  # fmt: skip

OUTCOMES = Section("outcomes", (
    Group("outcomes", (
        Field("name", "both", required=True, wide=True),
        Field("kind", "choice", ("nps", "binary", "amount", "count", "score", "ratio", "duration"), required=True),
        Field("column", required=True),
        Field("better", "choice", ("higher", "lower")),
        Field("role", "choice", ("primary", "secondary", "guardrail"), required=True),
        Field("window_months", "number"),
        Field("matters", "number"),
        Field("expects", "pair"),
        Field("margin", "margin"),
        Field("unit", "both", more=True, wide=True),
        Field("description", "both-long", more=True, wide=True),
        Field("cap", "number", more=True),
        Field("true_when", "label", more=True),
        Field("numerator", more=True),
        Field("denominator", more=True),
        Field("event", more=True),
        Field("horizon", "horizon", more=True),
        Field("scale", "pair", more=True),
        Field("layer", "choice", ("cause", "attitude", "behaviour", "result"), more=True),
        Field("metric", more=True, suggests="metrics"),
        Field("survey.kind", "choice", ("relationship", "transaction"), more=True),
        Field("survey.channel", more=True),
        Field("survey.trigger", more=True),
        Field("survey.sampled_by", more=True),
        FURTHER,
    ), rows=1),
))  # fmt: skip

MONEY = Section("money", (
    Field("value.currency", suggests="currencies"),
    Field("value.horizon_months", "number"),
    Field("value.discount_rate", "quantity"),
    Field("value.reach", "choice", ("per_month", "stock")),
    Field("value.reach.amount", "quantity", suggests="assumptions"),
    Field("value.reach.ramp_months", "number"),
    Field("value.half_life_months", "quantity", suggests="assumptions", more=True),
    Field("value.monthly_attrition", "quantity", suggests="assumptions", more=True),
    Field("value.rollout", "choice", ("offer", "treatment"), more=True),
    Field("value.transport.reason", "both", more=True, wide=True),
    Group("streams", (
        Field("outcome", required=True, suggests="outcomes"),
        Field("worth", "quantity", required=True, suggests="assumptions"),
        Field("recurs", "yesno", ("true", "false")),
        Field("covers.from", "number"),
        Field("covers.to", "number"),
        Field("cash", "yesno", ("true", "false")),
        Field("name", "both", more=True, wide=True),
        Field("half_life_months", "quantity", suggests="assumptions", more=True),
        FURTHER,
    ), rows=1),
    Group("costs", (
        Field("name", "both", required=True, wide=True),
        Field("form", "choice", ("once", "monthly", "per_unit", "per_unit_month"), required=True),
        Field("amount", "quantity", required=True, suggests="assumptions"),
        Field("month", "number"),
        Field("sunk", "yesno", ("true", "false")),
        Field("arms", "labels", more=True),
        FURTHER,
    ), rows=1),
), optional=True)  # fmt: skip

ASSUMPTIONS = Section("assumptions", (
    Group("assumptions", (
        Field("name", "both", required=True, wide=True),
        Field("value", "quantity", required=True),
        Field("unit", "both", wide=True),
        Field("owner"),
        Field("agreed", suggests="agreed"),
        Field("as_of", "date"),
        Field("source", "both", wide=True),
        FURTHER,
    ), rows=1),
), optional=True)  # fmt: skip

DECISION = Section("decision", (
    Field("decision.scale_if", suggests="rules"),
    Field("decision.stop_if", suggests="rules"),
    Field("decision.min_grade", "number"),
    Field("decision.decided_by"),
    Field("decision.decide_on", "date"),
    Field("decision.review_on", "date"),
), optional=True)  # fmt: skip

REST = Section("rest", (
    Field("notes", "both-long", wide=True),
    Field("extra", "yaml", wide=True),
), optional=True)  # fmt: skip

SECTIONS = (WHAT, WHO, WHEN, DATA, DESIGN, OUTCOMES, MONEY, ASSUMPTIONS, DECISION, REST)
GROUPS = {part.name: part for section in SECTIONS for part in section.parts if isinstance(part, Group)}
SINGLES = tuple(part for section in SECTIONS for part in section.parts if isinstance(part, Field))
PLACES = {"streams": "value.streams", "costs": "value.costs"}
"""Where a group's rows stand in the file, if not under its own name."""
