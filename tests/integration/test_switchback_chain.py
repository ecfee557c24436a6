"""A switchback from the command line: its schedule, its world, check, fit, value; and what is refused, with its exit code."""

from __future__ import annotations

import csv
import json

import pytest


@pytest.fixture
def routing(causalcx, tmp_path):
    folder = tmp_path / "routing"
    assert causalcx("simulate", "routing", "--out", folder).code == 0
    return folder


def test_from_the_file_to_the_case(causalcx, routing) -> None:
    truth = json.loads((routing / "truth.json").read_text("utf-8"))
    document = causalcx("fit", routing, "--json").json
    heads = [e for e in document["effects"] if e["aggregation"] is None]
    assert [e["outcome"] for e in heads] == ["vip_handle", "others_wait", "vip_calls"]
    for effect in heads:
        assert abs(effect["estimate"] - truth["effects"][effect["outcome"]]) < 3 * effect["std_error"]
    parts = {e["aggregation"]: e for e in document["effects"] if e["outcome"] == "vip_handle"}
    assert list(parts) == [None, "this-slot", "slots-before-1", "slots-before-2", "always-on"]
    assert parts["slots-before-1"]["high"] < 0
    careless = {w["facts"]["outcome"]: w["facts"]["naive"] for w in document["warnings"] if w["code"] == "naive-slots"}
    assert careless["vip_handle"] == pytest.approx(truth["careless"]["vip_handle"], abs=4)
    verdicts = {c["name"]: c["verdict"] for c in document["checks"]}
    assert {"carry-over", "balance-over-time", "few-slots", "randomisation-test", "sample-ratio"} <= set(verdicts)
    assert verdicts["guardrail"] != "pass"
    assert all(c["sentence"] and "in order" not in c["sentence"] for c in document["checks"])
    assert document["grade"]["level"] == 3  # 4, less one for a plan that was not registered
    case = causalcx("value", routing, "--json").json["cases"][0]
    assert case["npv"]["p5"] < case["npv"]["p95"]


def test_check_shows_the_design_before_an_effect(causalcx, routing) -> None:
    ran = causalcx("check", routing, "--json")
    names = [c["name"] for c in ran.json["checks"]]
    assert ran.code == 0
    assert {"balance-over-time", "few-slots"} <= set(names)
    assert not {"carry-over", "randomisation-test"} & set(names)


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('control: "off"', "control: never", 4, "never"),
        ("time: slot", "time: when", 4, "when"),
        ("washout: 1 ", "washout: -1 ", 3, "washout"),
        ("washout: 1 ", "washout: 40 ", 5, "design.washout"),
    ],
)
def test_refusals(causalcx, routing, old: str, new: str, code: int, said: str) -> None:
    file = routing / "experiment.yaml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1), encoding="utf-8")
    ran = causalcx("fit", routing)
    assert (ran.code, said in ran.err) == (code, True)


# ---------------------------------------------------------------- the schedule


def test_a_schedule_is_drawn_once_and_again_the_same(causalcx, routing, tmp_path) -> None:
    wanted = ("schedule", routing, "--units", "north,south")
    files = [tmp_path / name for name in ("a.csv", "b.csv")]
    assert [causalcx(*wanted, file).code for file in files] == [0, 0]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert causalcx(*wanted, tmp_path / "c.csv", "--seed", "2").code == 0
    assert (tmp_path / "c.csv").read_bytes() != files[0].read_bytes()
    again = causalcx(*wanted, files[0])
    assert (again.code, "drawn once" in again.err) == (2, True)
    with files[0].open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["centre", "slot", "vip_first", "block", "counts"]
    assert len(rows) == 2 * 56 * 12
    assert {r["vip_first"] for r in rows} == {"on", "off"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--units", ""), "Name the units"),
        (("--units", "a", "--block", "1"), "at least 2"),
        (("--units", "a", "--slot-minutes", "50"), "Slots of 50 minutes"),
        (("--units", "a", "--hours", "early"), "opening hours"),
        (("--units", "a", "--hours", "0-inf"), "opening hours"),
        (("--units", "a", "--on", "off"), "the control"),
    ],
)
def test_schedules_that_cannot_be_drawn(causalcx, routing, tmp_path, options: tuple[str, ...], said: str) -> None:
    ran = causalcx("schedule", routing, tmp_path / "a.csv", *options)
    assert (ran.code, said in ran.err) == (2, True)
    assert not (tmp_path / "a.csv").exists()


def test_only_a_switchback_has_a_schedule(causalcx, tmp_path) -> None:
    assert causalcx("simulate", "city", "--out", tmp_path / "city").code == 0
    ran = causalcx("schedule", tmp_path / "city", tmp_path / "a.csv", "--units", "a")
    assert (ran.code, "synthetic-control" in ran.err) == (2, True)
