"""What a roll-out shows beside its headline: effects by wave, by time since the start and by period, and their pictures."""

from __future__ import annotations

import numpy as np

from causalcx.core import inference
from causalcx.core.check import Notice
from causalcx.core.effect import Effect, Law
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array
from causalcx.core.picture import Picture, Series
from causalcx.core.sizes import DRAWS
from causalcx.designs.headline import LEVEL
from causalcx.designs.roll_out import aggregation
from causalcx.designs.roll_out.aggregation import Aggregate
from causalcx.designs.roll_out.group_time import GroupTime
from causalcx.designs.roll_out.tally import Tally

MOST_PAIRS = 300
"""Pairs of cohort and period that are listed one by one."""
Part = tuple[dict[str, object], Aggregate]
"""How an effect names its part, and the part."""


def named_parts(seen: Tally, effects: GroupTime, v: int) -> list[Part]:
    """Every aggregate of a variable, with the fields of :class:`Effect` that tell it from the headline."""
    events, periods = aggregation.by_event(effects, v), aggregation.by_period(effects, v)
    since = aggregation.mean_of([part for e, part in events.items() if e >= 0])
    found: list[Part] = [({"aggregation": "simple"}, aggregation.simple(effects, v))]
    found += [
        ({"aggregation": "group", "cohort": seen.cohorts[g]}, p) for g, p in aggregation.by_cohort(effects, v).items()
    ]
    found += [({"aggregation": "event-time"}, since)]
    found += [({"aggregation": "event-time", "event_time": e}, part) for e, part in events.items()]
    found += [({"aggregation": "calendar"}, aggregation.mean_of(list(periods.values())))]
    found += [({"aggregation": "calendar", "period": seen.clock.labels[t]}, part) for t, part in periods.items()]
    return found + _pairs(seen, effects, v) if effects.seen[:, v].sum() <= MOST_PAIRS else found


def too_many_pairs(effects: GroupTime) -> tuple[Notice, ...]:
    """Whether single waves in single periods were left out of the list."""
    pairs = int(effects.seen.sum(axis=0).max())
    return (Notice(code="pairs-left-out", facts={"pairs": pairs}),) if pairs > MOST_PAIRS else ()


def _pairs(seen: Tally, effects: GroupTime, v: int) -> list[Part]:
    period = effects.event + effects.first[effects.cohort]
    return [
        ({"aggregation": "group-time", "cohort": seen.cohorts[g], "period": seen.clock.labels[t]}, part)
        for g, t, told, part in zip(
            effects.cohort, period, effects.seen[:, v], aggregation.each(effects, v), strict=True
        )
        if told
    ]


def parts(
    experiment: Experiment, seen: Tally, effects: GroupTime, headlines: tuple[Effect, ...], law: Law
) -> tuple[Effect, ...]:
    """Parts of the primaries, each with a posterior of its own under the headline's prior."""
    found = []
    for v, headline in enumerate(headlines):
        if headline.role == "primary":
            named = named_parts(seen, effects, v)
            covariance, freedom = aggregation.law(effects, [(v, part) for _, part in named])
            error = np.sqrt(np.maximum(np.diag(covariance), 0))
            prior = (law.prior_mean[v], law.prior_sd[v])
            found += [
                _part(
                    experiment,
                    headline,
                    names,
                    part.value,
                    float(s),
                    float(df),
                    prior,
                    _members(seen, effects, v, names),
                )
                for (names, part), s, df in zip(named, error, freedom, strict=True)
            ]
    return tuple(found)


def _members(seen: Tally, effects: GroupTime, v: int, names: dict[str, object]) -> int | None:
    return int(effects.units[seen.cohorts.index(str(names["cohort"])), v]) if "cohort" in names else None


def _part(
    experiment: Experiment, headline: Effect, names: dict[str, object], value: float, error: float, df: float,
    prior: tuple[float, float], members: int | None,
) -> Effect:  # fmt: skip
    outcome = experiment.outcome(headline.outcome)
    low, high = inference.t_interval(value, error, df, LEVEL)
    law = inference.posterior(
        ("",), np.array([value]), np.array([[error**2]]), (df,), np.array([prior[0]]), np.array([prior[1]])
    )
    change = names | {
        "estimand": headline.estimand.replace("group", str(names["aggregation"]), 1), "estimate": value, "std_error": error, "df": df,
        "low": low, "high": high, "p_value": inference.two_sided_p(value, error, df), "p_adjusted": None, "adjustment": None,
        "probability_better": inference.probability_above(law, 0, 0.0, outcome.sign),
        "probability_matters": None if outcome.matters is None else inference.probability_above(law, 0, outcome.matters, outcome.sign),
        "baseline": None, "relative": None, "n_treated": headline.n_treated if members is None else members,
    }  # fmt: skip
    return headline.model_copy(update=change)


def simultaneous(covariance: Array, freedom: Array, seed: int) -> float:
    """Standard errors that an interval needs so that all of them hold the truth together, 19 times in 20.

    The multiplier bootstrap with normal multipliers: given the influence values, its draws are normal with the estimated
    covariance, so no unit is needed (Callaway & Sant'Anna 2021, algorithm 1); the fewest degrees of freedom stretch them.
    """
    from scipy import stats

    error = np.sqrt(np.maximum(np.diag(covariance), 0))
    safe = np.where(error > 0, error, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(safe, safe))
    rng, df = np.random.default_rng(seed), float(freedom.min())
    z = rng.standard_normal((DRAWS, len(error))) @ (vectors * np.sqrt(np.clip(values, 0, None))).T
    stretch = np.sqrt(df / stats.chi2.ppf(rng.uniform(size=DRAWS), df))
    return float(np.quantile(np.abs(z).max(axis=1) * stretch, LEVEL))


def pictures(seen: Tally, effects: GroupTime, headlines: tuple[Effect, ...], seed: int) -> tuple[Picture, ...]:
    """Per primary: effects by time since the start with a simultaneous band, and the waves' means over time."""
    primaries = [(v, e) for v, e in enumerate(headlines) if e.role == "primary"]
    return tuple(p for v, e in primaries for p in (_event_time(seen, effects, v, e, seed), _means(seen, v, e)))


def _event_time(seen: Tally, effects: GroupTime, v: int, headline: Effect, seed: int) -> Picture:
    events = aggregation.by_event(effects, v)
    covariance, freedom = aggregation.law(effects, [(v, part) for part in events.values()])
    half = simultaneous(covariance, freedom, seed) * np.sqrt(np.maximum(np.diag(covariance), 0))
    points = {-1: (0.0, 0.0)} | {e: (part.value, float(h)) for (e, part), h in zip(events.items(), half, strict=True)}
    order = sorted(points)
    series = Series(
        name="effect", x=tuple(float(e) for e in order), y=tuple(points[e][0] for e in order), mark="points",
        low=tuple(points[e][0] - points[e][1] for e in order), high=tuple(points[e][0] + points[e][1] for e in order),
    )  # fmt: skip
    return Picture(
        code="event-time",
        outcome=headline.outcome,
        unit=headline.unit,
        x=seen.clock.column,
        rule=-0.5,
        series=(series,),
    )


def _means(seen: Tally, v: int, headline: Effect) -> Picture:
    mean = seen.mean[:, :, v]
    lines = tuple(
        Series(
            name=name,
            x=tuple(float(t) for t in range(seen.periods)),
            y=tuple(None if m != m else m for m in row),
        )
        for name, row in zip(seen.cohorts, mean.tolist(), strict=True)
    )
    starts = tuple(
        Series(name=name, x=(float(t),), y=(float(row[t]),), mark="points")
        for name, t, row in zip(seen.cohorts, seen.first.tolist(), mean, strict=True)
        if t < seen.periods and row[t] == row[t]
    )
    return Picture(
        code="waves",
        outcome=headline.outcome,
        unit=headline.unit,
        x=seen.clock.column,
        ticks=seen.clock.labels,
        series=(*lines, *starts),
    )
