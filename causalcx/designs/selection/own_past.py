"""Were the treated chosen by their own outcome? Their last periods against their own earlier ones, and what such units do if left alone.

Units that are picked after a bad spell were partly unlucky, and luck does not repeat: they recover by themselves
(regression to the mean; before a training programme, Ashenfelter's dip). A comparison over time credits the change with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from causalcx.core.moments import Array, Flags
from causalcx.core.picture import Picture, Series

LEAST = 4
"""Units below which nothing is tested."""
ENOUGH_FOR_A_TREND = 12
"""Earlier periods from which a unit's own trend is carried on; with fewer, its mean."""
OWN_SPREAD = 8
"""Treated units from which their spread is taken from themselves."""
LONGEST = 4
"""Periods of the longest spell that units are looked at for."""
CLEAR = 2.0
"""Standard errors by which those left alone must have come back."""
SHOWN = 4
"""Periods on either side of the start that the picture shows."""


@dataclass(frozen=True)
class Chosen:
    """A group of units that was treated from the same period on, and those that were not treated by then. U units."""

    name: str
    start: int
    treated: Flags
    others: Flags


@dataclass(frozen=True)
class Dip:
    """One outcome of one group in the last ``width`` periods before its start."""

    outcome: str
    group: Chosen
    width: int
    dip: float
    """How far the treated stood off their own earlier course, less the same of the others."""
    p: float
    spread: float
    """Standard deviation of the same among the others."""
    lowest: int
    """How many of the treated were among as many units with the lowest (after a rise: highest) values."""
    chance: float
    """Probability of as many or more if they had been drawn by lot."""
    values: Array = field(repr=False)
    """[U, T]"""

    @property
    def rows(self) -> Flags:
        """[U] the treated and those not treated by then."""
        return self.group.treated | self.group.others

    @property
    def sign(self) -> int:
        """-1 after a fall, +1 after a rise."""
        return 1 if self.dip > 0 else -1


def dips(outcomes: Mapping[str, Array], groups: Sequence[Chosen], *, scaled: bool = False) -> tuple[Dip, ...]:
    """Every outcome [U, T] of every group, in the last 1, 2 and 4 periods before the start; at most half of those there are.

    ``scaled`` counts every unit in its own spread, for units of very different size.
    """
    return tuple(
        found
        for name, values in outcomes.items()
        for group in groups
        for width in _widths(group.start)
        if (found := _dip(name, values, group, width, scaled=scaled)) is not None
    )


def _widths(start: int) -> Iterator[int]:
    width = 1
    while width <= min(LONGEST, start // 2):
        yield width
        width *= 2


def _dip(name: str, values: Array, group: Chosen, width: int, *, scaled: bool) -> Dip | None:
    away = values[:, : group.start] @ _off_course(group.start, width)
    own, other = (away[side & np.isfinite(away)] for side in (group.treated, group.others))
    if min(len(own), len(other)) < 1 or len(own) + len(other) < LEAST or np.ptp(other) == 0:
        return None
    dip = float(own.mean() - other.mean())
    p = _p_value(away / _own_spread(values, group, width) if scaled else away, group)
    lowest, chance = _concentrated(
        values[:, group.start - width : group.start].mean(axis=1), group, -1 if dip < 0 else 1
    )
    return Dip(name, group, width, dip, p, float(other.std(ddof=1)), lowest, chance, values)


def _own_spread(values: Array, group: Chosen, width: int) -> Array | float:
    """[U] standard deviation of a unit's steps in its earlier periods; 1 where they are few."""
    if group.start - width < ENOUGH_FOR_A_TREND:
        return 1.0
    spread = np.diff(values[:, : group.start - width], axis=1).std(axis=1)
    return np.where(spread > 0, spread, np.nan)


def _p_value(away: Array, group: Chosen) -> float:
    """Two-sided, of the treated against the others: Welch's test where the treated are enough to tell their own spread."""
    own, other = (away[side & np.isfinite(away)] for side in (group.treated, group.others))
    if not len(own) or len(other) < 2:
        return 1.0
    return float(stats.ttest_ind(own, other, equal_var=len(own) < OWN_SPREAD).pvalue)


def _off_course(start: int, width: int) -> Array:
    """[start] weights: the mean of the last ``width`` periods less what the earlier ones say of them."""
    earlier = start - width
    at = np.arange(earlier) - (earlier - 1) / 2
    ahead = (earlier - 1) / 2 + (width + 1) / 2
    slope = ahead * at / (at @ at) if earlier >= ENOUGH_FOR_A_TREND else np.zeros(earlier)
    return np.concatenate([-(1 / earlier + slope), np.full(width, 1 / width)])


def _concentrated(mean: Array, group: Chosen, sign: int) -> tuple[int, float]:
    seen = (group.treated | group.others) & np.isfinite(mean)
    treated, k = group.treated[seen], int(group.treated[seen].sum())
    lowest = int(treated[np.argpartition(-sign * mean[seen], k - 1)[:k]].sum())
    return lowest, float(stats.hypergeom.sf(lowest - 1, len(treated), k, k))


@dataclass(frozen=True)
class LeftAlone:
    """Units that stood as low (or high) in earlier periods, and were not treated."""

    change: float
    """Mean change to the next periods, less that of everybody."""
    std_error: float | None
    course: Array = field(repr=False)
    """[2 x SHOWN] their mean by period, from SHOWN before the end of the spell on; NaN where the history is too short."""


def left_alone(found: Dip) -> LeftAlone | None:
    """What the same many lowest of every earlier spell of the same length did next; None without such a history.

    The standard error takes the units of different spells as independent.
    """
    before = found.values[found.rows, : found.group.start]
    k, w = int(found.group.treated.sum()), found.width
    ends = range(found.group.start - w, w - 1, -w)
    changes, courses = [], []
    for end in ends:
        now, after = before[:, end - w : end].mean(axis=1), before[:, end : end + w].mean(axis=1)
        seen = np.flatnonzero(np.isfinite(now) & np.isfinite(after))
        order = seen[np.argsort(-found.sign * now[seen], kind="stable")]
        if len(order) < k + 2:
            continue
        moved = after - now
        changes.append(moved[order[:k]] - moved[order].mean())
        courses.append(_around(before[order[:k]].mean(axis=0), end))
    if not changes:
        return None
    every = np.concatenate(changes)
    error = float(every.std(ddof=1) / len(every) ** 0.5) if len(every) > 1 else None
    with np.errstate(invalid="ignore"):
        known = np.isfinite(courses).sum(axis=0)
        course = np.where(known, np.nansum(courses, axis=0) / np.maximum(known, 1), np.nan)
    return LeftAlone(float(every.mean()), error, course)


def comes_back(found: Dip, alone: LeftAlone | None, large: float) -> bool:
    """Whether such units clearly come back, by ``large`` standard deviations at least, and the dip is nearer to that than to nothing."""
    if alone is None or alone.std_error is None:
        return False
    back = -found.sign * alone.change
    return back > max(CLEAR * alone.std_error, large * found.spread) and abs(found.dip) > back / 2


def _around(course: Array, end: int) -> Array:
    """[2 x SHOWN] a course around a moment, NaN beyond its ends."""
    at = np.arange(end - SHOWN, end + SHOWN)
    inside = (at >= 0) & (at < len(course))
    return np.where(inside, course[np.clip(at, 0, len(course) - 1)], np.nan)


def before_and_after(found: Dip) -> tuple[float, float]:
    """Means of the treated in the spell, and from the start on."""
    own = found.values[found.group.treated]
    start = found.group.start
    return float(np.nanmean(own[:, start - found.width : start])), float(np.nanmean(own[:, start:]))


def picture(found: Dip, alone: LeftAlone | None, unit: str) -> Picture:
    """The treated around their start, beside those who stood as low in earlier periods and were left alone."""
    own = _around(np.nanmean(found.values[found.group.treated], axis=0), found.group.start)
    lines = {"treated": own} | ({"left-alone": alone.course} if alone else {})
    return Picture(
        code="selected-on-outcome", outcome=found.outcome, unit=unit, rule=-0.5,
        series=tuple(
            Series(name=name, x=tuple(float(x) for x in range(-SHOWN, SHOWN)), y=tuple(None if y != y else y for y in course.tolist()))
            for name, course in lines.items()
        ),
    )  # fmt: skip
