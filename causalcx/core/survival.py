"""Time until units leave, when some were seen for a part of the time only: Kaplan-Meier with influence values.

With n_k units still seen just before time t_k of which d_k leave then, S(t) is the product of 1 - d_k / n_k up to t (Kaplan &
Meier 1958, Journal of the American Statistical Association 53: 457-481) and the restricted mean time the area under S up to the
horizon h. A unit's pseudo-value is the estimate plus its influence value:

    S(h) - S(h) sum over t_k up to its own time of (1[leaves at t_k] - d_k / n_k) N / (n_k - d_k)

and for the restricted mean the same with the area under S from t_k to h in place of S(h). Their mean is the estimate, the sum
of their squared distances from it over N squared is Greenwood's variance (Andersen & Perme 2010, Statistical Methods in Medical
Research 19: 71-99, section 4), and where nobody is lost from sight they are the plain answers: who stayed, and for how long.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.curve import Curve
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.outcomes import Outcome

MOST_POINTS = 100
"""Points of a curve that is kept."""
NORMAL = 1.959964


@dataclass(frozen=True)
class LifeTable:
    """Units by their last time, of one group. Axes: K distinct times up to the horizon, in order."""

    time: Array
    left: Array
    """[K] units that left then."""
    lost: Array
    """[K] units last seen then, still there."""
    horizon: float

    @property
    def risk(self) -> Array:
        """[K] units still seen just before."""
        return np.cumsum((self.left + self.lost)[::-1])[::-1]

    @property
    def stay(self) -> Array:
        """[K] share of those that stays."""
        return 1 - self.left / self.risk

    @property
    def share(self) -> Array:
        """[K] still there after each time."""
        return np.cumprod(self.stay)

    @property
    def followed(self) -> bool:
        """Whether the curve is known up to the horizon."""
        return bool(self.time[-1] >= self.horizon or self.stay[-1] == 0)

    @property
    def error(self) -> Array:
        """[K] Greenwood's standard error of the share."""
        gone = self.stay == 0
        part = np.where(gone, 0.0, self.left / np.where(gone, 1.0, self.risk * (self.risk - self.left)))
        return self.share * np.sqrt(np.cumsum(part))

    @property
    def area(self) -> Array:
        """[K] area under the curve from each time to the horizon."""
        width = np.diff(self.time, append=self.horizon)
        return np.cumsum((self.share * width)[::-1])[::-1]

    @property
    def losing(self) -> tuple[float, float]:
        """Share that would be lost before the horizon had nobody left, and its standard error: the same curve with the roles exchanged.

        Who leaves at a time left before those who were lost then, as in ``share``. The error is 1 / N at least.
        """
        risk = (self.risk - self.left)[self.time < self.horizon]
        lost = self.lost[self.time < self.horizon]
        after = risk - lost
        share = float(np.prod(np.where(risk > 0, after / np.where(risk > 0, risk, 1), 1.0)))
        variance = np.where(after > 0, lost / np.where(after > 0, risk * after, 1.0), 0.0).sum()
        return 1 - share, max(share * float(np.sqrt(variance)), 1 / float(self.risk[0]))

    def pseudo_values(self) -> Array:
        """[K, 2, 2] of a unit last seen at each time, still there or leaving then: its share that left, and its restricted time."""
        last, area = self.share[-1], self.area
        mean = float(self.time[0] + area[0])
        return np.stack([1 - self._around(last, np.full_like(area, last)), self._around(mean, area)], axis=2)

    def _around(self, estimate: float, size: Array) -> Array:
        """[K, 2] the estimate plus the influence of a unit still there, or leaving."""
        remaining = self.risk - self.left
        weight = np.where(remaining > 0, size * self.risk[0] / np.where(remaining > 0, remaining, 1), 0.0)
        expected = np.cumsum(weight * self.left / self.risk)
        return estimate + np.column_stack([expected, expected - weight])

    def curve(self) -> Curve:
        """For a picture: at most ``MOST_POINTS`` points."""
        kept = np.unique(np.linspace(0, len(self.time) - 1, min(len(self.time), MOST_POINTS)).astype(int))
        low, high = _ends(self.share, self.error)
        time, share, low, high = (tuple(x[kept].tolist()) for x in (self.time, self.share, low, high))
        before = self.time < self.horizon
        return Curve(
            time, share, low, high, units=int(self.risk[0]), left=int(self.left.sum()), lost=int(self.lost[before].sum()),
            followed=self.followed, losing=self.losing,
        )  # fmt: skip


def _ends(share: Array, error: Array) -> tuple[Array, Array]:
    """Log-log limits (Kalbfleisch & Prentice 1980, section 1.4), which stay between 0 and 1."""
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    width = np.exp(NORMAL * np.where(inside, error, 0.0) / (safe * np.abs(np.log(safe))))
    return np.where(inside, safe**width, share), np.where(inside, safe ** (1 / width), share)


def until(time: Array, left: Flags, horizon: float) -> tuple[Array, Flags]:
    """Times and leavings up to the horizon: who is seen beyond it, or leaves after it, was there at the horizon."""
    return np.minimum(time, horizon), left & (time <= horizon)


def life_table(time: Array, left: Flags, count: Array, horizon: float) -> tuple[LifeTable, Whole]:
    """From (distinct or repeated) times up to the horizon, whether units left then, and how many; and each entry's place."""
    at, place = np.unique(time, return_inverse=True)
    gone, seen = (np.bincount(place, count * w, len(at)) for w in (left, ~left))
    return LifeTable(at, gone, seen, horizon), place


def pseudo_values(time: Array, left: Flags, horizon: float) -> Array:
    """[n, 2] share that left by the horizon, and restricted time, of the units of one group."""
    table, place = life_table(*until(time, left, horizon), np.ones(len(time)), horizon)
    own = until(time, left, horizon)[1].astype(int)
    return table.pseudo_values()[place, own]


def answers(outcome: Outcome, time: Array, left: Flags) -> Array:
    """[n, 2] pseudo-values of one group, as the outcome tells them; NaN where the time is missing."""
    seen, found = ~np.isnan(time), np.full((len(time), 2), np.nan)
    found[seen] = pseudo_values(time[seen], left[seen], outcome.length)
    return told(outcome, found)


def told(outcome: Outcome, values: Array) -> Array:
    """[n, 2] share that left and restricted time, as the outcome tells it: the share still there unless lower is better."""
    return values if outcome.tells_leaving else values * [-1, 1] + [1, 0]
