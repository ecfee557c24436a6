"""Group-time effects put together: by wave, over all, by time since the start, by calendar period.

Weights are the sizes of the waves, which are a sample too, so every aggregate carries what one unit's presence in a wave
adds to it (Callaway & Sant'Anna 2021, section 3 and corollary 2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.moments import Array, Flags
from causalcx.designs.roll_out.group_time import GroupTime


@dataclass(frozen=True)
class Aggregate:
    """A weighted sum of the effects on one variable."""

    value: float
    weights: Array
    """[A]"""
    presence: Array
    """[G] influence of one unit's presence in a cohort, through the weights."""


def over(effects: GroupTime, v: int, chosen: Flags) -> Aggregate:
    """Mean of the chosen effects, each weighted by the size of its wave."""
    chosen = chosen & effects.seen[:, v]
    size = np.where(chosen, effects.units[effects.cohort, v], 0.0)
    weights = size / size.sum()
    value = float(weights @ effects.value[:, v])
    away = np.where(chosen, effects.value[:, v] - value, 0.0) / size.sum()
    return Aggregate(value, weights, np.bincount(effects.cohort, away, len(effects.first)))


def mean_of(parts: list[Aggregate]) -> Aggregate:
    """Plain mean."""
    value = float(np.mean([p.value for p in parts]))
    return Aggregate(value, np.mean([p.weights for p in parts], axis=0), np.mean([p.presence for p in parts], axis=0))


def by_cohort(effects: GroupTime, v: int) -> dict[int, Aggregate]:
    """Per wave: the mean over its treated periods (eq. 3.7)."""
    under = effects.post & effects.seen[:, v]
    return {g: _plain(effects, v, under & (effects.cohort == g)) for g in dict.fromkeys(effects.cohort[under].tolist())}


def _plain(effects: GroupTime, v: int, chosen: Flags) -> Aggregate:
    weights = chosen / chosen.sum()
    return Aggregate(float(weights @ effects.value[:, v]), weights, np.zeros(len(effects.first)))


def group(effects: GroupTime, v: int) -> Aggregate:
    """The waves' own means, weighted by their sizes (eq. 3.8): the effect on the average treated unit."""
    waves = by_cohort(effects, v)
    units = effects.units[list(waves), v]
    size, own = units / units.sum(), np.array([w.value for w in waves.values()])
    value = float(size @ own)
    presence = np.zeros(len(effects.first))
    presence[list(waves)] = (own - value) / units.sum()
    return Aggregate(value, size @ np.array([w.weights for w in waves.values()]), presence)


def simple(effects: GroupTime, v: int) -> Aggregate:
    """All treated pairs, weighted by the waves' sizes (eq. 3.10)."""
    return over(effects, v, effects.post)


def by_event(effects: GroupTime, v: int) -> dict[int, Aggregate]:
    """Per time since the start (eq. 3.4), before it too."""
    return {e: over(effects, v, effects.event == e) for e in sorted(set(effects.event[effects.seen[:, v]].tolist()))}


def by_period(effects: GroupTime, v: int) -> dict[int, Aggregate]:
    """Per calendar period with a treated wave (eq. 3.11)."""
    period, under = effects.event + effects.first[effects.cohort], effects.post & effects.seen[:, v]
    return {t: over(effects, v, under & (period == t)) for t in sorted(set(period[under].tolist()))}


def each(effects: GroupTime, v: int) -> list[Aggregate]:
    """Every group-time effect by itself."""
    nobody = np.zeros(len(effects.first))
    return [
        Aggregate(float(x), w, nobody) for x, w in zip(effects.value[:, v], np.eye(len(effects.value)), strict=True)
    ]


def law(effects: GroupTime, parts: list[tuple[int, Aggregate]]) -> tuple[Array, Array]:
    """[K, K] covariance and [K] degrees of freedom of aggregates of variables: (variable, aggregate) each."""
    variables = effects.value.shape[1]
    weights = np.zeros((len(parts), len(effects.value), variables))
    presence = np.zeros((len(parts), len(effects.first), variables))
    for k, (v, part) in enumerate(parts):
        weights[k, :, v], presence[k, :, v] = part.weights, part.presence
    return effects.law(weights, presence)
