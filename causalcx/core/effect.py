"""One effect of one arm on one outcome. Field names are public API (docs/reference/fit-json.md)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

INTERACTION = "interaction"
"""Aggregation of what two factors do together beyond the sum of what each does."""
COMPLIER = "complier"
"""Aggregation of the effect on those who took an offer because of it, beside the effect of the offer."""

QUANTILE = "quantile"
"""How the aggregation of a quantile effect begins: ``quantile 0.5``."""
LEE_LOWER, LEE_UPPER = "lee-lower", "lee-upper"
"""Aggregations of the bounds of an effect where the arms answered unequally."""


OWN, SPILLOVER = "own", "spillover"
"""Aggregations of what a total effect is made of, where units feel their neighbours' change."""


class Effect(BaseModel):
    """An effect with its interval, in the outcome's own unit; shares stay between 0 and 1."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    """Name of the outcome."""
    comparison: str
    """``treated vs control``, by arm label."""
    estimand: str
    """ATE, ATT, capped ATE, ATE among the 93 % with overlap ..."""
    applies_to: str
    """Whom the effect is about: assigned, treated, compliers, overlap, always answering."""
    share: float
    """Share of those reached whom the estimand covers, 0 to 1."""
    unit: str
    """Unit of estimate, interval and baseline: NPS points, share (0 to 1), or the unit of the column."""
    estimate: float
    """Treated less control."""
    std_error: float
    """Standard error of the estimate, in its unit."""
    df: float | None
    """Degrees of freedom of the t distribution; null for the normal."""
    low: float | None
    """Lower end of the equal-tailed interval, not adjusted for multiplicity; null where open. Of ``lee-lower`` and ``lee-upper`` alike, that of the effect
    which the two bounds enclose."""
    high: float | None
    """Upper end of the same interval; null where open."""
    set: tuple[tuple[float | None, float | None], ...] | None = None
    """Intervals of a confidence set that is not one interval, in order, null where open; ``low`` and ``high`` are then null."""
    level: float = 0.95
    """Probability that the interval is built for."""
    p_value: float | None = None
    """Two-sided."""
    p_adjusted: float | None = None
    """The p-value adjusted for multiplicity; null for an outcome that is no primary."""
    adjustment: str | None = None
    """How, and over what, it was adjusted."""
    probability_better: float | None = None
    """Posterior probability that the effect is in the good direction."""
    probability_matters: float | None = None
    """Posterior probability that it is at least the smallest worthwhile effect; null without ``matters``."""
    baseline: float | None = None
    """Mean without the change, adjusted as the estimate is; for an ATT that of the treated, had they not been."""
    relative: float | None = None
    """estimate / baseline; null unless the baseline is positive and clear of zero."""
    method: str
    """Technical name of the estimator."""
    n_treated: int
    """Units of the treated arm with a value."""
    n_control: int
    """Units of the control arm with a value."""
    segment: str | None = None
    """``column=level`` where the effect is that of a segment; null for the whole."""
    cohort: str | None = None
    """Wave of a roll-out, by its first treated period; null for all waves."""
    period: str | None = None
    """Period of a panel whose effect it is, as the data write it; null for the whole."""
    event_time: int | None = None
    """Periods since the first treated one, negative before it; null for all."""
    aggregation: str | None = None
    """What a part is: ``intention-to-treat`` beside an effect on compliers, ``complier`` beside that of an offer, or how periods and waves
    were put together (``event-time``, ``calendar``, ``cumulative`` ...); ``restricted-mean`` is the effect of a duration on the mean time until its horizon;
    ``interaction`` is what two factors do together beyond the sum of what each does;
    ``quantile 0.5`` is a difference of medians instead of means; ``lee-lower`` and ``lee-upper`` bound the effect on those who would answer in either arm;
    of a total effect, ``own`` is that of the unit's own change and ``spillover`` that of all its neighbours', ``as-rolled-out`` what came of both as they
    were, and ``spillover-untreated`` what a unit without the change feels where all its neighbours have it."""
    look: int | None = None
    """Number of the planned look at which it was estimated; null without planned looks, and at one that was not planned."""
    role: Literal["primary", "secondary", "guardrail"]
    """Role of the outcome in the plan."""

    @property
    def label(self) -> str:
        """Name in the covariance matrix and the law."""
        return f"{self.outcome}: {self.comparison}" + (f" ({self.aggregation})" if self.aggregation else "")

    @property
    def headline(self) -> bool:
        """Whether this is the effect itself, not that of a part."""
        return all(getattr(self, part) is None for part in ("segment", "cohort", "period", "event_time", "aggregation"))

    @property
    def clear(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def listed(self) -> bool:
        """Whether a short table lists it: the effect itself, that of a segment, a wave or a quantile, and what a total is made of."""
        if self.aggregation in (OWN, SPILLOVER):
            return self.cohort is None
        if self.aggregation is not None and self.aggregation.startswith(QUANTILE):
            return True
        return self.headline or self.segment is not None or (self.cohort is not None and self.period is None)


class Covariance(BaseModel):
    """Joint covariance of the headline effects, in their order."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    """``outcome: comparison`` of each row and column."""
    matrix: tuple[tuple[float, ...], ...]
    """Covariances, in the product of the effects' units."""


class Law(BaseModel):
    """The posterior of the headline effects, and of effects on compliers beside them: multivariate Student-t."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...]
    """``outcome: comparison`` of each effect."""
    mean: tuple[float, ...]
    """Posterior means, in the effects' units."""
    matrix: tuple[tuple[float, ...], ...]
    """Scale matrix: the squared standard errors after the prior, on its diagonal."""
    df: tuple[float | None, ...]
    """Degrees of freedom per effect; null for the normal."""
    prior_mean: tuple[float, ...]
    """Means of the normal prior."""
    prior_sd: tuple[float, ...]
    """Standard deviations of the normal prior."""


class BestArm(BaseModel):
    """Which arm is best on one outcome, control included."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    """Name of the outcome."""
    arm: str
    """Label of the arm with the lowest expected loss."""
    probability: float
    """Posterior probability that it is the best arm."""
    expected_loss: float
    """What choosing it is expected to cost against the truly best arm, in outcome units."""


class Flow(BaseModel):
    """How an NPS change came about: shifts of shares, in one law with the points."""

    model_config = ConfigDict(frozen=True)

    outcome: str
    """Name of the outcome."""
    comparison: str
    """``treated vs control``, by arm label."""
    promoters: float
    """Shift of the share of promoters (scores 9 and 10), -1 to 1."""
    promoters_std_error: float
    """Its standard error."""
    detractors: float
    """Shift of the share of detractors (scores 0 to 6), -1 to 1."""
    detractors_std_error: float
    """Its standard error."""

    @property
    def passives(self) -> float:
        """Shift of the share of passives."""
        return -(self.promoters + self.detractors)


class Arm(BaseModel):
    """An arm as it is in the data."""

    model_config = ConfigDict(frozen=True)

    label: str
    """Value in the data, in its one spelling."""
    units: int
    """Units that count: not excluded, window over."""
    planned_share: float | None = None
    """Share of the planned split, 0 to 1; null without ``ratio``."""
    answered: dict[str, int] = {}
    """Units with a value, per outcome."""
    means: dict[str, float] = {}
    """Plain mean per outcome, in outcome units."""


JSON = dict[str, Any]
