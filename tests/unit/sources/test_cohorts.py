"""Panels reduced at the source: the same digits as from rows, and everything odd goes back to the rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import causalcx as cx
from causalcx.core.cohorts import CohortSums
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.need import Frame
from causalcx.designs import staggered
from causalcx.sources import cohorts
from causalcx.sources.cohorts import cohort_sums, rows_or_sums
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull
from tests.unit.designs.waves_worlds import experiment, panel, plan

DIGITS = 1e-9
"""Relative: the same sums in another order."""
NPS = "\n  - {name: nps, kind: nps, column: score, role: primary}\n  - {name: sales, kind: amount, column: sales, role: secondary, unit: USD, cap: 55}"


def both(asked: Experiment, data: pd.DataFrame) -> tuple[CohortSums, Frame]:
    need, source = staggered.needs(asked, dt.date(2026, 6, 30)), open_frame(data)
    sums = cohort_sums(source, need)
    assert sums is not None
    return sums, pull(source, need)


def close(one: float | None, other: float | None) -> bool:
    return one == other or (one is not None and one == pytest.approx(other, rel=DIGITS, abs=DIGITS))


def scored() -> pd.DataFrame:
    data = panel()
    return data.assign(score=np.random.default_rng(5).integers(0, 11, len(data)))


@pytest.mark.parametrize(
    ("asked", "data"),
    [
        (experiment(), panel()),
        (experiment(", compare: not-yet"), panel().sample(frac=1, random_state=1)),
        (plan("unit: store, time: week, cohort: first_week", NPS), scored()),
        (experiment(), panel().assign(first_week=lambda d: d.first_week.replace(0, np.nan))),
        (experiment(), panel().assign(store=lambda d: "store " + d.store.astype(str))),
        (experiment(), panel().assign(first_week=lambda d: d.first_week.replace(4, 1))),
        (plan("unit: store, time: week, cohort: first_week", NPS.split("\n  - {name: nps")[0] + "\n  - {name: sales, kind: amount, column: sales, role: primary, unit: USD}"), panel().drop(index=[3, 700])),
    ],
    ids=["plain", "not-yet, rows in no order", "nps and a cap", "empty is never", "text units", "a wave without a before", "units with gaps"],
)  # fmt: skip
def test_sums_give_the_digits_of_the_rows(asked: Experiment, data: pd.DataFrame, monkeypatch) -> None:
    monkeypatch.setattr(cohorts, "BATCH", 100)  # units end in the middle of batches
    sums, frame = both(asked, data)
    one, other = (staggered.fit(asked, d, seed=1) for d in (sums, frame))
    for mine, rows in zip(one.effects, other.effects, strict=True):
        for name in ("estimate", "std_error", "df", "low", "high", "baseline", "probability_better", "p_value"):
            assert close(getattr(mine, name), getattr(rows, name)), (mine, name)
        assert (mine.n_treated, mine.n_control) == (rows.n_treated, rows.n_control)
    assert np.array(one.covariance.matrix) == pytest.approx(np.array(other.covariance.matrix), rel=DIGITS, abs=1e-12)
    assert one.arms[0].means == pytest.approx(other.arms[0].means)
    assert [n.code for n in one.warnings] == [n.code for n in other.warnings]
    assert one.flows == pytest.approx(other.flows) or [f.promoters for f in one.flows] == pytest.approx(
        [f.promoters for f in other.flows]
    )
    checks = {c.name: c.verdict for c in other.checks} | {"selected-on-outcome": "info"}
    assert {c.name: c.verdict for c in one.checks} == checks


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: pd.concat([d, d.head(1)]), DataError),  # a store twice in a week
        (lambda d: d.assign(first_week=d.first_week.where(d.week < 8, 0)), DataError),  # gives the change back
        (lambda d: d[d.week != 3], DataError),  # a gap in time
        (lambda d: d[d.first_week.isin([0, 1])], CannotAnswer),  # nobody was treated
    ],
)  # fmt: skip
def test_bad_panels_are_refused_as_rows_are(
    change: Callable[[pd.DataFrame], pd.DataFrame], error: type, monkeypatch
) -> None:
    monkeypatch.setattr(cohorts, "MOST_PULLED", 10)
    with pytest.raises(error):
        cx.fit(experiment(), data=change(panel()), seed=1)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.assign(sales=d.sales.where(d.store > 5)),  # stores with some outcomes only
        lambda d: d.assign(first_week=d.first_week.astype(str).where((d.first_week > 0) | (d.week < 5), "")),  # two ways to say never
        lambda d: d.assign(store=range(len(d))),  # cross-sections
    ],
)  # fmt: skip
def test_panels_that_have_no_such_sums_are_pulled(change: Callable[[pd.DataFrame], pd.DataFrame], monkeypatch) -> None:
    monkeypatch.setattr(cohorts, "MOST_PULLED", 10)
    need = staggered.needs(experiment(), dt.date(2026, 6, 30))
    assert isinstance(rows_or_sums(open_frame(change(panel())), need), Frame)


@pytest.mark.parametrize("design", [", cluster: region", ", covariates: [area]"])
def test_clusters_and_covariates_need_rows(design: str) -> None:
    assert staggered.needs(experiment(design), dt.date(2026, 6, 30)).cohort is None


def test_few_rows_are_pulled_and_many_are_summed(monkeypatch) -> None:
    need, data = staggered.needs(experiment(), dt.date(2026, 6, 30)), panel()
    assert isinstance(rows_or_sums(open_frame(data), need), Frame)
    monkeypatch.setattr(cohorts, "MOST_PULLED", len(data) - 1)
    found = rows_or_sums(open_frame(data), need)
    assert isinstance(found, CohortSums)
    assert found.profile.rows == len(data)
    fitted = cx.fit(experiment(), data=data, seed=1)
    (chosen,) = (c for c in fitted.checks if c.name == "selected-on-outcome")
    assert (chosen.verdict, chosen.facts["declared"]) == ("info", "summed")
