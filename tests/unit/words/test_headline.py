"""The headline in every honest variant, in both languages. Whole sentences are written here as they should be read aloud."""

from __future__ import annotations

import re

import pytest

from causalcx.core.check import Check
from causalcx.core.experiment import Interference
from causalcx.words import headline
from tests.unit.reports import case_samples as samples

FORBIDDEN = re.compile(
    r"significan|posterior|\bp[ -]?value|confidence|显著|后验|置信|干预|断点|None|nan|—", re.IGNORECASE
)


def told(name: str, language: str) -> str:
    sample = samples.SAMPLES[name]()
    case = sample.valuation.case(sample.arm) if sample.valuation else None
    return headline(sample.experiment, sample.readout, case, language)


def test_it_pays() -> None:
    assert told("base", "en") == (
        "Merge the three confirmation steps into one: churn fell from 9.8 to 8.4 of every 100, and NPS rose by 4.1 points, from −12.0 to −7.9; "
        "over three years it is worth about $1.05M today (9 in 10: $0.06M to $2.04M), pays back in about 22 months, and would pay in 24 of 25 "
        "such cases. We recommend rolling it out."
    )
    assert told("chinese-money", "zh") == (
        "新客开通由三步并为一步：90 天离网率由 9.8% 降到 8.4%，NPS 上升 4.1 点（由 −12.0 到 −7.9）；"
        "三年净现值约 105 万元（九成可能在 6 万至 204 万元之间），约 22 个月收回投入，25 次里约有 24 次划算，建议推广。"
    )


@pytest.mark.parametrize(
    ("name", "english", "chinese"),
    [
        ("loses", "would lose about $240k in today's money (9 in 10: −$536k to $56k), in most cases does not pay back in that time, and would pay in only 9 of 100 such cases. We recommend stopping it.", "即亏损"),
        ("loses", "churn and NPS show no clear change (−0.6 to +0.5 of every 100; −1.9 to +2.8 points)", "都看不出明确变化"),
        ("between", "would pay in 71 of 100 such cases. We recommend gathering more evidence before deciding.", "建议补充证据后再定"),
        ("breached", "but no decision can rest on that yet. The guardrail “calls” was breached.", "目前还不能据此决策：底线指标“来电”被突破。"),
        ("failed-ratio", "no result is shown, because a check failed. The groups are not the sizes that were planned", "有检查未通过，不展示结果"),
        ("unpriced", "No price is put on it here, so this page stops at the effect. (Exploratory: the plan was not registered beforehand.)", "（探索性结果：方案未事先锁定。）"),
        ("free", "asks for no money, and would pay in 24 of 25 such cases", "不需要投入"),
        ("several-arms", "into one, one merged step: churn fell", "，合并为一步：90 天离网率"),
        ("missing-answers", "into one: churn fell from 9.8 to 8.4 of every 100; over three years", "：90 天离网率由 9.8% 降到 8.4%；三年"),
        ("hidden-money", "No money is shown, because it rests on a result that failed a check.", "故不展示金额"),
        ("early", "The agreed moment for looking has not come; we recommend waiting.", "尚未到约定的查看时点，建议等待"),
        ("observed", "as far as the records can tell, churn is lower, 8.4 instead of 9.8 of every 100", "就现有记录看，90 天离网率较低"),
    ],
)  # fmt: skip
def test_the_honest_variants(name: str, english: str, chinese: str) -> None:
    assert english in told(name, "en")
    assert chinese in told(name, "zh")


def test_a_total_with_the_neighbours_changed_too_is_told_as_such() -> None:
    s = samples.SAMPLES["base"]()
    felt = s.experiment.model_copy(update={"interference": Interference(exposure="near")})
    assert "into one: with the change at every neighbour too, NPS rose by" in headline(felt, s.readout, None, "en")
    assert "：若邻近对象也都采用，NPS 上升" in headline(felt, s.readout, None, "zh")


def test_a_failed_check_is_told_without_its_statistics() -> None:
    s = samples.SAMPLES["base"]()
    facts = {"outcome": "NPS", "unit": "NPS points", "treated": 20, "among": 240, "extreme": 20, "periods": 1, "by_chance": 1.67,
             "expected": 15.56, "expected_std_error": 0.7, "declared": "low"}  # fmt: skip
    picked = s.readout.model_copy(update={"checks": (Check(name="selected-on-outcome", verdict="fail", facts=facts),)})
    assert headline(s.experiment, picked, None, "en").endswith(
        "The 20 customers were picked because their NPS had been the lowest, and the lowest come back by themselves: "
        "those of earlier periods, left alone, moved by +15.6 points."
    )
    assert "这 20 名客户正是因为 NPS 最低才被选中的" in headline(s.experiment, picked, None, "zh")


def test_a_title_that_asks_is_answered_in_a_sentence_of_its_own() -> None:
    s = samples.SAMPLES["observed"]()
    asks = s.experiment.model_copy(update={"title": {"en": "Do fewer steps help?", "zh": "减少步骤有用吗？"}})
    assert headline(asks, s.readout, None, "en").startswith("Do fewer steps help? As far as the records can tell, ")
    assert headline(asks, s.readout, None, "zh").startswith("减少步骤有用吗？就现有记录看，")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", samples.SAMPLES)
def test_no_jargon_no_hole_and_one_full_stop(name: str, language: str) -> None:
    sentence = told(name, language)
    assert not FORBIDDEN.search(sentence)
    assert sentence.rstrip(")）").endswith("." if language == "en" else "。")


@pytest.mark.parametrize("name", ["failed-ratio"])
def test_a_failed_check_leaves_no_money_in_the_sentence(name: str) -> None:
    assert not re.search(r"[$¥]|万|NPS", told(name, "en") + told(name, "zh"))
