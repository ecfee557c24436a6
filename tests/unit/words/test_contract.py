"""The JSON contract: the keys of the design page, sentences filled in, nothing infinite."""

from __future__ import annotations

import json

import pytest

from causalcx.core.check import Notice
from causalcx.words import contract
from tests.unit.reports import case_samples as samples

EFFECT = [
    "outcome",
    "comparison",
    "estimand",
    "applies_to",
    "share",
    "unit",
    "estimate",
    "std_error",
    "df",
    "low",
    "high",
    "set",
    "level",
    "p_value",
    "p_adjusted",
    "adjustment",
    "probability_better",
    "probability_matters",
    "baseline",
    "relative",
    "method",
    "n_treated",
    "n_control",
    "segment",
    "cohort",
    "period",
    "event_time",
    "aggregation",
    "look",
    "role",
]
CASE = [
    "comparison",
    "currency",
    "npv",
    "roi",
    "roi_of_means",
    "payback_months",
    "irr",
    "probability_pays",
    "streams",
    "costs",
    "cash_flow",
    "decision",
]


def test_fit_has_the_keys_of_the_contract() -> None:
    document = contract(samples.readout())
    assert {
        "schema",
        "experiment",
        "design",
        "effects",
        "covariance",
        "checks",
        "grade",
        "warnings",
        "fallbacks",
        "failures",
        "provenance",
    } <= set(document)
    assert document["schema"] == 1
    assert list(document["effects"][0]) == EFFECT
    assert set(document["covariance"]) == {"labels", "matrix"}
    assert set(document["checks"][0]) == {"name", "verdict", "value", "facts", "sentence"}
    assert {"level", "of", "because", "to_raise", "sealed_days_before_data"} == set(document["grade"])
    assert {"seed", "data", "plan", "versions"} <= set(document["provenance"])
    assert {"fingerprint", "rows"} <= set(document["provenance"]["data"])


def test_value_has_the_keys_of_the_contract() -> None:
    document = contract(samples.valuation())
    assert {"schema", "experiment", "cases", "warnings"} <= set(document)
    found = document["cases"][0]
    assert set(CASE) <= set(found)
    assert set(found["npv"]) == {"mean", "p5", "p50", "p95"}
    assert {"p50", "never"} <= set(found["payback_months"])
    assert {"p50", "undefined"} <= set(found["irr"])
    assert set(found["cash_flow"][0]) == {"month", "benefit", "cost", "net"}
    assert {"rule", "verdict", "advice", "because", "sentence"} == set(found["decision"])
    assert all(isinstance(reason, str) for reason in found["decision"]["because"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sentences_follow_the_language_and_numbers_do_not(language: str) -> None:
    readout = samples.readout(warnings=(Notice(code="not-registered"),))
    document, english = contract(readout, language), contract(readout)
    assert document["effects"] == english["effects"]
    assert document["checks"][0]["sentence"]
    assert document["warnings"] == [
        {"code": "not-registered", "facts": {}, "sentence": document["warnings"][0]["sentence"]}
    ]
    assert (document["checks"][0]["sentence"] == english["checks"][0]["sentence"]) is (language == "en")


def test_what_is_not_finite_is_null_and_the_document_is_json() -> None:
    effects = samples.effects()
    odd = effects[0].model_copy(update={"std_error": float("nan"), "high": float("inf")})
    document = contract(samples.readout(effects=(odd, *effects[1:])))
    assert document["effects"][0]["std_error"] is None
    assert document["effects"][0]["high"] is None
    json.dumps(document, allow_nan=False)


def test_a_readout_without_a_grade_has_a_null_grade() -> None:
    assert contract(samples.readout(grade=None))["grade"] is None
