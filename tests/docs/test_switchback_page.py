"""The recipe for on and off by slot, followed; its file and its thresholds are those of the program."""

from __future__ import annotations

import re

from doc_pages import REPOSITORY

from causalcx.checks import switchback as verdicts
from causalcx.designs.slots import means as slot_means
from causalcx.designs.slots import redraws
from causalcx.simulate.routing import Routing

PAGE = REPOSITORY / "docs" / "how-to" / "switchback.md"


def test_the_recipe_runs(follow, tmp_path) -> None:
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "routing" / "schedule.csv").exists()


def test_the_file_shown_is_that_of_the_centres() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown in (REPOSITORY / "causalcx" / "simulate" / "routing.yaml").read_text(encoding="utf-8")


def test_the_numbers_on_the_page_are_those_of_the_world_and_the_program() -> None:
    page, world = PAGE.read_text(encoding="utf-8"), Routing()
    truth = world.truth()
    for text in (
        f"−{-truth['careless']['vip_handle']:g} seconds", f"saves {-truth['effects']['vip_handle']:g}",
        f"wait {world.others:g} seconds", f"at most {slot_means.MOST_LEVELS} values",
    ):  # fmt: skip
        assert text in page


def test_the_thresholds_on_the_page_are_those_of_the_program() -> None:
    page = (REPOSITORY / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### ([a-z-]+)\n(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL))
    numbers = {
        "carry-over": [f"p < {verdicts.LASTS}"],
        "balance-over-time": [f"p < {verdicts.FOLLOWS}", f"p < {verdicts.UNEVEN}", f"{verdicts.FAR:.0%}".replace("%", " points")],
        "few-slots": [f"below {verdicts.FEW}", f"below {verdicts.TOO_FEW}"],
        "randomisation-test": [f"p > {verdicts.CHANCE}", f"{redraws.DRAWS} times"],
    }  # fmt: skip
    assert [(name, text) for name, texts in numbers.items() for text in texts if text not in sections[name]] == []
