"""The JSON of `fit` and `value` is public API: these names and types are promises (docs/reference/)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]

EFFECT = {
    "outcome": str, "comparison": str, "estimand": str, "applies_to": str, "share": float, "unit": str, "estimate": float,
    "std_error": float, "df": float, "low": float, "high": float, "set": type(None), "level": float, "p_value": float, "p_adjusted": (float, type(None)),
    "adjustment": (str, type(None)), "probability_better": float, "probability_matters": (float, type(None)), "baseline": float,
    "relative": (float, type(None)), "method": str, "n_treated": int, "n_control": int, "segment": type(None), "cohort": type(None),
    "period": type(None), "event_time": type(None), "aggregation": type(None), "look": type(None), "role": str,
}  # fmt: skip
QUANTILES = {"mean", "p5", "p50", "p95"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("gallery") / "merge"
    shutil.copytree(REPOSITORY / "experiments" / "merge-confirmation-steps", target)
    return target


def test_fit_prints_one_document_with_every_promised_name(causalcx, folder):
    ran = causalcx("fit", folder, "--json")
    assert ran.code == 0
    document = ran.json
    assert {
        "schema", "experiment", "design", "effects", "covariance", "checks", "grade", "warnings", "fallbacks", "failures", "provenance",
    } <= document.keys()  # fmt: skip
    assert document["schema"] == 1
    for effect in document["effects"]:
        assert list(effect) == list(EFFECT)
        assert {name: isinstance(effect[name], kind) for name, kind in EFFECT.items()} == dict.fromkeys(EFFECT, True)


def test_headlines_come_first_in_file_order_and_label_the_covariance(causalcx, folder):
    document = causalcx("fit", folder, "--json").json
    assert [e["outcome"] for e in document["effects"]] == ["nps", "churn", "revenue", "calls"]
    labels = [f"{e['outcome']}: {e['comparison']}" for e in document["effects"]]
    assert document["covariance"]["labels"] == labels
    matrix = document["covariance"]["matrix"]
    for i, effect in enumerate(document["effects"]):
        assert matrix[i][i] == pytest.approx(effect["std_error"] ** 2, rel=1e-12)


def test_checks_grade_and_provenance_have_the_promised_shape(causalcx, folder):
    document = causalcx("fit", folder, "--json").json
    assert all(
        {"name", "verdict", "value", "facts", "sentence"} <= c.keys() and c["sentence"] for c in document["checks"]
    )
    assert [c["name"] for c in document["checks"]].count("sample-ratio") == 1
    assert {c["verdict"] for c in document["checks"]} <= {"pass", "warn", "fail", "info"}
    grade = document["grade"]
    assert {"level", "of", "because", "to_raise", "sealed_days_before_data"} <= grade.keys()
    assert all(isinstance(sentence, str) for sentence in (*grade["because"], *grade["to_raise"]))
    provenance = document["provenance"]
    assert provenance["data"]["rows"] == 40_000
    assert provenance["data"]["fingerprint"].startswith("sha256:")
    assert provenance["plan"].startswith("sha256:")
    assert provenance["versions"]["causalcx"]


def test_value_prints_one_document_with_every_promised_name(causalcx, folder):
    ran = causalcx("value", folder, "--json")
    assert ran.code == 0
    document = ran.json
    assert document["schema"] == 1
    (case,) = document["cases"]
    assert case["npv"].keys() >= QUANTILES
    assert case["roi"].keys() >= QUANTILES
    assert case["payback_months"].keys() >= QUANTILES | {"never"}
    assert case["irr"].keys() >= QUANTILES | {"undefined"}
    assert {
        "comparison",
        "currency",
        "roi_of_means",
        "probability_pays",
        "streams",
        "costs",
        "cash_flow",
        "decision",
    } <= case.keys()
    assert all(s["present_value"].keys() >= QUANTILES and s["outcome"] for s in case["streams"])
    assert all(c["present_value"].keys() >= QUANTILES and c["name"] for c in case["costs"])
    assert [m["month"] for m in case["cash_flow"]] == list(range(37))
    assert all(m["net"] == pytest.approx(m["benefit"] - m["cost"]) for m in case["cash_flow"])
    decision = case["decision"]
    assert {"rule", "verdict", "because", "sentence"} <= decision.keys()
    assert all(isinstance(sentence, str) for sentence in decision["because"])


def test_the_same_seed_gives_the_same_digits(causalcx, folder):
    first, second = (causalcx("value", folder, "--json").json["cases"] for _ in range(2))
    assert first == second


def test_a_chinese_reader_gets_the_same_numbers_with_chinese_sentences(causalcx, folder):
    english, chinese = (causalcx("fit", folder, "--json", "--language", code).json for code in ("en", "zh"))
    assert english["effects"] == chinese["effects"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese["checks"][0]["sentence"])
