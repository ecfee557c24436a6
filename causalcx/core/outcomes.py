"""Outcomes: what is measured, in which direction it is better, and the smallest change that matters."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, Tag, model_validator

from causalcx.core.choice import chosen_by_shape
from causalcx.core.horizons import Horizon, Named, TimeUnit, length_of, unit_named_by, whole_months
from causalcx.core.labels import canonical
from causalcx.core.model import Part
from causalcx.core.text import Text, text_key

Kind = Literal["nps", "binary", "amount", "count", "score", "ratio", "duration"]
Better = Literal["higher", "lower"]
Layer = Literal["cause", "attitude", "behaviour", "result"]


def _as_label(value: Any) -> Any:
    """The one spelling of a value; what is no value stays, and is refused as no text."""
    return value if value is None or isinstance(value, list | dict) else canonical(value)


Label = Annotated[
    str, BeforeValidator(_as_label), Field(description='A value in the data; 0, 0.0, false and "0" are one.')
]


class RelativeMargin(Part):
    """A guardrail's margin as a share of the control mean."""

    relative: float = Field(gt=0, description="Share of the control mean, for example 0.05 for 5 %.")


Margin = Annotated[
    Annotated[float, Tag("~number")] | Annotated[RelativeMargin, Tag("~relative")],
    chosen_by_shape("a number in outcome units, or {relative: share}", {"relative": ("relative",)}),
]


class Survey(Part):
    """Where answers came from."""

    kind: Literal["relationship", "transaction"] | None = Field(None, description="About the company, or one contact.")
    channel: str | None = Field(None, description="For example sms or e-mail.")
    trigger: str | None = Field(None, description="What made it go out.")
    sampled_by: str | None = Field(None, description="Who chose whom to ask.")


OWN_KEYS = {
    "true_when": ("binary",), "cap": ("amount", "count"), "scale": ("score",), "numerator": ("ratio",), "denominator": ("ratio",),
    "event": ("duration",), "horizon": ("duration",), "quantiles": ("amount", "count", "score"),
}  # fmt: skip
"""Keys that only some kinds of outcome use."""


class Measure(Part):
    """What a metric and an outcome share: the column and how to read it."""

    kind: Kind = Field(description="nps (0-10 scores), binary, amount, count, score, ratio or duration.")
    column: str | None = Field(None, description="The column with the values.")
    better: Better = Field("higher", description="Which direction is good.")
    unit: Text | None = Field(None, description="Unit of the values, for example USD or calls.")
    window_months: int | None = Field(None, ge=1, description="Whole months over which the outcome is counted.")
    cap: float | None = Field(None, gt=0, description="Values above are set to it; the estimand is then named capped.")
    true_when: Label | None = Field(None, description="The value of a binary column that counts as yes.")
    scale: tuple[float, float] | None = Field(None, description="Lowest and highest possible score.")
    layer: Layer | None = Field(None, description="cause, attitude, behaviour or result.")
    numerator: str | None = Field(None, description="Column of a ratio's numerator.")
    denominator: str | None = Field(None, description="Column of a ratio's denominator.")
    event: str | None = Field(
        None, description="Column that says (1) that the unit left when its duration ended, or (0) was last seen then."
    )
    horizon: Horizon | None = Field(
        None, description="Until when leaving counts: {months: 12}, {days: 90}, or a number in the unit of the column."
    )
    quantiles: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1)] | None = Field(
        None, description="Quantiles compared beside the mean, each between 0 and 1: 0.5 is the middle customer."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {"ratio": ("numerator", "denominator"), "duration": ("column", "event", "horizon")}
        for key in needed.get(self.kind, ("column",)):
            if getattr(self, key) is None:
                raise ValueError(f"a {self.kind} outcome needs `{key}`")
        for key, kinds in OWN_KEYS.items():
            if getattr(self, key) is not None and self.kind not in kinds:
                raise ValueError(f"`{key}` belongs to {', '.join(kinds)} outcomes")
        if self.scale is not None and self.scale[0] >= self.scale[1]:
            raise ValueError("`scale` is [lowest, highest] with lowest < highest")
        self._timed()
        return self

    def _timed(self) -> None:
        """A horizon and its column are counted in one unit, and the window of a duration is its horizon."""
        if self.kind != "duration":
            return
        units = {unit for unit in (*self._units, unit_named_by(self.column)) if unit}
        if len(units) > 1:
            raise ValueError(
                "the horizon and the column of a duration are counted in one unit: both in months, or both in days"
            )
        if self.window_months is not None and self.time_unit and self.window_months != self._months:
            raise ValueError(
                f"the window of a duration is its horizon: {self._months} months here; leave `window_months` out"
            )

    @property
    def _units(self) -> tuple[TimeUnit | None, ...]:
        """What the horizon and `unit` say the duration is counted in."""
        named = None if not isinstance(self.horizon, Named) else "months" if self.horizon.months else "days"
        return named, unit_named_by(text_key(self.unit)) if self.unit else None

    @property
    def time_unit(self) -> TimeUnit | None:
        """What a duration is counted in, as far as the outcome says: by its horizon, its unit, or the name of its column."""
        return next((unit for unit in (*self._units, unit_named_by(self.column)) if unit), None)

    @property
    def length(self) -> float:
        """The horizon of a duration, in the unit of its column."""
        return length_of(self.horizon) if self.horizon is not None else 0.0

    @property
    def _months(self) -> int | None:
        return whole_months(self.length, self.time_unit) if self.time_unit else None

    @property
    def window(self) -> int | None:
        """Whole months over which the outcome is counted: `window_months`, or the horizon of a duration."""
        return self._months if self.kind == "duration" and self.window_months is None else self.window_months

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns with the values: numerator and denominator of a ratio, time and event of a duration."""
        return tuple(c for c in (self.column, self.numerator, self.denominator, self.event) if c is not None)

    @property
    def tells_leaving(self) -> bool:
        """Whether a duration is told as the share that left by the horizon (lower is better), not as the share still there."""
        return self.better == "lower"


class Metric(Measure):
    """A definition in metrics.yaml, made once and used by many experiments."""

    name: str = Field(description="Name by which outcomes refer to it.")
    label: Text | None = Field(None, description="Name of the outcome that takes it over.")
    owner: str | None = Field(None, description="Who answers for the definition.")
    description: Text | None = Field(None, description="The definition in a sentence.")


class Outcome(Measure):
    """One thing the change may have moved."""

    name: Text = Field(description="Name of the outcome; streams and results refer to it.")
    metric: str | None = Field(None, description="Take the definition of this metric from metrics.yaml.")
    role: Literal["primary", "secondary", "guardrail"] = Field(
        "secondary", description="primary, secondary or guardrail."
    )
    matters: float | None = Field(None, gt=0, description="Smallest worthwhile effect, in outcome units.")
    margin: Margin | None = Field(None, description="How much harm a guardrail may take.")
    survey: Survey | None = Field(None, description="Where answers came from.")
    description: Text | None = Field(None, description="What is counted, in a sentence; shown on the page.")
    from_: str | None = Field(None, alias="from", description="Fact table of the outcome.")
    aggregate: str | None = Field(None, description="How facts are summed per unit.")
    window_days: int | None = Field(None, ge=1, description="Days after assignment that count.")
    inactive_days: int | None = Field(None, ge=1, description="Days without use that count as left.")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if self.role == "guardrail" and self.margin is None:
            raise ValueError(
                "a guardrail needs `margin`: how much harm it may take, in outcome units or {relative: share}"
            )
        if self.margin is not None and self.role != "guardrail":
            raise ValueError("`margin` belongs to outcomes with role: guardrail")
        if isinstance(self.margin, float) and self.margin < 0:
            raise ValueError("`margin` is the size of the tolerated harm; expected 0 or more")
        return self

    @property
    def key(self) -> str:
        """The name by which results and streams refer to the outcome."""
        return text_key(self.name)

    @property
    def sign(self) -> int:
        """+1 where higher is better, -1 where lower is better."""
        return 1 if self.better == "higher" else -1
