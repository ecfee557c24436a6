"""The file of neighbours: what each pair means, and what is refused with which sentence."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import DataError
from causalcx.core.need import Need
from causalcx.core.neighbours import Neighbours
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull
from tests.conftest import built

DATA = pd.DataFrame({"id": ["c", "a", "b", "d"], "arm": ["a", "b", "a", "b"], "y": [1.0, 2, 3, 4]})
"""Units come back in the order of their labels."""


def pulled(folder, text: str, data: pd.DataFrame = DATA, *, changes: dict | None = None, name: str = "pairs.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    experiment = built({"interference": {"neighbours": name}} | (changes or {})).from_file(folder / "experiment.yaml")
    return pull(open_frame(data), Need.of(experiment, dt.date(2026, 6, 1)))


def test_pairs_written_both_ways_are_felt_as_written(tmp_path) -> None:
    frame = pulled(tmp_path, "unit,neighbour\na,b\nb,a\nc,a\n")
    near = frame.neighbours
    assert set(zip(near.unit.tolist(), near.neighbour.tolist(), strict=True)) == {(0, 1), (1, 0), (2, 0)}
    assert near.share(np.array([1.0, 0, 0, 0])).tolist() == [0, 1, 1, 0]
    assert near.total.tolist() == [1, 1, 1, 0]
    assert len(set(near.groups.tolist())) == 2


def test_pairs_written_once_go_both_ways_and_that_is_said(tmp_path) -> None:
    frame = pulled(tmp_path, "id,neighbour\na,b\na,c\n")
    assert frame.neighbours.total.tolist() == [2, 1, 1, 0]
    assert [n.code for n in frame.profile.notices] == ["neighbours-written-once"]


def test_weights_count(tmp_path) -> None:
    frame = pulled(tmp_path, "unit,neighbour,weight\na,b,3\na,c,1\nb,a,1\n")
    assert frame.neighbours.share(np.array([0.0, 1, 0, 0]))[0] == 0.75


def test_units_left_out_of_the_data_pass_nothing_on(tmp_path) -> None:
    frame = pulled(tmp_path, "unit,neighbour\na,b\nb,a\na,d\nd,a\n", changes={"exclude": {"id": "d"}})
    assert frame.neighbours.total.tolist() == [1, 1, 0]
    assert "neighbours-left-out" in [n.code for n in frame.profile.notices]


def test_ids_are_one_whatever_they_are_written_as(tmp_path) -> None:
    data = DATA.assign(id=[3, 1, 2, 4])
    frame = pulled(tmp_path, "unit,neighbour\n1,2.0\n2.0,1\n", data)
    assert frame.neighbours.total.tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("unit,neighbour\na,z\nx,a\n", ("pairs.csv", "2 in all", "x, z")),
        ("unit,neighbour\na,b\nb,b\n", ("own neighbour", "pair 2")),
        ("unit,neighbour\na,b\na,b\n", ("a, b twice", "pair 2")),
        ("unit,neighbour,weight\na,b,-1\n", ("weight -1", "above 0")),
        ("unit,neighbour,weight\na,b,near\n", ("weight near",)),
        ("unit,neighbour\na,\n", ("names no unit", "pair 1")),
        ("unit,neighbour\n", ("holds no pair",)),
        ("from,to\na,b\n", ("`unit` and `neighbour`", "from, to")),
    ],
)
def test_broken_files_are_refused_in_one_sentence(tmp_path, text, says) -> None:
    with pytest.raises(DataError) as refused:
        pulled(tmp_path, text)
    assert refused.value.exit_code == 4
    assert all(part in str(refused.value) for part in says)


def test_a_missing_file_is_named(tmp_path) -> None:
    experiment = built({"interference": {"neighbours": "none.csv"}}).from_file(tmp_path / "experiment.yaml")
    with pytest.raises(DataError, match=r"none\.csv does not exist"):
        pull(open_frame(DATA), Need.of(experiment, dt.date(2026, 6, 1)))


def test_a_unit_without_neighbours_feels_nothing() -> None:
    near = Neighbours(np.array([0, 0]), np.array([1, 2]), np.ones(2), 4)
    shares = near.share(np.array([[1.0, 0], [1, 0], [0, 0], [1, 1]]))
    assert shares.tolist() == [[0.5, 0], [0, 0], [0, 0], [0, 0]]
