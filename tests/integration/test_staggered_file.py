"""A roll-out in waves, from the command line: simulated, checked, fitted, valued; and what is refused, with its exit code."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest
from editing import edited

CHECKS = {
    "sample-ratio", "timing", "interference", "early-look", "skew", "few-clusters", "composition", "pre-trends",
    "parallel-trends-sensitivity", "anticipation", "small-sample", "precision", "selected-on-outcome",
}  # fmt: skip


@pytest.fixture
def stores(causalcx, tmp_path):
    folder = tmp_path / "stores"
    assert causalcx("simulate", "staffing", "--out", folder, "--seed", "2").code == 0
    return folder


def test_from_the_file_to_the_case(causalcx, stores) -> None:
    truth = json.loads((stores / "truth.json").read_text("utf-8"))["effects"]
    document = causalcx("fit", stores, "--json").json
    heads = document["effects"][:2]
    assert [(e["outcome"], e["aggregation"]) for e in heads] == [("sales", None), ("queue", None)]
    for effect, true in zip(heads, (truth["sales"], truth["queue"]), strict=True):
        assert effect["low"] < true < effect["high"]
        assert effect["estimand"] == "ATT, group aggregation"
    assert {e["aggregation"] for e in document["effects"][2:]} == {
        "simple",
        "group",
        "event-time",
        "calendar",
        "group-time",
    }
    assert {c["name"] for c in document["checks"]} == CHECKS
    assert all(c["sentence"] for c in document["checks"])
    assert document["grade"]["level"] == 2
    case = causalcx("value", stores, "--json").json["cases"][0]
    assert case["comparison"] == "treated vs untreated"
    assert case["npv"]["p5"] < case["npv"]["p95"]


def test_before_and_after_would_claim_three_times_as_much(causalcx, stores) -> None:
    document = causalcx("fit", stores, "--json").json
    (naive,) = (n["facts"] for n in document["warnings"] if n["code"] == "naive-waves")
    assert naive["naive"] > 3 * naive["estimate"]


def test_a_table_lists_waves_and_no_single_week(causalcx, stores) -> None:
    shown = causalcx("fit", stores).err
    assert "2025-11-24" in shown
    assert "2025-09-08" not in shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_sentence_is_in_the_readers_language(causalcx, stores, language) -> None:
    ran = causalcx("fit", stores, "--language", language)
    assert ran.code == 0
    assert ("分批上线" in ran.err) == (language == "zh")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda d: d.assign(first_week=d.first_week.where(d.week < dt.date(2026, 4, 1))), 4),  # untreats itself
        (lambda d: d[d.week != dt.date(2025, 10, 6)], 4),  # a gap in time
        (lambda d: pd.concat([d, d.head(1)]), 4),  # a store twice in a week
        (lambda d: d[d.week >= dt.date(2026, 3, 16)].dropna(), 5),  # nobody has a before
        (lambda d: d[d.store.isin([1, 2])], 5),  # one treated, one untreated
    ],
)  # fmt: skip
def test_bad_input_ends_with_its_exit_code(causalcx, stores, change, code) -> None:
    change(pd.read_parquet(stores / "data.parquet")).to_parquet(stores / "data.parquet")
    ran = causalcx("fit", stores)
    assert ran.code == code
    assert len(ran.err.strip().splitlines()) <= 3


def test_all_treated_needs_those_still_waiting(causalcx, stores) -> None:
    data = pd.read_parquet(stores / "data.parquet").dropna()
    data.to_parquet(stores / "data.parquet")
    assert causalcx("fit", stores).code == 5
    edited(stores, "compare: never", "compare: not-yet")
    document = causalcx("fit", stores, "--json").json
    assert document["effects"][0]["estimate"] > 0
    assert any("still waiting" in n["sentence"] for n in document["rests_on"])


def test_the_page_shows_waves_and_keeps_single_weeks_to_the_json(causalcx, stores) -> None:
    assert causalcx("report", stores, "--out", stores / "pages").code == 0
    page = (stores / "pages" / "case.en.html").read_text("utf-8")
    assert "ATT, event-time aggregation" in page
    assert "ATT, group-time aggregation" not in page
    assert "Each wave's own before and after" in page.replace("&#39;", "'")
