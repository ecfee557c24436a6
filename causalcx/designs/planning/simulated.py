"""A design whose size has no closed form: its estimator on worlds without an effect, at several sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.core.sizing import OutcomeSize, Replay, ReplayedOutcome, SizeTried, monte_carlo_error, wanted_power
from causalcx.designs.headline import unit_of
from causalcx.designs.planning.estimates import readout_of
from causalcx.designs.planning.sizes import pay_notices
from causalcx.designs.planning.trials import Progress, Trials, alarms, spread_error, trials
from causalcx.designs.planning.worlds import World

RUNS, RUNS_OF = 200, {"interrupted-time-series": 50, "observational": 24}
"""Worlds of every size; fewer starts of one series, which overlap, and where one world takes long."""
SIZES = 3
"""Sizes tried beside the planned one."""


@dataclass(frozen=True)
class Simulated:
    """What was tried, by size, and the planned size among it."""

    experiment: Experiment
    world: World
    tried: tuple[Trials, ...]
    planned: Trials
    asked: int | None
    """The size that was asked for, where no world of it can be drawn."""
    unknown: tuple[str, ...] = ()
    """Outcomes of the plan that no world has."""

    @property
    def effects(self) -> Sequence[tuple[int, str, str]]:
        """Position, outcome and comparison of every effect."""
        first = self.planned.first
        return [(c, o.key, v) for c, (o, v) in enumerate(zip(first.outcomes, first.comparisons, strict=True))]


def simulated(
    experiment: Experiment, world: World, size: int | None, splits: int | None, seed: int, *, design: str, workers: int, progress: Progress | None
) -> Simulated:  # fmt: skip
    """Worlds at the planned size and at others; what cannot be drawn as large is scaled up where the rate is known."""
    low, high = world.sizes
    wanted = size or world.usual
    planned = min(max(wanted, low), high)
    runs = splits or RUNS_OF.get(experiment.design.kind, RUNS)
    tried = trials(world, _grid(world, planned), runs, seed, design=design, workers=workers, progress=progress)
    at = next(t for t in tried if t.size == planned)
    if wanted > high and world.rate:
        return Simulated(experiment, world, tuple(tried), at.scaled(wanted, (high / wanted) ** world.rate), None)
    return Simulated(experiment, world, tuple(tried), at, wanted if wanted != planned else None)


def _grid(world: World, planned: int) -> list[int]:
    """Sizes to try, ascending: up to the largest where it is not too far off, since time only tells by trying."""
    low, high = world.sizes
    most = high if world.counts == "periods" else planned
    least = low if world.counts == "periods" else max(low, planned // 4)
    return sorted({planned, *(round(s) for s in np.geomspace(least, most, SIZES))})


def sizes_tried(found: Simulated) -> tuple[SizeTried, ...]:
    """What every size shows, per effect."""
    every = (*found.tried, *([found.planned] if found.planned.size not in {t.size for t in found.tried} else []))
    return tuple(_tried(found, t, c, name, comparison) for t in every for c, name, comparison in found.effects)


def _tried(found: Simulated, at: Trials, c: int, name: str, comparison: str) -> SizeTried:
    outcome = found.experiment.outcome(name)
    chance = at.chance(c, outcome.sign * outcome.matters) if outcome.matters else (None, None)
    return SizeTried(
        outcome=name, comparison=comparison, size=at.size, std_error=float(at.std_error[c]),
        std_error_error=float(at.std_error[c]) * spread_error(at.independent), chance=chance[0], chance_error=chance[1],
        detectable=at.detectable(c, wanted_power(found.experiment.power, outcome), outcome.sign), runs=len(at.value),
    )  # fmt: skip


def simulated_sizes(
    found: Simulated, per_month: float | None, break_even: Mapping[tuple[str, str], float | None], source: str
) -> tuple[OutcomeSize, ...]:
    """One row per effect at the planned size."""
    return tuple(
        _row(found, c, name, comparison, per_month, break_even.get((name, comparison)), known=source == "history")
        for c, name, comparison in found.effects
    )


def _row(
    found: Simulated, c: int, name: str, comparison: str, per_month: float | None, pays_from: float | None, *, known: bool
) -> OutcomeSize:  # fmt: skip
    outcome, first = found.experiment.outcome(name), found.planned.first
    at = _tried(found, found.planned, c, name, comparison)
    needed = _needed(found, c, outcome.matters, outcome.sign) if outcome.matters else None
    return OutcomeSize(
        outcome=name, comparison=comparison, role=outcome.role, unit=unit_of(found.experiment, outcome), matters=outcome.matters,
        power=wanted_power(found.experiment.power, outcome), break_even=pays_from, baseline=float(first.base[c]) if known else None,
        spread=float(first.spread[c]), needed=needed, months=_months(found.world, needed, per_month), chance=at.chance,
        chance_error=at.chance_error, detectable=at.detectable, std_error=at.std_error, std_error_error=at.std_error_error,
    )  # fmt: skip


def _needed(found: Simulated, c: int, matters: float, sign: int) -> int | None:
    """Least size at which an effect that matters is seen: between two sizes tried by a straight line of logarithms."""
    power = wanted_power(found.experiment.power, found.experiment.outcome(found.planned.first.outcomes[c].key))
    points = [(t.size, abs(t.detectable(c, power, sign))) for t in found.tried]
    rate = found.world.rate
    size, seen = points[0]
    if seen <= matters:
        return max(1, math.ceil(size * (seen / matters) ** (1 / rate))) if rate else size
    for (small, wide), (large, narrow) in pairwise(points):
        if narrow <= matters:
            part = math.log(wide / matters) / math.log(wide / narrow)
            return math.ceil(small * (large / small) ** part)
    size, seen = points[-1]
    return math.ceil(size * (seen / matters) ** (1 / rate)) if rate else None


def _months(world: World, needed: int | None, per_month: float | None) -> float | None:
    if needed is None:
        return None
    if world.counts == "units":
        return needed / per_month if per_month else None
    return needed * world.months if world.months else None


def replay_of(found: Simulated, rows: int) -> Replay:
    """False alarms and coverage in the worlds of the size tried that is nearest to the planned one."""
    at = min(found.tried, key=lambda t: abs(t.size - found.planned.size))
    inside, runs = at.holds_nothing().sum(axis=0), len(at.value)
    own = at.independent / runs
    return Replay(
        splits=runs, units=at.size, rows=rows, false_alarms=alarms(at) / runs, false_alarms_error=_error(alarms(at), runs, own),
        independent=at.independent,
        outcomes=tuple(
            ReplayedOutcome(
                outcome=name, comparison=comparison, coverage=float(inside[c]) / runs, coverage_error=_error(int(inside[c]), runs, own),
                spread_ratio=float(at.value[:, c].std(ddof=1) / at.error[:, c].mean()),
            )
            for c, name, comparison in found.effects
        ),
    )  # fmt: skip


def _error(successes: int, runs: int, own: float) -> float:
    """Monte Carlo error where only a share of the runs say something of their own."""
    return monte_carlo_error(round(successes * own), max(1, round(runs * own)))


def expected_readout(found: Simulated, truth: Mapping[str, float], seed: int, *, certain: bool = False) -> Readout:
    """A readout at the planned size whose estimates are the true effects; without any error where ``certain``."""
    at, experiment = found.planned, found.experiment
    names = [o.key for o in at.first.outcomes]
    estimates = replace(
        at.first, outcomes=tuple(experiment.outcome(n) for n in names), value=np.array([truth.get(n, 0.0) for n in names]),
        covariance=0 * at.covariance if certain else at.covariance, df=at.freedom,
    )  # fmt: skip
    return readout_of(experiment, estimates, seed)


def _few(at: Trials) -> Notice:
    """Too few worlds were asked for, or the history holds too few that say something of their own."""
    runs = len(at.value)
    if at.independent >= runs:
        return Notice(code="plan-few-worlds", facts={"runs": runs})
    return Notice(code="plan-few-placebos", facts={"independent": int(at.independent), "size": at.size})


def simulated_notices(found: Simulated, rows: tuple[OutcomeSize, ...]) -> list[Notice]:
    """How much the simulation can say, and what the rows leave open."""
    at, kind = found.planned, found.experiment.design.kind
    aimless = [o.key for o in found.experiment.primaries if o.matters is None]
    notices = [Notice(code="plan-simulated", facts={"runs": len(at.value), "design": kind})]
    notices += [Notice(code="plan-unknown-spread", facts={"outcomes": list(found.unknown)})] if found.unknown else []
    notices += [Notice(code="plan-without-matters", facts={"outcomes": aimless})] if aimless else []
    if at.few:
        notices.append(_few(at))
    if at.failed:
        notices.append(
            Notice(code="plan-worlds-failed", facts={"failed": at.failed, "runs": at.failed + len(at.value)})
        )
    if found.asked:
        notices.append(Notice(code="plan-size-not-tried", facts={"asked": found.asked, "size": at.size}))
    return notices + pay_notices(found.experiment, rows)
