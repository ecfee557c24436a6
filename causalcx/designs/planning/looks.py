"""What planned looks cost before the data: their bounds, how many more units they ask for, and how often plain looking would mislead."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy import optimize, special

from causalcx.core.experiment import Experiment
from causalcx.core.looks import ONE_LOOK
from causalcx.core.sequential import ALPHA, AlwaysValid, ever_beyond, spent
from causalcx.core.sizing import LookPlan, LooksPlan, OutcomeSize
from causalcx.designs.arms.looks import TIGHTEST, last_day, planned_looks

MOST = 28
"""Looks at which an always-valid sequence is tried: every day, or as many evenly spread ones."""
FURTHEST = 40.0
"""Standard errors beyond which every effect is seen."""


@dataclass(frozen=True)
class Schedule:
    """The looks of a plan of this size."""

    rule: str
    times: tuple[float, ...]
    """Share of what is planned that is in at each look."""
    critical: tuple[float, ...]
    """Standard errors to either end of a range at each."""
    dates: tuple[dt.date | None, ...]

    def chance(self, away: float) -> float:
        """Probability that a look at least leaves 0 out, where the effect lies ``away`` standard errors of the last look from 0."""
        return ever_beyond(self.times, self.critical, away)

    def growth(self, power: float) -> float:
        """Units needed with the looks by those needed without, to see an effect with this probability."""
        with_looks = float(optimize.brentq(lambda away: self.chance(away) - power, 0.0, FURTHEST))
        return (with_looks / _away(power)) ** 2


def schedule(experiment: Experiment, units: float) -> Schedule | None:
    """The looks, if the last has this many units; None without planned looks."""
    looks = experiment.looks
    if looks is None:
        return None
    planned = planned_looks(experiment)
    if planned:
        return Schedule(
            looks.rule, tuple(p.information for p in planned), tuple(p.critical for p in planned), tuple(p.on for p in planned)
        )  # fmt: skip
    days = (last_day(experiment) - experiment.period.start).days + 1
    count = min(days, MOST)
    after = [round(days * (k + 1) / count) for k in range(count)]
    bounds = [AlwaysValid(units * day / days, looks.planned_units or TIGHTEST).critical() for day in after]
    dates = tuple(experiment.period.start + dt.timedelta(days=day - 1) for day in after)
    return Schedule(looks.rule, tuple(day / days for day in after), tuple(bounds), dates)


def _away(power: float) -> float:
    """Standard errors from 0 at which a single look sees an effect with this probability."""
    return float(optimize.brentq(lambda away: _seen_once(away) - power, 0.0, FURTHEST)) if power > ALPHA else 0.0


def _seen_once(away: float) -> float:
    return float(special.ndtr(away - ONE_LOOK) + special.ndtr(-away - ONE_LOOK))


def sizes_with_looks(rows: Sequence[OutcomeSize], plan: Schedule | None) -> tuple[OutcomeSize, ...]:
    """Rows of a plan read once, as they are under its looks: more units, a larger effect that is seen, a smaller chance."""
    return tuple(rows) if plan is None else tuple(_with_looks(row, plan) for row in rows)


def _with_looks(row: OutcomeSize, plan: Schedule) -> OutcomeSize:
    growth = plan.growth(row.power)
    change = {
        "needed": None if row.needed is None else math.ceil(row.needed * growth),
        "months": None if row.months is None else row.months * growth,
        "chance": plan.chance(_away(row.chance)) if row.chance else row.chance,
        "detectable": None if row.detectable is None else row.detectable * math.sqrt(growth),
    }
    return row.model_copy(update=change)


def looks_plan(experiment: Experiment, plan: Schedule, size: int | None) -> LooksPlan:
    """The bounds, look by look, and what plain looking would do."""
    shape = experiment.looks.spending if experiment.looks else None
    rows = tuple(
        LookPlan(
            number=k + 1, information=t, on=date, units=None if size is None else round(size * t), critical=c,
            spent=spent(shape, t) if shape else None,
        )
        for k, (t, c, date) in enumerate(zip(plan.times, plan.critical, plan.dates, strict=True))
    )  # fmt: skip
    misled = ever_beyond(plan.times, (ONE_LOOK,) * len(rows), 0.0)
    return LooksPlan(rule=plan.rule, looks=rows, misled=misled, false_alarm=plan.chance(0.0), growth=plan.growth(0.8))
