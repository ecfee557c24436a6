"""Project STAR in kindergarten: the published errors of pupils, and those of classes within schools."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from causalcx.sources.engine import open_file

STAR = Path(__file__).parent / "data" / "star.parquet"
PRINTED = 0.005  # half of the last printed digit
PLAN = {
    "design.unit": "pupil", "design.treatment": "type", "design.control": "regular",
    "outcomes": [{"name": "score", "kind": "score", "column": "score", "role": "primary"}],
}  # fmt: skip
WITHIN = PLAN | {"design.strata": ["school"]}
CLASSES = WITHIN | {"design.cluster": "class"}
SMALL, AIDE = "small vs regular", "regular+aide vs regular"


def found(readout, comparison=SMALL):
    effect = readout.effect("score", comparison)
    return effect.estimate, effect.std_error


def test_pupils_as_if_drawn_singly_are_the_published_table(fit_trial) -> None:
    """Stock & Watson, Introduction to Econometrics, table 13.1: 13.90 (2.45) and 0.31 (2.27), mean 918.04, 5,786 pupils."""
    readout = fit_trial(PLAN, open_file(STAR))
    assert found(readout) == pytest.approx((13.90, 2.45), abs=PRINTED)
    assert found(readout, AIDE) == pytest.approx((0.31, 2.27), abs=PRINTED)
    assert readout.effects[0].baseline == pytest.approx(918.04, abs=PRINTED)
    assert sum(a.units for a in readout.arms) == 5_786


def test_within_schools_and_of_two_arms_it_is_the_stratum_weighted_difference(fit_trial) -> None:
    """16.20, the mean of the schools' differences weighted by their pupils; one school has one kind of class."""
    data = pq.read_table(STAR).to_pandas().query("type != 'regular+aide'")
    readout = fit_trial(WITHIN, data)
    clustered = fit_trial(CLASSES, data)
    assert found(readout)[0] == pytest.approx(16.20, abs=PRINTED)
    assert found(clustered)[0] == pytest.approx(found(readout)[0], rel=1e-9)
    for one in (readout, clustered):
        assert [n.facts["strata"] for n in one.warnings if n.code == "strata-left-out"] == ["14"]


def test_classes_and_not_pupils_were_drawn_so_the_error_is_nearly_twice_as_large(fit_trial) -> None:
    """By hand (matrices, as in the tests of the designs): the pupils of a class share a teacher and a room."""
    pupils, classes = fit_trial(WITHIN, open_file(STAR)), fit_trial(CLASSES, open_file(STAR))
    for comparison in (SMALL, AIDE):
        assert found(classes, comparison)[0] == pytest.approx(found(pupils, comparison)[0], rel=1e-9)
        assert 1.8 < found(classes, comparison)[1] / found(pupils, comparison)[1] < 2.2
        assert 100 < classes.effect("score", comparison).df < 337
    check = classes.check("few-clusters")
    assert (check.verdict, check.facts["clusters"]) == ("pass", {"regular": 103, "regular+aide": 103, "small": 131})
