"""Asking for something that is not there names what there is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import causalcx as cx
from causalcx.core.errors import DataError, ExperimentError, UsageError
from causalcx.words import say

DATA = pd.DataFrame({"id": range(40), "arm": ["a", "b"] * 20, "y": [x % 7 for x in range(40)]})


def test_an_effect_that_is_not_there(fit_trial) -> None:
    readout = fit_trial({}, DATA)
    assert readout.effect("y") == readout.effect("y", "b vs a") == readout.headlines[0]
    with pytest.raises(UsageError, match="There is no effect `zzz`; there are: y: b vs a"):
        readout.effect("zzz")
    with pytest.raises(UsageError, match="There is no effect `y: c vs a`"):
        readout.effect("y", "c vs a")


def test_an_outcome_that_is_not_there(trial) -> None:
    with pytest.raises(UsageError, match="There is no outcome `zzz`; there are: y"):
        trial().outcome("zzz")


@pytest.mark.parametrize(
    ("data", "words"), [(DATA[:0], "is empty: 0 rows, 3 columns"), (pd.DataFrame(), "is empty: 0 rows, 0 columns")]
)
def test_a_frame_without_rows(data: pd.DataFrame, words: str, trial) -> None:
    with pytest.raises(DataError, match=words):
        cx.fit(trial(), data=data)


@pytest.mark.parametrize("wrong", [None, 5, {"key": "a"}, DATA])
def test_what_is_no_experiment(wrong: object) -> None:
    with pytest.raises(UsageError, match=f"found a {type(wrong).__name__}"):
        cx.load(wrong)  # type: ignore[arg-type]


def test_a_folder_without_an_experiment(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"The folder .* has no experiment\.yaml"):
        cx.load(tmp_path)


def test_metrics_and_journeys_that_are_not_utf_8(tmp_path: Path, trial) -> None:
    (tmp_path / "metrics.yaml").write_bytes("metrics: [指标]".encode("gbk"))
    (tmp_path / "journeys.yaml").write_bytes("- 旅程".encode("gbk"))
    (tmp_path / "experiment.yaml").write_text("key: a")
    with pytest.raises(ExperimentError, match=r"metrics\.yaml: `file`: is not UTF-8 text"):
        cx.load(tmp_path)
    with pytest.raises(ExperimentError, match=r"journeys\.yaml: `file`: is not UTF-8 text"):
        cx.fit(trial({"journey": "a"}).from_file(tmp_path / "experiment.yaml"), data=DATA)


def test_the_nearest_column_is_asked_for_in_chinese(trial) -> None:
    experiment = trial({"outcomes": [{"name": "y", "kind": "amount", "column": "yy", "role": "primary"}]})
    with pytest.raises(DataError) as caught:
        cx.fit(experiment, data=DATA.rename(columns={"y": "yyy"}))
    assert str(caught.value) == "frame has no column yy; did you mean yyy? Present: id, arm, yyy."
    assert say(caught.value, "zh") == "frame 中没有列 yy；是不是想写 yyy？现有列：id, arm, yyy。"
