"""Teams drawn as a whole, from the command line: simulated, fitted, valued."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def shifts(causalcx, tmp_path):
    assert causalcx("simulate", "shifts", "--out", tmp_path, "--seed", "1").code == 0
    return tmp_path


def test_simulated_teams_from_file_to_money(causalcx, shifts) -> None:
    fitted = json.loads(causalcx("fit", shifts / "experiment.yaml", "--json").out)
    truth = json.loads((shifts / "truth.json").read_text("utf-8"))
    effect = fitted["effects"][0]
    assert effect["low"] < truth["effects"]["left"] < effect["high"]
    assert "CR2" in effect["method"]
    assert effect["df"] < 60
    assert effect["std_error"] == pytest.approx(truth["std_error"]["left"], rel=0.25)
    assert {c["name"] for c in fitted["checks"]} >= {"sample-ratio", "few-clusters", "balance"}
    assert "team" in next(c for c in fitted["checks"] if c["name"] == "sample-ratio")["sentence"]
    valued = json.loads(causalcx("value", shifts / "experiment.yaml", "--json").out)
    assert valued["cases"][0]["comparison"] == "own vs rota"
