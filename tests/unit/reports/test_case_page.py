"""The page of a case: what it shows, what it leaves out, and that it stands alone."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from causalcx.core.case import Payback
from causalcx.core.check import Grade, Notice
from causalcx.core.experiment import Column
from causalcx.reports import case_css, page, render_case
from tests.unit.reports import case_samples as samples

VOID = {"meta", "br", "hr", "img", "link", "input"}
EVERY = [(name, language) for name in samples.SAMPLES for language in ("en", "zh")]


def rendered(name: str, language: str = "en", **options: Any) -> str:
    s = samples.SAMPLES[name]()
    options = {"charts": {}} | options
    return render_case(s.experiment, s.readout, s.valuation, arm=s.arm, sealed=s.sealed, language=language, **options)


def viewed(name: str, language: str = "en") -> dict[str, Any]:
    s = samples.SAMPLES[name]()
    return page(s.experiment, s.readout, s.valuation, arm=s.arm, sealed=s.sealed, language=language)


class Balance(HTMLParser):
    """Tags that were opened and not closed; ids that occur twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_variant_is_a_whole_page_without_network_or_script(name: str, language: str) -> None:
    html = rendered(name, language)
    parser = Balance()
    parser.feed(html)
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))
    assert f'<html lang="{"zh-Hans" if language == "zh" else "en"}">' in html
    assert not re.search(r"<script|<link|src=|@import|url\(|https?://", html)
    assert not re.search(r"\bNone\b|\bnan\b|Undefined|style=", html)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_every_link_to_a_word_finds_its_explanation(name: str, language: str) -> None:
    html = rendered(name, language)
    wanted = set(re.findall(r'href="#([\w-]+)"', html))
    assert wanted
    assert wanted <= set(re.findall(r'id="([\w-]+)"', html))


def test_the_nine_questions_come_in_order() -> None:
    html = rendered("base", charts={"npv": "<svg></svg>", "effects": "<svg></svg>"})
    marks = ["case-ask", "Compared", "case-headline", "case-numbers", "case-charts", "case-cash", "case-believed", "case-known",
             "case-overturn", "case-assumptions", "case-definitions", "case-held", "case-glossary", "case-appendix"]  # fmt: skip
    body = html[html.index("<article") :]
    places = [body.index(mark) for mark in marks]
    assert places == sorted(places)


def test_the_ask_says_how_much_from_where_by_whom_and_when() -> None:
    rows = dict(viewed("base")["ask"]["rows"])
    # 90,000 + 124,000 + 14,900 = 228,900, the costs of the sample that are not sunk
    assert (
        rows["Asked for"]
        == "$90k once, about $4,000 a month and $0.12 per customer reached; $229k in all over three years, in today's money"
    )
    assert rows["Budget"] == "Digital channels 4410; sponsor Head of onboarding"
    assert rows["Decision"] == "Steering committee, by 31 Aug 2026"
    assert rows["Compared"] == "one merged step (19,987) against three steps as today (20,013)"


def test_a_budget_and_a_programme_have_a_name_per_language() -> None:
    s = samples.SAMPLES["base"]()
    two = {
        "budget_line": {"en": "Service 2026", "zh": "2026 年服务预算"},
        "programme": {"en": "Easy start", "zh": "轻松开通"},
    }
    e = s.experiment.model_copy(update=two)
    told = page(e, s.readout, s.valuation, arm=s.arm, sealed=None, language="zh")
    assert dict(told["ask"]["rows"])["出资"].startswith("2026 年服务预算；")
    assert "轻松开通" in dict(told["held"]["rows"]).values()


def test_the_ask_in_chinese() -> None:
    rows = dict(viewed("chinese-money", "zh")["ask"]["rows"])
    assert rows["请批"] == "一次性 9 万元、每月约 4,000 元、每覆盖一名客户 0.12 元；三年合计 22.9 万元（现值）"


@pytest.mark.parametrize(
    ("name", "ticked"),
    [
        ("base", "Roll out"),
        ("loses", "Stop"),
        ("between", "Gather more evidence"),
        ("early", "Gather more evidence"),
        ("breached", None),
        ("in-part", "Roll out in part"),
    ],
)
def test_the_recommended_box(name: str, ticked: str | None) -> None:
    boxes = viewed(name)["ask"]["boxes"]
    assert [box["text"] for box in boxes if box["recommended"]] == ([ticked] if ticked else [])


@pytest.mark.parametrize(
    ("language", "said", "asked", "by_wave"),
    [
        ("en", "Roll it out in part: ", "To everyone it would cost", "−2.1 of every 100 (from 2 Mar 2026) and "),
        ("zh", "建议部分推广：", "如全部推广需投入", "2026-03-02 上线"),
    ],
)
def test_a_case_for_some_waves_says_so_and_that_its_money_is_of_all(
    language: str, said: str, asked: str, by_wave: str
) -> None:
    found = viewed("in-part", language)
    assert found["decision"]["sentence"].startswith(said)
    assert asked in dict(found["ask"]["rows"])
    assert by_wave in found["decision"]["because"][-1]


def test_cash_and_freed_capacity_stand_apart() -> None:
    cash = viewed("base")["cash"]
    assert [row["name"] for row in cash["rows"]] == [
        "margin in the first three months",
        "margin of customers kept",
        "build",
        "run",
        "per customer",
    ]
    assert "agents' time on calls" in cash["freed"][0]
    assert "the test itself" in cash["sunk"][0]
    assert cash["rows"][2]["figures"] == ["−90", "0", "0", "0", "−90"]


@pytest.mark.parametrize("name", ["failed-ratio", "hidden-money", "unpriced"])
def test_money_that_may_not_be_shown_is_nowhere_on_the_page(name: str) -> None:
    html = rendered(name)
    assert viewed(name)["numbers"] == []
    assert not re.search(r"\$[\d.]+[kM]", html[html.index("<article") :])


def test_a_failed_check_stands_in_place_of_every_effect() -> None:
    found = viewed("failed-ratio")
    assert found["effects"] == []
    assert found["believed"] == []
    assert found["appendix"]["effects"] == []
    assert found["blocked"]["title"] == "A check failed, so no effect and no money are shown."
    assert not [told for told in ("−1.4", "4.1", "0.008") if told in rendered("failed-ratio")]
    assert "nothing but the change and luck" not in rendered("failed-ratio")


def test_a_hidden_outcome_shows_the_check_and_the_others_stay() -> None:
    rows = {row["name"]: row for row in viewed("missing-answers")["effects"]}
    assert rows["NPS"]["text"] == "not shown, a check failed: missing values"
    assert rows["Churn"]["text"].startswith("−1.4 of every 100")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_appendix_tells_nothing_that_a_failed_check_hides(language: str) -> None:
    sample, naive = (
        samples.SAMPLES["missing-answers"](),
        {"outcome": "NPS", "naive": 6.3, "estimate": 4.1, "unit": "NPS points"},
    )
    told = Notice(code="naive-difference", facts=naive | {"comparison": "merged vs today"})
    shown = sample.readout.model_copy(update={"warnings": (told,)})
    found = page(sample.experiment, shown, None, arm="merged", sealed=sample.sealed, language=language)["appendix"]
    assert {row[0] for row in found["effects"]} == {"churn", "revenue", "calls"}
    assert [label.split(":")[0] for label in found["covariance"]["labels"]] == ["churn", "revenue", "calls"]
    assert [row[0].split(":")[0] for row in found["law"]] == ["churn", "revenue", "calls"]
    assert len(found["covariance"]["rows"][0][1]) == 3
    assert "NPS" in found["hidden"]
    assert not found["notices"]
    withheld = next(row for row in found["checks"] if row["name"] == "precision")
    assert withheld["verdict"] == "warn"
    assert withheld["value"] == "—"
    assert "2.35" not in withheld["sentence"]
    assert "NPS" in withheld["sentence"]


def test_what_was_believed_against_what_was_learnt() -> None:
    assert [row["so"] for row in viewed("base")["believed"]] == ["as believed", "as believed"]
    assert [row["so"] for row in viewed("loses")["believed"]] == ["cannot tell yet", "cannot tell yet"]


def test_the_page_says_where_the_data_come_from_and_when_the_plan_was_sealed() -> None:
    html = rendered("base")
    assert "Simulated data" in html
    assert "CC0-1.0" in html
    assert "Plan sealed 15 Feb 2026, 14 days before the data" in html
    assert "Exploratory" in rendered("unpriced")
    assert "40 days after the data began" in rendered("observed")


def test_every_number_leads_to_its_run() -> None:
    html = rendered("base")
    assert "Run 17 · seed 1 · data 9f2c77aa10 · plan 4be1c0ffee · causalcx 0.1.0" in html
    assert "sha256:9f2c77aa10b4d5e6" in html


def test_an_open_assumption_says_that_finance_has_not_agreed() -> None:
    rows = viewed("base")["assumptions"]["rows"]
    assert [(row["name"], row["agreed"], row["open"]) for row in rows] == [
        ("Margin", "agreed", False),
        ("Kept", "proposed, not agreed", True),
    ]


def test_the_portal_takes_the_article_alone() -> None:
    html = rendered("base", shell="portal")
    assert html.lstrip().startswith("<article")
    assert "<style" not in html
    assert ".case-headline" in case_css()


def test_a_workspace_overrides_by_adding_a_file(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "case_ask.html").write_text("<p>our own ask</p>", encoding="utf-8")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "case.css").write_text(".ours{}", encoding="utf-8")
    html = rendered("base", folders=(tmp_path,))
    assert "our own ask" in html
    assert ".ours{}" in html
    assert "case-numbers" in html


def test_what_the_owner_writes_is_escaped() -> None:
    s = samples.base()
    evil = s.experiment.model_copy(update={"title": "<script>alert(1)</script>"})
    html = render_case(evil, s.readout, s.valuation, arm=s.arm, sealed=s.sealed, language="en", charts={})
    assert "<script" not in html


def test_a_page_without_grade_checks_or_provenance_still_stands() -> None:
    s = samples.base()
    bare = samples.readout(grade=None, checks=(), provenance=None, arms=())
    html = render_case(s.experiment, bare, None, arm="merged", sealed=None, language="zh", charts={})
    assert "case-headline" in html


def test_a_plan_changed_after_its_seal_is_not_called_unsealed() -> None:
    s = samples.base()
    changed = Grade(level=4, because=(Notice(code="plan-changed", facts={"fields": ["decision.min_grade"]}),))
    readout = s.readout.model_copy(update={"grade": changed})
    found = page(s.experiment, readout, s.valuation, arm=s.arm, sealed=s.sealed, language="en")
    assert found["seal"] == "Exploratory: plan changed after it was sealed"
    assert found["exploratory"].startswith("Exploratory result. The plan was changed after it was sealed")
    assert found["headline"].endswith("(Exploratory: the plan was changed after it was registered.)")


def test_an_input_that_changes_nothing_is_told_by_whether_the_case_pays() -> None:
    assert viewed("base")["overturn"]["rows"][-1]["at"] == "no value alone overturns it"
    assert viewed("loses")["overturn"]["rows"][-1]["at"] == "no value alone makes it pay"


def test_what_was_believed_before_has_its_unit() -> None:
    assert [row["before"] for row in viewed("base")["believed"]] == ["+2.0 to +6.0 points", "−3.0 to −0.5 of every 100"]


def test_a_sponsor_without_a_budget_is_not_called_a_budget() -> None:
    s = samples.unpriced()
    e = s.experiment.model_copy(update={"budget_line": None})
    rows = dict(page(e, s.readout, None, arm=s.arm, sealed=None, language="en")["ask"]["rows"])
    assert rows["Sponsor"] == "Head of onboarding"
    assert "Budget" not in rows


def test_records_that_nobody_assigned_do_not_tell_of_a_change_that_ran() -> None:
    design = " ".join(viewed("observed")["known"]["design"])
    assert "The records cover 1 Mar 2026 to 15 Apr 2026." in design
    assert "The change ran" not in design


def test_freed_capacity_is_told_with_its_span() -> None:
    assert "$14k over three years in today's money (9 in 10: −$1k to $29k)" in viewed("base")["cash"]["freed"][0]


def test_the_plans_own_prices_say_how_often_they_are_paid() -> None:
    stated = viewed("base")["assumptions"]["stated"]
    assert "build $90k once" in stated
    assert "run about $4,000 ± $500 a month" in stated


def test_a_return_is_explained_only_where_one_is_told() -> None:
    assert "irr" in {g["key"] for g in viewed("base")["glossary"]}
    assert "irr" not in {g["key"] for g in viewed("loses")["glossary"]}


def test_an_arm_named_like_a_column_keeps_its_name() -> None:
    s = samples.SAMPLES["base"]()
    columns = s.experiment.columns | {"one merged step": Column.model_validate({"label": "something else"})}
    experiment = s.experiment.model_copy(update={"columns": columns})
    page = render_case(experiment, s.readout, s.valuation, arm=s.arm, sealed=None, language="en")
    assert "one merged step (19,987) against" in page
    assert "something else" not in page


def test_the_page_says_whom_the_money_counts() -> None:
    s = samples.SAMPLES["base"]()
    streams = tuple(x.model_copy(update={"share": 0.3}) for x in s.valuation.cases[0].streams)
    some = s.valuation.model_copy(update={"cases": (s.valuation.cases[0].model_copy(update={"streams": streams}),)})
    for valuation, said in ((s.valuation, False), (some, True)):
        rows = dict(page(s.experiment, s.readout, valuation, arm=s.arm, sealed=None, language="en")["ask"]["rows"])
        assert ("30% count" in rows["Reaches"]) is said


def test_a_payback_that_hardly_varies_is_no_span_from_one_to_one() -> None:
    s = samples.SAMPLES["base"]()
    for months, said in ((Payback(mean=1, p5=0.9, p50=1, p95=1.2, never=0.0), "in 9 of 10 cases too"), (Payback(mean=3, p5=1, p50=3, p95=None, never=0.2), "1 month or longer (9 in 10)")):  # fmt: skip
        valuation = s.valuation.model_copy(
            update={"cases": (s.valuation.cases[0].model_copy(update={"payback_months": months}),)}
        )
        html = render_case(s.experiment, s.readout, valuation, arm=s.arm, sealed=None, language="en", charts={})
        assert said in html.replace("\u00a0", " ")


def test_a_course_carried_on_is_no_group_compared_with() -> None:
    s = samples.SAMPLES["base"]()
    series = s.experiment.model_copy(
        update={"design": s.experiment.design.model_copy(update={"kind": "interrupted-time-series"})}
    )
    rows = dict(page(series, s.readout, s.valuation, arm=s.arm, sealed=None, language="en")["ask"]["rows"])
    assert (
        rows["Compared"] == "what happened (19,987 periods) against the course until then, carried on (20,013 periods)"
    )


def test_paper_is_a4_in_chinese_and_letter_in_english() -> None:
    css = case_css()
    assert "@page { size: letter;" in css
    assert "@page a4 { size: A4; }" in css
    assert ".case:lang(zh) { page: a4; }" in css
