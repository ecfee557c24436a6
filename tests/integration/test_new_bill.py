"""A change for everybody, from the command line: simulated, checked, fitted, valued; and what is refused, with its exit code."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def bill(causalcx, tmp_path):
    folder = tmp_path / "bill"
    assert causalcx("simulate", "bill", "--out", folder).code == 0
    return folder


def test_from_the_file_to_the_case(causalcx, bill) -> None:
    truth = json.loads((bill / "truth.json").read_text("utf-8"))
    document = causalcx("fit", bill, "--json").json
    effect = document["effects"][0]
    assert (effect["outcome"], effect["comparison"], effect["applies_to"]) == (
        "calls",
        "observed vs expected",
        "treated",
    )
    assert effect["low"] < truth["effects"]["calls"] < effect["high"] < 0
    assert len([e for e in document["effects"] if e["period"] is not None]) == 56
    (careless,) = (w["facts"] for w in document["warnings"] if w["code"] == "careless-last-year")
    assert careless["before_after"] > 0 < careless["last_year"]
    assert document["grade"]["level"] <= 3
    assert all(entry["sentence"] for entry in (*document["checks"], *document["warnings"], *document["rests_on"]))
    case = causalcx("value", bill, "--json").json["cases"][0]
    assert case["npv"]["p50"] > 0


def test_check_shows_the_design_before_an_effect(causalcx, bill) -> None:
    ran = causalcx("check", bill, "--json")
    names = [c["name"] for c in ran.json["checks"]]
    assert ran.code == 0
    assert {
        "sample-ratio",
        "pseudo-starts",
        "residual-autocorrelation",
        "season-undeclared",
        "touched-regressor",
    } <= set(names)
    assert names.count("sample-ratio") == 1


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("start: 2026-03-02\n  cov", "start: 2031-03-02\n  cov", 4, "design.start"),
        ("start: 2026-03-02\n  cov", "start: 2025-01-20\n  cov", 5, "kind: synthetic-control"),
        ("season: 7", "season: weekly", 3, "design.season"),
        ("season: 7", "trend: steep", 3, "linear, local"),
        ("[business_calls, holiday]", "[visits]", 4, "visits"),
    ],
)
def test_refusals(causalcx, bill, old: str, new: str, code: int, said: str) -> None:
    file = bill / "experiment.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    ran = causalcx("fit", bill)
    assert ran.code == code
    assert said in ran.err
