"""Break-even values put back into the file give a mean NPV of 0; swings follow the assumptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from causalcx.core.case import BreakEven, Case
from causalcx.value import value_case
from causalcx.value.sensitivity import swing

Make = Callable[..., Any]
CERTAIN = {"revenue": (2.0, 0.0), "churn": (-0.014, 0.0), "calls": (-0.05, 0.0)}
NOTHING = 1e-9
"""Share of the money moved that counts as an NPV of 0."""


@pytest.fixture
def value(experiment: Make, readout: Make) -> Callable[..., Case]:
    def made(changes: Any = None, effects: Any = CERTAIN) -> Case:
        return value_case(experiment(changes), readout(effects), seed=1, draws=400).cases[0]

    return made


def entry(case: Case, of: str, kind: str) -> BreakEven:
    return next(b for b in case.break_even if (b.of, b.kind) == (of, kind))


@pytest.mark.parametrize("outcome", ["revenue", "churn"])
def test_break_even_of_an_effect(value: Make, outcome: str) -> None:
    found = entry(value(), outcome, "effect")
    assert found.now == pytest.approx(CERTAIN[outcome][0])
    again = value(effects=CERTAIN | {outcome: (found.at, 0.0)})
    assert again.npv.mean == pytest.approx(0, abs=NOTHING * 1e6)


def test_break_even_of_a_named_worth(value: Make) -> None:
    found = entry(value({"value.costs": [{"name": "build", "once": 250000}]}), "margin", "worth")
    assert found.unit == "share"
    again = value(
        {"value.costs": [{"name": "build", "once": 250000}], "assumptions": [{"name": "margin", "value": found.at}]}
    )
    assert again.npv.mean == pytest.approx(0, abs=NOTHING * 1e6)


def test_break_even_of_a_cost(value: Make, raw: Make) -> None:
    found = entry(value(), "build", "cost")
    assert (found.now, found.unit) == (90000, "USD")
    costs = raw()["value"]["costs"]
    again = value({"value.costs": [{"name": "build", "once": found.at}, *costs[1:]]})
    assert again.npv.mean == pytest.approx(0, abs=NOTHING * 1e6)


def test_only_the_largest_costs_are_asked(value: Make) -> None:
    costs = [{"name": f"c{i}", "once": i} for i in (1, 5, 3, 4, 2)]
    found = value({"value.costs": costs})
    assert [b.of for b in found.break_even if b.kind == "cost"] == ["c5", "c3", "c4"]


def test_no_break_even_where_none_can_be(value: Make) -> None:
    """Without costs the case pays at any positive worth; a negative one is not possible."""
    found = value({"value.costs": []})
    assert entry(found, "margin", "worth").at is None
    assert entry(value(effects=CERTAIN | {"calls": (0.0, 0.0)}), "calls", "worth").at is None


def test_a_name_in_several_lines_is_one_input(value: Make) -> None:
    shared = {
        "value.streams": [{"outcome": "calls", "worth": "minute"}], "value.costs": [{"name": "own", "monthly": "minute"}],
        "assumptions": [{"name": "minute", "value": 2.0}],
    }  # fmt: skip
    assert [b.kind for b in value(shared).break_even if b.of == "minute"] == ["assumption"]


def test_a_name_that_also_sets_the_reach_has_no_linear_break_even(value: Make) -> None:
    shared = {"value.costs": [{"name": "fee", "once": "size"}], "value.reach": {"stock": "size"},
              "assumptions": [{"name": "size", "value": 100.0}, {"name": "margin", "value": 0.3}]}  # fmt: skip
    assert "size" not in [b.of for b in value(shared).break_even]


def test_swing_is_the_mean_of_the_upper_third_minus_the_lower() -> None:
    drawn = np.arange(9.0)[::-1]
    assert swing(drawn, 10 * drawn) == pytest.approx(10 * (7 - 1))
    assert swing(np.array([2.0]), np.arange(9.0)) is None


def test_swing_belongs_to_the_assumptions_in_use(value: Make, raw: Make) -> None:
    assumptions = [
        *raw()["assumptions"],
        {"name": "idle", "value": {"mean": 1, "sd": 1}},
        {"name": "fixed", "value": 3},
    ]
    margin, idle, fixed = value({"assumptions": assumptions}).assumptions
    assert margin.swing is not None
    assert margin.swing > 0
    assert (idle.used, idle.swing, fixed.swing) == (False, None, None)
    assert (margin.name, margin.value, margin.agreed) == (
        "margin",
        {"low": 0.31, "mode": 0.35, "high": 0.38},
        "finance",
    )
    assert 0.31 < margin.p5 < margin.mean < margin.p95 < 0.38


def test_what_does_not_move_npv_has_no_swing(value: Make) -> None:
    """Freed capacity and sunk costs are used, and any difference between their thirds would be chance."""
    silent = {
        "value.streams": [{"outcome": "calls", "worth": "minute", "cash": False}, {"outcome": "revenue", "worth": 0.3, "recurs": False}],
        "value.half_life_months": None, "value.costs": [{"name": "pilot", "once": "spent", "sunk": True}],
        "assumptions": [{"name": n, "value": {"low": 1, "mode": 2, "high": 3}} for n in ("minute", "spent")],
    }  # fmt: skip
    assert [(a.used, a.swing) for a in value(silent).assumptions] == [(True, None), (True, None)]


def test_a_price_shared_with_another_arm_still_breaks_even(experiment: Make, readout: Make) -> None:
    costs = [{"name": "one", "once": "fee", "arms": ["a"]}, {"name": "two", "once": "fee", "arms": ["b"]}]
    shared = {"value.costs": costs, "assumptions": [{"name": "margin", "value": 0.3}, {"name": "fee", "value": 1000.0}]}
    for case in value_case(experiment(shared), readout(CERTAIN, arms=("a", "b")), seed=1, draws=20).cases:
        assert entry(case, "fee", "cost").at == pytest.approx(1000 + case.npv.mean)
