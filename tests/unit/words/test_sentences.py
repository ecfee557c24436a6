"""Codes and facts become sentences; errors are said in the reader's language."""

from __future__ import annotations

import pytest

from causalcx.core.check import Check, Notice
from causalcx.core.errors import CausalcxError, DataError, ExperimentError, Message, NotBuilt, Problem
from causalcx.core.experiment_file import parse_experiment
from causalcx.words import Names, check_sentence, notice_sentence, say, sentence
from causalcx.words.catalogue import messages
from causalcx.words.names import _CHINESE_SIDES


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


def test_a_reason_within_brackets_keeps_no_full_stop() -> None:
    reason = {"en": "They are like those measured.", "zh": "他们与已测量者相近。"}
    assert sentence("notice.transported", {"reason": reason}).endswith(
        "(They are like those measured): minus one level."
    )
    assert sentence("notice.transported", {"reason": reason}, "zh").endswith("（他们与已测量者相近），降一级。")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_tells_no_key_of_the_file(language: str) -> None:
    assert not [code for code, text in messages(language).items() if code.startswith("check.") and "`" in text]
    missing = Check(
        name="immaturity", verdict="info", facts={"declared": "undeclared", "missing": ["entered", "window_months"]}
    )
    told = {
        "en": "the day on which each one entered and how many months each one is observed.",
        "zh": "文件未写明每个对象的进入日期、每个对象的观察月数。",
    }
    assert check_sentence(missing, language).endswith(told[language])


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
    problem = Problem("period", Message("{text}.", {"text": Message("expected start <= end")}), line=4)
    assert say(ExperimentError((problem,), "e.yaml"), "zh") == "e.yaml 第 4 行：`period`：应满足 start <= end。"


def test_a_name_that_is_also_a_word_of_ours_stays_as_the_user_wrote_it() -> None:
    error = DataError(
        "{source} has no column {missing}; present: {present}.", source="experiment", missing="segment", present="arms"
    )
    assert say(error, "zh") == "experiment 中没有列 segment；现有列：arms。"
    taken = Problem("outcomes", Message("{text}.", {"text": Message("the name `a list` is taken by another outcome")}))
    assert "`a list`" in say(ExperimentError((taken,)), "zh")
    told = say(NotBuilt(Message("`segments` with `kind: {kind}`", {"kind": "instrument"})), "zh")
    assert told == "`kind: instrument` 下的 `segments` 属于 causalcx 文件格式，但本版本尚未实现。"


def test_the_wave_of_those_never_treated_has_a_chinese_name() -> None:
    roll_out = Names("zh", arms=_CHINESE_SIDES)
    facts = {"treated": 5, "untreated": 1, "cohorts": ["2026-03", "never"], "seen": "lone", "cluster": None}
    told = check_sentence(Check(name="few-clusters", verdict="warn", facts=facts), "zh", names=roll_out)
    assert "never" not in told
    assert "从未有举措的对象" in told


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


DRIFT = {"outcome": "churn", "slope": 0.0048, "bias": 0.0289, "estimate": 0.092, "unit": "share", "seen": "blunt"}


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({}, "up to 0.5 of every 100 per period could have gone unnoticed and would by itself have made a difference of 2.9 of every 100, where the result is +9.2 of every 100."),
        ({"estimate": -0.00005}, "0.5 of every 100 per period could have gone unnoticed and would by itself have made a difference of 2.9 of every 100, where the result is −0.005 of every 100."),
        ({"shape": "own"}, "where the effect of the own change is +9.2 of every 100."),
    ],
)  # fmt: skip
def test_a_drift_is_told_of_one_base_and_beside_the_effect_that_it_bears_on(
    facts: dict[str, object], told: str
) -> None:
    assert check_sentence(Check(name="pre-trends", verdict="warn", facts=DRIFT | facts)).endswith(told)


def test_what_two_facts_say_together_has_a_sentence_of_its_own() -> None:
    def told(**facts: object) -> str:
        return check_sentence(
            Check(name="parallel-trends-sensitivity", verdict="info", facts={"outcome": "churn"} | facts)
        )

    assert "own change is not clear of zero" in told(shape="own", seen="unclear")
    assert told(shape="own", seen="none") == told(seen="none")
    assert told(seen="none") != told(seen="unclear")
