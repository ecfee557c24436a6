"""The figures of a case: what counts where, what is undefined, what a page needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyxirr

from causalcx.core.case import Case
from causalcx.value import value_case
from causalcx.value.irr import internal_rate_per_year
from causalcx.value.returns import payback_months
from causalcx.value.summary import chances, histogram, payback_summary, rounded

Make = Callable[..., Any]
CERTAIN = {"revenue": (2.0, 0.0), "churn": (-0.014, 0.0), "calls": (-0.05, 0.0)}
ONE_STREAM: dict[str, Any] = {
    "value.streams": [{"outcome": "revenue", "worth": 1, "recurs": False}], "value.half_life_months": None,
    "value.reach": {"stock": 600}, "value.discount_rate": 0, "value.horizon_months": 3, "assumptions": [],
}  # fmt: skip
"""1,200 USD over three months, 400 a month; effect 2 USD."""


@pytest.fixture
def case(experiment: Make, readout: Make) -> Callable[..., Case]:
    def made(changes: Any = None, effects: Any = CERTAIN, draws: int = 200) -> Case:
        return value_case(experiment(changes), readout(effects), seed=1, draws=draws).cases[0]

    return made


def with_costs(*costs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return ONE_STREAM | {"value.costs": [{"name": f"cost {i}", **c} for i, c in enumerate(costs)]} | changes


def test_sunk_costs_count_in_roi_only(case: Make) -> None:
    found = case(with_costs({"once": 600}, {"once": 200, "sunk": True}))
    assert found.npv.mean == pytest.approx(600)
    assert found.roi.mean == pytest.approx((1200 - 800) / 800)
    assert found.roi_of_means == pytest.approx((1200 - 800) / 800)
    assert found.payback_months.p50 == 2
    assert [m.cost for m in found.cash_flow] == [600, 0, 0, 0]
    assert [c.sunk for c in found.costs] == [False, True]


def test_freed_capacity_is_shown_apart(case: Make) -> None:
    streams = [*ONE_STREAM["value.streams"], {"outcome": "calls", "worth": 10, "recurs": False, "cash": False}]
    found = case(with_costs({"once": 600}, **{"value.streams": streams}))
    assert found.npv.mean == pytest.approx(600)
    assert found.roi.mean == pytest.approx(1)
    assert [s.cash for s in found.streams] == [True, False]
    assert found.streams[1].present_value.mean == pytest.approx(600 * 0.05 * 10)
    assert [m.benefit for m in found.cash_flow] == pytest.approx([0, 400, 400, 400])
    assert "calls" not in [b.of for b in found.break_even]


@pytest.mark.parametrize("costs", [(), ({"once": 0},)])
def test_without_costs_the_return_is_undefined_and_said(
    experiment: Make, readout: Make, costs: tuple[Any, ...]
) -> None:
    found = value_case(experiment(with_costs(*costs)), readout(CERTAIN), seed=1, draws=20)
    assert found.cases[0].roi.mean is found.cases[0].roi.p50 is found.cases[0].roi_of_means is None
    assert [w.code for w in found.warnings] == ["roi-undefined"]
    assert found.cases[0].irr.undefined == 1
    assert found.cases[0].irr.p50 is None
    assert found.cases[0].payback_months.p50 == 1


def test_an_assumption_that_nothing_names_is_a_warning(experiment: Make, readout: Make) -> None:
    idle = with_costs({"once": 1}, assumptions=[{"name": "margin", "value": 0.3}])
    found = value_case(experiment(idle), readout(CERTAIN), seed=1, draws=20)
    assert [(w.code, w.facts) for w in found.warnings] == [("unused-assumption", {"name": "margin"})]
    assert [a.used for a in found.cases[0].assumptions] == [False]


def test_months_after_the_horizon_pay_nothing(case: Make) -> None:
    """Of three equal parts only the two that fall within two months are paid."""
    assert case(with_costs(**{"value.horizon_months": 2})).npv.mean == pytest.approx(800)


def test_a_cost_is_paid_in_its_month(case: Make) -> None:
    assert [m.cost for m in case(with_costs({"once": 30, "month": 2})).cash_flow] == [0, 0, 30, 0]


def test_years_add_up_and_list_every_line(case: Make) -> None:
    found = case(None, effects=CERTAIN)
    assert [y.year for y in found.years] == [0, 1, 2, 3]
    assert sum(y.net for y in found.years) == pytest.approx(sum(m.net for m in found.cash_flow))
    assert found.years[1].net == pytest.approx(sum(m.net for m in found.cash_flow[1:13]))
    for i, s in enumerate(found.streams):
        assert sum(y.streams[i] for y in found.years) == pytest.approx(s.undiscounted.mean)


def test_years_of_a_horizon_that_is_no_whole_year(case: Make) -> None:
    years = case(
        {"value.horizon_months": 14, "value.streams": [{"outcome": "calls", "worth": 2}], "assumptions": []}
    ).years
    assert [y.year for y in years] == [0, 1, 2]


def test_payback_counts_never_as_infinite() -> None:
    found = payback_summary(np.array([3.0] * 6 + [math.inf] * 4))
    assert (found.p5, found.p50, found.p95, found.mean, found.never) == (3, 3, None, None, 0.4)


@pytest.mark.parametrize(
    ("net", "month"),
    [
        ([-10, 5, 5, 5], 2),
        ([-10, 20, -15, 10], 3),  # up, down again, up for good
        ([-10, 20, -15, 2], math.inf),
        ([0, 0, 0, 0], 1),
        ([-0.3, 0.1, 0.1, 0.1], 3),  # 0.1 + 0.1 + 0.1 - 0.3 is not 0 in binary
        ([5, 1, 1, 1], 1),
    ],
)
def test_payback(net: list[float], month: float) -> None:
    assert payback_months(np.array([net]))[0] == month


def test_irr_of_a_textbook_flow() -> None:
    # numpy-financial's documented example: irr([-100, 39, 59, 55, 20]) = 0.28095; pyxirr as a second opinion
    monthly = math.expm1(math.log1p(internal_rate_per_year(np.array([[-100.0, 39, 59, 55, 20]]))[0]) / 12)
    assert monthly == pytest.approx(0.28095, abs=5e-6)
    assert monthly == pytest.approx(pyxirr.irr([-100, 39, 59, 55, 20]), rel=1e-9)


@pytest.mark.parametrize(
    ("net", "rate"),
    [
        ([-100, 110], 1.1**12 - 1),
        ([0, 0, -100, 0, 121], 1.1**12 - 1),  # empty months before and after move nothing
        ([-100, 50], 0.5**12 - 1),
        ([100, -110], 1.1**12 - 1),  # borrowed money has a rate too
        ([-100, 230, -132], None),  # 10 % and 20 %
        ([1, 2, 3], None),
        ([0, 0, 0], None),
        ([-1000, 3600, -4310, 1716], None),  # 10 %, 20 % and 30 %: (x - 1.1)(x - 1.2)(x - 1.3)
        ([-1000, 2100, -1600, 550], 1.1**12 - 1),  # three changes, one rate: (x - 1.1)(x^2 - x + 0.5)
        ([-1, 1 + 1e-17, 1e-17, -1e-17], 0.0),  # residue is no change of sign
    ],
)
def test_irr(net: list[float], rate: float | None) -> None:
    found = internal_rate_per_year(np.array([net], dtype=float))[0]
    if rate is None:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(rate)


def test_irr_of_a_long_flow_does_not_overflow() -> None:
    net = np.zeros((1, 601))
    net[0, 0], net[0, 600] = -1.0, 2.0
    assert internal_rate_per_year(net)[0] == pytest.approx(2 ** (1 / 50) - 1)


def test_the_deepest_point_of_the_cash(case: Make) -> None:
    deepest = case(with_costs({"once": 600}, {"monthly": 500})).deepest
    assert deepest.p50 == pytest.approx(-600 - 3 * 100)


def test_thresholds_are_round_and_start_at_nothing() -> None:
    npv = np.array([-100.0, 1000, 2000, 3000])  # mean 1475
    assert chances(npv) == {"0": 0.75, "740": 0.75, "1500": 0.5}
    assert rounded(-1234567.0) == -1200000.0


@pytest.mark.parametrize("npv", [np.linspace(-731, 2000, 5000), np.full(9, 17.5), np.zeros(5), np.full(3, -4.0)])
def test_the_histogram_counts_every_draw_and_splits_at_zero(npv: Any) -> None:
    found = histogram(npv)
    assert sum(found.counts) == len(npv)
    assert len(found.edges) == len(found.counts) + 1
    edges = np.array(found.edges)
    assert np.all(np.diff(edges) > 0)
    if edges[0] < 0 < edges[-1]:
        assert 0.0 in found.edges
        below = sum(c for c, upper in zip(found.counts, found.edges[1:], strict=True) if upper <= 0)
        assert below == np.sum(npv < 0)


def test_what_the_case_says_about_itself(case: Make) -> None:
    found = case(None, draws=77)
    assert (found.comparison, found.arm, found.currency, found.horizon_months) == (
        "merged vs today",
        "merged",
        "USD",
        36,
    )
    assert (found.seed, found.draws, found.discount_rate) == (1, 77, 0.1)
    # a flow of 4,000 over 36 months with a ramp of three: 4000 x (1/3 + 2/3 + 34)
    assert found.reach == {"per_month": 4000.0, "ramp_months": 3.0, "units": pytest.approx(140_000)}
    assert [s.months for s in found.streams] == [(1, 3), (4, 36), (1, 36)]


def test_records_go_to_json_and_back(case: Make) -> None:
    found = case(None)
    assert Case.model_validate_json(found.model_dump_json()) == found
