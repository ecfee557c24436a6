"""What the money half of a file may not say: double counting, numbers outside their domain, keys that no line uses."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from causalcx.core.percent import hint, percentage
from causalcx.core.quantities import LogNormal, Normal, Pert

if TYPE_CHECKING:
    from causalcx.core.experiment import Experiment
    from causalcx.core.money_terms import Stream, Value
    from causalcx.core.outcomes import Outcome

Place = tuple[str | int, ...]
OUTSIDE = 0.001
"""A span is refused when this share or more of it lies outside the field's domain."""
SHORT_MONTH = 28
"""Days; an outcome counted over fewer has no full month to recur in."""

_ATTITUDES = ("nps", "score")


def money_problems(experiment: Experiment) -> list[tuple[Place, str]]:
    """Every problem of ``value`` and ``assumptions``, with its place in the file."""
    if experiment.value is None:
        return _duplicate_assumptions(experiment)
    return [
        *_duplicate_assumptions(experiment),
        *_stream_problems(experiment, experiment.value),
        *_overlaps(experiment, experiment.value),
        *_late_costs(experiment.value),
        *_idle_keys(experiment.value),
        *_quantity_problems(experiment, experiment.value),
    ]


def months_covered(stream: Stream, window_months: int, horizon_months: int) -> tuple[int, int]:
    """First and last month of a unit's life that a stream pays for."""
    if stream.covers:
        return stream.covers.from_, stream.covers.to
    return (1, horizon_months) if stream.recurs else (1, window_months)


def _duplicate_assumptions(experiment: Experiment) -> list[tuple[Place, str]]:
    names = [a.key for a in experiment.assumptions]
    return [
        (("assumptions", i, "name"), f"the name `{name}` is taken by another assumption")
        for i, name in enumerate(names)
        if name in names[:i]
    ]


def _stream_problems(experiment: Experiment, value: Value) -> Iterator[tuple[Place, str]]:
    outcomes = {o.key: o for o in experiment.outcomes}
    for i, stream in enumerate(value.streams):
        place = ("value", "streams", i)
        outcome = outcomes.get(stream.outcome)
        if outcome is None:
            yield (*place, "outcome"), f"no outcome is named `{stream.outcome}`; known: {', '.join(outcomes)}"
        elif outcome.window is None:
            yield (*place, "outcome"), f"the priced outcome `{outcome.key}` needs `window_months`"
        else:
            yield from _timing_problems(stream, outcome, value.horizon_months, place)
        if stream.half_life_months is not None and not stream.recurs:
            yield (*place, "half_life_months"), "a one-off stream does not fade; no line uses this half-life"


def _timing_problems(
    stream: Stream, outcome: Outcome, horizon_months: int, place: Place
) -> Iterator[tuple[Place, str]]:
    if _is_lifetime(stream, outcome):
        yield place, "money per customer kept is a lifetime; state the months it pays for: covers: {from: 4, to: 36}"
    if stream.covers and stream.covers.from_ > horizon_months:
        yield (
            (*place, "covers", "from"),
            f"pays nothing: the first month covered lies after the horizon of {horizon_months} months",
        )
    if stream.recurs and outcome.window_days is not None and outcome.window_days < SHORT_MONTH:
        yield (
            (*place, "recurs"),
            f"a window of {outcome.window_days} days counts as one month, once; state `recurs: false`",
        )


def _late_costs(value: Value) -> Iterator[tuple[Place, str]]:
    for i, cost in enumerate(value.costs):
        if (cost.month or 0) > value.horizon_months:
            yield (
                ("value", "costs", i, "month"),
                f"lies after the horizon of {value.horizon_months} months and would not be counted",
            )


def _is_lifetime(stream: Stream, outcome: Outcome) -> bool:
    keeps = outcome.kind == "duration" or (outcome.kind == "binary" and outcome.better == "lower")
    return keeps and not stream.recurs and stream.covers is None


def _overlaps(experiment: Experiment, value: Value) -> Iterator[tuple[Place, str]]:
    outcomes = {o.key: o for o in experiment.outcomes}
    priced = [
        (i, s, outcomes[s.outcome], months_covered(s, outcomes[s.outcome].window or 1, value.horizon_months))
        for i, s in enumerate(value.streams)
        if s.outcome in outcomes
    ]
    for n, (i, stream, outcome, months) in enumerate(priced):
        for _, _, other, theirs in priced[:n]:
            first, last = max(months[0], theirs[0]), min(months[1], theirs[1])
            reason = _double(outcome, other)
            if first <= last and reason:
                yield (
                    ("value", "streams", i),
                    f"`{stream.outcome}` and `{other.key}` both pay for months {first} to {last} of a unit's life: {reason}",
                )


def _double(one: Outcome, other: Outcome) -> str | None:
    kinds = {one.kind, other.kind}
    if one.key == other.key:
        return "the same outcome would be counted twice; let their `covers` not overlap"
    if kinds in ({"amount", "binary"}, {"amount", "duration"}):
        return (
            "an amount per assigned customer already contains what leavers took away, so it would be counted twice; "
            "let their `covers` not overlap, or drop one"
        )
    if len(kinds & set(_ATTITUDES)) and not kinds <= set(_ATTITUDES):
        return "a priced attitude beside a measured behaviour counts the same money twice; drop one, or let their `covers` not overlap"
    return None


def _idle_keys(value: Value) -> Iterator[tuple[Place, str]]:
    fading = [s for s in value.streams if s.recurs and s.half_life_months is None]
    recurring = any(s.recurs for s in value.streams)
    if value.half_life_months is not None and not fading:
        yield ("value", "half_life_months"), "no stream uses it: all are one-off or state their own"
    if (
        value.monthly_attrition is not None
        and not recurring
        and not any(c.per_unit_month is not None for c in value.costs)
    ):
        yield ("value", "monthly_attrition"), "no line uses it: it acts on recurring streams and per_unit_month costs"


def quantities(experiment: Experiment, value: Value) -> Iterator[tuple[Place, Any, tuple[float, float], str]]:
    """Every number of the money half: its place, what is stated (None where nothing is), its domain, and the domain in words."""
    inf = math.inf
    kinds = {o.key: o.kind for o in experiment.outcomes}
    yield ("value", "discount_rate"), value.discount_rate, (0.0, 1.0), "a share per year between 0 and 1"
    yield ("value", "reach", "stock"), value.reach.stock, (0.0, inf), "0 or more"
    yield ("value", "reach", "per_month"), value.reach.per_month, (0.0, inf), "0 or more"
    yield ("value", "half_life_months"), value.half_life_months, (math.ulp(0.0), inf), "more than 0"
    yield ("value", "monthly_attrition"), value.monthly_attrition, (0.0, 1.0), "a share between 0 and 1"
    for i, s in enumerate(value.streams):
        margin = kinds.get(s.outcome) == "amount"
        domain = ((0.0, 1.0), "a margin between 0 and 1") if margin else ((0.0, inf), "0 or more")
        yield ("value", "streams", i, "worth"), s.worth, *domain
        yield ("value", "streams", i, "half_life_months"), s.half_life_months, (math.ulp(0.0), inf), "more than 0"
    for i, c in enumerate(value.costs):
        for form in ("once", "monthly", "per_unit", "per_unit_month"):
            yield ("value", "costs", i, form), getattr(c, form), (0.0, inf), "0 or more"


def _quantity_problems(experiment: Experiment, value: Value) -> Iterator[tuple[Place, str]]:
    named = {a.key: a.value for a in experiment.assumptions}
    for place, quantity, (low, high), expected in quantities(experiment, value):
        if isinstance(quantity, str) and quantity not in named:
            yield place, _no_assumption(quantity, expected, list(named))
            continue
        stated = named[quantity] if isinstance(quantity, str) else quantity
        if stated is not None and share_outside(stated, low, high) >= OUTSIDE:
            name = f"{quantity}=" if isinstance(quantity, str) else ""
            yield place, _outside(stated, (low, high), expected, name)


def _no_assumption(name: str, expected: str, known: list[str]) -> str:
    percent = percentage(name)
    if percent is None:
        return f"no assumption is named `{name}`; known: {', '.join(known) or 'none'}"
    return f"expected {expected}; found {name}{hint(percent)}"


def _outside(stated: float | Pert | Normal | LogNormal, domain: tuple[float, float], expected: str, name: str) -> str:
    if isinstance(stated, float):
        return f"expected {expected}; found {name}{stated:g}{hint(stated) if stated > domain[1] == 1 else ''}"
    return f"expected {expected}; {share_outside(stated, *domain):.1%} of what is stated lies outside"


def share_outside(quantity: float | Pert | Normal | LogNormal, low: float, high: float) -> float:
    """Probability that an uncertain number lies outside [low, high]."""
    return max(0.0, _cdf(quantity, low, below=True) + 1 - _cdf(quantity, high, below=False))


def _cdf(quantity: float | Pert | Normal | LogNormal, x: float, *, below: bool) -> float:
    """P(quantity < x) if ``below``, else P(quantity <= x)."""
    if isinstance(quantity, Normal):
        return 0.5 * (1 + math.erf((x - quantity.mean) / (quantity.sd * math.sqrt(2))))
    if isinstance(quantity, LogNormal):
        if x <= 0:
            return 0.0
        mu, sigma = log_normal_parameters(quantity)
        return 0.5 * (1 + math.erf((math.log(x) - mu) / (sigma * math.sqrt(2)))) if x < math.inf else 1.0
    if isinstance(quantity, Pert):
        if x <= quantity.low:
            return 0.0
        if x >= quantity.high:
            return 1.0
        from scipy.special import betainc  # only spans that cross their domain's edge come here

        a, b = pert_shapes(quantity)
        return float(betainc(a, b, (x - quantity.low) / (quantity.high - quantity.low)))
    return float(quantity < x if below else quantity <= x)


def pert_shapes(span: Pert) -> tuple[float, float]:
    """Shapes α, β of the beta distribution behind a PERT with λ = 4 (Vose, Risk Analysis, 2008)."""
    width = span.high - span.low
    return 1 + 4 * (span.mode - span.low) / width, 1 + 4 * (span.high - span.mode) / width


def log_normal_parameters(span: LogNormal) -> tuple[float, float]:
    """μ and σ of the logarithm, from the 5 % and 95 % quantiles."""
    z95 = 1.6448536269514722
    low, high = math.log(span.p5), math.log(span.p95)
    return (low + high) / 2, (high - low) / (2 * z95)
