"""How often a switchback's 95 % interval holds the truth, per outcome kind and schedule, in slots that feel the one before.

Sites have a level, a day has a course, and what moves a slot lasts into the next (autocorrelation 0.5); where all sites are switched
together, half of it moves them all. Where the change carries over for a slot, the truth is that of always on: the last row shows what
happens without a washout then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.trust.judged import row_of_ends
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array, Whole
from causalcx.core.panel import Clock
from causalcx.designs.slots.means import slot_effect
from causalcx.designs.slots.order import Slots

A_DAY, LASTING, LEVEL = 12, 0.5, 0.95


@dataclass(frozen=True)
class Case:
    """One row: an outcome kind, a schedule, and whether a slot feels the one before."""

    kind: str
    label: str
    units: int = 6
    days: int = 28
    block: int = 1
    washout: int = 0
    carried: float = 0.0
    """Effect of the slot before, as a share of that of the slot itself."""
    together: bool = False
    alternating: bool = False


PLAIN = "a coin per slot"
CASES = (
    *(Case(kind, PLAIN) for kind in ("amount", "count", "score", "binary")),
    Case("amount", "blocks of 4", block=4),
    Case("amount", "a coin per slot, carry-over, washout 1", carried=0.4, washout=1),
    Case("amount", "blocks of 4, carry-over, washout 1", block=4, carried=0.4, washout=1),
    Case("amount", "all sites together, blocks of 4", block=4, together=True),
    Case("amount", "one site, two weeks, blocks of 4", units=1, days=14, block=4),
    Case("amount", "one site, a day on and a day off", units=1, days=28, block=12, alternating=True),
    Case("amount", "broken: a coin per slot, carry-over, no washout", carried=0.4),
)
EFFECT = {"amount": -8.0, "count": 1.0, "score": 2.0, "binary": 0.03}


def slots_of(case: Case, rng: np.random.Generator) -> Slots:
    """A drawn schedule."""
    periods, sites = case.days * A_DAY, 1 if case.together else case.units
    blocks = -(-periods // case.block)
    drawn = rng.integers(0, 2, (sites, blocks))
    if case.alternating:
        drawn = (np.arange(blocks) + drawn[:, :1]) % 2
    on = np.broadcast_to(np.repeat(drawn, case.block, axis=1)[:, :periods], (case.units, periods))
    clock = Clock("slot", tuple(map(str, range(periods))), "day", np.arange(periods) / A_DAY)
    rows = np.arange(on.size)
    return Slots(
        clock,
        rows,
        rows // periods,
        tuple(map(str, range(case.units))),
        rows % periods,
        on.ravel().copy(),
        case.washout,
    )


def outcome(case: Case, slots: Slots, rng: np.random.Generator) -> Array:
    """[n] values with the effect planted."""
    shape = (case.units, -1)
    on = slots.on.reshape(shape).astype(float)
    before = np.column_stack([np.zeros(case.units), on[:, :-1]])
    shock = rng.standard_normal(on.shape) + (rng.standard_normal(on.shape[1]) if case.together else 0)
    for t in range(1, on.shape[1]):
        shock[:, t] += LASTING * shock[:, t - 1]
    course = np.sin(2 * np.pi * slots.time.reshape(shape) / A_DAY)
    moved = EFFECT[case.kind] * (on + case.carried * before)
    if case.kind == "amount":
        return (100 + 10 * rng.standard_normal((case.units, 1)) + 10 * course + 12 * shock + moved).ravel()
    if case.kind == "count":
        return rng.poisson(np.maximum(20 + 3 * course + 2 * shock + moved, 0.1)).ravel().astype(float)
    if case.kind == "score":
        return np.clip(np.round(60 + 4 * course + 6 * shock + moved), 0, 100).ravel()
    return (rng.uniform(size=on.shape) < 0.3 + 0.05 * course + moved).ravel().astype(float)


def hours(slots: Slots) -> Array:
    """[n, k] the slot of the day, level by level."""
    of_day: Whole = slots.time % A_DAY
    return (of_day[:, None] == np.arange(1, A_DAY)).astype(float)


def one(case: Case, rng: np.random.Generator) -> tuple[float, float, float, float]:
    """Estimate, standard error and interval of one world."""
    slots = slots_of(case, rng)
    found = slot_effect(slots, outcome(case, slots, rng), hours(slots), case.kind)
    error = float(np.sqrt((found.scores**2).sum()))
    return found.value, error, *t_interval(found.value, error, found.df, LEVEL)


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case: bias, coverage and power at the planted effect, mean standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        truth = EFFECT[case.kind] * (1 + case.carried)
        estimate, error, low, high = np.array([one(case, rng) for _ in range(runs)]).T
        yield row_of_ends(("switchback", case.kind, case.label), truth, estimate, error, low, high)
