"""The first minute of a stranger: `causalcx init`, with and without his data at hand."""

from __future__ import annotations

import pytest

from causalcx.core.design_keys import KINDS
from causalcx.core.experiment import INTERVENTIONS
from causalcx.core.experiment_file import load_experiment


def asked(key: str, intervention: str = "recovery", **options: str) -> list[str]:
    answers = {
        "title": "A title: with a colon",
        "owner": "me@example.com",
        "hypothesis": "It helps.",
        "intervention": intervention,
    }
    return ["init", key, *(word for name, text in (answers | options).items() for word in (f"--{name}", text))]


def test_a_data_file_at_hand_is_found_from_the_new_file_and_its_header_shown(causalcx, tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_text("who,what,left\n1,a,0\n2,b,1\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert causalcx(*asked("new", data="mine.csv")).code == 0
    text = (tmp_path / "new" / "experiment.yaml").read_text(encoding="utf-8")
    assert 'source: "../mine.csv"' in text
    assert "# Its first line: who,what,left\n" in text
    ran = causalcx("check", "new")
    assert ran.code == 4
    assert "present: who, what, left" in " ".join(ran.err.split())


def test_a_data_file_still_to_come_is_expected_beside_the_new_file(causalcx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert causalcx(*asked("new", data="later.parquet")).code == 0
    assert load_experiment(tmp_path / "new" / "experiment.yaml").data.source == "later.parquet"


@pytest.mark.parametrize("design", KINDS)
@pytest.mark.parametrize("intervention", INTERVENTIONS)
def test_every_kind_of_change_gets_a_valid_file(causalcx, tmp_path, monkeypatch, intervention, design):
    monkeypatch.chdir(tmp_path)
    assert causalcx(*asked("new", intervention, design=design)).code == 0
    experiment = load_experiment(tmp_path / "new" / "experiment.yaml")
    assert len(experiment.primaries) == 1
    assert experiment.design.kind == design
    if design == "synthetic-control":  # follows figures of places, and refuses single answers
        assert not {o.kind for o in experiment.outcomes} & {"nps", "binary"}


def test_an_unknown_design_is_refused(causalcx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert causalcx(*asked("new", design="random")).code == 2
    assert not (tmp_path / "new").exists()


def test_a_file_that_is_there_is_kept(causalcx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    causalcx(*asked("new"))
    before = (tmp_path / "new" / "experiment.yaml").read_text(encoding="utf-8")
    assert causalcx(*asked("new", owner="other@example.com")).code == 2
    assert (tmp_path / "new" / "experiment.yaml").read_text(encoding="utf-8") == before
