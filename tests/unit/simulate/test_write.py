"""What `causalcx simulate` writes."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from causalcx.core.experiment_file import load_experiment
from causalcx.simulate import Effects, truth_of, write_company


def test_writes_data_truth_and_an_experiment_that_loads(tmp_path):
    paths = write_company(tmp_path / "new", customers=300, seed=1, answering="mood")
    experiment = load_experiment(paths["experiment"])
    columns = set(pq.read_schema(paths["data"]).names)
    used = {o.column for o in experiment.outcomes} | {
        experiment.design.unit,
        experiment.design.treatment,
        experiment.entered,
    }
    assert used | set(experiment.design.covariates) <= columns
    assert set(experiment.columns) <= columns
    truth = json.loads(paths["truth"].read_text("utf-8"))
    assert (truth["customers"], truth["seed"], truth["answering"]) == (300, 1, "mood")


def test_same_arguments_same_bytes(tmp_path):
    one, other = (write_company(tmp_path / name, customers=300, seed=1) for name in ("a", "b"))
    assert {k: p.read_bytes() for k, p in one.items()} == {k: p.read_bytes() for k, p in other.items()}


def test_an_experiment_file_that_is_there_is_kept(tmp_path):
    (tmp_path / "experiment.yaml").write_text("mine", encoding="utf-8")
    write_company(tmp_path, customers=10, seed=1)
    assert (tmp_path / "experiment.yaml").read_text(encoding="utf-8") == "mine"


def test_the_experiment_file_names_the_arms(tmp_path):
    arms = {"0": Effects(), "新流程": Effects(mood=0.1), "a: b": Effects()}
    paths = write_company(tmp_path, customers=50, seed=1, effects=arms)
    assert set(load_experiment(paths["experiment"]).design.ratio) == {"today", "0", "新流程", "a: b"}


def test_truth_on_disk_is_the_truth(tmp_path):
    written = json.loads(write_company(tmp_path, customers=50, seed=1)["truth"].read_text("utf-8"))
    expected = truth_of({"merged": Effects(mood=0.08, leaving=-0.075, spend=0.005)})
    assert written["effects"]["merged vs today"] == pytest.approx(expected["effects"]["merged vs today"], abs=1e-9)


def test_unanswered_scores_are_null_and_answers_whole(tmp_path):
    table = pq.read_table(write_company(tmp_path, customers=1000, seed=1)["data"])
    assert str(table.schema.field("score").type) == "int8"
    assert 700 < table["score"].null_count < 900  # 800 +- 8 binomial standard deviations
    assert table["satisfaction"].null_count == table["score"].null_count
