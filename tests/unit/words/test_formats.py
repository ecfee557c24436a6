"""Numbers as readers write them. The expected texts follow the two number styles of the case page; they are not computed."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalcx.words import formats
from causalcx.words.effects import change_text, span_text
from causalcx.words.names import Names, names_of
from causalcx.words.sentences import sentence
from tests.unit.reports.case_samples import experiment


@pytest.mark.parametrize(
    ("x", "currency", "english", "chinese"),
    [
        (1_050_000, "CNY", "¥1.05M", "105 万元"),
        (1_050_000, "USD", "$1.05M", "105 万美元"),
        (850_000, "CNY", "¥850k", "85 万元"),
        (18_000, "CNY", "¥18k", "1.8 万元"),
        (230_000_000, "CNY", "¥230M", "2.3 亿元"),
        (-85_000, "USD", "−$85k", "−8.5 万美元"),
        (8_400, "USD", "$8,400", "8,400 美元"),
        (39.5, "CNY", "¥39.50", "39.50 元"),
        (240, "CHF", "CHF 240", "240 CHF"),
        (0, "USD", "$0", "0 美元"),
        (None, "USD", "—", "—"),
        (float("inf"), "USD", "—", "—"),
    ],
)
def test_money(x: float | None, currency: str, english: str, chinese: str) -> None:
    assert formats.money(x, currency, "en") == english
    assert formats.money(x, currency, "zh") == chinese


def test_a_span_of_money_stands_on_one_scale() -> None:
    assert formats.money_span(60_000, 2_240_000, "CNY", "en") == "¥0.06M to ¥2.24M"
    assert formats.money_span(60_000, 2_240_000, "CNY", "zh") == "6 万至 224 万元"
    assert formats.money_span(-900_000, 100_000, "USD", "en") == "−$900k to $100k"


def test_chinese_money_side_by_side_keeps_a_decimal_below_a_million() -> None:
    scale = formats.money_scale([66_400, 20_100, 118_000], "zh")
    assert [formats.money(x, "USD", "zh", scale=scale) for x in (66_400, 63_900)] == ["6.6 万美元", "6.4 万美元"]
    assert formats.money_span(-3_200, 620_000, "USD", "zh") == "−0.3 万至 62.0 万美元"


@pytest.mark.parametrize(
    ("plain", "kept"),
    [
        ("+¥21.1k a month", "+\u2060¥21.1k a month"),
        ("−$900k to $100k", "−\u2060$900k to $100k"),
        ("pays in 99 of 100 cases", "pays in 99\u00a0of\u00a0100 cases"),
        ("fell by 1.4 of every 100", "fell by 1.4\u00a0of every\u00a0100"),
        ("59 万至 138 万美元", "59\u00a0万至 138\u00a0万美元"),
        ("约 24 个月", "约 24\u00a0个月"),
    ],
)
def test_a_figure_stays_on_a_line_with_its_unit(plain: str, kept: str) -> None:
    assert formats.unbroken(plain) == kept


def test_what_is_not_nothing_is_never_written_as_nothing() -> None:
    assert formats.money_span(320, 620_000, "USD", "zh") == "0.03 万至 62.0 万美元"
    assert formats.money_span(320, 1_480_000, "USD", "zh") == "0.03 万至 148 万美元"
    assert formats.money_span(-320, 620_000, "USD", "en") == "−$0.3k to $620k"
    assert formats.money_span(0, 620_000, "USD", "en") == "$0k to $620k"


@pytest.mark.parametrize(
    ("x", "english", "chinese"),
    [
        (6.1e-4, "+¥0.00061", "+0.00061 元"),
        (-0.0049, "−¥0.0049", "−0.0049 元"),
        (0.0051, "+¥0.01", "+0.01 元"),
        (1e-17, "¥0.00", "0.00 元"),
    ],
)
def test_money_below_half_a_cent_keeps_two_digits_and_its_sign(x: float, english: str, chinese: str) -> None:
    assert change_text(x, "CNY", Names("en"), sign=True) == english
    assert change_text(x, "CNY", Names("zh"), sign=True) == chinese
    assert span_text(-3e-4, 0.02, "CNY", Names("zh")) == "−0.0003 至 +0.02 元"


@pytest.mark.parametrize(
    ("p", "english", "chinese"),
    [
        (0.96, "24 of 25", "25 次里约有 24 次"), (0.9, "9 of 10", "10 次里约有 9 次"), (0.95, "19 of 20", "20 次里约有 19 次"),
        (0.93, "93 of 100", "100 次里约有 93 次"), (0.5, "5 of 10", "10 次里约有 5 次"), (0.98, "49 of 50", "50 次里约有 49 次"),
        (0.9951, "more than 99 of 100", "100 次里超过 99 次"), (1.0, "more than 99 of 100", "100 次里超过 99 次"),
        (0.9949, "99 of 100", "100 次里约有 99 次"), (0.0, "fewer than 1 of 100", "100 次里不到 1 次"), (0.006, "1 of 100", "100 次里约有 1 次"),
    ],
)  # fmt: skip
def test_natural_frequencies(p: float, english: str, chinese: str) -> None:
    assert formats.share_of(p, "en") == english
    assert formats.share_of(p, "zh") == chinese


@given(st.floats(min_value=0.005, max_value=0.9949))
def test_a_frequency_is_within_half_a_hundredth_and_never_all_or_none(p: float) -> None:
    of, out_of = (int(part) for part in formats.share_of(p).split(" of "))
    assert out_of in formats.DENOMINATORS
    assert 0 < of < out_of
    assert abs(of / out_of - p) <= 0.005 + 1e-9


@pytest.mark.parametrize(
    ("m", "english", "chinese"),
    [
        (36, "three years", "三年"),
        (24, "two years", "两年"),
        (12, "one year", "一年"),
        (30, "30 months", "30 个月"),
        (1, "1 month", "1 个月"),
    ],
)
def test_horizons(m: int, english: str, chinese: str) -> None:
    assert (formats.horizon(m, "en"), formats.horizon(m, "zh")) == (english, chinese)


def test_numbers_shares_dates_lists() -> None:
    assert formats.number(-12.0, decimals=1) == "−12.0"
    assert formats.number(-0.001, decimals=1) == "0.0"
    assert formats.number(1234567.8) == "1,234,568"
    assert formats.number(4.1, sign=True) == "+4.1"
    assert (formats.percent(0.098), formats.percent(0.5), formats.percent(4.04), formats.percent(0.0004)) == (
        "9.8%",
        "50%",
        "404%",
        "0.04%",
    )
    assert (formats.date(dt.date(2026, 3, 1), "en"), formats.date("2026-03-01", "zh")) == ("1 Mar 2026", "2026-03-01")
    assert (formats.listing(["a", "b", "c"], "en"), formats.listing(["甲", "乙"], "zh")) == ("a, b and c", "甲、乙")
    assert (formats.level_of(0.95, "en"), formats.level_of(0.9, "zh"), formats.level_of(0.95, "zh")) == (
        "19 in 20",
        "九成",
        "九成五",
    )


@pytest.mark.parametrize(
    ("x", "unit", "english", "chinese"),
    [
        (4.1, "NPS points", "+4.1 points", "+4.1 点"),
        (-0.0138, "share", "−1.4 of every 100", "−1.4 个百分点"),
        (0.0012, "share", "+1.2 of every 1,000", "+0.12 个百分点"),
        (0.77, "USD", "+$0.77", "+0.77 美元"),
        (-0.008, "calls", "−0.008 calls", "−0.008 次"),
        (-1.002, "calls", "−1.0 calls", "−1.0 次"),
    ],
)
def test_changes_in_their_own_unit(x: float, unit: str, english: str, chinese: str) -> None:
    assert change_text(x, unit, Names("en"), sign=True) == english
    assert change_text(x, unit, Names("zh"), sign=True) == chinese


def test_spans_of_changes_share_their_decimals_and_say_open_ends() -> None:
    assert span_text(-0.0296, 0.0136, "calls", Names("en")) == "−0.030 to +0.014"
    assert span_text(-0.03, -0.005, "share", Names("zh")) == "−3.0 至 −0.5 个百分点"
    assert span_text(0.23, 3.57, "USD", Names("zh")) == "+0.23 至 +3.57 美元"
    assert span_text(None, 1.0, "NPS points", Names("en")) == "no limit to +1.0"


def test_chinese_is_spaced_between_scripts_only() -> None:
    assert formats.spaced("底线指标calls（合并 对比 现状）变化3点") == "底线指标 calls（合并对比现状）变化 3 点"


@pytest.mark.parametrize(
    ("x", "chinese"),
    [
        (9_900, "9,900"),
        (24_000, "2.4 万"),
        (21_300, "2.13 万"),
        (21_307, "21,307"),
        (1_234_500, "123.45 万"),
        (2.5e8, "2.5 亿"),
    ],
)
def test_round_counts_are_told_in_ten_thousands_in_chinese(x: float, chinese: str) -> None:
    assert formats.whole(x, "zh") == chinese
    assert formats.whole(x, "en") == f"{x:,.0f}"


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [(-14, "14 days", "14 天"), (1, "1 day", "1 天"), (6_840, "about 19 years", "约 19 年")],
)
def test_many_days_are_told_in_years(count: int, english: str, chinese: str) -> None:
    assert (formats.days(count, "en"), formats.days(count, "zh")) == (english, chinese)


@pytest.mark.parametrize(
    ("unit", "english", "chinese"),
    [
        ("count", "−0.053 per customer", "−0.053 次"),
        ("units", "−0.053", "−0.053"),
        ("calls", "−0.053 calls", "−0.053 次"),
    ],
)
def test_a_count_without_a_unit_is_told_per_customer(unit: str, english: str, chinese: str) -> None:
    assert change_text(-0.053, unit, Names("en", one="customer")) == english
    assert change_text(-0.053, unit, Names("zh", one="客户")) == chinese


@pytest.mark.parametrize(
    ("unit", "chinese"), [("customer_id", "50 万名客户"), ("store", "50 万家门店"), ("id", "50 万个对象")]
)
def test_units_are_counted_as_chinese_counts_them(unit: str, chinese: str) -> None:
    design = experiment().design.model_copy(update={"unit": unit})
    names = names_of(experiment(design=design), "zh")
    assert sentence("ask.reach.stock", {"count": 500_000}, "zh", names=names) == chinese
