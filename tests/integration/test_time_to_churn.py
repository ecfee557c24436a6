"""Leaving as a duration, from the command line: simulated, fitted, priced, planned, shown."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def chatbot(causalcx, tmp_path):
    assert causalcx("simulate", "chatbot", "--out", tmp_path, "--seed", "1").code == 0
    return tmp_path


def test_from_file_to_money(causalcx, chatbot) -> None:
    fitted = causalcx("fit", chatbot, "--json").json
    truth = json.loads((chatbot / "truth.json").read_text("utf-8"))
    leaving, _, time = fitted["effects"]
    assert leaving["low"] < truth["effects"]["leaving"] < leaving["high"]
    assert (leaving["unit"], leaving["aggregation"], leaving["role"]) == ("share", None, "primary")
    assert (time["outcome"], time["aggregation"], time["unit"]) == ("leaving", "restricted-mean", "months")
    assert time["high"] < 0
    assert fitted["covariance"]["labels"] == ["leaving: chatbot vs agent", "calls: chatbot vs agent"]
    checks = {c["name"]: c for c in fitted["checks"]}
    assert "lost sight of people at unequal rates" in checks["censoring"]["sentence"]
    assert checks["immaturity"]["verdict"] == "pass"
    assert fitted["provenance"]["data"]["immature"] == 0
    case = causalcx("value", chatbot, "--json").json["cases"][0]
    assert case["decision"]["verdict"] == "stop"
    assert {s["outcome"]: s["present_value"]["mean"] < 0 for s in case["streams"]} == {"leaving": True, "calls": False}


def test_the_horizon_of_ninety_days_would_have_said_go(causalcx, chatbot) -> None:
    file = chatbot / "experiment.yaml"
    file.write_text(file.read_text("utf-8").replace("{months: 12}", "{months: 3}"), "utf-8")
    assert causalcx("value", chatbot, "--json").json["cases"][0]["decision"]["verdict"] != "stop"


def test_the_page_names_horizon_and_shows_the_curves(causalcx, chatbot) -> None:
    assert causalcx("report", chatbot, "--out", chatbot / "page").code == 0
    english, chinese = ((chatbot / "page" / f"case.{language}.html").read_text("utf-8") for language in ("en", "zh"))
    assert "within 12 months" in english
    assert "who is still there over time" in english
    assert "12 个月内离网由" in chinese.replace("\u00a0", " ")
    assert "随时间仍在的占比" in chinese


def test_it_is_planned_as_a_share(causalcx, chatbot) -> None:
    (chatbot / "data.parquet").rename(chatbot / "history.parquet")
    stated = causalcx("plan", chatbot, "--baseline", "leaving=0.23", "--json").json["sizing"]
    history = causalcx("plan", chatbot, "--history", chatbot / "history.parquet", "--json").json["sizing"]
    sizes = [next(o["needed"] for o in s["outcomes"] if o["outcome"] == "leaving") for s in (stated, history)]
    assert sizes[0] < sizes[1] < 2 * sizes[0]


def test_a_design_that_cannot_answer_says_which_can(causalcx, chatbot) -> None:
    file = chatbot / "experiment.yaml"
    text = (
        file.read_text("utf-8")
        .replace("kind: randomised", "kind: instrument")
        .replace("treatment: variant", "treatment: variant\n  instrument: offered")
    )
    file.write_text(text.replace("  ratio: {agent: 1, chatbot: 1}\n", ""), "utf-8")
    ran = causalcx("fit", chatbot)
    assert ran.code == 5, ran.err
    assert "Use `kind: randomised`, `staggered` or `observational`" in " ".join(ran.err.split())
