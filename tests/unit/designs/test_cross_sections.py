"""Covariates where other people answer in every period: against cells, against leaving rows out, and where the mix of answers shifts."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalcx as cx
from causalcx.core.errors import CannotAnswer
from causalcx.designs import staggered
from causalcx.designs.roll_out import aggregation
from causalcx.designs.roll_out.cross_sections import Rows, by_row, effect_of
from causalcx.designs.roll_out.waves import waves
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull
from tests.unit.designs.waves_worlds import plan, survey_plan, surveys

NPS = "\n  - {name: nps, kind: nps, column: score, role: primary}"


def asked(covariates: str):
    return plan(f"unit: answer, time: month, cohort: start, covariates: [{covariates}]", NPS)


def test_a_covariate_that_says_nothing_leaves_the_cells_means() -> None:
    data = surveys(8_000)
    known = waves(
        survey_plan(),
        survey_plan().design,
        pull(open_frame(data), staggered.needs(survey_plan(), survey_plan().period.end)),
    )
    by_cells, by_answer = staggered.group_time_effects(known, survey_plan().design)[0], by_row(known, "never")[0]
    assert by_answer.value == pytest.approx(by_cells.value, rel=1e-9, abs=1e-9)
    laws = [aggregation.law(e, [(v, aggregation.group(e, v)) for v in range(3)])[0] for e in (by_cells, by_answer)]
    assert laws[1] == pytest.approx(laws[0], rel=0.01, abs=1e-6)


def rows(n: int, seed: int) -> Rows:
    rng = np.random.default_rng(seed)
    treated, later, x = rng.uniform(size=n) < 0.4, rng.uniform(size=n) < 0.5, rng.normal(size=n)
    x = x + 0.5 * treated
    y = 1 + x + 0.7 * x * later + 2 * (treated & later) + rng.normal(size=n)
    return Rows(y, treated, later, np.column_stack([np.ones(n), x]))


def without(given: Rows, i: int) -> Rows:
    return Rows(*(np.delete(part, i, axis=0) for part in (given.y, given.treated, given.later, given.x)))


@pytest.mark.parametrize("n", [800, 30])
def test_an_influence_value_is_what_leaving_a_row_out_changes(n: int) -> None:
    """To first order: the remainder is of order 1 / n of it. With 30 rows the cells have too few for lines of their own."""
    given = rows(n, 0)
    value, influence, fitted = effect_of(given)
    changes = np.array([value - effect_of(without(given, i))[0] for i in range(0, n, max(n // 60, 1))])
    assert fitted
    assert abs(influence.sum()) < 4 / n * np.abs(influence).sum()
    assert np.corrcoef(changes, influence[:: max(n // 60, 1)])[0, 1] > 1 - 6 / n
    assert changes.std() == pytest.approx(influence[:: max(n // 60, 1)].std(), rel=20 / n)


def shifting(seed: int, n: int = 12_000) -> pd.DataFrame:
    """Young people, who score lower everywhere, answer ever more often where the app came; it adds 10 NPS points."""
    rng = np.random.default_rng(seed)
    data = surveys(n, seed).assign(city=lambda d: d.city)
    now = (data.start > 0) & (data.month >= data.start)
    young = rng.uniform(size=n) < np.where(now, 0.7, 0.3)
    u = rng.uniform(size=n)
    promoter = np.where(young, 0.2, 0.5) + 0.05 * now
    detractor = np.where(young, 0.5, 0.2) - 0.05 * now
    score = np.select([u < promoter, u > 1 - detractor], [9, 3], 7)
    return data.assign(score=score, age=np.where(young, "young", "old"))


def test_answers_of_unequal_composition_are_compared_at_equal_covariates() -> None:
    data = shifting(2)
    plain = cx.fit(survey_plan(), data=data, seed=1).effect("nps")
    adjusted = cx.fit(asked("age"), data=data, seed=1).effect("nps")
    assert plain.high is not None
    assert adjusted.low is not None
    assert plain.high < 10  # fewer points, and the wrong sign: the young are unhappier
    assert adjusted.low < 10 < adjusted.high
    assert "doubly robust" in adjusted.method


def test_clusters_widen_adjusted_intervals_too() -> None:
    data = shifting(3).assign(city=lambda d: d.city % 8 + 8 * (d.start > 0))
    rng = np.random.default_rng(0)
    shock = {key: rng.integers(-2, 3) for key in set(zip(data.city, data.month, strict=True))}
    data["score"] = np.clip(data.score + [shock[c, m] for c, m in zip(data.city, data.month, strict=True)], 0, 10)
    alone = cx.fit(asked("age"), data=data, seed=1).effect("nps")
    together = cx.fit(
        plan("unit: answer, time: month, cohort: start, covariates: [age], cluster: city", NPS), data=data, seed=1
    ).effect("nps")
    assert together.estimate == pytest.approx(alone.estimate)
    assert together.std_error > 1.5 * alone.std_error


def test_a_wave_of_one_cluster_cannot_be_adjusted() -> None:
    data = surveys().assign(city=lambda d: d.city.where(d.start != 3, 1), area=lambda d: d.score % 3)
    lone = plan("unit: answer, time: month, cohort: start, covariates: [area], cluster: city", NPS)
    with pytest.raises(CannotAnswer, match="one unit or cluster only"):
        cx.fit(lone, data=data, seed=1)
