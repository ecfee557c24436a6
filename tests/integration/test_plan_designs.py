"""`causalcx plan` for every kind of design: from a history, from the plan's own data, from what is stated, and from nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from plan_worlds import DESIGNS, document, history

from causalcx import service

STATED = {
    "staggered": {"sites": 12, "untouched": 12, "periods": 20},
    "synthetic-control": {"untouched": 20, "periods": 20},
    "interrupted-time-series": {"periods": 40},
    "switchback": {"sites": 4, "periods": 64},
    "discontinuity": {"size": 1_000},
    "instrument": {"moved": 0.5, "size": 600},
    "observational": {"size": 600},
}
"""What has to be told beside the spread."""
COUNTS = dict.fromkeys(("staggered", "synthetic-control", "interrupted-time-series"), "periods") | {
    "switchback": "slots"
}
RUNS = {"observational": 3, "synthetic-control": 12}


def experiment(folder, kind: str, **changes):
    file = folder / "experiment.yaml"
    file.write_text(yaml.safe_dump(document(kind, **changes), sort_keys=False), encoding="utf-8")
    return file


def planned(kind: str, file, **options) -> dict:
    return service.plan(experiment=file, runs=20, splits=RUNS.get(kind, 24), **options)["sizing"]


def complete(sizing: dict, kind: str, source: str) -> None:
    assert sizing["source"] == source
    assert sizing["counts"] == COUNTS.get(kind, "units")
    assert sizing["size"] > 0
    (row,) = sizing["outcomes"]
    assert row["detectable"] > 0
    assert row["break_even"] > 0
    assert 0 <= row["chance"] <= 1
    assert row["chance_error"] > 0
    assert row["std_error_error"] > 0
    assert len({t["size"] for t in sizing["tried"]}) >= 2
    assert {"none", "matters"} <= {r["truth"] for r in sizing["rule"]}
    for rule in sizing["rule"]:
        assert rule["scale"] + rule["stop"] + rule["extend"] == pytest.approx(1)
        assert rule["scale_error"] > 0
    assert all(n["sentence"] for n in sizing["notices"])


@pytest.mark.parametrize("kind", DESIGNS)
def test_every_design_plans_from_a_history_and_replays_it(kind, tmp_path):
    history(kind).to_parquet(tmp_path / "before.parquet")
    sizing = planned(kind, experiment(tmp_path, kind), history=tmp_path / "before.parquet")
    complete(sizing, kind, "history")
    replay = sizing["replay"]
    assert 0 <= replay["false_alarms"] <= 1
    assert replay["outcomes"][0]["coverage_error"] > 0
    assert replay["independent"] <= replay["splits"]


@pytest.mark.parametrize("kind", DESIGNS)
def test_every_design_plans_from_what_is_stated(kind, tmp_path):
    sizing = planned(kind, experiment(tmp_path, kind), spread={"sales": 8.0}, **STATED[kind])
    complete(sizing, kind, "stated")
    assert sizing["replay"] is None
    assert "plan-stated-rows" in [n["code"] for n in sizing["notices"]]


@pytest.mark.parametrize("kind", DESIGNS)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_design_says_what_is_missing_where_nothing_is_known(kind, language, tmp_path):
    sizing = planned(kind, experiment(tmp_path, kind), language=language)
    assert sizing["source"] is None
    (said,) = [n["sentence"] for n in sizing["notices"] if n["code"] == "plan-unknown-spread"]
    assert "--history" in said
    assert sizing["outcomes"][0]["break_even"] > 0


def test_stated_spreads_alone_say_what_else_is_needed(tmp_path):
    sizing = planned("staggered", experiment(tmp_path, "staggered"), spread={"sales": 8.0})
    (notice,) = [n for n in sizing["notices"] if n["code"] == "plan-cannot-simulate"]
    assert "--sites, --untouched, --periods" in notice["sentence"]


def test_the_plans_own_data_stand_for_a_history(causalcx, tmp_path):
    rows = history("staggered").assign(first_week=lambda d: np.where(d.store < 12, 24, 0))
    rows.to_csv(tmp_path / "data.csv", index=False)
    ran = causalcx("plan", experiment(tmp_path, "staggered"), "--size", 5, "--splits", 40, "--json")
    assert ran.code == 0
    complete(ran.json["sizing"], "staggered", "history")
    assert ran.json["sizing"]["size"] == 5
    assert "plan-own-history" in [n["code"] for n in ran.json["sizing"]["notices"]]
    again = service.plan(experiment=tmp_path / "experiment.yaml", size=5, splits=40)
    assert again["sizing"] == ran.json["sizing"]


@pytest.mark.parametrize(("language", "said"), [("en", "if the size were"), ("zh", "假如规模为")])
def test_the_tables_of_a_simulated_plan_read_in_both_languages(causalcx, tmp_path, language, said):
    file = experiment(tmp_path, "instrument")
    ran = causalcx("plan", file, "--spread", "sales=8", "--moved", 0.5, "--size", 400, "--splits", 8, "-l", language)
    assert ran.code == 0
    assert said in ran.err
    assert {"en": "Planned: 400 units.", "zh": "计划 400 个对象。"}[
        language
    ] in ran.err  # nobody said how many come in a month
    assert "--splits" in ran.err  # eight worlds are few because no more were asked for


@pytest.mark.parametrize(
    ("kind", "said"), [("staggered", "from the last wave's start on"), ("switchback", "slots of each unit")]
)
def test_the_planned_size_counts_what_the_design_counts(causalcx, kind, said, tmp_path):
    history(kind).to_parquet(tmp_path / "before.parquet")
    ran = causalcx("plan", experiment(tmp_path, kind), "--history", tmp_path / "before.parquet", "--splits", 4)
    assert said in " ".join(ran.err.split())


def test_without_a_size_none_is_said(causalcx, tmp_path):
    ran = causalcx("plan", experiment(tmp_path, "staggered"))
    assert "Planned:" not in ran.err


def test_a_history_without_its_columns_is_wrong_data(causalcx, tmp_path):
    history("staggered").drop(columns="sales").to_csv(tmp_path / "before.csv", index=False)
    ran = causalcx("plan", experiment(tmp_path, "staggered"), "--history", tmp_path / "before.csv")
    assert ran.code == 4
    assert "sales" in ran.err


def test_a_size_beyond_the_history_is_said(tmp_path):
    history("staggered").to_parquet(tmp_path / "before.parquet")
    sizing = planned("staggered", experiment(tmp_path, "staggered"), history=tmp_path / "before.parquet", size=500)
    assert sizing["size"] == 29
    assert "plan-size-not-tried" in [n["code"] for n in sizing["notices"]]


CLUSTERED = {
    "kind": "randomised", "unit": "id", "treatment": "arm", "control": "a", "ratio": {"a": 1, "b": 1}, "cluster": "store", "covariates": ["size"],
}  # fmt: skip


def groups(stores: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    store = np.repeat(np.arange(stores), 20)
    size = np.repeat(rng.normal(50, 10, stores), 20)
    return pd.DataFrame(
        {
            "id": np.arange(len(store)),
            "store": store,
            "size": size,
            "sales": rng.normal(0, 3, stores)[store] + rng.normal(0, 9, len(store)),
        }
    )


def test_groups_that_are_drawn_as_one_need_more_units(tmp_path):
    """By hand: 1 + (20 - 1) x 0.1 = 2.9 times as many (the t law with 2.9 / 20 as many pieces adds a little)."""
    groups().to_parquet(tmp_path / "before.parquet")
    file = experiment(tmp_path, "randomised", design=CLUSTERED)
    learnt = planned("randomised", file, history=tmp_path / "before.parquet")
    told = planned("randomised", file, spread={"sales": 9.5}, alike={"sales": 0.1}, cluster_size=20)
    single = {k: v for k, v in CLUSTERED.items() if k != "cluster"}
    plain = planned("randomised", experiment(tmp_path, "randomised", design=single), spread={"sales": 9.5})
    assert told["outcomes"][0]["needed"] == pytest.approx(2.9 * plain["outcomes"][0]["needed"], rel=0.03)
    assert learnt["outcomes"][0]["needed"] == pytest.approx(told["outcomes"][0]["needed"], rel=0.4)
    assert learnt["replay"]["outcomes"][0]["coverage"] > 0.75
    assert "plan-clusters" in [n["code"] for n in learnt["notices"]]
    lacking = planned("randomised", experiment(tmp_path, "randomised", design=CLUSTERED), spread={"sales": 9.5})
    assert "plan-clusters-unknown" in [n["code"] for n in lacking["notices"]]


def test_an_interaction_needs_four_times_the_units_of_a_main_effect(tmp_path):
    design = {"kind": "randomised", "unit": "id", "factors": {"merge": "merged", "bar": "bar"}}
    rows = planned("randomised", experiment(tmp_path, "randomised", design=design), spread={"sales": 9.5})["outcomes"]
    needed = {row["comparison"]: row["needed"] for row in rows}
    assert list(needed) == ["merge: 1 vs 0", "bar: 1 vs 0", "merge × bar: 1 × 1 vs 0 × 0"]
    main, _, both = needed.values()
    assert both == pytest.approx(4 * main, rel=0.01)


def test_groups_are_drawn_whole_and_held_against_the_data(causalcx, tmp_path):
    rows = groups(10)
    rows.to_csv(tmp_path / "units.csv", index=False)
    file = experiment(tmp_path, "randomised", design=CLUSTERED)
    lot = tmp_path / "assignment.csv"
    drawn = causalcx("plan", file, "--units", tmp_path / "units.csv", "--assign", lot, "--json")
    assert drawn.code == 0
    assert drawn.json["arms"] == {"a": 100, "b": 100}
    arms = pd.read_csv(lot).merge(rows[["id", "store"]], on="id").groupby("store").arm.nunique()
    assert (arms == 1).all()
    lot.unlink()

    rows.groupby("store", as_index=False)[["size"]].mean().to_csv(tmp_path / "stores.csv", index=False)
    drawn = causalcx("plan", file, "--units", tmp_path / "stores.csv", "--assign", lot, "--pairs", "--json")
    assert (drawn.code, drawn.json["units"], drawn.json["pairs"]) == (0, 10, 5)
    paired = pd.read_csv(lot)
    assert (paired.groupby("pair").arm.nunique() == 2).all()
    data = rows.merge(paired, on="store")
    data.to_csv(tmp_path / "data.csv", index=False)
    assert checked(causalcx, file)["verdict"] == "pass"
    data.assign(arm=lambda d: np.where(d.store == 0, np.where(d.arm == "a", "b", "a"), d.arm)).to_csv(
        tmp_path / "data.csv", index=False
    )
    found = checked(causalcx, file)
    assert found["verdict"] != "pass"
    assert (found["facts"]["differing"], found["facts"]["absent"]) == (20, 0)


def checked(causalcx, file) -> dict:
    return next(c for c in causalcx("check", file, "--json").json["checks"] if c["name"] == "assignment")
