"""Durations without randomisation: pseudo-values that weigh for being lost from sight, arm by arm, given the covariates.

In each arm two proportional hazards (Cox 1972; ties as Breslow), one of leaving and one of being lost, are fitted on the other folds.
With S(t | x) who stays, G(t | x) who is still seen, and h(t | x) the hazard of leaving, a unit's pseudo-value of the share at the horizon H is

    S(H | x) - S(H | x) sum over t up to its own time of (1[leaves at t] - h(t | x)) / (S(t | x) G(t- | x))

and that of the restricted mean has the area under S(. | x) from t to H in place of the second S(H | x) (Robins & Rotnitzky 1992;
Westling, Luedtke, Gilbert & Carone 2024, Journal of the American Statistical Association 119: 1541-1553, section 2). Its mean among units
alike in x is right if either hazard is, and without covariates it is the pseudo-value of the Kaplan-Meier curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import Frame, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.survival import told, until
from causalcx.designs.features import features
from causalcx.designs.unconfounded.crossfit import folds_of
from causalcx.designs.unconfounded.identification import Identified

MOST_TIMES = 200
"""Distinct times up to which each is a step of its own; beyond, steps end at quantiles of the times."""
FOLDS = 5
PENALTY = 1.0
"""Of the squared coefficients of standardised covariates, against the log partial likelihood: one unit's worth."""
ROUNDS, SETTLED, LARGEST_STEP = 25, 1e-8, 2.0
SEEN = 0.02
"""Least chance of still being seen that a weight counts with: no unit stands for more than 50."""
CERTAIN = 0.999
CHUNK = 20_000


def weighed(frame: Frame, identified: tuple[Identified, ...], seed: int) -> Frame:
    """The frame with pseudo-values in place of every duration: of the share under its name, of the time beside it."""
    found = dict(frame.outcomes)
    for one in identified:
        if one.outcome.kind == "duration":
            share, time = _weighed(frame, one.outcome, one.adjusts_for, seed).T
            found |= {one.outcome.key: share, variables_of(one.outcome)[1]: time}
    return replace(frame, outcomes=found)


def _weighed(frame: Frame, outcome: Outcome, adjusts_for: tuple[str, ...], seed: int) -> Array:
    """[n, 2], NaN where the duration is missing."""
    rows = np.flatnonzero(~np.isnan(frame.outcomes[outcome.key]))
    x = features(frame, adjusts_for).values[rows]
    x = (x - x.mean(axis=0)) / np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    time, left = until(frame.outcomes[outcome.key][rows], frame.left[outcome.key][rows], outcome.length)
    arm, found = frame.arm[rows], np.full((len(frame.arm), 2), np.nan)
    steps = Steps.of(time, left, outcome.length)
    for train, test in folds_of(arm, FOLDS, seed):
        for a in np.unique(arm):
            own, told_of = train[arm[train] == a], test[arm[test] == a]
            found[rows[told_of]] = pseudo_values(steps, x, own, told_of)
    return told(outcome, found)


@dataclass(frozen=True)
class Steps:
    """Times up to the horizon as K steps, and where each unit left or was last seen."""

    time: Array
    """[K] mean time of who left in the step; its end where nobody did."""
    horizon: float
    at: Whole
    """[n] the unit's step; K for who was there at the horizon."""
    left: Flags
    """[n]"""

    @classmethod
    def of(cls, time: Array, left: Flags, horizon: float) -> Steps:
        """Steps of all units; who is lost within a step is lost after those who leave in it."""
        before = time[left | (time < horizon)]
        end = np.unique(before)
        if len(end) > MOST_TIMES:
            end = np.unique(np.quantile(before, np.linspace(0, 1, MOST_TIMES + 1)[1:], method="higher"))
        at = np.where(left | (time < horizon), np.searchsorted(end, time), len(end))
        leavers, total = (np.bincount(at[left], w, len(end))[: len(end)] for w in (None, time[left]))
        return cls(np.where(leavers > 0, total / np.maximum(leavers, 1), end), horizon, at, left)

    @property
    def lost(self) -> Flags:
        """[n] who was lost before the horizon."""
        return ~self.left & (self.at < len(self.time))


def pseudo_values(steps: Steps, x: Array, train: Whole, test: Whole) -> Array:
    """[m, 2] share that left by the horizon and restricted time of the units ``test``, by hazards fitted on ``train``."""
    many = len(steps.time)
    leaving = proportional(x[train], steps.at[train], steps.left[train], many)
    seen_until = np.where(steps.left, steps.at - 1, steps.at)  # who leaves can no longer be lost in that step
    losing = proportional(x[train], seen_until[train], steps.lost[train], many)
    parts = [test[i : i + CHUNK] for i in range(0, len(test), CHUNK)]
    return np.concatenate([_values(steps, leaving(x[part]), losing(x[part]), part) for part in parts])


def _values(steps: Steps, leaving: Array, losing: Array, units: Whole) -> Array:
    """[m, 2] from [m, K] hazards."""
    share = np.cumprod(1 - leaving, axis=1)
    seen = np.cumprod(1 - losing, axis=1)
    seen = np.column_stack([np.ones(len(seen)), seen[:, :-1]])
    width = np.diff(steps.time, append=steps.horizon)
    area = np.cumsum((share * width)[:, ::-1], axis=1)[:, ::-1]
    weight = 1 / (share * np.maximum(seen, SEEN))
    return np.column_stack(
        [
            1 - _around(share[:, -1], share[:, -1:] * weight, leaving, steps, units),
            _around(steps.time[0] + area[:, 0], area * weight, leaving, steps, units),
        ]
    )


def _around(estimate: Array, weight: Array, leaving: Array, steps: Steps, units: Whole) -> Array:
    """The estimate for units like it, less what the unit's own course says beyond it."""
    at = np.minimum(steps.at[units], len(steps.time) - 1)[:, None]
    expected = np.take_along_axis(np.cumsum(weight * leaving, axis=1), at, axis=1)[:, 0]
    own = np.where(steps.left[units], np.take_along_axis(weight, at, axis=1)[:, 0], 0.0)
    return estimate + expected - own


@dataclass(frozen=True)
class Hazard:
    """A proportional hazard in K steps."""

    base: Array
    slope: Array

    def __call__(self, x: Array) -> Array:
        """[m, K] chance of the event in each step, of who has come so far."""
        return np.minimum(np.exp(np.clip(x @ self.slope, -20, 20))[:, None] * self.base, CERTAIN)


def proportional(x: Array, at: Whole, event: Flags, many: int) -> Hazard:
    """Cox's partial likelihood with a small penalty, by Newton's method; ``at`` [n] is the last step at risk (-1: none)."""
    kept = at >= 0
    x, at, event = x[kept], np.minimum(at[kept], many), event[kept]
    events = np.bincount(at[event], minlength=many)[:many].astype(float)
    slope = np.zeros(x.shape[1])
    for _ in range(ROUNDS if event.any() else 0):
        step = _newton(x, at, event, events, slope)
        size = float(np.abs(step).max())
        slope = slope + step * min(1.0, LARGEST_STEP / max(size, LARGEST_STEP))
        if size < SETTLED:
            break
    return Hazard(_per_risk(events, _at_risk(np.exp(np.clip(x @ slope, -20, 20)), at, many)), slope)


def _newton(x: Array, at: Whole, event: Flags, events: Array, slope: Array) -> Array:
    many, risk = len(events), np.exp(np.clip(x @ slope, -20, 20))
    total = _at_risk(risk, at, many)
    mean = np.column_stack([_at_risk(risk * c, at, many) for c in x.T]) / np.where(total > 0, total, 1)[:, None]
    hazard = np.cumsum(_per_risk(events, total))
    weight = risk * np.append(hazard, hazard[-1])[at]
    gradient = x[event].sum(axis=0) - events @ mean - PENALTY * slope
    information = x.T @ (weight[:, None] * x) - mean.T @ (events[:, None] * mean) + PENALTY * np.eye(len(slope))
    return np.linalg.solve(information, gradient)


def _at_risk(values: Array, at: Whole, many: int) -> Array:
    """[K] sums over the units still at risk in each step."""
    return np.cumsum(np.bincount(at, values, many + 1)[::-1])[::-1][:many]


def _per_risk(events: Array, total: Array) -> Array:
    return np.where(total > 0, events / np.where(total > 0, total, 1), 0.0)
