"""A nudge from the command line: simulated, checked, fitted, valued; and what is refused, with its exit code."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def nudge(causalcx, tmp_path):
    folder = tmp_path / "nudge"
    assert causalcx("simulate", "nudge", "--out", folder).code == 0
    return folder


def test_from_the_file_to_the_case(causalcx, nudge) -> None:
    truth = json.loads((nudge / "truth.json").read_text("utf-8"))
    document = causalcx("fit", nudge, "--json").json
    heads = document["effects"][:3]
    assert [(e["outcome"], e["aggregation"], e["set"]) for e in heads] == [
        (o, None, None) for o in ("calls", "churn", "nps")
    ]
    for effect in heads:
        assert (effect["estimand"], effect["applies_to"], effect["comparison"]) == ("LATE", "compliers", "1 vs 0")
        assert effect["low"] < truth["effects"][effect["outcome"]] < effect["high"]
        assert effect["share"] == pytest.approx(truth["share"], abs=0.02)
    assert {e["aggregation"] for e in document["effects"][3:]} == {"intention-to-treat"}
    careless = {w["facts"]["outcome"]: w["facts"]["naive"] for w in document["warnings"] if w["code"] == "naive-takers"}
    assert careless == pytest.approx(truth["careless"], rel=0.2)
    assert document["grade"]["level"] <= 4
    assert [p["code"] for p in document["pictures"]] == ["first-stage", "reduced-form", "reduced-form"]
    assert all(c["sentence"] for c in (*document["checks"], *document["rests_on"]))
    case = causalcx("value", nudge, "--json").json["cases"][0]
    assert case["npv"]["p5"] < case["npv"]["p95"]


def test_the_page_speaks_of_those_whom_the_nudge_moved(causalcx, nudge) -> None:
    assert causalcx("report", nudge).code == 0
    english, chinese = ((nudge / "report" / f"case.{code}.html").read_text("utf-8") for code in ("en", "zh"))
    assert "among those who took it because of the nudge" in english
    assert "在因引导而采用的人群中" in chinese


def test_check_shows_the_first_stage_before_an_effect(causalcx, nudge) -> None:
    names = [c["name"] for c in causalcx("check", nudge, "--json").json["checks"]]
    assert {"sample-ratio", "first-stage", "instrument-balance"} <= set(names)
    assert "anderson-rubin" not in names


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("instrument: message ", "instrument: hint ", 4, "hint"),
        ("treatment: used_app ", "treatment: score ", 3, "score"),
        ("instrument: message ", "instrument: customer ", 3, "is also `unit`"),
        ("instrument: message ", "instrument: used_app ", 3, "is also `treatment`"),
        ("instrument: message ", "", 3, "instrument"),
    ],
)
def test_refusals(causalcx, nudge, old: str, new: str, code: int, said: str) -> None:
    file = nudge / "experiment.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    ran = causalcx("fit", nudge)
    assert (ran.code, said in ran.err) == (code, True), ran.err
