"""What looking before the end does to a randomised comparison: a test is read at every look and ends at the first range without zero.

Here *coverage* is the share of tests of which every range read holds the truth, and *power* the share that ends with a range without zero: where
the truth is 0, the false alarms. *Bias*, *spread* and *reported* are those of the estimate at which a test ends: who stops at a high reads too much.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.trust.judged import row
from causalcx.core.inference import quantile
from causalcx.core.moments import Array, moments_of_columns
from causalcx.core.outcomes import Kind, Outcome
from causalcx.core.sequential import AlwaysValid, Bound, Shape, Spending, t_critical
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.contrasts import contrasts

UNITS = 5_600
"""In both arms together at the last look."""
TRUTH: dict[Kind, float] = {"amount": 0.8, "binary": -0.035}
"""Effects that a single look at the end would see in about four of five tests."""


@dataclass(frozen=True)
class Case:
    """One row: the outcome, how it is looked at, and whether anything happens."""

    kind: Kind
    label: str
    looks: int
    rule: Shape | None = None
    """A spending rule; None for the always-valid sequence."""
    works: bool = False
    plain: bool = False
    """Ranges of a single look."""

    @property
    def truth(self) -> float:
        """The effect on every unit."""
        return TRUTH[self.kind] if self.works else 0.0

    def bound(self, k: int) -> Bound:
        """The bound of the look after this many."""
        times = tuple((j + 1) / self.looks for j in range(k + 1))
        if self.rule is None:
            return AlwaysValid(UNITS * times[-1], UNITS)
        return Spending(self.rule, times, last=k == self.looks - 1)

    def critical(self, k: int, df: float | None) -> float:
        """Standard errors to either end."""
        return quantile(0.975, df) if self.plain else t_critical(self.bound(k), df)


CASES = (
    Case("amount", "no effect, 4 looks, O'Brien-Fleming spending", 4, "obrien-fleming"),
    Case("amount", "no effect, 4 looks, Pocock spending", 4, "pocock"),
    Case("binary", "no effect, 4 looks, O'Brien-Fleming spending", 4, "obrien-fleming"),
    Case("amount", "no effect, 28 daily looks, always valid", 28),
    Case("binary", "no effect, 28 daily looks, always valid", 28),
    Case("amount", "an effect, 4 looks, O'Brien-Fleming spending", 4, "obrien-fleming", works=True),
    Case("amount", "an effect, 4 looks, Pocock spending", 4, "pocock", works=True),
    Case("binary", "an effect, 28 daily looks, always valid", 28, works=True),
    Case("amount", "broken: no effect, 4 looks with plain ranges", 4, "pocock", plain=True),
    Case("amount", "broken: no effect, 28 daily looks with plain ranges", 28, plain=True),
)


def draw(case: Case, rng: np.random.Generator) -> tuple[Array, Array]:
    """Arm and outcome of every unit, in the order in which they come; amounts are skewed."""
    arm = rng.permuted(np.tile([0, 1], (UNITS // 2, 1)), axis=1).ravel()
    if case.kind == "binary":
        return arm, (rng.uniform(size=UNITS) < 0.3 + case.truth * arm).astype(float)
    return arm, rng.gamma(2.0, 7.0, UNITS) + case.truth * arm


def one(case: Case, rng: np.random.Generator) -> tuple[float, float, bool, bool]:
    """Estimate and standard error at the end, whether every range held the truth, and whether the last left zero out."""
    outcome, (arm, y) = Outcome(name="y", kind=case.kind, column="y"), draw(case, rng)
    holds, value, error, clear = True, 0.0, 0.0, False
    for k in range(case.looks):
        seen = UNITS * (k + 1) // case.looks
        moments = moments_of_columns(arm[:seen].astype(str).tolist(), {"y": y[:seen]}, control="0")
        found = contrasts(means(moments, ("y",), "none"), [outcome], "0", "")
        value, error = float(found.value[0]), float(np.sqrt(found.covariance[0, 0]))
        half = case.critical(k, found.df[0]) * error
        holds, clear = holds and abs(value - case.truth) <= half, abs(value) > half
        if clear:
            break
    return value, error, holds, clear


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: what is read at the end of a test, and how often its ranges hold and leave zero out."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        estimate, error, holds, clear = np.array([one(case, rng) for _ in range(runs)], float).T
        yield row(("randomised", case.kind, case.label), case.truth, estimate, error, holds=holds, clear=clear)
