"""The recipe for a change in one site, followed; its file and its thresholds are those of the program."""

from __future__ import annotations

import re

from doc_pages import REPOSITORY

from causalcx.checks import synthetic_control as verdicts
from causalcx.designs.donors import parts as synthetic_parts
from causalcx.designs.donors import spread as synthetic_spread

PAGE = REPOSITORY / "docs" / "how-to" / "synthetic-control.md"


def test_the_recipe_runs(follow, tmp_path) -> None:
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "city" / "truth.json").exists()


def test_the_file_shown_is_the_city_s() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown in (REPOSITORY / "causalcx" / "simulate" / "city.yaml").read_text(encoding="utf-8")


def test_the_thresholds_on_the_page_are_those_of_the_program() -> None:
    page = (REPOSITORY / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    numbers = {
        "pre-fit": [f"up to {verdicts.CLOSE:g}", f"above {verdicts.FAR:g}"],
        "placebo-time": [f"p < {verdicts.UNUSUAL}", f"p < {verdicts.EXTREME}"],
        "placebo-space": [
            f"p > {verdicts.AGREES:g}",
            f"be {verdicts.UNUSUAL} or less",
            f"{synthetic_spread.PLACEBOS} at random",
        ],
        "hull": [f"below {verdicts.OUTSIDE}"],
        "donor-weights": [f"above {verdicts.DOMINANT}"],
        "leave-one-donor-out": [
            f"at least {synthetic_parts.LEAST_WEIGHT}",
            f"the {synthetic_parts.MOST_DONORS} heaviest",
        ],
    }
    assert [(name, text) for name, texts in numbers.items() for text in texts if text not in sections[name]] == []
