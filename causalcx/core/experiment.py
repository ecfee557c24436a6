"""The experiment file as a typed record: what was changed, why, for whom, at what cost, and how it will be judged."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, model_validator

from causalcx.core.choice import chosen_by_shape, wrong_shape
from causalcx.core.consistency import Inconsistent, problems_between
from causalcx.core.design_keys import Design
from causalcx.core.design_keys.base import Columns
from causalcx.core.errors import UsageError
from causalcx.core.labels import canonical
from causalcx.core.looks import Looks
from causalcx.core.model import Part
from causalcx.core.money_terms import Assumption, Decision, Value
from causalcx.core.negative_controls import NegativeControls
from causalcx.core.outcomes import Label, Outcome
from causalcx.core.text import Text, Words, text_key

INTERVENTIONS = (
    "staffing", "behavioural", "digital-migration", "compensation", "routing", "outreach", "recovery",
    "insight-sharing", "product", "policy", "other",
)  # fmt: skip
Intervention = Literal[
    "staffing", "behavioural", "digital-migration", "compensation", "routing", "outreach", "recovery",
    "insight-sharing", "product", "policy", "other",
]  # fmt: skip


class Period(Part):
    """When the change ran."""

    start: dt.date = Field(description="First day.")
    end: dt.date = Field(description="Last day.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError("expected start <= end")
        return self


class Origin(Part):
    """Where a data set comes from; shown on every page that uses it."""

    kind: Literal["real", "simulated", "fictional"] = Field("real", description="What every page says about them.")
    note: Text | None = Field(None, description="One sentence about the data.")
    source: str | None = Field(None, description="Publication or address.")
    licence: str | None = Field(None, description="Licence of the data.")


class Data(Part):
    """A file beside the experiment file, or a table behind an Ibis connection URL."""

    source: str | None = Field(None, description="A file: csv, tsv, parquet, also .gz.")
    connection: str | None = Field(None, description="An Ibis connection URL.")
    table: str | None = Field(None, description="The table behind the connection.")
    assignment: dict[str, Any] | None = Field(None, description="Who was assigned to what (not built yet).")
    facts: dict[str, Any] | None = Field(None, description="Fact tables (not built yet).")
    origin: Origin | None = Field(None, description="Where the data come from.")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        given = [k for k in ("source", "connection", "assignment") if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(
                "expected exactly one of `source`, `connection` with `table`, or `assignment` with `facts`"
            )
        if self.connection is not None and self.table is None:
            raise ValueError("`connection` needs `table`")
        for key, other in (("table", "connection"), ("facts", "assignment")):
            if getattr(self, key) is not None and getattr(self, other) is None:
                raise ValueError(f"`{key}` belongs to `{other}`; it is not used with `{given[0]}`")
        return self


class Column(Part):
    """What is known about a column."""

    known: Literal["before", "after"] | None = Field(
        None, description="When the value was known, against the treatment."
    )
    unit: Text | None = Field(None, description="Unit of the values.")
    label: Text | None = Field(None, description="How pages name the column.")
    labels: dict[Label, Text] | None = Field(None, description="How pages name its values.")
    excused: Text | None = Field(None, description="Why a column that nearly determines an outcome is no leakage.")


class Interference(Part):
    """What units of different arms share, or how they feel each other's change."""

    shares: Columns | None = Field(None, description="What the arms share, for example [queue, agents].")
    neighbours: str | None = Field(
        None, description="File of pairs of units that feel each other's change: `unit`, `neighbour`, maybe `weight`."
    )
    exposure: str | None = Field(
        None, description="Column with the share of a unit's neighbours that has the change, 0 to 1."
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if not (self.shares or self.felt):
            raise ValueError("says nothing; name what the arms share, or write `none`")
        if self.neighbours is not None and self.exposure is not None:
            raise ValueError("`neighbours` and `exposure` both say how much of the change a unit feels; give one")
        return self

    @property
    def felt(self) -> bool:
        """Whether the file says who feels whose change."""
        return self.neighbours is not None or self.exposure is not None


Shared = Annotated[
    Annotated[Literal["none"], Tag("~name")] | Annotated[Interference, Tag("~shared")],
    chosen_by_shape(
        "none, or {shares: [...]}, {neighbours: file}, {exposure: column}",
        {"shared": ("shares", "neighbours", "exposure")},
        ("none",),
    ),
]


class PriorBelief(Part):
    """A normal prior on one effect, in outcome units."""

    mean: float = Field(0.0, description="Mean of the prior.")
    sd: float = Field(gt=0, description="Standard deviation of the prior.")


def _labels(value: Any) -> Any:
    values = value if isinstance(value, list) else [value]
    if any(v is None or isinstance(v, list | dict) for v in values):
        raise wrong_shape("a value or a list of values")
    return [canonical(v) for v in values]


Chance = Annotated[float, Field(gt=0, lt=1)]
Power = Annotated[
    Annotated[Chance, Tag("~number")] | Annotated[dict[str, Chance], Tag("~by outcome")],
    Discriminator(lambda value: "~by outcome" if isinstance(value, dict) else "~number"),
]


class Experiment(Part):
    """One CX change and how its effect and worth will be known. The contract is documented in docs/reference/experiment-file.md."""

    key: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80, description="Short name, used in addresses."
    )
    title: Text = Field(description="The change in a few words.")
    intervention: Intervention = Field(description="Kind of change.")
    owner: Words = Field(description="Who answers for the change.")
    sponsor: str | None = Field(None, description="Who pays for it.")
    finance_partner: str | None = Field(None, description="Who checks the money.")
    budget_line: Text | None = Field(None, description="Which budget.")
    programme: Text | None = Field(None, description="Programme that the change belongs to.")
    journey: str | None = Field(None, description="Customer journey, in free text.")
    touchpoint: str | None = Field(None, description="Where on the journey, in free text.")
    hypothesis: Text = Field(description="What is expected to happen, and why.")
    period: Period = Field(description="When the change ran.")
    expects: dict[str, tuple[float, float]] = Field(
        default_factory=dict, description="The owner's belief, a 90 % span per outcome."
    )
    data: Data = Field(description="Where the data are.")
    design: Design = Field(description="How the effect will be known.")
    columns: dict[str, Column] = Field(default_factory=dict, description="What is known of columns, {column: ...}.")
    interference: Shared | None = Field(None, description="none, or what the arms share.")
    outcomes: list[Outcome] = Field(min_length=1, description="What the change may have moved; one primary at least.")
    value: Value | None = Field(None, description="What the effects are worth.")
    decision: Decision | None = Field(None, description="The rule agreed before the data.")
    assumptions: list[Assumption] = Field(default_factory=list, description="Numbers with an owner.")
    segments: Columns = Field(
        default_factory=list,
        description="Column whose parts are estimated too, partially pooled; for `randomised` and `discontinuity`.",
    )
    prior: dict[str, PriorBelief] = Field(default_factory=dict, description="Prior per outcome.")
    exclude: dict[str, Annotated[list[str], BeforeValidator(_labels)]] = Field(
        default_factory=dict, description="Rows left out, {column: value or values}; counted and shown."
    )
    entered: str | None = Field(None, description="Column with the date on which a unit entered.")
    as_of: dt.date | None = Field(None, description="Date of the data; units whose window is not over are left out.")
    looks: Looks | None = Field(None, description="Looks before the end that are planned, and how they are paid for.")
    power: Power | None = Field(
        None, description="Chance to see an effect of `matters`: one share, or one per outcome; 0.8 unless stated."
    )
    negative_controls: NegativeControls | None = Field(
        None,
        description="Outcomes that cannot move: columns, or records of {name, kind, column}. A difference in one is a fault of the comparison.",
    )
    notes: Text | None = Field(None, description="Whatever else a reader should know.")

    _file: Path | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = problems_between(self)
        if problems:
            raise Inconsistent(problems)
        return self

    @property
    def file(self) -> Path | None:
        """The experiment file; None for an experiment that came from none."""
        return self._file

    @property
    def folder(self) -> Path | None:
        """Folder of the experiment file; paths in the file are relative to it."""
        return self._file.parent if self._file else None

    @property
    def neighbours_file(self) -> Path | None:
        """The file of neighbours; a path beside the experiment file."""
        declared = self.interference
        name = declared.neighbours if isinstance(declared, Interference) else None
        return None if name is None else (self.folder or Path()) / name

    @property
    def exposure(self) -> str | None:
        """The column that says how much of the change a unit feels from its neighbours."""
        return self.interference.exposure if isinstance(self.interference, Interference) else None

    @property
    def felt(self) -> bool:
        """Whether the plan says who feels whose change, so that own effect and spill-over can be told apart."""
        return isinstance(self.interference, Interference) and self.interference.felt

    def from_file(self, file: Path | None) -> Experiment:
        """The same experiment, with paths resolved against the folder of ``file``."""
        copy = self.model_copy()
        copy._file = file
        return copy

    @property
    def primaries(self) -> list[Outcome]:
        """Outcomes with role primary, in file order."""
        return [o for o in self.outcomes if o.role == "primary"]

    def time_unit(self, outcome: Outcome) -> str | None:
        """What a duration is counted in: months, days, or the unit that its column is declared to have."""
        declared = self.columns.get(str(outcome.column))
        return outcome.time_unit or (text_key(declared.unit) if declared and declared.unit else None)

    def outcome(self, name: str) -> Outcome:
        """The outcome of this name."""
        found = next((o for o in self.outcomes if o.key == name), None)
        if found is None:
            known = ", ".join(o.key for o in self.outcomes)
            raise UsageError("There is no outcome `{name}`; there are: {known}.", name=name, known=known)
        return found
