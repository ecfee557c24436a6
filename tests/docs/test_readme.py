"""The README's tour, followed by a stranger with a CSV file of his own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from doc_pages import REPOSITORY, blocks

pytestmark = pytest.mark.xdist_group("readme")  # one worker follows the page, once
README = REPOSITORY / "README.md"


@pytest.fixture(scope="module")
def toured(refunds, follow, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "refunds.csv").write_text(refunds, encoding="utf-8")
    ran = follow(README, folder)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return folder / "programme"


def test_the_tour_ends_with_a_case_in_two_languages(toured):
    pages = {
        language: (toured / f"reports/gallery/faster-refunds/case.{language}.html").read_text(encoding="utf-8")
        for language in ("en", "zh")
    }
    assert "Refund within a day" in pages["en"]
    assert "净现值" in pages["zh"]
    assert "http" not in pages["en"].split("</head>")[0].replace("http://www.w3.org", "")


def test_fit_and_value_print_json_and_nothing_else(toured):
    fitted, valued = (json.loads((toured / name).read_text(encoding="utf-8")) for name in ("fit.json", "value.json"))
    assert [e["outcome"] for e in fitted["effects"]] == ["left", "nps", "spend", "calls"]
    # The generator lowers the chance of leaving from .15 to .12; two standard errors of 4,000 customers are .021.
    assert fitted["effects"][0]["estimate"] == pytest.approx(-0.03, abs=0.025)
    assert valued["cases"][0]["decision"]["verdict"] in {"scale", "stop", "extend"}


def test_the_page_says_that_the_plan_was_sealed_too_late(toured):
    grade = json.loads((toured / "fit.json").read_text(encoding="utf-8"))["grade"]
    assert grade["sealed_days_before_data"] < 0
    assert grade["level"] == 4


def test_every_step_of_the_tour_is_run():
    commands = " ".join(block.text for block in blocks(README) if block.language == "sh")
    assert all(
        f"causalcx {verb} " in commands for verb in ("init", "register", "check", "fit", "value", "report", "publish")
    )
