"""The business case of one treated arm: every figure comes from one set of joint draws."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from causalcx.core.check import Notice


class Frozen(BaseModel):
    """Base of the records below."""

    model_config = ConfigDict(frozen=True)


class Quantiles(Frozen):
    """Mean and quantiles over draws; null where infinite or undefined."""

    mean: float | None
    p5: float | None
    p50: float | None
    p95: float | None


class Payback(Quantiles):
    """Months until the cumulative undiscounted net stays at or above 0; never counts as infinite."""

    never: float
    """Share of draws in which it never does."""


class Irr(Quantiles):
    """Internal rate of return per year, over the draws in which a unique one exists."""

    undefined: float
    """Share of draws without a unique one."""


class StreamValue(Frozen):
    """Money from one outcome."""

    outcome: str
    name: Any = None
    months: tuple[int, int]
    """Months of a unit's life that are paid."""
    recurs: bool
    cash: bool
    """False: freed capacity; shown apart, not in the NPV."""
    present_value: Quantiles
    undiscounted: Quantiles


class CostValue(Frozen):
    """Money for one cost line."""

    name: Any
    sunk: bool
    present_value: Quantiles


class Month(Frozen):
    """Undiscounted means of a month, sunk costs left out."""

    month: int
    benefit: float
    cost: float
    net: float


class Year(Frozen):
    """Undiscounted means of a year (months 12k+1 to 12k+12; month 0 stands alone as year 0)."""

    year: int
    streams: tuple[float, ...]
    costs: tuple[float, ...]
    net: float


class Verdict(Frozen):
    """What the rule says."""

    rule: str
    verdict: Literal["scale", "stop", "extend", "wait", "cannot decide"]
    because: tuple[Notice, ...] = ()
    sentence: str = ""


class BreakEven(Frozen):
    """The value of one input at which the mean NPV is 0, all others as drawn; null where none exists in its domain."""

    of: str
    kind: Literal["effect", "worth", "assumption", "cost"]
    now: float
    at: float | None
    unit: str = ""


class AssumptionUsed(Frozen):
    """An assumption as it entered the draws."""

    name: Any
    value: Any
    """The number or span of the file."""
    mean: float
    p5: float
    p95: float
    owner: str | None = None
    source: Any = None
    as_of: dt.date | None = None
    agreed: str | None = None
    unit: Any = None
    used: bool = True
    swing: float | None = None
    """Difference of mean NPV between the assumption's upper and lower third of draws, in money."""


class Histogram(Frozen):
    """The distribution of NPV for the chart."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


class Case(Frozen):
    """What one arm is worth, how sure that is, and what the rule says."""

    comparison: str
    arm: str
    currency: str
    npv: Quantiles
    roi: Quantiles
    roi_of_means: float | None
    payback_months: Payback
    irr: Irr
    probability_pays: float
    streams: tuple[StreamValue, ...]
    costs: tuple[CostValue, ...]
    cash_flow: tuple[Month, ...]
    decision: Verdict
    years: tuple[Year, ...] = ()
    deepest: Quantiles | None = None
    """Lowest point of the cumulative undiscounted net: how deep the hole is."""
    chance_by_threshold: dict[str, float] = {}
    break_even: tuple[BreakEven, ...] = ()
    assumptions: tuple[AssumptionUsed, ...] = ()
    histogram: Histogram | None = None
    horizon_months: int
    discount_rate: float
    """Mean, per year."""
    reach: dict[str, Any] = {}
    seed: int
    draws: int


class Valuation(Frozen):
    """What ``value`` returns: one case per treated arm."""

    schema_: int = 1
    experiment: str
    cases: tuple[Case, ...]
    warnings: tuple[Notice, ...] = ()
    provenance: dict[str, Any] = {}

    def case(self, comparison: str | None = None) -> Case:
        """The case of a comparison, or the first."""
        return next(c for c in self.cases if comparison in (None, c.comparison, c.arm))
