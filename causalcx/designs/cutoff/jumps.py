"""From a frame to jumps at the cutoff: rows in the order of the running variable, one jump per outcome, their joint covariance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from causalcx.core.design_keys.discontinuity import Discontinuity
from causalcx.core.effect import Flow
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import TREATED, UNTREATED, Frame
from causalcx.core.outcomes import Outcome
from causalcx.designs.cutoff.local_polynomial import Jump, Rows, Widths, jump, widths
from causalcx.designs.features import features, refuse_repeats
from causalcx.designs.values import in_units

COMPARISON = f"{TREATED} vs {UNTREATED}"
CLEAR = 1.959964
"""Standard errors by which the jump of the treatment received must exceed zero before anything is divided by it."""
ROUNDING = 1e-9
"""A jump of a share below it is none."""


@dataclass(frozen=True)
class Ordered:
    """The frame in the order of the running variable. n rows."""

    order: Whole
    """[n] position of each row in the frame."""
    x: Array
    """[n] running value less the cutoff."""
    outcomes: Mapping[str, Array]
    """[n] per outcome, in effect units, NaN where missing."""
    taken: Array | None
    covariates: Array = field(default_factory=lambda: np.empty((0, 0)))
    """[n, C] with mean 0 and standard deviation 1."""
    names: tuple[str, ...] = ()

    def rows(self, name: str, y: Array, *, taken: bool = True, adjusted: bool = True) -> tuple[Rows, Whole]:
        """The rows with a value of ``y`` [n], and their positions in this order."""
        seen = np.flatnonzero(~np.isnan(y))
        received = self.taken[seen] if taken and self.taken is not None else None
        others = self.covariates[seen] if adjusted and self.covariates.size else np.empty((0, 0))
        return Rows(name, self.x[seen], y[seen], received, others), seen

    def only(self, kept: Flags) -> Ordered:
        """Some of the rows."""
        return Ordered(
            self.order[kept], self.x[kept], {name: y[kept] for name, y in self.outcomes.items()},
            None if self.taken is None else self.taken[kept], self.covariates[kept] if self.covariates.size else self.covariates,
            self.names,
        )  # fmt: skip


def ordered(experiment: Experiment, design: Discontinuity, frame: Frame) -> Ordered:
    """Raises DataError where the treatment received is no share."""
    x = frame.numbers[design.running] - design.cutoff
    order = np.argsort(x, kind="stable")
    known = features(frame, tuple(design.covariates))
    refuse_repeats(frame, known)
    values = known.values[order] if known.names else np.empty((0, 0))
    return Ordered(
        order=order,
        x=x[order],
        outcomes={o.key: in_units(o, frame.outcomes[o.key])[order] for o in experiment.outcomes},
        taken=_received(design.fuzzy, frame.numbers[design.fuzzy])[order] if design.fuzzy else None,
        covariates=(values - values.mean(axis=0)) / values.std(axis=0) if known.names else values,
        names=known.names,
    )


def _received(column: str, taken: Array) -> Array:
    missing = int(np.isnan(taken).sum())
    if missing:
        raise DataError("Column `{column}` (fuzzy) is empty in {rows} rows.", column=column, rows=missing)
    if taken.min() < 0 or taken.max() > 1:
        raise DataError(
            "Column `{column}` (fuzzy) holds {low} to {high}; expected 1 for those who got it and 0 for the others, or a share.",
            column=column, low=f"{taken.min():g}", high=f"{taken.max():g}",
        )  # fmt: skip
    return taken


@dataclass(frozen=True)
class Measured:
    """One outcome's jump."""

    outcome: Outcome
    rows: Rows
    seen: Whole
    """[rows] positions in the order of the running variable."""
    jump: Jump
    received: Jump | None
    """The jump of the treatment received, at the same bandwidths."""

    @property
    def share(self) -> float:
        """Share of the units within the bandwidth; of those, the share whom the cutoff moves."""
        within = sum(self.jump.counts) / len(self.seen)
        return within * (abs(self.received.value) if self.received else 1.0)


def measured(data: Ordered, outcome: Outcome) -> Measured:
    """Raises CannotAnswer with too little near the cutoff, or where passing it does not change who gets the treatment."""
    rows, seen = data.rows(outcome.key, data.outcomes[outcome.key])
    at = widths(rows)
    received = None if rows.taken is None else _received_at(outcome, rows, rows.taken, at)
    return Measured(outcome, rows, seen, jump(rows, at), received)


def _received_at(outcome: Outcome, rows: Rows, taken: Array, at: Widths) -> Jump:
    """The jump of the treatment received, by which the outcome's is divided."""
    found = jump(Rows("received", rows.x, taken, None, rows.covariates), at)
    if abs(found.corrected) <= max(CLEAR * found.error, ROUNDING):
        raise CannotAnswer(
            "{outcome}: passing the cutoff does not clearly change who gets the treatment ({below} below it, {above} above), so its "
            "effect cannot be told; without `fuzzy` the effect of passing the cutoff itself is estimated.",
            outcome=outcome.key, below=f"{found.base:.3f}", above=f"{found.base + found.value:.3f}",
        )  # fmt: skip
    return found


def joint(found: list[Measured], n: int) -> Array:
    """[C, C] covariance of the jumps: products of the influence values of the same units."""
    influence = np.zeros((len(found), n))
    for row, one in zip(influence, found, strict=True):
        row[one.seen[one.jump.rows]] = one.jump.influence
    return influence @ influence.T


def flows(data: Ordered, found: list[Measured], frame: Frame) -> tuple[Flow, ...]:
    """How NPS effects came about, at the bandwidths of the points."""
    return tuple(_flow(data, one, frame) for one in found if one.outcome.kind == "nps")


def _flow(data: Ordered, one: Measured, frame: Frame) -> Flow:
    scores = frame.outcomes[one.outcome.key][data.order]
    parts = []
    for part in (scores >= 9, scores <= 6):
        rows, _ = data.rows(one.outcome.key, np.where(np.isnan(scores), np.nan, part.astype(float)))
        parts.append(jump(rows, one.jump.widths))
    return Flow(
        outcome=one.outcome.key, comparison=COMPARISON, promoters=parts[0].value, promoters_std_error=parts[0].error,
        detractors=parts[1].value, detractors_std_error=parts[1].error,
    )  # fmt: skip
