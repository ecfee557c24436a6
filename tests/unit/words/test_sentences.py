"""Codes and facts become sentences; errors are said in the reader's language."""

from __future__ import annotations

import pytest

from causalcx.core.check import Check, Notice
from causalcx.core.errors import CausalcxError, DataError, ExperimentError, Message, NotBuilt, Problem
from causalcx.core.experiment_file import parse_experiment
from causalcx.words import Names, check_sentence, notice_sentence, say, sentence


def test_a_rule_is_told_in_words() -> None:
    facts = {"quantity": "npv", "probability": 0.96, "rule": "P(npv > 0) >= 0.9"}
    assert (
        sentence("notice.probability", facts)
        == "The rule asks that the net present value is above 0 in at least 9 of 10 cases; here it is 24 of 25."
    )
    assert sentence("notice.probability", facts, "zh") == "规则要求净现值大于 0 的概率不低于 90%；实际为 96%。"


def test_a_missing_fact_is_a_dash_never_a_number() -> None:
    assert sentence("notice.small-arm", {"arm": "b"}) == "The group b is small (—)."
    assert "—" in sentence("check.balance.pass", {"largest": None})


def test_an_unknown_code_is_a_fault_of_ours() -> None:
    with pytest.raises(CausalcxError, match=r"no sentence for the code `no\.such`"):
        sentence("no.such", {})


def test_names_of_arms_and_outcomes_enter_the_sentence() -> None:
    names = Names(
        "en",
        outcomes={"nps": "NPS"},
        arms={"0": "as today", "1": "merged"},
        control="0",
        one="customer",
        many="customers",
    )
    facts = {"planned": {"0": 1, "1": 1}, "observed": {"0": 5, "1": 6}}
    check = Check(name="sample-ratio", verdict="pass", facts=facts)
    assert (
        check_sentence(check, names=names)
        == "The groups have the sizes that were planned: 5 (as today) and 6 (merged); planned 50% / 50%."
    )


def test_interference_that_is_shared_has_its_own_sentence() -> None:
    shared = Check(name="interference", verdict="warn", facts={"declared": "shared", "shares": ["queue", "agents"]})
    silent = Check(name="interference", verdict="warn", facts={"declared": "undeclared", "shares": []})
    assert "queue and agents" in check_sentence(shared)
    assert "does not say" in check_sentence(silent)


def test_a_third_partys_codes_are_named_not_lost() -> None:
    assert check_sentence(Check(name="weather", verdict="warn"), "zh") == "weather：请留意。"
    assert check_sentence(Check(name="weather", verdict="warn", sentence="It rained.")) == "It rained."
    assert notice_sentence(Notice(code="odd", facts={"x": 1})) == "odd: x = 1."


def test_errors_keep_their_facts_in_chinese() -> None:
    error = DataError(
        "{source} has no column {missing}; present: {present}.", source="data.parquet", missing="nps", present="a, b"
    )
    assert say(error) == "data.parquet has no column nps; present: a, b."
    assert say(error, "zh") == "data.parquet 中没有列 nps；现有列：a, b。"
    assert say(NotBuilt("looks"), "zh") == "looks 属于 causalcx 文件格式，但本版本尚未实现。"


def test_every_problem_of_a_file_is_said() -> None:
    problem = Problem("period", Message("{text}.", {"text": "expected start <= end"}), line=4)
    assert say(ExperimentError((problem,), "e.yaml"), "zh") == "e.yaml 第 4 行：`period`：应满足 start <= end。"


def test_a_phrase_within_a_phrase_is_translated_too() -> None:
    with pytest.raises(ExperimentError) as caught:
        parse_experiment(
            "key: a\ntitle: {fr: b}\nvalue: {discount_rate: 3, currency: USD, horizon_months: 3, reach: {stock: 1}, streams: [{outcome: x, worth: 1}]}\noutcomes: [{name: x, kind: nps, column: s, role: primary}]"
        )
    said = say(caught.value, "zh")
    assert "应为介于 0 和 1 之间的年比率；实际为 3；若指 3%，请写作 0.03" in said
    assert "是必填项，现在缺失" in said


PRECISION = {"outcome": "NPS", "comparison": "1 vs 0", "half_width": 3.5, "matters": 2.0, "unit": "NPS points"}


@pytest.mark.parametrize(
    ("seen", "language", "told"),
    [
        ("clear", "en", "NPS: that it changed is clear, by how much is not;"),
        ("unclear", "en", "seeing no clear change does not mean there is none."),
        ("clear", "zh", "NPS：有变化是明确的，变化多大还说不准；"),
        ("unclear", "zh", "看不出变化不等于没有变化。"),
    ],
)
def test_an_unsharp_result_is_told_by_whether_it_is_clear(seen: str, language: str, told: str) -> None:
    check = Check(name="precision", verdict="warn", facts=PRECISION | {"seen": seen})
    assert told in check_sentence(check, language)


@pytest.mark.parametrize(("comparisons", "start"), [(1, "NPS: "), (2, "NPS (1 against 0): ")])
def test_several_comparisons_of_an_outcome_are_told_apart(comparisons: int, start: str) -> None:
    check = Check(name="precision", verdict="warn", facts=PRECISION | {"comparisons": comparisons})
    assert check_sentence(check, names=Names(control="0")).startswith(start)


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"level": "1", "shape": "level"}, "where it is 1, 99% have the same result"),
        (
            {"level": ">= 3.5", "shape": "threshold", "threshold": 3.5},
            "where it is 3.5 or more, 99% have the same result",
        ),
        ({"level": "known", "shape": "explains"}, "it explains 99% of the differences in it"),
    ],
)
def test_a_leak_is_told_by_its_shape(facts: dict[str, object], told: str) -> None:
    known = {"outcome": "churn", "column": "score", "excused": None, "share": 0.99}
    assert told in check_sentence(Check(name="leakage", verdict="fail", facts=known | facts))
    excused = check_sentence(Check(name="leakage", verdict="warn", facts=known | facts | {"excused": "asked before"}))
    assert "value known" not in excused
    assert ">=" not in excused


def test_a_guardrail_inside_its_margin_is_shown_not_to_be_harmed() -> None:
    facts = {
        "outcome": "calls",
        "comparison": "b vs a",
        "estimate": 0.01,
        "low": -0.01,
        "high": 0.03,
        "margin": 0.1,
        "unit": "calls",
    }
    told = {v: check_sentence(Check(name="guardrail", verdict=v, value=0.01, facts=facts)) for v in ("pass", "warn")}
    assert "is shown not to be harmed" in told["pass"]
    assert "neither seen nor ruled out" in told["warn"]


def test_waves_are_told_by_their_day() -> None:
    waves = {"outcome": "sales", "at": 1481.0, "unit": "CNY", "pays": ["2025-11-24"], "others": ["2026-02-02", "7"]}
    notice = Notice(code="waves-that-pay", facts=waves)
    assert "where the change came on 24 Nov 2025, and not where it came on 2 Feb 2026 and 7." in notice_sentence(notice)
    assert "2025-11-24 上线的达到，2026-02-02、7 上线的未达到" in notice_sentence(notice, "zh")
