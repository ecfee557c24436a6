"""The recipe for planning, followed; its key is valid."""

from __future__ import annotations

import re

from doc_pages import REPOSITORY
from ruamel.yaml import YAML

from causalcx.core.advice import DECIDED, WHEN
from causalcx.service.planning import RUNS, SPLITS

PAGE = REPOSITORY / "docs" / "how-to" / "plan.md"


def test_the_recipe_runs(follow, tmp_path) -> None:
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "company" / "assignment.csv").exists()
    said = " ".join(ran.stderr.split())
    assert "A/A replay" in said
    assert "breaks even at" in said
    assert "design.kind: synthetic-control" in said


def test_the_page_names_every_answer_and_the_numbers_of_the_program() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{answer}`" in page for answer in (*DECIDED, *WHEN))
    assert f"{SPLITS} times" in page
    assert RUNS == 1_000
    assert "A thousand experiments" in page
    (change,) = re.findall(r"<!-- change -->\n```yaml\n(.*?)```", page, re.DOTALL)
    assert YAML(typ="safe", pure=True).load(change) == {"power": {"nps": 0.9, "churn": 0.8}}
