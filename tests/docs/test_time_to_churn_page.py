"""The recipe for time to churn, followed; its file and its figure are the world's."""

from __future__ import annotations

import re

from doc_pages import REPOSITORY

from causalcx.simulate.chatbot import Chatbot

PAGE = REPOSITORY / "docs" / "how-to" / "time-to-churn.md"


def test_the_recipe_runs(follow, tmp_path) -> None:
    ran = follow(PAGE, tmp_path)
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert (tmp_path / "chatbot" / "truth.json").exists()


def test_the_file_shown_is_the_world_s() -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert shown in (REPOSITORY / "causalcx" / "simulate" / "chatbot.yaml").read_text(encoding="utf-8")


def test_the_figure_on_the_page_is_the_truth() -> None:
    truth = Chatbot().truth()
    assert f"{100 * truth['effects']['leaving']:.1f} more of every 100 within the year" in PAGE.read_text(
        encoding="utf-8"
    )
    assert truth["careless"]["leaving"] == 0
