"""The tutorial of a roll-out in waves, followed with its commands alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from doc_pages import REPOSITORY

pytestmark = pytest.mark.xdist_group("tutorial-waves")  # one worker follows the page, once
TUTORIAL = REPOSITORY / "docs" / "tutorial" / "roll-out-in-waves.md"


@pytest.fixture(scope="module")
def followed(follow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("waves")
    ran = follow(TUTORIAL, folder)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return folder, ran


def test_the_output_shown_is_the_output_printed(followed) -> None:
    shown = re.findall(r"<!-- output -->\n```text\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    assert len(shown) == 2
    assert all(text in followed[1].stdout for text in shown)


def test_the_sentences_of_the_text_hold(followed) -> None:
    folder, ran = followed
    said = " ".join(ran.stderr.split())
    assert "Roll-outs in waves (design.kind: staggered)" in said
    assert "49 of 50" in said
    assert "Roll it out" in said
    truth = json.loads((folder / "neighbours/truth.json").read_text(encoding="utf-8"))
    assert 1.7 < truth["careless"]["never_treated"] / truth["effects"]["sales"] < 1.85


def test_the_pages_show_the_waves(followed) -> None:
    folder: Path = followed[0]
    pages = folder / "programme" / "pages"
    assert {p.name for p in pages.iterdir()} == {"case.en.html", "case.zh.html"}
    assert "every wave over time" in (pages / "case.en.html").read_text(encoding="utf-8")
