"""Stores that take visitors from each other, from the command line: total, own effect and spill-over; and what is refused."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from editing import edited

TRIAL = """
key: sites
title: Sites
intervention: staffing
owner: a@example.com
hypothesis: It helps.
period: {start: 2026-01-01, end: 2026-06-30}
data: {source: data.csv}
design: {kind: randomised, unit: site, treatment: arm, control: old}
interference: none
outcomes:
  - {name: y, kind: amount, column: y, role: primary, unit: USD, matters: 0.5}
"""


@pytest.fixture
def stores(causalcx, tmp_path):
    folder = tmp_path / "stores"
    assert causalcx("simulate", "staffing-neighbours", "--out", folder, "--seed", "2").code == 0
    return folder


def trial(folder, interference: str, design: str = ""):
    (folder / "experiment.yaml").write_text(
        TRIAL.replace("interference: none", f"interference: {interference}").replace(
            "control: old}", f"control: old{design}}}"
        ),
        encoding="utf-8",
    )
    units = range(1, 121)
    rows = [
        {"site": i, "arm": ["old", "new"][i * 7 % 11 % 2], "queue": i % 12, "near": i % 3 / 2, "y": i * 37 % 101}
        for i in units
    ]
    pd.DataFrame(rows).to_csv(folder / "data.csv", index=False)
    pd.DataFrame({"unit": units, "neighbour": [i % 120 + 1 for i in units]}).to_csv(folder / "pairs.csv", index=False)
    return folder


def by_part(document: dict) -> dict:
    return {e["aggregation"]: e for e in document["effects"] if e["outcome"] == "sales" and e["cohort"] is None}


def test_total_own_effect_and_spillover_hold_the_truth(causalcx, stores) -> None:
    truth = json.loads((stores / "truth.json").read_text("utf-8"))
    document = causalcx("fit", stores, "--json").json
    found = by_part(document)
    assert document["effects"][0]["aggregation"] is None
    assert "total" in found[None]["estimand"]
    assert "linear in the share" in found[None]["method"]
    wanted = {
        None: truth["effects"]["sales"],
        "own": truth["own"],
        "spillover": truth["spillover"],
        "as-rolled-out": truth["as_rolled_out"],
    }
    for name, true in wanted.items():
        assert found[name]["low"] < true < found[name]["high"], name
    trends = [c for c in document["checks"] if c["name"] == "parallel-trends-sensitivity"]
    assert all("own change" in c["sentence"] for c in trends)
    assert {c["facts"]["estimate"] for c in trends if c["facts"]["outcome"] == "sales"} == {found["own"]["estimate"]}
    assert [p["code"] for p in document["pictures"]][:2] == ["event-time-own", "waves"]
    assert found[None]["estimate"] == pytest.approx(found["own"]["estimate"] + found["spillover"]["estimate"])
    waves = {(e["aggregation"], e["cohort"]): e for e in document["effects"] if e["cohort"]}
    for name, key in (("group", "by_wave"), ("own", "own_by_wave")):
        assert all(waves[name, w]["low"] < true < waves[name, w]["high"] for w, true in truth[key].items())


def test_the_careless_reading_is_told_and_the_checks_ask_for_units_far_from_the_change(causalcx, stores) -> None:
    document = causalcx("fit", stores, "--json").json
    (naive,) = (n["facts"] for n in document["warnings"] if n["code"] == "naive-neighbours")
    assert naive["naive"] > naive["own"] > naive["estimate"]
    checks = {c["name"]: c for c in document["checks"]}
    assert checks["untouched-comparison"]["value"] == 34
    assert checks["interference"]["verdict"] == "pass"
    assert all(c["sentence"] for c in document["checks"])
    assert {"exposure-form-number", "no-anticipation-felt"} < {n["code"] for n in document["rests_on"]}
    assert document["grade"]["level"] == 2  # as without neighbours: nothing is capped


def test_the_total_goes_to_money_and_the_decision_names_the_waves_that_pay(causalcx, stores) -> None:
    total = by_part(causalcx("fit", stores, "--json").json)[None]
    case = causalcx("value", stores, "--json").json["cases"][0]
    (effect,) = (b for b in case["break_even"] if b["kind"] == "effect")
    assert effect["now"] == pytest.approx(total["estimate"], rel=0.02)
    assert any("Not every wave pays" in reason for reason in case["decision"]["because"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_show_what_the_total_is_made_of(causalcx, stores, language) -> None:
    shown = causalcx("fit", stores, "--language", language).err
    assert ("自身效果" if language == "zh" else "own") in shown
    assert ("邻近" if language == "zh" else "neighbour") in shown


def test_covariates_and_those_still_waiting_may_be_used(causalcx, stores) -> None:
    truth = json.loads((stores / "truth.json").read_text("utf-8"))["effects"]["sales"]
    edited(stores, "compare: never", "compare: not-yet\n  covariates: [city_tier]")
    total = by_part(causalcx("fit", stores, "--json").json)[None]
    assert "covariates by period" in total["method"]
    assert total["low"] < truth < total["high"]


def test_a_column_may_tell_the_share(causalcx, stores) -> None:
    pairs, data = pd.read_csv(stores / "neighbours.csv"), pd.read_parquet(stores / "data.parquet")
    start = data.groupby("store").first_week.first()
    near = pairs.groupby("unit").neighbour.apply(list).to_dict()
    starts = {unit: [start[j] for j in others] for unit, others in near.items()}
    share = [
        sum(pd.notna(s) and s <= week for s in starts.get(store, ())) / max(len(starts.get(store, ())), 1)
        for store, week in zip(data.store, data.week, strict=True)
    ]
    data.assign(near=share).to_parquet(stores / "data.parquet")
    by_file = by_part(causalcx("fit", stores, "--json").json)
    edited(stores, r"\{neighbours: neighbours.csv\}", "{exposure: near}")
    found = by_part(causalcx("fit", stores, "--json").json)
    assert found["own"]["estimate"] == pytest.approx(by_file["own"]["estimate"], rel=0.1)
    assert found[None]["estimate"] < found["own"]["estimate"]
    data.assign(near=1.2).to_parquet(stores / "data.parquet")
    ran = causalcx("check", stores)
    assert (ran.code, "between 0 and 1" in " ".join(ran.err.split())) == (4, True)


def test_another_list_of_neighbours_is_another_fit(causalcx, stores) -> None:
    first = causalcx("value", stores, "--json").json["cases"][0]["npv"]["mean"]
    pairs = pd.read_csv(stores / "neighbours.csv")
    pairs[pairs.unit + pairs.neighbour > 60].to_csv(stores / "neighbours.csv", index=False)
    assert causalcx("value", stores, "--json").json["cases"][0]["npv"]["mean"] != first


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "does not exist"),
        ("unit,neighbour\n1,2\n2,999\n", "999"),
        ("unit,neighbour\n1,1\n", "own neighbour"),
        ("unit,neighbour\n1,2\n1,2\n", "twice"),
        ("unit,neighbour,weight\n1,2,-3\n", "weight -3"),
        ("a,b\n1,2\n", "`unit` and `neighbour`"),
    ],
)
def test_a_broken_list_is_one_sentence_and_exit_4(causalcx, stores, text, says) -> None:
    file = stores / "neighbours.csv"
    file.unlink() if text is None else file.write_text(text, encoding="utf-8")
    for command in ("check", "fit"):
        ran = causalcx(command, stores)
        assert ran.code == 4
        assert says in " ".join(ran.err.split())
    assert causalcx("fit", stores, "--language", "zh").code == 4


def test_where_nobody_is_near_the_change_there_is_nothing_to_tell(causalcx, stores) -> None:
    data = pd.read_parquet(stores / "data.parquet")
    never = data[data.first_week.isna()].store.unique()[:2]
    (stores / "neighbours.csv").write_text(f"unit,neighbour\n{never[0]},{never[1]}\n", encoding="utf-8")
    ran = causalcx("fit", stores)
    assert (ran.code, "interference: none" in " ".join(ran.err.split())) == (5, True)


@pytest.mark.parametrize("command", ["check", "fit", "value", "plan"])
def test_customers_drawn_one_by_one_over_a_shared_queue_are_refused(causalcx, tmp_path, command) -> None:
    ran = causalcx(command, trial(tmp_path, "{shares: [queue, agents]}"))
    assert ran.code == 5
    said = " ".join(ran.err.split())
    assert "queue, agents" in said
    assert "kind: switchback" in said
    assert "`cluster`" in said


def test_whole_queues_may_be_drawn(causalcx, tmp_path) -> None:
    folder = trial(tmp_path, "{shares: [queue, agents]}", ", cluster: queue")
    data = pd.read_csv(folder / "data.csv")
    data.assign(arm=data.queue.map(lambda q: ["old", "new"][q % 2])).to_csv(folder / "data.csv", index=False)
    document = causalcx("fit", folder, "--json").json
    (check,) = (c for c in document["checks"] if c["name"] == "interference")
    assert check["verdict"] == "pass"


def test_sites_drawn_one_by_one_may_have_neighbours(causalcx, tmp_path) -> None:
    document = causalcx("fit", trial(tmp_path, "{neighbours: pairs.csv}"), "--json").json
    assert [e["aggregation"] for e in document["effects"]] == [
        None,
        "own",
        "spillover",
        "as-rolled-out",
        "spillover-untreated",
    ]
    assert "neighbours-written-once" in {n["code"] for n in document["warnings"]}
    plan = causalcx("plan", tmp_path, "--json").json
    assert "plan-without-neighbours" in {n["code"] for n in plan["sizing"]["notices"]}


@pytest.mark.parametrize("key", ["neighbours: pairs.csv", "exposure: near"])
def test_other_designs_name_those_that_can(causalcx, tmp_path, key) -> None:
    folder = trial(tmp_path, f"{{{key}}}")
    edited(folder, "kind: randomised", "kind: observational, covariates: [queue]")
    ran = causalcx("fit", folder)
    assert ran.code == 5
    assert "kind: staggered" in " ".join(ran.err.split())


def test_two_sources_of_the_same_are_a_wrong_file(causalcx, tmp_path) -> None:
    ran = causalcx("check", trial(tmp_path, "{neighbours: pairs.csv, exposure: near}"))
    assert (ran.code, "give one" in ran.err) == (3, True)
