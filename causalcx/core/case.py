"""The business case of one treated arm: every figure comes from one set of joint draws."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, computed_field

from causalcx.core.check import Notice


class Frozen(BaseModel):
    """Base of the records below."""

    model_config = ConfigDict(frozen=True)


class Quantiles(Frozen):
    """Mean and quantiles over draws; null where infinite or undefined."""

    mean: float | None
    """Mean."""
    p5: float | None
    """5 % quantile."""
    p50: float | None
    """Median."""
    p95: float | None
    """95 % quantile."""


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
    """Name of the outcome that moved."""
    name: Any = None
    """How the page names the stream; null where the file does not."""
    months: tuple[int, int]
    """Months of a unit's life that are paid."""
    recurs: bool
    """Whether it pays again every window."""
    cash: bool
    """False: freed capacity; shown apart, not in the NPV."""
    share: float = 1.0
    """Share of those reached whom it is paid for: less than 1 where the effect is that of some only (compliers, those near a threshold)."""
    present_value: Quantiles
    """Discounted to today, in money."""
    undiscounted: Quantiles
    """Sum over the horizon, in money."""


class CostValue(Frozen):
    """Money for one cost line."""

    name: Any
    """Name of the line."""
    sunk: bool
    """Already spent: in ROI, not in NPV."""
    present_value: Quantiles
    """Discounted to today, in money."""


class Month(Frozen):
    """Undiscounted means of a month, sunk costs left out."""

    month: int
    """Month; 0 is today."""
    benefit: float
    """Mean benefit, in money."""
    cost: float
    """Mean cost, in money."""
    net: float
    """benefit - cost."""


class Year(Frozen):
    """Undiscounted means of a year (months 12k+1 to 12k+12; month 0 stands alone as year 0)."""

    year: int
    """Year; 0 is month 0."""
    streams: tuple[float, ...]
    """Mean per stream, in the order of ``streams``."""
    costs: tuple[float, ...]
    """Mean per cost line, in the order of ``costs``."""
    net: float
    """Mean net, in money."""


class Verdict(Frozen):
    """What the rule says."""

    rule: str
    """The rule of the plan that applies."""
    verdict: Literal["scale", "stop", "extend", "wait", "cannot decide"]
    """What it says."""
    because: tuple[Notice, ...] = ()
    """Reasons; sentences in JSON."""
    sentence: str = ""
    """The verdict in the reader's language; filled at the edge."""

    @computed_field
    @property
    def advice(self) -> Literal["scale", "keep", "part", "stop", "extend", "wait", "cannot decide"]:
        """The verdict; where it is to scale, `part` if only some waves gained what the case needs, `keep` if the money is that of the very places that have the change."""
        reasons = {n.code for n in self.because}
        if self.verdict != "scale":
            return self.verdict
        return "part" if "waves-that-pay" in reasons else "keep" if "in-place" in reasons else "scale"


class BreakEven(Frozen):
    """The value of one input at which the mean NPV is 0, all others as drawn; null where none exists in its domain."""

    of: str
    """Outcome, assumption or cost line."""
    kind: Literal["effect", "worth", "assumption", "cost"]
    """What is varied."""
    now: float
    """Its mean as drawn."""
    at: float | None
    """Its value at which the mean NPV is 0."""
    unit: str = ""
    """Unit of both."""


class AssumptionUsed(Frozen):
    """An assumption as it entered the draws."""

    name: Any
    """Name in the file."""
    value: Any
    """The number or span of the file."""
    mean: float
    """Mean over draws."""
    p5: float
    """5 % quantile over draws."""
    p95: float
    """95 % quantile over draws."""
    owner: str | None = None
    """Who stands for it."""
    source: Any = None
    """Where it comes from."""
    as_of: dt.date | None = None
    """Date of the source."""
    agreed: str | None = None
    """Who agreed, for example finance; or proposed."""
    unit: Any = None
    """Unit of the value."""
    used: bool = True
    """Whether a line of this case names it."""
    swing: float | None = None
    """Difference of mean NPV between the assumption's upper and lower third of draws, in money."""


class Histogram(Frozen):
    """The distribution of NPV for the chart."""

    edges: tuple[float, ...]
    """Edges of the bars, in money; one more than counts."""
    counts: tuple[int, ...]
    """Draws per bar."""


class Case(Frozen):
    """What one arm is worth, how sure that is, and what the rule says."""

    comparison: str
    """``treated vs control``, by arm label."""
    arm: str
    """Label of the treated arm."""
    currency: str
    """ISO 4217 code of every amount of money."""
    npv: Quantiles
    """Net present value over the horizon, sunk costs left out."""
    roi: Quantiles
    """(PV(benefits) - PV(all costs)) / PV(all costs), a share; null where costs are not positive."""
    roi_of_means: float | None
    """The same of the means."""
    payback_months: Payback
    """First month from which the cumulative undiscounted net stays at or above 0."""
    irr: Irr
    """Internal rate of return per year, a share."""
    probability_pays: float
    """P(npv > 0), 0 to 1."""
    streams: tuple[StreamValue, ...]
    """Money per stream, in file order."""
    costs: tuple[CostValue, ...]
    """Money per cost line of this arm, in file order."""
    cash_flow: tuple[Month, ...]
    """Months 0 to the horizon."""
    decision: Verdict
    """What the rule says."""
    years: tuple[Year, ...] = ()
    """The same flows by year and line."""
    deepest: Quantiles | None = None
    """Lowest point of the cumulative undiscounted net: how deep the hole is."""
    chance_by_threshold: dict[str, float] = {}
    """P(npv > threshold) by threshold, in money."""
    break_even: tuple[BreakEven, ...] = ()
    """What each input would have to be for the case to break even."""
    assumptions: tuple[AssumptionUsed, ...] = ()
    """Named assumptions as they entered."""
    histogram: Histogram | None = None
    """Distribution of NPV."""
    horizon_months: int
    """Months that are counted."""
    discount_rate: float
    """Mean, per year."""
    reach: dict[str, Any] = {}
    """Who is reached: stock or per_month (mean), and ramp_months."""
    seed: int
    """Seed of the draws."""
    draws: int
    """Number of joint draws behind every figure."""


class Valuation(Frozen):
    """What ``value`` returns: one case per treated arm."""

    schema_: int = 1
    """Version of this document; ``schema`` in JSON."""
    experiment: str
    """Key of the experiment."""
    cases: tuple[Case, ...]
    """One per treated arm."""
    warnings: tuple[Notice, ...] = ()
    """What a reader has to know."""
    provenance: dict[str, Any] = {}
    """That of the readout, and ``value_seed``."""

    def case(self, comparison: str | None = None) -> Case:
        """The case of a comparison, or the first."""
        return next(c for c in self.cases if comparison in (None, c.comparison, c.arm))
