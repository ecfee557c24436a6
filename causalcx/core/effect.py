"""One effect of one arm on one outcome. Field names are public API (docs/reference/fit-json.md)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Effect(BaseModel):
    """An effect with its interval, in the outcome's own unit; shares stay between 0 and 1."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    comparison: str
    """``treated vs control``, by arm label."""
    estimand: str
    """ATE, ATT, capped ATE, ATE among the 93 % with overlap ..."""
    applies_to: str
    """Whom the effect is about: assigned, treated, compliers, overlap."""
    share: float
    """Share of those reached whom the estimand covers, 0 to 1."""
    unit: str
    estimate: float
    std_error: float
    df: float | None
    """Degrees of freedom of the t distribution; null for the normal."""
    low: float | None
    high: float | None
    """Ends of the equal-tailed interval, not adjusted for multiplicity; null where open."""
    level: float = 0.95
    p_value: float | None = None
    """Two-sided."""
    p_adjusted: float | None = None
    adjustment: str | None = None
    probability_better: float | None = None
    """Posterior probability that the effect is in the good direction."""
    probability_matters: float | None = None
    """Posterior probability that it is at least the smallest worthwhile effect; null without ``matters``."""
    baseline: float | None = None
    """Mean of the control arm."""
    relative: float | None = None
    """estimate / baseline; null unless the baseline is positive and clear of zero."""
    method: str
    n_treated: int
    n_control: int
    segment: str | None = None
    cohort: str | None = None
    period: str | None = None
    event_time: int | None = None
    aggregation: str | None = None
    look: int | None = None
    role: Literal["primary", "secondary", "guardrail"]

    @property
    def label(self) -> str:
        """Name in the covariance matrix."""
        return f"{self.outcome}: {self.comparison}"

    @property
    def headline(self) -> bool:
        """Whether this is the effect itself, not that of a part."""
        return all(getattr(self, part) is None for part in ("segment", "cohort", "period", "event_time", "aggregation"))


class Covariance(BaseModel):
    """Joint covariance of the headline effects, in their order."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]


class Law(BaseModel):
    """The posterior of the headline effects: multivariate Student-t."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    mean: tuple[float, ...]
    matrix: tuple[tuple[float, ...], ...]
    """Scale matrix: the squared standard errors after the prior, on its diagonal."""
    df: tuple[float | None, ...]
    prior_mean: tuple[float, ...]
    prior_sd: tuple[float, ...]


class BestArm(BaseModel):
    """Which arm is best on one outcome, control included."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    arm: str
    probability: float
    """Posterior probability that it is the best arm."""
    expected_loss: float
    """What choosing it is expected to cost against the truly best arm, in outcome units."""


class Flow(BaseModel):
    """How an NPS change came about: shifts of shares, in one law with the points."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    comparison: str
    promoters: float
    promoters_std_error: float
    detractors: float
    detractors_std_error: float

    @property
    def passives(self) -> float:
        """Shift of the share of passives."""
        return -(self.promoters + self.detractors)


class Arm(BaseModel):
    """An arm as it is in the data."""

    model_config = ConfigDict(frozen=True)

    label: str
    units: int
    planned_share: float | None = None
    answered: dict[str, int] = {}
    """Units with a value, per outcome."""
    means: dict[str, float] = {}
    """Plain mean per outcome, in outcome units."""


JSON = dict[str, Any]
