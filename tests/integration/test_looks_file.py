"""Planned looks from the file to the decision: kept, shown, told in both languages, and sealed once for all of them."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from causalcx import service

FILE = """\
key: looked-at
title: {en: A call back within a day, zh: 一天内回电}
intervention: recovery
owner: ana@example.com
hypothesis: Customers who are called back buy again.
period: {start: 2026-03-01, end: 2026-03-28}
data: {source: data.csv, origin: {kind: simulated}}
design: {kind: randomised, unit: customer, treatment: arm, control: today, ratio: {today: 1, called: 1}}
interference: none
looks: {spending: obrien-fleming, at: [0.25, 0.5, 0.75, 1.0], planned_units: 4000}
outcomes:
  - {name: spend, kind: amount, column: spend, role: primary, window_months: 1, matters: 3}
value:
  currency: CNY
  horizon_months: 12
  discount_rate: 0.08
  reach: {per_month: 1000}
  streams: [{outcome: spend, worth: 0.5, recurs: false}]
  costs: [{name: calls, once: 8000}]
"""
EFFECT = 2.0


@pytest.fixture
def customers() -> pd.DataFrame:
    rng = np.random.default_rng(8)
    arm = np.tile(["today", "called"], 2_000)
    spend = rng.gamma(2, 8, 4_000) + EFFECT * (arm == "called")
    return pd.DataFrame({"customer": range(4_000), "arm": arm, "spend": spend})


@pytest.fixture
def file(tmp_path) -> Path:
    written = tmp_path / "experiment.yaml"
    written.write_text(FILE, encoding="utf-8")
    return written


def with_units(file: Path, customers: pd.DataFrame, units: int) -> None:
    customers[:units].to_csv(file.with_name("data.csv"), index=False)


def told(case, verdict: str) -> list[str]:
    assert case["decision"]["verdict"] == verdict
    return case["decision"]["because"]


def test_look_by_look(causalcx, file, customers):
    widths, verdicts = [], []
    for number, units in enumerate((1_000, 2_000, 3_000, 4_000), 1):
        with_units(file, customers, units)
        fitted = causalcx("fit", file, "--json").json
        effect = fitted["effects"][0]
        assert effect["look"] == fitted["looks"]["number"] == number
        assert [s["rows"] for s in fitted["looks"]["seen"]] == [1_000, 2_000, 3_000, 4_000][:number]
        widths.append((effect["high"] - effect["low"]) / effect["std_error"] / 2)
        verdicts.append(causalcx("value", file, "--json").json["cases"][0]["decision"]["verdict"])
    assert widths == pytest.approx([4.333, 2.963, 2.359, 2.014], rel=0.01)  # t in place of normal
    assert verdicts[0] == "extend"
    assert verdicts[-1] == "scale"
    assert len(fitted["looks"]["planned"]) == 4
    shown = causalcx("show", file, "--json").json["looks"]
    assert [s["number"] for s in shown] == [1, 2, 3, 4]
    table = causalcx("show", file).err
    assert all(text in table for text in ("look", "1,000", "4,000"))
    pages = causalcx("report", file, "--out", file.parent / "out").out.split()
    chinese = next(Path(p) for p in pages if p.endswith("zh.html")).read_text(encoding="utf-8")
    assert "第 4 次查看，共 4 次" in chinese.replace("\u00a0", " ")
    assert "历次查看时的效果" in chinese


def test_a_look_that_was_not_planned(causalcx, file, customers):
    with_units(file, customers, 1_400)
    fitted = causalcx("fit", file, "--json")
    assert fitted.code == 0
    assert fitted.json["effects"][0]["look"] is None
    found = next(c for c in fitted.json["checks"] if c["name"] == "early-look")
    assert found["verdict"] == "fail"
    assert "the next planned look comes at 50%" in found["sentence"]
    because = told(causalcx("value", file, "--json").json["cases"][0], "wait")
    assert because == ["This is a look that was not planned; early looks flatter by chance."]
    assert "计划外" in causalcx("show", file, "-l", "zh").err
    named = causalcx("fit", file, "--look", 2, "--json").json
    assert named["effects"][0]["look"] == 2
    assert any("Look 2 was planned at 50% of the data and made at 35%" in n["sentence"] for n in named["fallbacks"])


def test_two_states_of_the_data_at_one_look_are_said(causalcx, file, customers):
    for units in (1_000, 1_050):
        with_units(file, customers, units)
        fitted = causalcx("fit", file, "--json").json
    assert any("made on 2 different states of the data" in n["sentence"] for n in fitted["warnings"])
    again = causalcx("fit", file, "--json").json
    assert len(again["looks"]["seen"]) == 2  # the same data again are no further look


def test_the_seal_holds_while_the_date_of_the_data_moves_on(file, customers):
    file.write_text(
        FILE.replace("at: [0.25, 0.5, 0.75, 1.0], planned_units: 4000", "at: [2026-03-07, 2026-03-28]"),
        encoding="utf-8",
    )
    service.register(experiment=file, today=dt.date(2026, 2, 1), clock="story")
    with_units(file, customers, 1_000)
    for day, number in ((7, 1), (28, 2)):
        readout = service.fit(experiment=file, as_of=dt.date(2026, 3, day))
        assert readout.headlines[0].look == number
        assert readout.grade
        assert readout.grade.sealed_days_before_data == 28
        assert "plan-changed" not in {n.code for n in readout.warnings}


def test_a_refit_from_stored_sums_is_the_same(file, customers):
    with_units(file, customers, 2_000)
    first, again = service.fit(experiment=file), service.refit(experiment=file)
    assert again
    assert again.effects == first.effects
    assert again.looks == first.looks


def test_a_refit_on_a_later_day_is_that_of_the_day_of_the_fit(file, customers):
    """A look by date has as much information as its day; the registry's run is put back to that day here."""
    text = FILE.replace(", origin: {kind: simulated}", "")
    file.write_text(
        text.replace("at: [0.25, 0.5, 0.75, 1.0], planned_units: 4000", "at: [2026-03-07, 2026-03-28]"),
        encoding="utf-8",
    )
    with_units(file, customers, 2_000)
    first = service.fit(experiment=file, today=dt.date(2026, 3, 10))
    with closing(sqlite3.connect(file.parent / ".causalcx" / "registry.sqlite")) as plain, plain:
        plain.execute("UPDATE runs SET started_at = '2026-03-10 12:00:00.000000'")
    again = service.refit(experiment=file)
    assert again
    assert again.looks == first.looks
    assert again.effects == first.effects


@pytest.mark.parametrize(
    ("look", "said"), [(9, "There is no look 9; `looks.at` plans 4."), (0, "greater than or equal to 1")]
)
def test_a_look_that_does_not_exist(causalcx, file, customers, look, said):
    with_units(file, customers, 1_000)
    ran = causalcx("fit", file, "--look", look)
    assert ran.code == 2
    assert said in " ".join(ran.err.split())


def test_looks_of_another_design(causalcx, file, customers):
    with_units(file, customers, 1_000)
    text = FILE.replace("kind: randomised", "kind: observational").replace(
        "ratio: {today: 1, called: 1}", "covariates: [age]"
    )
    file.write_text(text, encoding="utf-8")
    assert causalcx("plan", file).code == 5
    ran = causalcx("fit", file)
    assert ran.code == 5
    assert "can be planned for `kind: randomised` only" in ran.err


def test_a_plan_shows_what_looks_cost(causalcx, file):
    planned = causalcx("plan", file, "--spread", "spend=11.3", "--json").json["sizing"]
    looks = planned["looks"]
    assert planned["size"] == 4_000
    assert [row["units"] for row in looks["looks"]] == [1_000, 2_000, 3_000, 4_000]
    assert [round(row["critical"], 3) for row in looks["looks"]] == [4.333, 2.963, 2.359, 2.014]
    assert (round(looks["false_alarm"], 4), round(looks["misled"], 3)) == (0.05, 0.126)
    nothing, matters = (next(r for r in planned["rule"] if r["truth"] == t) for t in ("none", "matters"))
    assert nothing["scale"] < matters["scale"]
    assert 0.25 <= matters["ends_at"] < 1
    assert "4 looks planned" in causalcx("plan", file, "--spread", "spend=11.3").err
    assert "计划查看 4 次" in causalcx("plan", file, "--spread", "spend=11.3", "-l", "zh").err
