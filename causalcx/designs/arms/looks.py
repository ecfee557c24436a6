"""A readout at a planned look: which look it is, and ranges and p-values as wide as several looks ask for.

Estimates, standard errors, the posterior and the money do not change by looking (docs/decisions/0018-looks-and-money.md).
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from causalcx.checks.design import early_look
from causalcx.checks.effects import guardrails, precision
from causalcx.checks.looks import planned_look
from causalcx.core import sequential
from causalcx.core.check import Check, Notice
from causalcx.core.effect import LEE_LOWER, LEE_UPPER, Effect
from causalcx.core.experiment import Experiment
from causalcx.core.inference import holm, quantile
from causalcx.core.looks import LookRecord, Looks, PlannedLook, SeenEffect, SeenLook
from causalcx.core.need import Profile
from causalcx.core.readout import Readout
from causalcx.core.sequential import AlwaysValid, Bound, Spending, spent, t_critical, z_of

NEAR = 0.05
"""Share of all information by which a look may miss its place and still be the planned one."""
TIGHTEST = 10_000
"""Units at which an always-valid range is tightest, unless the plan says how many are planned; half or ten times as many cost little."""
NAMES = {
    "obrien-fleming": "Lan-DeMets, O'Brien-Fleming",
    "pocock": "Lan-DeMets, Pocock",
    "always-valid": "always-valid",
}


@dataclass(frozen=True)
class Looking:
    """This look and its bound."""

    number: int | None
    of: int
    last: bool
    information: float
    bound: Bound


def looking(experiment: Experiment, profile: Profile) -> Looking | None:
    """Which look the data are; None without planned looks."""
    looks = experiment.looks
    if looks is None:
        return None
    days = (last_day(experiment) - experiment.period.start).days + 1
    day = days if experiment.as_of is None else max((experiment.as_of - experiment.period.start).days + 1, 1)
    rows = profile.rows
    information = rows / looks.planned_units if looks.planned_units else _by_the_days(experiment, day / days)
    over = experiment.as_of is not None and day >= days and not profile.immature
    if looks.spending is None:
        bound = AlwaysValid(rows, looks.planned_units or TIGHTEST)
        return Looking(looks.named or min(day, days), days, day >= days, information, bound)
    return _at(looks, planned_times(experiment), _number(experiment, information, over), information)


def _by_the_days(experiment: Experiment, passed: float) -> float:
    """Share of the days that are over; without `as_of` that of the look that is named, else all of them."""
    looks = experiment.looks
    if experiment.as_of is None and looks is not None and looks.named is not None:
        return planned_times(experiment)[looks.named - 1]
    return min(passed, 1.0)


def last_day(experiment: Experiment) -> dt.date:
    """Day of the last look."""
    dates = experiment.looks.dates if experiment.looks else ()
    return dates[-1] if dates else experiment.period.end


def planned_times(experiment: Experiment) -> tuple[float, ...]:
    """Share of what is planned at each look; dates by the days of the period."""
    looks, start = experiment.looks, experiment.period.start
    assert looks is not None
    days = (last_day(experiment) - start).days + 1
    return looks.shares or tuple(((date - start).days + 1) / days for date in looks.dates)


def _number(experiment: Experiment, information: float, over: bool) -> int | None:
    """The planned look that this is: the one named, the last once all is over, else the one whose place it is."""
    looks, times = experiment.looks, planned_times(experiment)
    assert looks is not None
    if looks.named is not None:
        return looks.named
    if over or 1 - NEAR / 10 <= information <= 1 + NEAR:
        return len(times)
    if looks.dates:
        return looks.dates.index(experiment.as_of) + 1 if experiment.as_of in looks.dates else None
    nearest = min(range(len(times)), key=lambda k: abs(times[k] - information))
    return nearest + 1 if abs(times[nearest] - information) <= NEAR else None


def _at(looks: Looks, times: tuple[float, ...], number: int | None, information: float) -> Looking:
    """The bound at the information that is there, after the looks that came before as they were planned."""
    before = times if number is None else times[: number - 1]
    last = number == len(times) or information >= 1
    assert looks.spending is not None
    until = (*(t for t in before if t < min(information, 1.0) - 1e-9), information)
    return Looking(number, len(times), last, information, Spending(looks.spending, until, last))


def look_check(experiment: Experiment, profile: Profile) -> Check:
    """The check `early-look`: a look that was not planned fails it."""
    now = looking(experiment, profile)
    looks = experiment.looks
    known = looks and (experiment.as_of or looks.planned_units or looks.named)
    if now is None or not known:
        return early_look(experiment)
    return planned_look(experiment, _record(experiment, now, ()))


def at_look(experiment: Experiment, readout: Readout, profile: Profile) -> Readout:
    """The readout with every range widened to this look's bound; unchanged without planned looks."""
    now = looking(experiment, profile)
    if now is None:
        return readout
    effects = widened(readout.effects, now, NAMES[str(experiment.looks and experiment.looks.rule)])
    found = readout.model_copy(update={"effects": effects})
    again = {_place(c): c for c in (*precision(experiment, found.headlines), *guardrails(experiment, found.headlines))}
    clear = {(e.outcome, e.comparison) for e in effects if e.clear}
    seen = SeenLook(
        number=now.number, as_of=experiment.as_of, information=now.information, rows=profile.rows,
        fingerprint=profile.fingerprint, critical=now.bound.critical(), effects=_seen(readout, found),
    )  # fmt: skip
    return found.model_copy(
        update={
            "looks": _record(experiment, now, (seen,)).model_copy(update=_allowed(experiment, found)),
            "checks": tuple(again.get(_place(c), c) for c in readout.checks),
            "warnings": tuple(n for n in readout.warnings if n.code != "factors-interact" or _about(n) in clear),
            "fallbacks": (*readout.fallbacks, *_moved(experiment, now)),
        }
    )


def _place(check: Check) -> tuple[str, object, object]:
    return check.name, check.facts.get("outcome"), check.facts.get("comparison")


def _about(notice: Notice) -> tuple[object, object]:
    return notice.facts.get("outcome"), notice.facts.get("comparison")


def widened(effects: tuple[Effect, ...], now: Looking, name: str) -> tuple[Effect, ...]:
    """Ranges and p-values of this look; Holm's adjustment of the new p-values."""
    read = [_widened(e, now, name) for e in effects]
    family = [i for i, e in enumerate(read) if e.p_adjusted is not None and e.p_value is not None]
    for i, adjusted in zip(family, holm([float(read[i].p_value or 0.0) for i in family]), strict=True):
        read[i] = read[i].model_copy(update={"p_adjusted": adjusted})
    return _one_range(read)


def _one_range(effects: list[Effect]) -> tuple[Effect, ...]:
    """Both bounds where groups answered unequally carry one range, from below the lower to above the upper."""
    low = {(e.outcome, e.comparison): e.low for e in effects if e.aggregation == LEE_LOWER}
    high = {(e.outcome, e.comparison): e.high for e in effects if e.aggregation == LEE_UPPER}
    ends = [{"low": low.get(key), "high": high.get(key)} for key in ((e.outcome, e.comparison) for e in effects)]
    bounds = (LEE_LOWER, LEE_UPPER)
    return tuple(e.model_copy(update=of) if e.aggregation in bounds else e for e, of in zip(effects, ends, strict=True))


def _widened(effect: Effect, now: Looking, name: str) -> Effect:
    ratio = t_critical(now.bound, effect.df) / quantile((1 + effect.level) / 2, effect.df)
    change = {
        "look": now.number,
        "low": None if effect.low is None else effect.estimate - ratio * (effect.estimate - effect.low),
        "high": None if effect.high is None else effect.estimate + ratio * (effect.high - effect.estimate),
        "method": f"{effect.method}; {name}, {_which(now)}",
    }
    if effect.p_value is not None:
        change["p_value"] = now.bound.p_value(z_of(effect.p_value))
    return effect.model_copy(update=change)


def _which(now: Looking) -> str:
    return "a look that was not planned" if now.number is None else f"look {now.number} of {now.of}"


def _seen(plain: Readout, found: Readout) -> tuple[SeenEffect, ...]:
    """The primaries, with the range of a single look beside that of this one; none with an open end."""
    pairs = [(once, e) for once, e in zip(plain.headlines, found.headlines, strict=True) if e.role == "primary"]
    ends: list[dict[str, Any]] = [
        {"low": e.low, "high": e.high, "naive_low": once.low, "naive_high": once.high} for once, e in pairs
    ]
    return tuple(
        SeenEffect(outcome=e.outcome, comparison=e.comparison, unit=e.unit, estimate=e.estimate, **of)
        for (_, e), of in zip(pairs, ends, strict=True)
        if None not in of.values()
    )


def _allowed(experiment: Experiment, found: Readout) -> dict[str, tuple[str, ...]]:
    """Comparisons that may be scaled or stopped before the last look."""
    scale, stop = [], []
    for comparison in dict.fromkeys(e.comparison for e in found.headlines):
        ends = [_ends(experiment, e) for e in found.headlines if e.comparison == comparison and e.role == "primary"]
        scale += [comparison] if any(worst > 0 for worst, _, _ in ends) else []
        stop += [comparison] if all(best < matters for _, best, matters in ends) else []
    return {"may_scale": tuple(scale), "may_stop": tuple(stop)}


def _ends(experiment: Experiment, effect: Effect) -> tuple[float, float, float]:
    """Worst and best end of the range and the smallest worthwhile effect, better being larger; an open end allows nothing."""
    outcome = experiment.outcome(effect.outcome)
    low, high = (-math.inf if effect.low is None else effect.low), (math.inf if effect.high is None else effect.high)
    worst, best = (low, high) if outcome.sign > 0 else (-high, -low)
    return worst, best, outcome.matters or 0.0


def _record(experiment: Experiment, now: Looking, seen: tuple[SeenLook, ...]) -> LookRecord:
    looks = experiment.looks
    assert looks is not None
    return LookRecord(
        rule=looks.rule, number=now.number, of=now.of, last=now.last, information=now.information,
        critical=now.bound.critical(), planned=planned_looks(experiment), seen=seen,
    )  # fmt: skip


def planned_looks(experiment: Experiment) -> tuple[PlannedLook, ...]:
    """The plan's looks with their bounds; none of an always-valid sequence, whose bound goes by units."""
    looks = experiment.looks
    if looks is None or looks.spending is None:
        return ()
    times = planned_times(experiment)
    used = [spent(looks.spending, t) for t in times]
    dates = looks.dates or (None,) * len(times)
    return tuple(
        PlannedLook(number=k + 1, information=t, on=date, critical=c, spent=u)
        for k, (t, date, c, u) in enumerate(zip(times, dates, sequential.bounds(times, used), used, strict=True))
    )


def _moved(experiment: Experiment, now: Looking) -> tuple[Notice, ...]:
    """A look away from its place, as whoever fitted named it or the period is over: the bound is that of what is there."""
    looks = experiment.looks
    if looks is None or looks.spending is None or now.number is None:
        return ()
    planned = planned_times(experiment)[now.number - 1]
    facts = {"look": now.number, "planned": planned, "information": now.information}
    if looks.named is None and now.last and now.information < 1 - NEAR:
        return (Notice(code="look-short", facts=facts),)
    if looks.named is None and not now.last:
        return ()
    return (Notice(code="look-moved", facts=facts),) if abs(planned - now.information) > NEAR else ()
