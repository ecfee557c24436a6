"""A change in one city, from the command line: simulated, checked, fitted, valued; and what is refused, with its exit code."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def city(causalcx, tmp_path):
    folder = tmp_path / "city"
    assert causalcx("simulate", "city", "--out", folder).code == 0
    return folder


def test_from_the_file_to_the_case(causalcx, city) -> None:
    truth = json.loads((city / "truth.json").read_text("utf-8"))
    document = causalcx("fit", city, "--json").json
    heads = [e for e in document["effects"] if e["period"] is None]
    parts = [e for e in document["effects"] if e["period"] is not None]
    assert [e["outcome"] for e in heads] == ["churn", "leavers", "calls"]
    assert document["effects"][:3] == heads
    assert len(parts) == 12
    for effect in heads:
        assert (effect["estimand"], effect["applies_to"], effect["comparison"]) == (
            "ATT",
            "treated",
            "treated vs untreated",
        )
        assert effect["low"] < truth["effects"][effect["outcome"]] < effect["high"]
    careless = {w["facts"]["outcome"]: w["facts"] for w in document["warnings"] if w["code"] == "naive-before-after"}
    assert careless["churn"]["before_after"] < careless["churn"]["naive"] < heads[0]["estimate"]
    assert document["grade"]["level"] <= 3
    assert all(c["sentence"] for c in document["checks"])
    case = causalcx("value", city, "--json").json["cases"][0]
    assert case["npv"]["p5"] < case["npv"]["p95"]


def test_a_change_in_place_is_kept_and_one_carried_elsewhere_rolled_out(causalcx, city) -> None:
    here = causalcx("value", city, "--json").json["cases"][0]["decision"]
    assert (here["verdict"], here["advice"]) == ("scale", "keep")
    assert here["because"][-1].endswith(
        "in the 1 city where it was measured; what it would do elsewhere was not measured."
    )
    file = city / "experiment.yaml"
    file.write_text(file.read_text("utf-8").replace("stock: 1,", "stock: 3,"), encoding="utf-8")
    assert causalcx("value", city, "--json").json["cases"][0]["decision"]["advice"] == "scale"


def test_check_shows_the_design_before_an_effect(causalcx, city) -> None:
    ran = causalcx("check", city, "--json")
    names = [c["name"] for c in ran.json["checks"]]
    assert ran.code == 0
    assert {"pre-fit", "placebo-time", "hull", "donor-weights"} <= set(names)
    assert "placebo-space" not in names


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("start: 2026-01\n", "start: 2031-01\n", 4, "design.start"),
        ("[city-05]", "[city-77]", 4, "city-77"),
        ("[city-05]", "[]", 3, "treated"),
        ("method: unknown", "", 3, ""),
        ("kind: score, scale: [0, 1], column: churn_rate", "kind: nps, column: churn_rate", 5, "kind: staggered"),
    ],
)
def test_refusals(causalcx, city, old: str, new: str, code: int, said: str) -> None:
    file = city / "experiment.yaml"
    text = file.read_text("utf-8")
    changed = (
        text.replace(old, new) if old in text else text.replace("  start: 2026-01\n", f"  start: 2026-01\n  {old}\n")
    )
    file.write_text(changed, encoding="utf-8")
    ran = causalcx("fit", city)
    assert (ran.code, said in ran.err) == (code, True)


def test_a_world_that_is_not_there(causalcx, tmp_path) -> None:
    ran = causalcx("simulate", "atlantis", "--out", tmp_path / "x")
    assert ran.code == 2
    assert "city" in ran.err
