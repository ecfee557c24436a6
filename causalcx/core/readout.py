"""The one result of every design, and the one inference spine: estimates and their joint covariance become effects,
probabilities and draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from causalcx.core.check import Check, Grade, Notice
from causalcx.core.effect import Arm, BestArm, Covariance, Effect, Flow, Law
from causalcx.core.errors import UsageError
from causalcx.core.looks import LookRecord
from causalcx.core.picture import Picture
from causalcx.core.sizes import DRAWS

if TYPE_CHECKING:
    from numpy.typing import NDArray


class DataFacts(BaseModel):
    """What the data were."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    """Tells whether the data are the same; never a hash of a sum."""
    rows: int
    """Rows that count."""
    source: str | None = None
    """File or table."""
    excluded: int = 0
    """Rows left out by ``exclude``."""
    immature: int = 0
    """Rows left out since their window is not over."""
    memory_gb: float | None = None
    """Estimate of the memory that a fit on rows takes, in GB (2^30 bytes); null where the data were reduced to sums."""


class Provenance(BaseModel):
    """Where the numbers come from: enough to make them again."""

    model_config = ConfigDict(frozen=True)

    seed: int
    """Seed of every random number."""
    data: DataFacts
    """What the data were."""
    plan: str
    """Hash of the plan that was fitted."""
    versions: dict[str, str]
    """Versions of Python and of the packages that computed."""
    run: str | None = None
    """Number of the run in the registry; null where nothing was kept."""


class Readout(BaseModel):
    """Effects on all outcomes with their joint law, what was checked, and how far it can be trusted."""

    model_config = ConfigDict(frozen=True)

    schema_: int = 1
    """Version of this document; ``schema`` in JSON."""
    experiment: str
    """Key of the experiment."""
    design: str
    """Kind of the design."""
    effects: tuple[Effect, ...]
    """Headline effects first, in file order of outcomes and then arms; after them the parts."""
    covariance: Covariance
    """Joint covariance of the headline effects."""
    law: Law
    """Joint posterior of the headline effects under the plan's prior."""
    arms: tuple[Arm, ...] = ()
    """The arms as they are in the data, the control first."""
    best: tuple[BestArm, ...] = ()
    """Best arm per primary; only with three or more arms."""
    flows: tuple[Flow, ...] = ()
    """How NPS effects came about."""
    pictures: tuple[Picture, ...] = ()
    """What the design shows of itself: waves, before and after, a threshold, a schedule."""
    looks: LookRecord | None = None
    """Which planned look this is, and the looks so far; null without planned looks."""
    checks: tuple[Check, ...] = ()
    """Every check, with its verdict."""
    grade: Grade | None = None
    """Evidence level."""
    warnings: tuple[Notice, ...] = ()
    """What a reader has to know."""
    fallbacks: tuple[Notice, ...] = ()
    """What was done otherwise than planned, and why."""
    failures: tuple[Notice, ...] = ()
    """Parts that failed while the rest stands."""
    rests_on: tuple[Notice, ...] = ()
    """What the identification assumes, in facts."""
    provenance: Provenance | None = None
    """Seed, data, plan and versions behind the numbers."""

    @property
    def headlines(self) -> tuple[Effect, ...]:
        """The effects themselves, in file order, without parts."""
        return tuple(e for e in self.effects if e.headline)

    def effect(self, outcome: str, comparison: str | None = None) -> Effect:
        """The headline effect on an outcome (of the first comparison unless one is named)."""
        found = [e for e in self.headlines if e.outcome == outcome and comparison in (None, e.comparison)]
        if not found:
            raise UsageError(
                "There is no effect `{wanted}`; there are: {known}.",
                wanted=f"{outcome}: {comparison}" if comparison else outcome,
                known=", ".join(f"{e.outcome}: {e.comparison}" for e in self.headlines),
            )  # fmt: skip
        return found[0]

    def check(self, name: str) -> Check | None:
        """The check of this name."""
        return next((c for c in self.checks if c.name == name), None)

    def draws(self, n: int = DRAWS, seed: int | None = None) -> dict[str, NDArray[Any]]:
        """Joint posterior draws per effect label, in outcome units; the same seed gives the same draws.

        Student-t with the estimator's degrees of freedom: each draw is mean + z x sqrt(df / chi2), the chi-square
        quantile shared by all effects, so that the joint law keeps its correlations.
        """
        from causalcx.core.inference import draws

        seed = seed if seed is not None else self.provenance.seed if self.provenance else 0
        return dict(zip(self.law.labels, draws(self.law, n, seed).T, strict=True))
