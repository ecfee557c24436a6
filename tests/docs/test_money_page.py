"""The worked case of docs/explanation/money.md is what the program computes, to the last digit shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from causalcx.core.case import Case
from causalcx.core.effect import Covariance, Effect, Law
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import Readout
from causalcx.value import value_case
from causalcx.value.numbers import draw_numbers
from causalcx.value.reach import arriving
from causalcx.value.streams import kept, one_off_pay, recurring_pay, staying

PAGE = Path(__file__).parents[2] / "docs/explanation/money.md"
Table = list[dict[str, str]]


def table(*columns: str) -> Table:
    """The rows of the page's table with exactly these columns, cells by column."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else [] for line in lines
    ]
    start = rows.index(list(columns)) + 2
    end = next(i for i in range(start, len(rows) + 1) if i == len(rows) or not rows[i])
    return [dict(zip(columns, row, strict=True)) for row in rows[start:end]]


def shown(text: str) -> object:
    """A printed number with a tolerance of half its last digit."""
    digits = len(text.partition(".")[2])
    return pytest.approx(float(text.replace(",", "")), abs=0.5000001 * 10**-digits)


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    text = PAGE.read_text(encoding="utf-8")
    return parse_experiment(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])  # ty: ignore[not-subscriptable]


@pytest.fixture(scope="module")
def case(experiment: Experiment) -> Case:
    effects = tuple(_certain(row["outcome"], float(row["effect"])) for row in table("outcome", "effect"))
    labels, none = tuple(e.label for e in effects), ((0.0, 0.0), (0.0, 0.0))
    law = Law(
        labels=labels,
        mean=tuple(e.estimate for e in effects),
        matrix=none,
        df=(None, None),
        prior_mean=(0, 0),
        prior_sd=(1, 1),
    )
    readout = Readout(
        experiment=experiment.key,
        design="randomised",
        effects=effects,
        covariance=Covariance(labels=labels, matrix=none),
        law=law,
    )
    return value_case(experiment, readout, seed=1, draws=3).cases[0]


def _certain(outcome: str, estimate: float) -> Effect:
    return Effect(
        outcome=outcome, comparison="new vs today", estimand="ATE", applies_to="assigned", share=1.0, unit="", estimate=estimate,
        std_error=0.0, df=None, low=None, high=None, method="stated", n_treated=1, n_control=1, role="primary",
    )  # fmt: skip


def test_one_unit(experiment: Experiment) -> None:
    value = experiment.value
    assert value is not None
    numbers = draw_numbers(experiment, value, seed=1, draws=3)
    left = kept(value, 0, numbers, 6)
    calls, revenue = recurring_pay(left, 2, (1, 6))[0] * 0.42 * 5, one_off_pay((1, 3), 6)[0] * 2.40 * 0.5
    there = staying(numbers.at["value", "monthly_attrition"], 6)[0]
    for j, row in enumerate(table("age", "s", "calls pay", "revenue pay", "still there")):
        assert left[0, j] == shown(row["s"])
        assert calls[j] == shown(row["calls pay"])
        assert revenue[j] == shown(row["revenue pay"])
        assert there[j] == shown(row["still there"])


MONTHS = ("month", "new", "there", "calls", "revenue", "build", "run", "letter", "licence", "net", "cumulative")


def test_month_by_month(experiment: Experiment, case: Case) -> None:
    value = experiment.value
    assert value is not None
    new = [0.0, *(1000 * arriving(value.reach, 6))]
    cumulative = 0.0
    for flow, row in zip(case.cash_flow, table(*MONTHS), strict=True):
        cumulative += flow.net
        assert new[flow.month] == shown(row["new"])
        benefits = sum(float(row[k].replace(",", "")) for k in ("calls", "revenue"))
        costs = sum(float(row[k].replace(",", "")) for k in ("build", "run", "letter", "licence"))
        assert flow.benefit == pytest.approx(benefits, abs=0.01)  # two rounded cells
        assert flow.cost == pytest.approx(costs, abs=0.02)  # four rounded cells
        assert flow.net == shown(row["net"])
        assert cumulative == shown(row["cumulative"])


def test_discounting(case: Case) -> None:
    for flow, row in zip(case.cash_flow, table("month", "factor", "discounted net"), strict=True):
        assert 1.12 ** (-flow.month / 12) == shown(row["factor"])
        assert flow.net * 1.12 ** (-flow.month / 12) == shown(row["discounted net"])


def test_present_values(case: Case) -> None:
    found = {s.outcome: s.present_value.mean for s in case.streams} | {c.name: c.present_value.mean for c in case.costs}
    rows = table("line", "present value")
    assert list(found) == [row["line"] for row in rows]
    for row in rows:
        assert found[row["line"]] == shown(row["present value"])


FIGURES: dict[str, Callable[[Case], Any]] = {
    "npv": lambda c: c.npv.mean,
    "roi": lambda c: c.roi.p50,
    "payback_months": lambda c: c.payback_months.p50,
    "irr": lambda c: c.irr.p50,
    "deepest": lambda c: c.model_dump()["deepest"]["p50"],
}


def test_figures(case: Case) -> None:
    rows = table("figure", "value")
    assert [row["figure"] for row in rows] == list(FIGURES)
    for row in rows:
        assert FIGURES[row["figure"]](case) == shown(row["value"])


def test_break_even(case: Case) -> None:
    rows = table("input", "kind", "break-even")
    assert [(b.of, b.kind) for b in case.break_even] == [(row["input"], row["kind"]) for row in rows]
    for found, row in zip(case.break_even, rows, strict=True):
        assert found.at == shown(row["break-even"])
