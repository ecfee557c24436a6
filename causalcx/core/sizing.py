"""What a plan says before any outcome is seen: how many units, how small an effect, how often the rule errs."""

from __future__ import annotations

import datetime as dt
import math
from typing import Literal

from pydantic import BaseModel, ConfigDict

from causalcx.core.check import Notice
from causalcx.core.outcomes import Outcome

LEVEL = 0.95
"""Probability that intervals are built for."""
POWER = 0.8
"""Chance to see an effect as large as `matters`, unless the plan asks for another."""
Truth = Literal["none", "matters", "expected"]


class Frozen(BaseModel):
    """Base of the records below."""

    model_config = ConfigDict(frozen=True)


class OutcomeSize(Frozen):
    """What one outcome of one arm asks of the experiment, in the outcome's own unit."""

    outcome: str
    """Name of the outcome."""
    comparison: str
    """``treated vs control``, by arm label."""
    role: Literal["primary", "secondary", "guardrail"]
    """Role of the outcome in the plan."""
    unit: str
    """Unit of every effect here."""
    baseline: float | None = None
    """Mean without the change; null where it is not known."""
    spread: float | None = None
    """Standard deviation between units; null where it is not known."""
    answering: float | None = None
    """Share of units that have a value."""
    explained: float | None = None
    """Share of the variance that covariates and strata explain; null without history."""
    matters: float | None = None
    """Smallest worthwhile effect."""
    power: float
    """Chance asked for, to see an effect of ``matters``."""
    needed: int | None = None
    """Size at which that chance is reached, counted as ``counts`` says; null where it is not known."""
    months: float | None = None
    """Months until so many have arrived or passed; null without arrivals, and where the clock does not tell."""
    chance: float | None = None
    """Chance to see an effect of ``matters`` at the planned size."""
    chance_error: float | None = None
    """Its Monte Carlo error; null where it is worked out and not simulated."""
    detectable: float | None = None
    """Effect that is seen with the chance asked for at the planned size, in the good direction."""
    std_error: float | None = None
    """Standard error of the effect at the planned size, where it is simulated."""
    std_error_error: float | None = None
    """Its Monte Carlo error."""
    break_even: float | None = None
    """Effect at which the mean NPV is 0 while no other outcome moves; null where the outcome is not priced."""


class SizeTried(Frozen):
    """What a simulation at one size shows of one effect."""

    outcome: str
    """Name of the outcome."""
    comparison: str
    """``treated vs control``, by arm label."""
    size: int
    """Units, periods or slots, as ``counts`` says."""
    std_error: float
    """Standard error of the effect: how far estimates stray where there is no effect."""
    std_error_error: float
    """Its Monte Carlo error."""
    chance: float | None
    """Chance to see an effect of ``matters``."""
    chance_error: float | None
    """Its Monte Carlo error."""
    detectable: float
    """Effect that is seen with the chance asked for, in the good direction."""
    runs: int
    """Worlds simulated."""


class RuleChance(Frozen):
    """How often the decision rule says what, if the truth were this; by simulation."""

    comparison: str
    """``treated vs control``, by arm label."""
    truth: Truth
    """``none``: no effect; ``matters``: every outcome that names one moves by it; ``expected``: the middle of `expects`."""
    effects: dict[str, float]
    """The true effect on every outcome."""
    scale: float
    """Share of the simulated experiments in which the rule says scale."""
    scale_error: float
    """Its Monte Carlo error."""
    stop: float
    """Share in which it says stop."""
    stop_error: float
    """Its Monte Carlo error."""
    extend: float
    """Share in which it says neither."""
    extend_error: float
    """Its Monte Carlo error."""
    runs: int
    """Simulated experiments."""
    ends_at: float | None = None
    """Mean share of the planned units after which it ends; null without planned looks."""


class LookPlan(Frozen):
    """One planned look."""

    number: int
    """1 is the first."""
    information: float
    """Share of what is planned that should be in, 0 to 1."""
    on: dt.date | None = None
    """Its date; null where looks are shares."""
    units: int | None = None
    """Units in all arms by then; null where the size is not known."""
    critical: float
    """Standard errors from an estimate to either end of its range."""
    spent: float | None = None
    """Error used up by then, of 0.05, both sides; null for an always-valid sequence."""


class LooksPlan(Frozen):
    """The looks that a plan allows itself, and what they cost."""

    rule: str
    """obrien-fleming, pocock or always-valid."""
    looks: tuple[LookPlan, ...]
    """In order; of an always-valid sequence every day, or 28 evenly spread ones."""
    false_alarm: float
    """Chance that a range of any of these looks leaves 0 out where there is no effect."""
    misled: float
    """The same for somebody who looks as often with plain ranges."""
    growth: float
    """Units needed by those needed without looks, to see an effect with a chance of 0.8."""


class ReplayedOutcome(Frozen):
    """One outcome when the history is split at random again and again, so that the truth is no effect."""

    outcome: str
    """Name of the outcome."""
    comparison: str
    """``treated vs control``, by arm label."""
    coverage: float
    """Share of splits whose interval contains 0."""
    coverage_error: float
    """Its Monte Carlo error."""
    spread_ratio: float
    """Spread of the estimates over the splits, by their mean standard error; 1 where intervals are right."""


class Replay(Frozen):
    """An A/A test on history."""

    splits: int
    """Random splits; placebo waves, sites, starts or schedules of a design over time."""
    units: int
    """Units split; of a design over time, the periods or slots of each placebo."""
    rows: int
    """Units in the history (of a design over time its rows); of many, a part is drawn by lot."""
    independent: float | None = None
    """Splits that say something of their own, where placebos overlap; null where all do."""
    false_alarms: float
    """Share of splits in which a primary outcome is significant after adjustment for several of them."""
    false_alarms_error: float
    """Its Monte Carlo error."""
    outcomes: tuple[ReplayedOutcome, ...]
    """Per outcome and comparison."""


class Sizing(Frozen):
    """The plan in numbers."""

    shares: dict[str, float]
    """Planned share of each arm, the control first."""
    counts: Literal["units", "periods", "slots"] = "units"
    """What sizes count: units in all arms together, periods from the start (of waves: from the last one) on, or slots of each unit."""
    size: int | None = None
    """Size planned."""
    per_month: float | None = None
    """Units that arrive every month."""
    level: float = LEVEL
    """Probability that intervals are built for."""
    source: Literal["history", "stated"] | None = None
    """Where spreads come from; null where none is known."""
    outcomes: tuple[OutcomeSize, ...] = ()
    """Per outcome and comparison, in file order."""
    tried: tuple[SizeTried, ...] = ()
    """Sizes simulated, ascending, where there is no closed form."""
    looks: LooksPlan | None = None
    """Planned looks; null where the plan has none."""
    rule: tuple[RuleChance, ...] = ()
    """How often the decision rule is right and wrong."""
    replay: Replay | None = None
    """An A/A test on history."""
    notices: tuple[Notice, ...] = ()
    """What a reader has to know."""


def wanted_power(power: float | dict[str, float] | None, outcome: Outcome) -> float:
    """The chance that the plan asks for."""
    return (power.get(outcome.key) if isinstance(power, dict) else power) or POWER


def monte_carlo_error(successes: int, runs: int) -> float:
    """Standard error of a simulated share, not 0 where all or none succeed (Agresti & Coull 1998: two of each are added)."""
    share = (successes + 2) / (runs + 4)
    return math.sqrt(share * (1 - share) / (runs + 4))
