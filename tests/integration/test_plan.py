"""`causalcx plan` on a simulated company: sizes, the rule, the lot and what `check` says of it, the adviser."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
import yaml

import causalcx as cx
from causalcx import service

STATED = ("--baseline", "churn=0.1", "--spread", "nps=80", "--spread", "revenue=120", "--answering", "nps=0.2")


@pytest.fixture
def company(tmp_path):
    service.simulate(out=tmp_path / "company", customers=2_000)
    return tmp_path / "company"


def test_stated_spreads_give_sizes_money_and_the_rules_errors(causalcx, company):
    ran = causalcx("plan", company, *STATED, "--size", 40_000, "--json")
    assert ran.code == 0
    sizing = ran.json["sizing"]
    assert sizing["size"] == 40_000
    rows = {row["outcome"]: row for row in sizing["outcomes"]}
    assert rows["churn"]["needed"] > 0
    assert rows["churn"]["break_even"] is not None
    assert rows["churn"]["detectable"] < 0 < rows["nps"]["detectable"]
    truths = {row["truth"]: row for row in sizing["rule"]}
    assert {"none", "matters"} <= set(truths)
    for row in truths.values():
        assert row["scale"] + row["stop"] + row["extend"] == pytest.approx(1)
        assert row["scale_error"] > 0
    assert truths["none"]["scale"] < 0.2
    assert all(n["sentence"] for n in sizing["notices"])
    assert ran.json == causalcx("plan", company, *STATED, "--size", 40_000, "--json").json


def test_history_is_replayed_and_says_where_spreads_come_from(company):
    facts = service.plan(experiment=company, history=company / "data.parquet", splits=20, runs=50)
    sizing = facts["sizing"]
    assert sizing["source"] == "history"
    assert sizing["replay"]["splits"] == 20
    assert all(row["explained"] is not None for row in sizing["outcomes"])


def test_a_ratio_is_planned_from_a_history(company):
    file = company / "experiment.yaml"
    document = yaml.safe_load(file.read_text())
    ratio = {
        "name": "share",
        "kind": "ratio",
        "numerator": "revenue_90d",
        "denominator": "calls_90d",
        "role": "primary",
    }
    changed = {k: v for k, v in document.items() if k not in ("value", "decision", "expects", "segments")} | {
        "outcomes": [ratio]
    }
    file.write_text(yaml.safe_dump(changed))
    sizing = cx.plan(company, history=company / "data.parquet", splits=20)["sizing"]
    assert sizing["replay"]["outcomes"][0]["coverage"] > 0.7


def test_python_plans_as_the_command_does(causalcx, company):
    ran = causalcx("plan", company, *STATED, "--per-month", 9_000, "--json", "-l", "zh")
    stated = {"baseline": {"churn": 0.1}, "spread": {"nps": 80, "revenue": 120}, "answering": {"nps": 0.2}}
    assert cx.plan(company, **stated, per_month=9_000, language="zh")["sizing"] == ran.json["sizing"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_read_in_both_languages(causalcx, company, language):
    ran = causalcx("plan", company, *STATED, "-l", language)
    assert ran.code == 0
    assert ("breaks even at" if language == "en" else "保本点") in ran.err
    assert ("no effect at all" if language == "en" else "毫无效果") in ran.err


def test_a_plan_without_spreads_is_shown_with_what_is_missing(causalcx, company):
    ran = causalcx("plan", company, "--json")
    assert ran.code == 0
    assert ran.json["hash"].startswith("sha256:")
    assert "plan-unknown-spread" in [n["code"] for n in ran.json["sizing"]["notices"]]


def test_mistakes_are_the_command_lines(causalcx, company):
    for wrong in (
        ["--baseline", "churn"],
        ["--spread", "nps=x"],
        ["--spread", "sped=1"],
        [*STATED, "--history", company / "data.parquet"],
    ):
        assert causalcx("plan", company, *wrong).code == 2
    assert causalcx("plan").code == 2
    assert causalcx("plan", company, "--units", company / "data.parquet").code == 2
    assert causalcx("plan", "--advise").code == 2


def test_the_lot_is_drawn_kept_and_held_against_the_data(causalcx, company):
    lot = company / "assignment.csv"
    drawn = causalcx("plan", company, "--units", company / "data.parquet", "--assign", lot, "--json")
    assert drawn.code == 0
    assert drawn.json["arms"] == {"today": 1000, "merged": 1000}
    kept = lot.read_text()
    assert causalcx("plan", company, "--units", company / "data.parquet", "--assign", lot).code == 0
    assert lot.read_text() == kept
    assert causalcx("plan", company, "--units", company / "data.parquet", "--assign", lot, "--salt", "x").code == 2
    assert lot.read_text() == kept

    assert assignment(causalcx, company)["verdict"] == "fail"  # the company drew its own lot
    rows = pd.read_parquet(company / "data.parquet")[["customer_id", "variant"]].to_dict("records")
    write(lot, [[r["customer_id"], r["variant"]] for r in rows])
    assert assignment(causalcx, company)["verdict"] == "pass"
    swapped = [[r["customer_id"], "today" if i < 10 else r["variant"]] for i, r in enumerate(rows)]
    write(lot, swapped[:-4])
    found = assignment(causalcx, company)
    differing = sum(r["variant"] != "today" for r in rows[:10])
    assert found["verdict"] == "warn"
    assert (found["facts"]["differing"], found["facts"]["unknown"], found["facts"]["absent"]) == (differing, 4, 0)
    assert found["sentence"]
    lot.write_text("a,b\n1,2\n")
    assert causalcx("check", company).code == 4


def write(file, rows):
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([["customer_id", "variant"], *rows])


def assignment(causalcx, company):
    checks = causalcx("check", company, "--json").json["checks"]
    return next(c for c in checks if c["name"] == "assignment")


def test_the_adviser_answers_in_both_languages(causalcx):
    for language, word in (("en", "regression to the mean"), ("zh", "均值回归")):
        ran = causalcx("plan", "--advise", "--decided", "results", "-l", language)
        assert ran.code == 0
        assert word in "".join(ran.err.split("\n")).replace("  ", " ") or word in ran.err.replace("\n", " ").replace(
            "  ", " "
        )
    document = causalcx("plan", "--advise", "--decided", "threshold", "--json").json
    assert [d["design"] for d in document["designs"]] == ["discontinuity"]


TWO_CHANGES = """
key: two-changes
title: Merged steps and a bar
intervention: behavioural
owner: a@example.com
hypothesis: Fewer steps sell more.
period: {start: 2026-01-01, end: 2026-03-31}
data: {source: data.csv}
design:
  kind: randomised
  unit: id
  factors: {merge: merged, bar: bar}
  ratio: {no × no: 1, no × yes: 1, yes × no: 1, yes × yes: 1}
outcomes: [{name: revenue, kind: amount, column: revenue, role: primary, unit: CNY}]
"""


def test_a_lot_over_two_changes_has_a_column_for_each(causalcx, tmp_path):
    (tmp_path / "experiment.yaml").write_text(TWO_CHANGES)
    units, data, lot = (tmp_path / name for name in ("units.csv", "data.csv", "assignment.csv"))
    units.write_text("id\n" + "".join(f"c{i}\n" for i in range(400)))
    drawn = causalcx("plan", tmp_path, "--units", units, "--assign", lot, "--json")
    assert drawn.json["arms"] == {f"{a} × {b}": 100 for a in ("no", "yes") for b in ("no", "yes")}
    rows = pd.read_csv(lot)
    assert list(rows.columns) == ["id", "merged", "bar"]
    rows.assign(revenue=range(400)).to_csv(data, index=False)
    assert assignment(causalcx, tmp_path)["verdict"] == "pass"
    rows.assign(revenue=range(400), bar=rows["bar"].where(rows.index > 0, "yes")).to_csv(data, index=False)
    rows.assign(merged=rows["merged"].map({"no": "yes", "yes": "no"})).to_csv(lot, index=False)
    assert assignment(causalcx, tmp_path)["facts"]["differing"] == 400
