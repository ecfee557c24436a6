"""The money half of the experiment file: reach, streams, costs, decision, assumptions."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from causalcx.core.model import Part
from causalcx.core.outcomes import Label
from causalcx.core.quantities import Number, Quantity
from causalcx.core.rules import DecisionRule
from causalcx.core.text import Text, text_key


class Reach(Part):
    """How many units the change reaches: a stock once, or a flow of new ones every month."""

    stock: Quantity | None = Field(None, description="Units reached once, for example all current customers.")
    per_month: Quantity | None = Field(None, description="New units reached every month.")
    ramp_months: float = Field(0, ge=0, description="Months until the whole reach is attained; 0 = from month 1.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        """A reach is a stock or a flow."""
        if (self.stock is None) == (self.per_month is None):
            raise ValueError("expected either `stock` (once) or `per_month` (a flow)")
        return self


class Covers(Part):
    """The months of a unit's life that a stream pays for, both included."""

    from_: int = Field(alias="from", ge=1, description="First month of a unit's life that pays.")
    to: int = Field(ge=1, description="Last month of a unit's life that pays.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """The months are in order."""
        if self.to < self.from_:
            raise ValueError("expected from <= to")
        return self


class Stream(Part):
    """Money that flows because an outcome moved."""

    outcome: str = Field(description="Name of a measured outcome.")
    worth: Quantity = Field(description="Money per unit of the outcome; a margin between 0 and 1 for an amount.")
    recurs: bool = Field(True, description="true: again every window, fading; false: once.")
    covers: Covers | None = Field(None, description="Months of a unit's life that the stream pays for.")
    half_life_months: Quantity | None = Field(None, description="Months after which this effect has halved.")
    cash: bool = Field(True, description="false: frees capacity without lowering a budget; shown, not counted.")
    name: Text | None = Field(None, description="How the page names the stream.")


def _as_list(value: Any) -> Any:
    """One arm may stand without brackets."""
    return [value] if isinstance(value, (str, int, float)) else value


class Cost(Part):
    """A cost line, in exactly one of four forms."""

    name: Text = Field(description="What is paid for.")
    once: Quantity | None = Field(None, description="Paid once, in `month`.")
    month: int | None = Field(None, ge=0, description="Month of a cost paid once; default 0.")
    monthly: Quantity | None = Field(None, description="Paid every month from 1 to the horizon.")
    per_unit: Quantity | None = Field(None, description="Paid for every new unit reached.")
    per_unit_month: Quantity | None = Field(None, description="Paid every month for each unit reached and still there.")
    sunk: bool = Field(False, description="Already spent: counts in ROI, not in the NPV that decides.")
    arms: Annotated[list[Label], BeforeValidator(_as_list)] | None = Field(
        None, description="Arms that the line belongs to; default all treated arms."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        """A line has one form, and `month` only where it is paid once."""
        forms = [f for f in ("once", "monthly", "per_unit", "per_unit_month") if getattr(self, f) is not None]
        if len(forms) != 1:
            raise ValueError("expected exactly one of `once`, `monthly`, `per_unit`, `per_unit_month`")
        if self.month is not None and self.once is None:
            raise ValueError("`month` belongs to a cost paid `once`")
        return self

    @property
    def key(self) -> str:
        """The name in results."""
        return text_key(self.name)


class Transport(Part):
    """Why the effect may be carried to people it was not measured on; costs a level of evidence."""

    reason: Text = Field(description="Why the effect should hold there too.")


class Value(Part):
    """How effects become money."""

    currency: str = Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code, for example USD or CNY.")
    horizon_months: int = Field(ge=1, le=600, description="Months that are counted.")
    discount_rate: Quantity = Field(description="Per year, for example 0.10.")
    reach: Reach = Field(description="How many units the change reaches.")
    rollout: Literal["offer", "treatment"] = Field(
        "offer", description="Value the effect of the offer, or of treatment."
    )
    half_life_months: Quantity | None = Field(None, description="Months after which a recurring effect has halved.")
    monthly_attrition: Quantity | None = Field(None, description="Share of reached units that leave each month.")
    transport: Transport | None = Field(None, description="Carries the effect to people it was not measured on.")
    streams: list[Stream] = Field(min_length=1, description="Money that flows because an outcome moved.")
    costs: list[Cost] = Field(default_factory=list, description="What the change costs.")


class Decision(Part):
    """The rule agreed before the data, and who decides when."""

    scale_if: DecisionRule = Field(DecisionRule("P(npv > 0) >= 0.9"), description="For example P(npv > 0) >= 0.9.")
    stop_if: DecisionRule = Field(DecisionRule("P(npv > 0) <= 0.2"), description="For example P(npv > 0) <= 0.2.")
    min_grade: int = Field(0, ge=0, le=5, description="Lowest evidence level on which to decide.")
    decided_by: str | None = Field(None, description="Who decides.")
    decide_on: dt.date | None = Field(None, description="By when.")
    review_on: dt.date | None = Field(None, description="When the realised numbers are looked at again.")


class Assumption(Part):
    """A number with an owner; one random variable wherever it is named."""

    name: Text = Field(description="Name by which streams and costs refer to it.")
    value: Number = Field(description="A number, {low, mode, high}, {mean, sd} or {p5, p95}.")
    owner: str | None = Field(None, description="Who stands for it.")
    source: Text | None = Field(None, description="Where it comes from.")
    as_of: dt.date | None = Field(None, description="Date of the source.")
    agreed: str | None = Field(None, description="Who agreed, for example finance; or proposed.")
    unit: Text | None = Field(None, description="Unit of the value.")

    @field_validator("value", mode="before")
    @classmethod
    def _number_not_name(cls, value: Any) -> Any:
        """A name would be a chain of assumptions."""
        if isinstance(value, str):
            raise ValueError("expected a number or a span; an assumption cannot refer to another")
        return value

    @property
    def key(self) -> str:
        """The name by which streams and costs refer to the assumption."""
        return text_key(self.name)
