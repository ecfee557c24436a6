"""A threshold from the command line: simulated, checked, fitted, valued; and what is refused, with its exit code."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from causalcx import service

    folder = tmp_path_factory.mktemp("outage")
    service.simulate(world="outage", out=folder)
    return folder


@pytest.fixture
def outage(world, tmp_path):
    """A folder of its own with the same customers."""
    folder = tmp_path / "outage"
    folder.mkdir()
    (folder / "data.parquet").symlink_to(world / "data.parquet")
    (folder / "experiment.yaml").write_text((world / "experiment.yaml").read_text("utf-8"), encoding="utf-8")
    return folder


def change(folder, old: str, new: str) -> None:
    file = folder / "experiment.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_from_the_file_to_the_case(causalcx, world, outage) -> None:
    truth = json.loads((world / "truth.json").read_text("utf-8"))
    document = causalcx("fit", outage, "--json").json
    heads = [e for e in document["effects"] if e["aggregation"] is None]
    assert [e["outcome"] for e in heads] == ["churn", "nps"]
    assert document["effects"][:2] == heads
    for effect in heads:
        assert (effect["applies_to"], effect["comparison"]) == ("compliers at the cutoff", "treated vs untreated")
        assert effect["low"] < truth["effects"][effect["outcome"]] < effect["high"]
    assert document["covariance"]["matrix"][0][0] == pytest.approx(heads[0]["std_error"] ** 2, rel=1e-12)
    assert [p["code"] for p in document["pictures"]] == [
        "threshold",
        "threshold-received",
        "bandwidth",
        "placebo-cutoffs",
    ]
    assert all(c["sentence"] for c in document["checks"])
    assert {c["verdict"] for c in document["checks"]} <= {"pass", "info", "warn"}
    assert all(n["sentence"] for n in (*document["warnings"], *document["rests_on"]))
    careless = next(w["facts"] for w in document["warnings"] if w["code"] == "naive-received")
    assert careless["estimate"] < 0 < careless["naive"]
    case = causalcx("value", outage, "--json").json["cases"][0]
    assert case["npv"]["p5"] < case["npv"]["p95"]


def test_money_pays_for_those_near_the_cutoff_alone(causalcx, outage) -> None:
    """Without a reason to carry the effect further, benefits shrink to the share of those reached whom it covers."""
    wide = causalcx("value", outage, "--json").json["cases"][0]["streams"][0]["present_value"]["mean"]
    share = causalcx("fit", outage, "--json").json["effects"][0]["share"]
    text = (outage / "experiment.yaml").read_text("utf-8")
    line = next(row for row in text.splitlines() if row.startswith("  transport:"))
    change(outage, line + "\n", "")
    near = causalcx("value", outage, "--json").json["cases"][0]["streams"][0]["present_value"]["mean"]
    assert near == pytest.approx(share * wide, rel=1e-6)


def test_the_trap_is_seen_and_named(causalcx, outage) -> None:
    text = (outage / "experiment.yaml").read_text("utf-8")
    line = next(row for row in text.splitlines() if row.startswith("  region: [7]"))
    change(outage, f"exclude:\n{line}\n", "segments: [region]\n")
    checks = {c["name"]: c for c in causalcx("check", outage, "--json").json["checks"]}
    assert checks["density"]["verdict"] == "fail"
    assert "region=7" in checks["density"]["sentence"]


def test_the_page_is_made_in_both_languages(causalcx, outage, tmp_path) -> None:
    ran = causalcx("report", outage, "--out", tmp_path / "page")
    assert ran.code == 0, ran.err
    pages = sorted((tmp_path / "page").rglob("*.html"))
    assert any("门槛" in page.read_text("utf-8") for page in pages)
    assert any("A threshold decided here" in page.read_text("utf-8") for page in pages)


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("cutoff: 8\n", "cutoff: 800\n", 4, "cutoff 800"),
        ("cutoff: 8\n", "cutoff: eight\n", 3, "cutoff"),
        ("running: hours_30d\n", "running: hours\n", 4, "hours"),
        ("fuzzy: credit ", "fuzzy: customer_id ", 3, "is also `unit`"),
        ("fuzzy: credit ", "fuzzy: churned_60d ", 3, "is also an outcome"),
    ],
)
def test_refusals(causalcx, outage, old: str, new: str, code: int, said: str) -> None:
    change(outage, old, new)
    ran = causalcx("fit", outage)
    assert (ran.code, said in ran.err) == (code, True), ran.err
