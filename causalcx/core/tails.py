"""Where an outcome lies in each arm, beyond its mean: quantiles with their neighbours, and the cuts at which answers are trimmed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from causalcx.core.moments import Array, Moments

NEAR = 1e-9
"""Share of a total within which a number of answers counts as reached."""
WIDTH = 1.959964
"""Standard errors of a share that one step of a quantile's neighbours stands for."""


@dataclass(frozen=True)
class Quantile:
    """A quantile of an outcome in one arm, with the values around it."""

    outcome: str
    share: float
    arm: str
    at: float
    """The quantile: the value up to which the share of answers lies; half-way to the next where it lies exactly between two."""
    tied: float
    """Share of the answers that equal it."""
    steps: tuple[float, ...]
    """Distances of the neighbours, in ``WIDTH`` x sqrt(share (1 - share) / answers): where a simple sample of answers would reach."""
    below: tuple[float | None, ...]
    """Value at the share less each distance; None where no answers are left."""
    above: tuple[float | None, ...]
    """Value at the share plus each distance."""

    @property
    def variable(self) -> str:
        """Name of the variable that is 1 below the quantile of the unit's arm, 0 above it, and a half at it."""
        return f"{self.outcome}|below {self.share:g}"


@dataclass(frozen=True)
class Trim:
    """Where the answers of the arm that answered more are cut, so that as many are left as the other arm gave."""

    outcome: str
    treated: str
    control: str
    trimmed: str
    """The one of the two whose answers are trimmed."""
    low: float
    """The answers up to it are kept for the lowest mean."""
    high: float
    """The answers from it on are kept for the highest mean."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Answered or not; then, 0 where not: the answer less ``low``, 1 + what it lacks of ``low``, 1 + what it has beyond ``high``."""
        parts = ("answered", "answer", "low", "high")
        return tuple(f"{self.outcome}|{self.treated}|{part}" for part in parts)

    @property
    def other(self) -> str:
        """The arm that answered less."""
        return self.control if self.trimmed == self.treated else self.treated


@dataclass(frozen=True)
class Tails:
    """Quantiles and cuts, and the moments of the variables that they make."""

    quantiles: tuple[Quantile, ...]
    trims: tuple[Trim, ...]
    moments: Moments

    def to_json(self) -> dict[str, Any]:
        """For the registry; without loss."""
        return {
            "quantiles": [asdict(q) for q in self.quantiles],
            "trims": [asdict(t) for t in self.trims],
            "moments": self.moments.to_json(),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of :meth:`to_json`."""
        from causalcx.core.moments import Moments

        lists = ("steps", "below", "above")
        quantiles = tuple(Quantile(**(q | {name: tuple(q[name]) for name in lists})) for q in document["quantiles"])
        return cls(quantiles, tuple(Trim(**t) for t in document["trims"]), Moments.from_json(document["moments"]))


def tails_of_columns(
    arm: Sequence[str],
    outcome: str,
    y: Array,
    shares: Sequence[float] = (),
    control: str = "a",
    *,
    trims: bool = False,
    steps: Sequence[float] = (1.0,),
) -> Tails:
    """The naive twin of what a source does in its engine, for units taken singly: ``y`` in effect units, NaN is missing."""
    import numpy as np

    from causalcx.core.moments import moments_of_columns

    labels, arms = np.asarray(arm), sorted(set(arm), key=lambda a: (a != control, a))
    ordered = {a: np.sort(y[(labels == a) & ~np.isnan(y)]) for a in arms}
    quantiles = tuple(_quantile(outcome, p, a, ordered[a], steps) for p in shares for a in arms)
    cuts = tuple(_trim(outcome, a, control, labels, ordered) for a in arms[1:] if trims)
    columns = {q.variable: y * 0 for q in quantiles}
    for q in quantiles:
        columns[q.variable] = columns[q.variable] + (labels == q.arm) * ((y < q.at) + 0.5 * (y == q.at))
    for t in cuts:
        parts = (np.ones(len(y)), y - t.low, 1 + np.maximum(t.low - y, 0), 1 + np.maximum(y - t.high, 0))
        columns |= {name: np.where(np.isnan(y), 0.0, part) for name, part in zip(t.variables, parts, strict=True)}
    return Tails(quantiles, cuts, moments_of_columns(arm, columns, control=control))


def _quantile(outcome: str, share: float, arm: str, ordered: Array, steps: Sequence[float]) -> Quantile:
    n, one = len(ordered), WIDTH * (share * (1 - share) / len(ordered)) ** 0.5
    at = (reached(ordered, share * n) + reached(ordered, share * n, beyond=True)) / 2
    below, above = ([share + side * step * one for step in steps] for side in (-1, 1))
    low = tuple(reached(ordered, p * n) if p > 0 else None for p in below)
    high = tuple(reached(ordered, p * n, beyond=True) if p < 1 else None for p in above)
    return Quantile(outcome, share, arm, at, float((ordered == at).mean()), tuple(steps), low, high)


def reached(ordered: Array, number: float, *, beyond: bool = False) -> float:
    """The value up to which this number of values lies, or more than it."""
    place = math.floor(number * (1 + NEAR)) if beyond else math.ceil(number * (1 - NEAR)) - 1
    return float(ordered[min(max(place, 0), len(ordered) - 1)])


def _trim(outcome: str, treated: str, control: str, labels: Any, ordered: Mapping[str, Array]) -> Trim:
    rate = {a: len(ordered[a]) / int((labels == a).sum()) for a in (treated, control)}
    trimmed = treated if rate[treated] >= rate[control] else control
    values = ordered[trimmed]
    kept = len(values) * min(rate.values()) / rate[trimmed]
    cuts = reached(values, kept), reached(values, len(values) - kept, beyond=True)
    return Trim(outcome, treated, control, trimmed, *cuts)
