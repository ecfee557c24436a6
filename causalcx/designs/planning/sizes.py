"""The rows of a plan: per outcome and arm, what is needed and what can be seen."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome
from causalcx.core.sizing import OutcomeSize, Truth, wanted_power
from causalcx.designs.headline import unit_of
from causalcx.designs.planning.power import chance_to_see, detectable_effect, units_needed
from causalcx.designs.planning.split import Split
from causalcx.designs.planning.spreads import Spreads


def largest_need(experiment: Experiment, spreads: Spreads | None, split: Split) -> int | None:
    """Units that every primary with `matters` and a known spread needs; None where there is none."""
    rows = outcome_sizes(experiment, spreads, split, None, None, {})
    main = {c.label for c in split.comparisons}
    return max((r.needed for r in rows if r.role == "primary" and r.needed and r.comparison in main), default=None)


def outcome_sizes(
    experiment: Experiment,
    spreads: Spreads | None,
    split: Split,
    size: int | None,
    per_month: float | None,
    break_even: Mapping[tuple[str, str], float | None],
) -> tuple[OutcomeSize, ...]:
    """One row per outcome and treated arm, or main effect and interaction, in file order; ``break_even`` is by outcome and comparison."""
    rows = []
    for outcome in experiment.outcomes:
        for one in (*split.comparisons, *split.interactions):
            comparison = one.label
            known = {
                "outcome": outcome.key, "comparison": comparison, "role": outcome.role, "unit": unit_of(experiment, outcome),
                "matters": outcome.matters, "power": wanted_power(experiment.power, outcome),
                "break_even": break_even.get((outcome.key, comparison)),
            }  # fmt: skip
            k = spreads.position(outcome.key) if spreads else None
            found = (
                _found(spreads, k, split.sides(one), size, per_month, known["power"])
                if spreads and k is not None
                else {}
            )
            rows.append(OutcomeSize(**known, **found))
    return tuple(rows)


def _found(
    spreads: Spreads, k: int, shares: tuple[float, float], size: int | None, per_month: float | None, power: float
) -> dict[str, float | int | None]:
    outcome = spreads.outcomes[k]
    needed = units_needed(spreads, k, shares, _worthwhile(outcome), power) if _possible(spreads, k) else None
    learnt = spreads.source == "history"
    left = float(spreads.per_unit[k, k] * spreads.answering[k] / spreads.spread[k] ** 2) / spreads.inflation(k)
    return {
        "baseline": None if math.isnan(spreads.baseline[k]) else float(spreads.baseline[k]),
        "spread": float(spreads.spread[k]),
        "answering": float(spreads.answering[k]),
        "explained": max(0.0, 1 - left) if learnt else None,
        "needed": needed,
        "months": needed / per_month if needed and per_month else None,
        "chance": chance_to_see(spreads, k, shares, size, _worthwhile(outcome))
        if size and _possible(spreads, k)
        else None,
        "detectable": detectable_effect(spreads, k, shares, size, power) if size else None,
    }


def _worthwhile(outcome: Outcome) -> float:
    return outcome.sign * outcome.matters if outcome.matters else 0.0


def _possible(spreads: Spreads, k: int) -> bool:
    """Whether the outcome can move by as much as matters: a rate of 3 in 1,000 cannot fall by 5 in 1,000."""
    matters = spreads.outcomes[k].matters
    return matters is not None and matters <= spreads.room(k)


def size_notices(
    experiment: Experiment, spreads: Spreads | None, split: Split, rows: tuple[OutcomeSize, ...]
) -> list[Notice]:
    """What the rows leave open, and why."""
    unknown = [o.key for o in experiment.outcomes if spreads is None or spreads.position(o.key) is None]
    aimless = [o.key for o in experiment.primaries if o.matters is None]
    known = list(enumerate(spreads.outcomes)) if spreads else []
    notices = [Notice(code="plan-unknown-spread", facts={"outcomes": unknown})] if unknown else []
    cluster = getattr(experiment.design, "cluster", None)
    if unknown and cluster and experiment.design.kind == "randomised":
        notices.append(Notice(code="plan-clusters-unknown", facts={"cluster": cluster}))
    notices += [Notice(code="plan-without-matters", facts={"outcomes": aimless})] if aimless else []
    notices += [] if split.stated else [Notice(code="plan-equal-arms", facts={"arms": list(split.shares)})]
    notices += [
        Notice(code="plan-impossible", facts={"outcome": o.key, "matters": o.matters, "unit": unit_of(experiment, o)})
        for k, o in known
        if spreads and o.matters is not None and not _possible(spreads, k)
    ]
    if spreads and spreads.members > 1:
        most = max(spreads.inflation(k) for k in range(len(spreads.outcomes)))
        notices.append(Notice(code="plan-clusters", facts={"members": spreads.members, "ratio": most}))
    return notices + pay_notices(experiment, rows)


def pay_notices(experiment: Experiment, rows: tuple[OutcomeSize, ...]) -> list[Notice]:
    """Where what matters would not bring back what it costs."""
    return [
        Notice(code="plan-too-small-to-pay", facts={"outcome": r.outcome, "matters": r.matters, "break_even": r.break_even, "unit": r.unit, "comparison": r.comparison})
        for r in rows
        if _does_not_pay(r, experiment.outcome(r.outcome).sign)
    ]  # fmt: skip


def _does_not_pay(row: OutcomeSize, sign: int) -> bool:
    """Whether an effect of `matters` alone would not bring back what the change costs."""
    return row.matters is not None and row.break_even is not None and sign * row.break_even > row.matters


def truths(experiment: Experiment) -> dict[Truth, dict[str, float]]:
    """The effects under which a decision rule is tried, by the name of the truth."""
    outcomes = experiment.outcomes
    tried: dict[Truth, dict[str, float]] = {
        "none": dict.fromkeys((o.key for o in outcomes), 0.0),
        "matters": {o.key: _worthwhile(o) for o in outcomes},
    }
    if experiment.expects:
        tried["expected"] = {o.key: float(np.mean(experiment.expects.get(o.key, (0.0, 0.0)))) for o in outcomes}
    return tried
