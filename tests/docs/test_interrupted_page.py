"""The recipe for a change that reached everybody, followed; its file and its thresholds are those of the program."""

from __future__ import annotations

import re

from doc_pages import REPOSITORY

from causalcx.checks import interrupted as verdicts
from causalcx.designs.course import rows as course
from causalcx.designs.course import trust as course_trust

PAGE = REPOSITORY / "docs" / "how-to" / "interrupted-time-series.md"


def test_the_recipe_runs(follow, tmp_path) -> None:
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "bill" / "truth.json").exists()


def test_the_file_shown_is_the_bills() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown in (REPOSITORY / "causalcx" / "simulate" / "bill.yaml").read_text(encoding="utf-8")


def test_the_thresholds_on_the_page_are_those_of_the_program() -> None:
    page = (REPOSITORY / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    words = {3: "three", 8: "eight", 10: "ten"}
    numbers = {
        "pseudo-starts": [
            f"Up to {words[course_trust.MOST_STARTS]} false starts",
            f"below {verdicts.FAILS:.0%}".replace("%", " %"),
            f"below {verdicts.WARNS:.0%}".replace("%", " %"),
            f"more than {verdicts.LEANS:g} of its own standard errors",
        ],
        "residual-autocorrelation": [
            f"below {verdicts.PATTERN_WARNS}",
            f"below {verdicts.PATTERN_FAILS}",
            f"{words[verdicts.MOST_LAGS]} lags",
        ],
        "season-undeclared": [f"above {verdicts.STRONG}", f"{words[int(verdicts.SURE)]} standard errors"],
        "touched-regressor": [f"below {verdicts.WARNS}", f"below {verdicts.FAILS}"],
    }
    assert [(name, text) for name, texts in numbers.items() for text in texts if text not in sections[name]] == []
    assert f"{words[course.LEAST_BEFORE]} periods are the least" in PAGE.read_text(encoding="utf-8")
