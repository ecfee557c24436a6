"""Rows of units over periods, columns of labels, and sides of a cutoff, as a design sees them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import DataError, Unanswered
from causalcx.core.need import EACH_ROW, EVERYONE, SIDE, TREATED, UNTREATED, Need
from causalcx.core.outcomes import Outcome
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull

OUTCOME = Outcome.model_validate({"name": "y", "kind": "amount", "column": "y", "role": "primary"})
PANEL = pd.DataFrame(
    {
        "store": np.repeat(["b", "a", "c"], 4),
        "month": np.tile(["2024-01", "2024-02", "2024-03", "2024-04"], 3),
        "wave": np.repeat(["2024-03", None, "2024-04"], 4),
        "y": np.arange(12.0),
    }
)
WAVES = Need("store", EVERYONE, EVERYONE, (OUTCOME,), time="month", labels=("wave",))
SIDES = Need("id", SIDE, UNTREATED, (OUTCOME,), threshold=("hours", 8))


def hours(values) -> pd.DataFrame:
    return pd.DataFrame({"id": range(len(values)), "hours": values, "y": np.arange(len(values)) * 1.0})


def test_rows_come_in_the_order_of_unit_and_period_whatever_the_file():
    frame = pull(open_frame(PANEL.sample(frac=1, random_state=3)), WAVES)
    assert frame.panel is not None
    assert frame.panel.units == ("a", "b", "c")
    np.testing.assert_array_equal(frame.panel.wide(frame.outcomes["y"]), [[4, 5, 6, 7], [0, 1, 2, 3], [8, 9, 10, 11]])


def test_a_column_of_labels_has_their_positions_and_none_where_missing():
    wave = pull(open_frame(PANEL), WAVES).labels["wave"]
    assert wave.names == ("2024-03", "2024-04")
    assert wave.position.tolist() == [-1] * 4 + [0] * 4 + [1] * 4


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_label_is_missing(blank):
    data = PANEL.assign(wave=PANEL.wave.where(PANEL.wave.notna(), blank))
    assert pull(open_frame(data), WAVES).labels["wave"].position[:4].tolist() == [-1] * 4


def test_without_a_unit_column_every_row_is_a_unit():
    series = PANEL[PANEL.store == "a"].drop(columns="store")
    frame = pull(open_frame(series), Need(EACH_ROW, EVERYONE, EVERYONE, (OUTCOME,), time="month"))
    assert frame.profile.arms == {EVERYONE: 4}


def test_without_a_unit_column_a_row_is_named_by_its_period():
    series = PANEL[PANEL.store == "a"].drop(columns="store").assign(y=[1.0, np.inf, 2.0, 3.0])
    with pytest.raises(DataError, match=r"\(month 2024-02: inf\)"):
        pull(open_frame(series), Need(EACH_ROW, EVERYONE, EVERYONE, (OUTCOME,), time="month"))


def test_an_outcome_that_nobody_has_is_refused_without_an_arm_to_name():
    with pytest.raises(Unanswered, match=r"^Outcome y has no value at all\.$"):
        pull(open_frame(PANEL.assign(y=np.nan)), WAVES)


def test_the_cutoff_itself_is_treated():
    frame = pull(open_frame(hours([7.9, 8.0, 8.1, 2.0])), SIDES)
    assert list(frame.profile.arms) == [UNTREATED, TREATED]
    assert frame.arm.tolist() == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("data", "need", "says"),
    [
        (pd.concat([PANEL, PANEL[:2]]), WAVES, "14 rows for 12 unit-periods (`store` × `month`; first: b · 2024-01 × 2, b · 2024-02 × 2)"),
        (PANEL.assign(month=[None, *PANEL.month[1:]]), WAVES, "Column `month` (time) is empty in 1 rows"),
        (hours([9.0, 10.0]), SIDES, "Column `hours` holds no value on one side of the cutoff 8"),
        (hours([9.0, None, 1.0]), SIDES, "Column `hours` (running) is empty in 1 rows"),
    ],
)  # fmt: skip
def test_rows_that_have_no_place_are_refused(data, need, says):
    with pytest.raises(DataError) as caught:
        pull(open_frame(data), need)
    assert says in str(caught.value)
    assert caught.value.exit_code == 4
