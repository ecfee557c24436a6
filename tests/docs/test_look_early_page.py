"""The recipe for looking early, followed; its figures are those of the program."""

from __future__ import annotations

import json
import re

import pytest
from doc_pages import REPOSITORY

from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import load_experiment
from causalcx.core.looks import Looks
from causalcx.core.yaml_text import plain, read_yaml
from causalcx.designs.arms.looks import NEAR, TIGHTEST
from causalcx.designs.planning.looks import schedule
from causalcx.simulate.greeting import Greeting

PAGE = REPOSITORY / "docs" / "how-to" / "look-early.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILE = REPOSITORY / "causalcx" / "simulate" / "greeting.yaml"


def shown() -> list[Looks]:
    found = re.findall(r"<!-- change -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)
    return [Looks.model_validate(plain(read_yaml(text, None))["looks"]) for text in found]


def planned(looks: Looks) -> Experiment:
    return load_experiment(FILE).model_copy(update={"looks": looks})


def growth_of(experiment: Experiment, units: int) -> float:
    found = schedule(experiment, units)
    assert found
    return found.growth(0.8)


def test_the_recipe_runs_and_nothing_is_ever_clear(follow, tmp_path):
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    lines = re.findall(r"^(\d+) ([+-][\d.]+) to ([+-][\d.]+) (clear)?$", ran.stdout, re.MULTILINE)
    assert [int(day) for day, *_ in lines] == list(range(1, 29))
    assert not any(clear for *_, clear in lines)
    assert (tmp_path / "greeting" / "report" / "case.zh.html").exists()
    said = " ".join(ran.stderr.split())
    assert "28 looks planned" in said
    assert "2026-03-28 28,000" in said
    assert "above 0 in at most 2 of 10 cases; here it is 1 of 100" in said  # so: stop
    assert json.loads((tmp_path / "greeting" / "truth.json").read_text())["effects"]["calling again"] == 0


def test_the_three_forms_are_valid():
    assert [looks.rule for looks in shown()] == ["obrien-fleming", "pocock", "always-valid"]


def test_the_figures_on_the_page_are_those_of_the_program():
    misled = Greeting().truth()["careless"]["misled"]
    assert f"misled in {100 * misled:.0f} of 100 tests" in TEXT
    few, _, always = shown()
    growth = {
        s: growth_of(planned(few.model_copy(update={"spending": s})), 28_000) for s in ("obrien-fleming", "pocock")
    }
    assert growth == pytest.approx({"obrien-fleming": 1.02, "pocock": 1.20}, abs=0.005)
    daily = planned(always.model_copy(update={"planned_units": 28_000}))
    assert growth_of(daily, 28_000) == pytest.approx(1.70, abs=0.03)
    assert f"{100 * NEAR:.0f} of 100 of what is planned" in TEXT
    assert f"({TIGHTEST:,} unless stated)" in TEXT
