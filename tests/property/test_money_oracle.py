"""A naive twin of the money model, three loops over streams, months and cohorts, against the vectorised program."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalcx.core.case import Case
from causalcx.core.effect import Covariance, Effect, Law
from causalcx.core.experiment import Experiment
from causalcx.core.inference import draws as joint_draws
from causalcx.core.readout import Readout
from causalcx.value import value_case
from causalcx.value.numbers import draw_numbers

RELATIVE = 1e-9
"""Sums of at most a few hundred products in another order; 1e-9 of the money moved is a thousand times their rounding."""
DRAWS = 4
SEED = 7
OUTCOMES = ("revenue", "calls", "visits")

size = st.one_of(st.just(0.0), st.floats(0.5, 5000))
share = st.floats(0.001, 0.9)


def pert(low: float, high: float) -> st.SearchStrategy[dict[str, float]]:
    """A span strictly within [low, high]."""
    points = st.lists(st.floats(low, high), min_size=3, max_size=3).map(sorted).filter(lambda p: p[2] - p[0] > 1e-3)
    return points.map(lambda p: {"low": p[0], "mode": p[1], "high": p[2]})


def quantity(low: float, high: float) -> st.SearchStrategy[Any]:
    return st.one_of(st.floats(low, high), pert(low, high))


@st.composite
def money(draw: st.DrawFn) -> dict[str, Any]:
    """An experiment file with random windows, reach, streams and costs."""
    horizon = draw(st.integers(1, 18))
    streams = [
        draw(stream(name, horizon)) for name in draw(st.lists(st.sampled_from(OUTCOMES), min_size=1, unique=True))
    ]
    costs = draw(st.lists(cost(horizon), max_size=4))
    value: dict[str, Any] = {
        "currency": "USD",
        "horizon_months": horizon,
        "discount_rate": draw(quantity(0.0, 0.5)),
        "reach": {
            draw(st.sampled_from(["stock", "per_month"])): draw(quantity(0, 5000)),
            "ramp_months": draw(st.one_of(st.sampled_from([0, 0.5, 1, 2.5]), st.integers(1, 30))),
        },
        "streams": streams,
        "costs": [{"name": f"cost {i}", **c} for i, c in enumerate(costs)],
    }
    if any(s["recurs"] and "half_life_months" not in s for s in streams) and draw(st.booleans()):
        value["half_life_months"] = draw(quantity(0.5, 60))
    if (any(s["recurs"] for s in streams) or any("per_unit_month" in c for c in costs)) and draw(st.booleans()):
        value["monthly_attrition"] = draw(quantity(0, 0.9))
    outcomes = [
        {"name": name, "kind": "amount" if name == "revenue" else "count", "column": name, "window_months": draw(st.integers(1, 24)),
         "better": draw(st.sampled_from(["higher", "lower"])), "role": "primary"}
        for name in OUTCOMES
    ]  # fmt: skip
    return frame(outcomes, value)


@st.composite
def stream(draw: st.DrawFn, name: str, horizon: int) -> dict[str, Any]:
    recurs = draw(st.booleans())
    result = {"outcome": name, "recurs": recurs, "cash": draw(st.booleans()), "worth": draw(quantity(0, 1))}
    if draw(st.booleans()):
        first = draw(st.integers(1, horizon))
        result["covers"] = {"from": first, "to": draw(st.integers(first, first + 24))}
    if recurs and draw(st.booleans()):
        result["half_life_months"] = draw(quantity(0.5, 60))
    return result


@st.composite
def cost(draw: st.DrawFn, horizon: int) -> dict[str, Any]:
    form = draw(st.sampled_from(["once", "monthly", "per_unit", "per_unit_month"]))
    result = {form: draw(quantity(0, 1000)), "sunk": draw(st.booleans())}
    if form == "once" and draw(st.booleans()):
        result["month"] = draw(st.integers(0, horizon))
    return result


def frame(outcomes: list[dict[str, Any]], value: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": "k", "title": "t", "intervention": "other", "owner": "o", "hypothesis": "h",
        "period": {"start": "2026-01-01", "end": "2026-02-01"}, "data": {"source": "d.csv"},
        "design": {"kind": "randomised", "unit": "id", "treatment": "v", "control": "a"},
        "outcomes": outcomes, "value": value,
    }  # fmt: skip


def readout_of(means: list[float], sds: list[float], part: float) -> Readout:
    effects = tuple(
        Effect(outcome=name, comparison="b vs a", estimand="LATE", applies_to="compliers", share=part, unit="", estimate=m, std_error=s,
               df=None, low=None, high=None, method="stated", n_treated=1, n_control=1, role="primary")
        for name, m, s in zip(OUTCOMES, means, sds, strict=True)
    )  # fmt: skip
    matrix = tuple(tuple(row) for row in (np.outer(sds, sds) * [[1, 0.5, 0], [0.5, 1, -0.3], [0, -0.3, 1]]).tolist())
    labels = tuple(e.label for e in effects)
    law = Law(labels=labels, mean=tuple(means), matrix=matrix, df=(None,) * 3, prior_mean=(0,) * 3, prior_sd=(1,) * 3)
    return Readout(
        experiment="k",
        design="randomised",
        effects=effects,
        covariance=Covariance(labels=labels, matrix=matrix),
        law=law,
    )


class Twin:
    """One draw of one case by definition: no arrays, no algebra."""

    def __init__(self, experiment: Experiment, at: dict[Any, float], effects: dict[str, float], part: float) -> None:
        self.v: Any = experiment.value
        self.at, self.effects, self.part = at, effects, part
        self.outcomes: dict[str, Any] = {o.key: o for o in experiment.outcomes}
        self.months = range(1, self.v.horizon_months + 1)

    def reached(self, m: int) -> float:
        ramp = self.v.reach.ramp_months
        size = self.at["value", "reach", "stock" if self.v.reach.stock is not None else "per_month"]
        return 0.0 if m == 0 else size * (1 if ramp == 0 else min(1, m / ramp))

    def new(self, m: int) -> float:
        return self.reached(m) - self.reached(m - 1) if self.v.reach.stock is not None else self.reached(m)

    def stays(self, j: int) -> float:
        return (1 - self.at.get(("value", "monthly_attrition"), 0.0)) ** (j - 1)

    def s(self, i: int, j: int) -> float:
        half_life = self.at.get(("value", "streams", i, "half_life_months"), self.at.get(("value", "half_life_months")))
        return (1 if half_life is None else 0.5 ** ((j - 1) / half_life)) * self.stays(j)

    def pay(self, i: int, j: int) -> float:
        stream = self.v.streams[i]
        outcome = self.outcomes[stream.outcome]
        sign, window = (1 if outcome.better == "higher" else -1), outcome.window_months
        worth, effect = self.at["value", "streams", i, "worth"], self.effects[stream.outcome]
        last = self.v.horizon_months if stream.recurs else window
        first, last = (stream.covers.from_, stream.covers.to) if stream.covers else (1, last)
        if not first <= j <= last:
            return 0.0
        if not stream.recurs:
            return sign * effect * worth / (last - first + 1)
        return (
            sign * effect / window * worth * self.s(i, j) / (sum(self.s(i, a) for a in range(1, window + 1)) / window)
        )

    def benefit(self, i: int, m: int) -> float:
        return self.part * sum(self.new(k) * self.pay(i, m - k + 1) for k in range(1, m + 1))

    def cost(self, i: int, m: int) -> float:
        cost = self.v.costs[i]
        if cost.once is not None:
            return self.at["value", "costs", i, "once"] if m == (cost.month or 0) else 0.0
        if cost.monthly is not None:
            return self.at["value", "costs", i, "monthly"] if m >= 1 else 0.0
        if cost.per_unit is not None:
            return self.at["value", "costs", i, "per_unit"] * (self.new(m) if m >= 1 else 0.0)
        there = sum(self.new(k) * self.stays(m - k + 1) for k in range(1, m + 1))
        return self.at["value", "costs", i, "per_unit_month"] * there

    def discounted(self, flow: list[float]) -> float:
        rate = (1 + self.at["value", "discount_rate"]) ** (1 / 12) - 1
        return sum(x / (1 + rate) ** m for m, x in enumerate(flow))

    def figures(self) -> dict[str, Any]:
        span = range(self.v.horizon_months + 1)
        streams = [[self.benefit(i, m) for m in span] for i in range(len(self.v.streams))]
        costs = [[self.cost(i, m) for m in span] for i in range(len(self.v.costs))]
        benefit = [sum(x[m] for x, s in zip(streams, self.v.streams, strict=True) if s.cash) for m in span]
        due = [sum(x[m] for x, c in zip(costs, self.v.costs, strict=True) if not c.sunk) for m in span]
        net = [b - c for b, c in zip(benefit, due, strict=True)]
        running = [sum(net[: m + 1]) for m in span]
        stays_up = [m for m in span if m >= 1 and all(x >= 0 for x in running[m:])]
        return {
            "streams": [self.discounted(x) for x in streams], "costs": [self.discounted(x) for x in costs],
            "benefit": benefit, "cost": due, "npv": self.discounted(net), "deepest": min(running), "running": running,
            "payback": stays_up[0] if stays_up else math.inf,
        }  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    money(),
    st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    st.lists(st.floats(0, 2), min_size=3, max_size=3),
    share,
)
def test_the_program_equals_its_naive_twin(
    raw: dict[str, Any], means: list[float], sds: list[float], part: float
) -> None:
    experiment, readout = Experiment.model_validate(raw), readout_of(means, sds, part)
    assert experiment.value is not None
    numbers = draw_numbers(experiment, experiment.value, seed=SEED, draws=DRAWS)
    effects = joint_draws(readout.law, DRAWS, SEED)
    twins = []
    for d in range(DRAWS):
        at = {place: float(np.broadcast_to(x, DRAWS)[d]) for place, x in numbers.at.items()}
        twins.append(Twin(experiment, at, dict(zip(OUTCOMES, effects[d], strict=True)), part).figures())
    case = value_case(experiment, readout, seed=SEED, draws=DRAWS).cases[0]
    compare(case, twins)


def compare(case: Case, twins: list[dict[str, Any]]) -> None:
    moved = max(sum(abs(x) for x in t["benefit"] + t["cost"] + t["streams"] + t["costs"]) for t in twins)

    def near(x: Any) -> Any:
        return pytest.approx(x, rel=RELATIVE, abs=RELATIVE * moved + 1e-300)

    npv = [t["npv"] for t in twins]
    assert case.npv.mean == near(np.mean(npv))
    assert [case.npv.p5, case.npv.p50, case.npv.p95] == near(np.quantile(npv, [0.05, 0.5, 0.95]).tolist())
    for name in ("streams", "costs"):
        found = [line.present_value.mean for line in getattr(case, name)]
        assert found == near([np.mean(x) for x in zip(*(t[name] for t in twins), strict=True)])
    for month in case.cash_flow:
        assert month.benefit == near(np.mean([t["benefit"][month.month] for t in twins]))
        assert month.cost == near(np.mean([t["cost"][month.month] for t in twins]))
    assert case.deepest is not None
    assert case.deepest.mean == near(np.mean([t["deepest"] for t in twins]))
    compare_returns(case, twins, moved)


def compare_returns(case: Case, twins: list[dict[str, Any]], moved: float) -> None:
    if all(abs(t["npv"]) > 1e-6 * moved for t in twins):  # at exactly 0 rounding decides
        assert case.probability_pays == np.mean([t["npv"] > 0 for t in twins])
    if all(abs(x) > 1e-6 * moved for t in twins for x in t["running"][1:]):
        paid = [t["payback"] for t in twins]
        assert case.payback_months.never == np.mean(np.isinf(paid))
        assert case.payback_months.mean == (None if math.inf in paid else pytest.approx(np.mean(paid)))
    costs = [sum(t["costs"]) for t in twins]
    if min(costs) <= 0:
        assert case.roi.mean is None
    elif min(costs) > 1e-3:
        sunk = [c.present_value.mean for c in case.costs if c.sunk]
        benefits = np.mean([sum(x for x, s in zip(t["streams"], case.streams, strict=True) if s.cash) for t in twins])
        assert case.roi_of_means == pytest.approx(
            float((benefits - np.mean(costs)) / np.mean(costs)), rel=1e-6, abs=1e-6 * moved
        )
        assert case.npv.mean == pytest.approx(
            benefits - np.mean(costs) + sum(x for x in sunk if x is not None), rel=RELATIVE, abs=RELATIVE * moved
        )
