"""The page on nudges: what it shows is run, its file is the simulated one, and its numbers are the program's."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from doc_pages import REPOSITORY
from ruamel.yaml import YAML

import causalcx as cx
from causalcx import service
from causalcx.checks import instrument as verdicts
from causalcx.core.experiment_file import load_experiment
from causalcx.designs.nudge import setting as instrument_setting
from causalcx.simulate.nudge import Agents, Nudge

PAGE = REPOSITORY / "docs" / "how-to" / "instrument.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_runs(follow, tmp_path) -> None:
    done = follow(PAGE, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "nudge" / "truth.json").exists()


def test_the_file_shown_is_the_simulated_one() -> None:
    (shown,) = re.findall(r"## The file\n\n```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert shown in (REPOSITORY / "causalcx" / "simulate" / "nudge.yaml").read_text(encoding="utf-8")


def test_what_the_page_says_of_the_worlds_is_their_truth() -> None:
    truth, agents = Nudge().truth(), Agents().truth()
    assert truth["careless"]["calls"] == pytest.approx(-1.1, abs=0.05)
    assert truth["effects"]["calls"] == pytest.approx(-0.9)
    assert truth["careless"]["nps"] > 2 * truth["effects"]["nps"]
    assert agents["careless"]["churn"] > 0 > agents["effects"]["churn"]
    assert f"{Nudge().parts['always'].share:.0%}".replace("%", " %") in TEXT
    assert f"{Nudge().parts['never'].share:.0%}".replace("%", " %") in TEXT


def test_the_thresholds_on_the_pages_are_those_of_the_program() -> None:
    checks = " ".join((REPOSITORY / "docs" / "reference" / "checks.md").read_text(encoding="utf-8").split())
    assert f"from {verdicts.STRONG:g} (leniency: {verdicts.LENIENT}), fails below {verdicts.WEAK:g}" in checks
    assert f"Below {instrument_setting.NOTHING:g} there is no result" in checks
    assert f"Warns at p < {verdicts.UNLIKE}" in checks
    assert f"below an F of {verdicts.STRONG:g}" in TEXT
    assert instrument_setting.CLUSTERS == 10
    assert "From ten levels on" in TEXT


def test_offered_and_taken(tmp_path) -> None:
    service.simulate(out=tmp_path, customers=4_000)
    (shown,) = re.findall(r"<!-- change -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load((tmp_path / "experiment.yaml").read_text(encoding="utf-8")) | yaml.load(shown)
    with (tmp_path / "changed.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
    frame = pd.read_parquet(tmp_path / "data.parquet")
    willing = np.random.default_rng(0).uniform(size=len(frame)) < 0.4
    taken = frame.assign(took_part=((frame["variant"] == "merged") & willing).astype(int))
    readout = cx.fit(load_experiment(tmp_path / "changed.yaml"), data=taken)
    parts = [e for e in readout.effects if e.aggregation == "complier"]
    assert [e.outcome for e in parts] == [e.outcome for e in readout.headlines]
    assert parts[0].share == pytest.approx(0.4, abs=0.05)
