"""What the money half of a file may not say: every refusal with its exact place and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from causalcx.core.errors import ExperimentError, Problem
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.money_rules import share_outside
from causalcx.core.quantities import LogNormal, Normal, Pert
from causalcx.core.rules import DecisionRule

HEAD = """\
key: merge-steps
title: Merge the steps
intervention: behavioural
owner: ana@example.com
hypothesis: Fewer steps, less churn.
period: {start: 2026-03-01, end: 2026-04-15}
data: {source: data.parquet}
design: {kind: randomised, unit: id, treatment: variant, control: today}
outcomes:
  - {name: nps, kind: nps, column: score, role: primary, window_months: 3}
  - {name: revenue, kind: amount, column: revenue, window_months: 3}
  - {name: churn, kind: binary, column: churn, better: lower, window_months: 3}
  - {name: calls, kind: count, column: calls, better: lower, window_months: 1, window_days: 14}
  - {name: visits, kind: count, column: visits, window_months: 2}
  - {name: unpriced, kind: count, column: x}
"""
VALUE = """\
value:
  currency: USD
  horizon_months: 12
  discount_rate: 0.1
  reach: {per_month: 4000}
  streams:
"""
VALUE_LINE = HEAD.count("\n") + 1


def problems(text: str) -> list[Problem]:
    """Every problem of a file; an empty list when it is sound."""
    try:
        parse_experiment(text, file=Path("experiment.yaml"))
    except ExperimentError as error:
        return list(error.problems)
    return []


def money(*streams: str, more: str = "", value: str = VALUE) -> list[Problem]:
    """Problems of a file with these streams (one a line) and further lines of text."""
    return problems(HEAD + value + "".join(f"    - {s}\n" for s in streams) + more)


REVENUE = "{outcome: revenue, worth: 0.3, recurs: false}"
VISITS = "{outcome: visits, worth: 1}"


def test_a_sound_file_has_no_problem() -> None:
    assert money(REVENUE, "{outcome: churn, worth: 240, recurs: false, covers: {from: 4, to: 12}}", VISITS) == []


def only(found: list[Problem]) -> Problem:
    assert len(found) == 1, [str(p.message) for p in found]
    return found[0]


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (
            REVENUE,
            "{outcome: churn, worth: 240, recurs: false, covers: {from: 3, to: 12}}",
            "months 3 to 3 .* what leavers took away",
        ),
        (REVENUE, "{outcome: churn, worth: 20}", "months 1 to 3 .* what leavers took away"),
        (VISITS, "{outcome: visits, worth: 2, covers: {from: 12, to: 12}}", "months 12 to 12 .* the same outcome"),
        ("{outcome: nps, worth: 2}", VISITS, "months 1 to 12 .* priced attitude"),
        ("{outcome: nps, worth: 2, covers: {from: 3, to: 5}}", REVENUE, "months 3 to 3 .* priced attitude"),
    ],
)
def test_the_same_money_is_not_counted_twice(first: str, second: str, words: str) -> None:
    problem = only(money(first, second))
    assert (problem.key, problem.line) == ("value.streams[1]", VALUE_LINE + 7)
    assert re.search(words, str(problem.message))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (REVENUE, "{outcome: churn, worth: 240, recurs: false, covers: {from: 4, to: 12}}"),
        (REVENUE, VISITS),
        ("{outcome: nps, worth: 2, covers: {from: 4, to: 12}}", REVENUE),
        (
            "{outcome: visits, worth: 1, covers: {from: 1, to: 6}}",
            "{outcome: visits, worth: 2, covers: {from: 7, to: 12}}",
        ),
    ],
)
def test_streams_of_other_months_or_other_money_stand_side_by_side(first: str, second: str) -> None:
    assert money(first, second) == []


@pytest.mark.parametrize(
    ("stream", "key", "words"),
    [
        ("{outcome: chrun, worth: 1}", "value.streams[0].outcome", "no outcome is named `chrun`; known: nps, revenue"),
        (
            "{outcome: unpriced, worth: 1}",
            "value.streams[0].outcome",
            "the priced outcome `unpriced` needs `window_months`",
        ),
        ("{outcome: churn, worth: 1, recurs: false}", "value.streams[0]", "state the months it pays for"),
        (
            "{outcome: visits, worth: 1, recurs: false, half_life_months: 3}",
            "value.streams[0].half_life_months",
            "does not fade",
        ),
        (
            "{outcome: visits, worth: 1, covers: {from: 13, to: 20}}",
            "value.streams[0].covers.from",
            "after the horizon of 12 months",
        ),
        ("{outcome: visits, worth: 1, covers: {from: 5, to: 2}}", "value.streams[0].covers", "from <= to"),
        (
            "{outcome: calls, worth: 1}",
            "value.streams[0].recurs",
            "14 days counts as one month, once; state `recurs: false`",
        ),
        ("{outcome: revenue, worth: 35, recurs: false}", "value.streams[0].worth", "expected a margin between 0 and 1"),
        ("{outcome: visits, worth: -1}", "value.streams[0].worth", "expected 0 or more"),
        (
            "{outcome: visits, worth: {mean: 1, sd: 0.5}}",
            "value.streams[0].worth",
            "2.3% of what is stated lies outside",
        ),
        ("{outcome: visits, worth: marjin}", "value.streams[0].worth", "no assumption is named `marjin`; known: none"),
        (
            "{outcome: visits, worth: 1, half_life_months: 0}",
            "value.streams[0].half_life_months",
            "expected more than 0",
        ),
    ],
)
def test_streams_that_are_refused(stream: str, key: str, words: str) -> None:
    problem = only(money(stream))
    assert (problem.key, problem.line) == (key, VALUE_LINE + 6)
    assert words in str(problem.message)


@pytest.mark.parametrize(
    ("line", "key", "words"),
    [
        ("  half_life_months: 12\n", "value.half_life_months", "no stream uses it"),
        ("  monthly_attrition: 0.1\n", "value.monthly_attrition", "no line uses it"),
        ("  costs: [{name: a, once: 1, month: 13}]\n", "value.costs[0].month", "after the horizon of 12 months"),
        ("  costs: [{name: a, monthly: -3}]\n", "value.costs[0].monthly", "expected 0 or more"),
        ("  costs: [{name: a, monthly: 3, month: 2}]\n", "value.costs[0]", "`month` belongs to a cost paid `once`"),
        ("  costs: [{name: a, monthly: 3, once: 2}]\n", "value.costs[0]", "expected exactly one of `once`"),
        ("  costs: [{name: a}]\n", "value.costs[0]", "expected exactly one of `once`"),
        ("  costs: [{name: a, once: fee}]\n", "value.costs[0].once", "no assumption is named `fee`"),
    ],
)
def test_keys_that_are_refused(line: str, key: str, words: str) -> None:
    problem = only(money(REVENUE, more=line))
    assert (problem.key, problem.line) == (key, VALUE_LINE + 7)
    assert words in str(problem.message)


@pytest.mark.parametrize(
    ("old", "new", "key", "words"),
    [
        ("discount_rate: 0.1", "discount_rate: 10", "value.discount_rate", "a share per year between 0 and 1"),
        ("{per_month: 4000}", "{per_month: 4000, stock: 1}", "value.reach", "either `stock` (once) or `per_month`"),
        ("{per_month: 4000}", "{ramp_months: 3}", "value.reach", "either `stock` (once) or `per_month`"),
        ("{per_month: 4000}", "{stock: -1}", "value.reach.stock", "0 or more"),
        ("horizon_months: 12", "horizon_months: 0", "value.horizon_months", "expected 1 or more"),
        ("currency: USD", "currency: dollars", "value.currency", "in three capital letters"),
    ],
)
def test_the_frame_is_checked(old: str, new: str, key: str, words: str) -> None:
    problem = only(money(REVENUE, value=VALUE.replace(old, new)))
    assert problem.key == key
    assert words in str(problem.message)


@pytest.mark.parametrize(
    "text",
    [
        "  half_life_months: 12\n  monthly_attrition: 0.1\n",
        "  monthly_attrition: {low: 0, mode: 0.1, high: 1}\n",
        "  costs: [{name: a, once: 1, month: 12}, {name: b, per_unit_month: 1, arms: 1}]\n",
    ],
)
def test_keys_that_a_line_uses_are_welcome(text: str) -> None:
    assert money(VISITS, more=text) == []


def test_attrition_may_serve_a_cost_alone() -> None:
    assert money(REVENUE, more="  monthly_attrition: 0.1\n  costs: [{name: a, per_unit_month: 1}]\n") == []


def test_a_half_life_of_all_is_idle_when_every_stream_has_its_own() -> None:
    problem = only(money("{outcome: visits, worth: 1, half_life_months: 3}", more="  half_life_months: 12\n"))
    assert problem.key == "value.half_life_months"


def test_assumption_names_are_single_and_do_not_refer_on() -> None:
    found = money(VISITS, more="assumptions:\n  - {name: a, value: 1}\n  - {name: a, value: 2}\n")
    assert (only(found).key, found[0].line) == ("assumptions[1].name", VALUE_LINE + 9)
    assert "cannot refer to another" in str(only(money(VISITS, more="assumptions: [{name: a, value: b}]\n")).message)


def test_every_problem_is_reported_at_once() -> None:
    found = money("{outcome: chrun, worth: 1}", "{outcome: visits, worth: -1}", more="  monthly_attrition: 2\n")
    assert [p.key for p in found] == ["value.streams[0].outcome", "value.streams[1].worth", "value.monthly_attrition"]


@pytest.mark.parametrize(
    ("span", "low", "high", "share"),
    [
        (0.5, 0, 1, 0),
        (2.0, 0, 1, 1),
        (0.0, 0, 1, 0),  # the edge belongs to the domain
        (Normal(mean=0, sd=1), 0, float("inf"), 0.5),
        (Normal(mean=0, sd=1), -1.959963984540054, 1.959963984540054, 0.05),  # the 97.5 % quantile of a normal
        (LogNormal(p5=1, p95=100), 0, 1, 0.95),
        (LogNormal(p5=1, p95=100), 10, float("inf"), 0.5),  # median sqrt(1 x 100)
        (Pert(low=0, mode=0.5, high=1), 0, 1, 0),
        (Pert(low=-1, mode=0, high=1), 0, 1, 0.5),  # symmetric
        (Pert(low=0, mode=0, high=1), 0.5, 1, 1 - 0.5**5),  # beta(1, 5): P(x < 1/2) = 1 - (1/2)^5
    ],
)
def test_share_outside_a_domain(span: float | Normal | LogNormal | Pert, low: float, high: float, share: float) -> None:
    assert share_outside(span, low, high) == pytest.approx(share, abs=1e-12)


@pytest.mark.parametrize(
    "text", ["P(npv > 0) >= 0.9", "P( npv>-1_000.5 )<0.2", "P(payback_months <= 24) >= 0.8", "P(roi > 1e-1) >= 0.5"]
)
def test_rules_are_read(text: str) -> None:
    assert str(DecisionRule(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "P(npv > 0) >= .5",
        "npv > 0",
        "P(npv = 0) >= 0.9",
        "P(nps > 0) >= 0.9",
        "P(npv > 0) >= 0.9 or 1",
    ],
)
def test_rules_that_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a rule like"):
        DecisionRule(text)
    found = money(VISITS, more=f'decision: {{scale_if: "{text}"}}\n')
    assert only(found).key == "decision.scale_if"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("P(npv > 0) >= 90", "found 90; for 90 % write 0.9"),
        ("P(npv > 0) >= 90%", "found 90%; for 90 % write 0.9"),
        ("P(npv > 0) >= 0.9 %", "found 0.9%; for 0.9 % write 0.009"),
        ("P(npv > 0) >= 900", "a share between 0 and 1; found 900$"),
    ],
)
def test_a_rule_that_compares_with_a_percentage(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DecisionRule(text)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("P(npv > 0) >= 0.9", True), ("P(npv < 0) <= 0.1", True), ("P(npv < 0) >= 0.5", False), ("P(npv > 0) <= 0.2", False),
        ("P(payback_months <= 24) >= 0.8", True), ("P(payback_months > 24) < 0.2", True), ("P(payback_months > 24) >= 0.8", False),
    ],
)  # fmt: skip
def test_which_cases_meet_a_rule(text: str, good: bool) -> None:
    assert DecisionRule(text).met_when_good == good


# One case: P(npv > 0) is p0 and P(npv > 100) is p1 <= p0. Both rules are met where some p0 and p1 allow it.
@pytest.mark.parametrize(
    ("scale", "stop", "both"),
    [
        ("P(npv > 0) >= 0.9", "P(npv > 0) <= 0.2", False),
        ("P(npv > 0) >= 0.3", "P(npv > 0) <= 0.5", True),
        ("P(npv > 0) >= 0.5", "P(npv > 0) <= 0.5", False),  # a single borderline share is no overlap
        ("P(npv < 0) <= 0.7", "P(npv < 0) >= 0.5", True),
        ("P(npv < 0) <= 0.1", "P(npv > 0) <= 0.2", False),
        ("P(npv > 100) >= 0.6", "P(npv > 0) <= 0.2", False),
        ("P(npv > 100) >= 0.1", "P(npv > 0) <= 0.2", True),
        ("P(npv > 0) >= 0.9", "P(npv > 100) <= 0.2", True),  # surely positive and surely below 100
        ("P(payback_months <= 36) >= 0.1", "P(payback_months > 36) >= 0.9", False),
        ("P(payback_months <= 36) >= 0.1", "P(payback_months > 36) >= 0.8", True),
        ("P(payback_months <= 24) >= 0.9", "P(payback_months <= 36) <= 0.2", False),
        ("P(payback_months <= 36) >= 0.9", "P(payback_months <= 24) <= 0.2", True),
        ("P(roi > 0) >= 0.1", "P(npv > 0) <= 0.9", False),  # different quantities are not compared
    ],
)
def test_rules_that_one_case_can_meet_both(scale: str, stop: str, both: bool) -> None:
    assert DecisionRule(scale).both_met(DecisionRule(stop)) == both


def test_a_rule_compares_draws_then_the_share() -> None:
    rule = DecisionRule("P(npv > 0) >= 0.5")
    assert (rule.quantity, rule.met(0.5), rule.met(0.49)) == ("npv", True, False)
    assert rule.holds_in(1.0)
    assert not rule.holds_in(0.0)
