"""Group-time effects with covariates where other units answer in every period (repeated cross-sections, such as survey waves).

For cohort g, period t and base b, with D = 1 in the cohort, T = 1 in period t, p(x) a logit of D given covariates, and m(d, s, x)
linear regressions of the outcome in the four cells of D and T, the locally efficient doubly robust estimate is

    sum over s = t, b of (+ for t, - for b) x { E[Y - m(0, s, x) | D, s] - E_w[Y - m(0, s, x) | not D, s]
        + E[m(1, s, x) - m(0, s, x) | D] - E[m(1, s, x) - m(0, s, x) | D, s] },   w = p / (1 - p)

(Sant'Anna & Zhao 2020, Journal of Econometrics 219: 101-122, eq. 3.4; the terms of the second line are left out where a cell
of the cohort has too few rows for a regression of its own, eq. 3.3). The effect is on all who answered of the cohort, in
either period: answers of unequal composition are compared at equal covariates. It is right if either model is. Residuals count
in the errors as if their own row had been left out of the regression (HC3: MacKinnon & White 1985, Journal of Econometrics 29:
305-325), since few rows far out carry much of the weight w.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.moments import Array, Flags, Whole
from causalcx.designs.roll_out.doubly_robust import LEAST, comparisons, fitted_logit, independent, of_influences
from causalcx.designs.roll_out.group_time import Compare, GroupTime
from causalcx.designs.roll_out.group_time import pairs as pairs_of
from causalcx.designs.roll_out.waves import Waves

MOST_LEVERAGE = 0.9
"""Share of its own fitted value from which a row's residual tells nothing."""


@dataclass(frozen=True)
class Line:
    """A regression in one cell."""

    fitted: Array
    """[n] for every row."""
    influence: Array
    """[n, K] of the coefficients, times n."""
    left_out: Array
    """[n] how much larger a residual is without its own row; 1 outside the cell."""


@dataclass(frozen=True)
class Rows:
    """Rows of a cohort and its comparison in two periods."""

    y: Array
    treated: Flags
    later: Flags
    x: Array
    """[n, K] with a constant first."""

    def cell(self, treated: bool, later: bool) -> Flags:
        """[n] rows of one of the four cells."""
        return (self.treated == treated) & (self.later == later)


def by_row(waves: Waves, compare: Compare) -> tuple[GroupTime, tuple[str, ...]]:
    """Effects with one influence value per row, and the cohorts of which covariates tell too much for a logit."""
    wanted = np.array(pairs_of(waves.first, waves.periods, compare))
    rows, variables = waves.complete.shape
    value, level = np.zeros((len(wanted), variables)), np.zeros((len(wanted), variables))
    influence, found_for = np.zeros((rows, len(wanted), variables)), np.zeros((len(wanted), variables), bool)
    told: set[str] = set()
    for v in range(variables):
        for g, inside, own in comparisons(waves, wanted, v, compare):
            for a in own.tolist():
                members, found = _rows(waves, v, g, inside, int(wanted[a, 1]))
                if not all(found.cell(d, s).any() for d in (True, False) for s in (True, False)):
                    continue
                found_for[a, v] = True
                value[a, v], influence[members, a, v], fitted = effect_of(found)
                told |= set() if fitted else {waves.cohorts[g]}
                level[a, v] = found.y[found.cell(True, True)].mean()
    return of_influences(waves, wanted, compare, found_for, value, level, influence), tuple(sorted(told))


def _rows(waves: Waves, v: int, g: int, inside: Flags, period: int) -> tuple[Whole, Rows]:
    assert waves.time is not None
    base = int(waves.first[g]) - 1
    compared = (waves.cohort == g) | inside[waves.cohort]
    members = np.flatnonzero(waves.complete[:, v] & compared & ((waves.time == period) | (waves.time == base)))
    treated, later = waves.cohort[members] == g, waves.time[members] == period
    x = np.column_stack([np.ones(len(members)), waves.covariates[members, 0]])
    for moment in (later, ~later):
        if (~treated & moment).any():
            x = independent(x, ~treated & moment)
    return members, Rows(waves.values[members, 0, v], treated, later, x)


def effect_of(rows: Rows) -> tuple[float, Array, bool]:
    """The effect, [n] influence values, and whether the logit could be fitted."""
    logit, n = fitted_logit(rows.treated, rows.x), len(rows.y)
    odds = np.where(rows.treated, 0.0, logit.odds if logit else 1.0)
    of_odds = logit.influence if logit else np.zeros_like(rows.x)
    value, influence = 0.0, np.zeros(n)
    enough = all(rows.cell(True, later).sum() >= LEAST * rows.x.shape[1] for later in (True, False))
    for later, sign in ((True, 1.0), (False, -1.0)):
        other = _line(rows, treated=False, later=later)
        moment, gap = (rows.later == later).astype(float), rows.y - other.fitted
        own = _line(rows, treated=True, later=later)
        parts = [
            (1.0, _mean(rows.treated * moment, gap, -rows.x, other.influence, own.left_out)),
            (-1.0, _mean(odds * moment, gap, -rows.x, other.influence, other.left_out, rows.x, of_odds)),
        ]
        if enough:
            gain, apart = own.fitted - other.fitted, own.influence - other.influence
            parts += [
                (1.0, _mean(rows.treated.astype(float), gain, rows.x, apart)),
                (-1.0, _mean(rows.treated * moment, gain, rows.x, apart)),
            ]
        value += sign * sum(s * mean for s, (mean, _) in parts)
        influence += sign * np.sum([s * values for s, (_, values) in parts], axis=0)
    return value, influence / n, logit is not None


def _line(rows: Rows, *, treated: bool, later: bool) -> Line:
    """Least squares in a cell; the smallest coefficients where the cell does not tell all of them."""
    cell = rows.cell(treated, later).astype(float)
    bread = np.linalg.pinv(rows.x.T @ (cell[:, None] * rows.x) / len(cell), hermitian=True)
    fitted = rows.x @ (bread @ (rows.x.T @ (cell * rows.y) / len(cell)))
    leverage = cell * ((rows.x @ bread) * rows.x).sum(axis=1) / len(cell)
    left_out = 1 / (1 - np.minimum(leverage, MOST_LEVERAGE))
    return Line(fitted, (cell * left_out * (rows.y - fitted))[:, None] * rows.x @ bread, left_out)


def _mean(
    weight: Array, y: Array, by_slope: Array, slope: Array,
    left_out: Array | float = 1.0, by_odds: Array | None = None, odds: Array | None = None,
) -> tuple[float, Array]:  # fmt: skip
    """Weighted mean of y, and [n] influence values times n.

    ``by_slope`` is how y moves with coefficients whose influence values are ``slope``; ``by_odds`` how the logarithm of the
    weight does with those of ``odds``.
    """
    total = weight.mean()
    mean = float((weight * y).mean() / total)
    influence = weight * left_out * (y - mean) + slope @ (weight[:, None] * by_slope).mean(axis=0)
    if by_odds is not None and odds is not None:
        influence = influence + odds @ ((weight * (y - mean))[:, None] * by_odds).mean(axis=0)
    return mean, influence / total
