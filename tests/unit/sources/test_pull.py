"""A frame: the same validation as moments, then only the columns needed, within the budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from causalcx.core.errors import CannotAnswer, DataError, UsageError
from causalcx.core.need import Need
from causalcx.core.outcomes import Outcome
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import memory_needed, pull

TABLE = pa.table(
    {
        "unit": [3, 1, 2, 4],
        "got": ["b", "a", "b", "a"],
        "spend": [5.0, 900.0, None, -1.0],
        "left": ["yes", "no", "no", "yes"],
        "area": ["west", "", None, "east"],
        "age": [30, 20, None, 50],
        "unused": ["x"] * 4,
    }
)
NEED = Need(
    unit="unit",
    treatment="got",
    control="a",
    outcomes=(
        Outcome.model_validate({"name": "spend", "kind": "amount", "column": "spend", "cap": 100}),
        Outcome.model_validate({"name": "left", "kind": "binary", "column": "left", "true_when": "yes"}),
    ),
    covariates=("area", "age"),
)


def test_rows_come_in_the_order_of_the_unit_with_the_control_first() -> None:
    frame = pull(open_frame(TABLE), NEED)
    assert frame.profile.arms == {"a": 2, "b": 2}
    assert frame.arm.tolist() == [0, 1, 1, 0]
    np.testing.assert_array_equal(frame.outcomes["spend"], [100, np.nan, 5, -1])  # capped; missing stays missing
    np.testing.assert_array_equal(frame.outcomes["left"], [0, 0, 1, 1])
    np.testing.assert_array_equal(frame.covariates["age"], [20, np.nan, 30, 50])
    assert frame.levels == {"area": ("east", "west")}
    np.testing.assert_array_equal(frame.covariates["area"], [np.nan, np.nan, 1, 0])


def test_a_covariate_that_holds_nothing_is_no_column_of_words() -> None:
    frame = pull(open_frame(TABLE.set_column(4, "area", pa.array([None, "", " ", None], pa.string()))), NEED)
    assert frame.levels == {}
    assert np.isnan(frame.covariates["area"]).all()
    assert [n.facts["column"] for n in frame.profile.notices if n.code == "constant-covariate"] == ["area"]


def test_candidates_are_pulled_where_the_data_have_them() -> None:
    frame = pull(open_frame(TABLE), replace(NEED, covariates=(), candidates=("age", "mood")))
    assert list(frame.covariates) == ["age"]


def test_what_moments_refuse_a_frame_refuses() -> None:
    with pytest.raises(DataError, match="not unique"):
        pull(open_frame(pa.concat_tables([TABLE, TABLE])), NEED)
    with pytest.raises(DataError, match="no column"):
        pull(open_frame(TABLE.drop_columns(["age"])), NEED)


def test_a_frame_over_the_budget_is_refused_before_it_is_pulled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory_needed(1_000_000, 30) == pytest.approx(1.788, abs=1e-3)  # 1e6 x 30 x 8 copies x 8 bytes / 2^30
    monkeypatch.setenv("CAUSALCX_MEMORY_GB", "0.0000001")
    with pytest.raises(CannotAnswer, match="CAUSALCX_MEMORY_GB") as refused:
        pull(open_frame(TABLE), NEED)
    assert refused.value.exit_code == 5


def test_the_estimate_is_told() -> None:
    # 4 rows of 5 columns (arm, 2 outcomes, 2 covariates) and 2 levels
    assert pull(open_frame(TABLE), NEED).profile.memory_gb == memory_needed(4, 7)


@pytest.mark.parametrize("budget", ["lots", "-1", "nan", ""])
def test_a_budget_that_is_no_amount_is_refused(budget: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAUSALCX_MEMORY_GB", budget)
    with pytest.raises(UsageError, match=f"CAUSALCX_MEMORY_GB is `{budget}`, which is no amount of memory") as refused:
        pull(open_frame(TABLE), NEED)
    assert refused.value.exit_code == 2


def test_what_missing_covariates_are_set_to() -> None:
    notices = pull(open_frame(TABLE), NEED).profile.notices
    filled = {n.facts["column"]: n.facts["filled"] for n in notices if n.code == "covariate-missing"}
    assert filled == {"area": "own-level", "age": "median"}
