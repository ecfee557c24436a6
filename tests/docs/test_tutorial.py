"""The tutorial, followed from its first command to its last; what it shows as output is what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from doc_pages import REPOSITORY

pytestmark = pytest.mark.xdist_group("tutorial")  # one worker follows the page, once
TUTORIAL = REPOSITORY / "docs" / "tutorial" / "first-case.md"


@pytest.fixture(scope="module")
def followed(follow, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorial")
    ran = follow(TUTORIAL, folder)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return folder, ran


def test_the_output_shown_is_the_output_printed(followed) -> None:
    shown = re.findall(r"<!-- output -->\n```text\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.DOTALL)
    assert shown
    assert all(text in followed[1].stdout for text in shown)


def test_the_sentences_of_the_text_hold(followed) -> None:
    said = " ".join(followed[1].stderr.split())
    assert "18 of 25" in said
    assert "Gather more" in said
    assert "Evidence level 4 of 5." in said
    assert "▲ missing values" in said


def test_the_pages_are_there(followed) -> None:
    folder: Path = followed[0]
    assert {p.name for p in (folder / "pages").iterdir()} == {"case.en.html", "case.zh.html"}
    assert "exploratory" in (folder / "pages/case.en.html").read_text(encoding="utf-8").lower()
