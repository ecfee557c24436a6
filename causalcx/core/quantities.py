"""Uncertain numbers of the experiment file: a number, the name of an assumption, or a span."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, Tag, model_validator

from causalcx.core.choice import chosen_by_shape


class Span(BaseModel):
    """Base of the three ways to state an uncertain number."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Pert(Span):
    """``{low, mode, high}``: a PERT distribution with λ = 4; low and high are absolute limits."""

    low: float
    mode: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not (self.low <= self.mode <= self.high and self.low < self.high):
            raise ValueError("expected low <= mode <= high and low < high")
        return self


class Normal(Span):
    """``{mean, sd}``: a normal distribution."""

    mean: float
    sd: float = Field(gt=0)


class LogNormal(Span):
    """``{p5, p95}``: a log-normal distribution with these 5 % and 95 % quantiles."""

    p5: float = Field(gt=0)
    p95: float = Field(gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.p5 < self.p95:
            raise ValueError("expected p5 < p95")
        return self


_SPANS = {"pert": ("low", "mode", "high"), "normal": ("mean", "sd"), "log-normal": ("p5", "p95")}
_SPAN_TEXT = "{low, mode, high}, {mean, sd} or {p5, p95}"

Number = Annotated[
    Annotated[float, Tag("~number")]
    | Annotated[Pert, Tag("~pert")]
    | Annotated[Normal, Tag("~normal")]
    | Annotated[LogNormal, Tag("~log-normal")],
    chosen_by_shape(f"a number or a span {_SPAN_TEXT}", _SPANS),
]
Quantity = Annotated[
    Annotated[float, Tag("~number")]
    | Annotated[str, Tag("~name")]
    | Annotated[Pert, Tag("~pert")]
    | Annotated[Normal, Tag("~normal")]
    | Annotated[LogNormal, Tag("~log-normal")],
    chosen_by_shape(f"a number, the name of an assumption, or a span {_SPAN_TEXT}", _SPANS),
]
