"""Interrupted time series: refusals, what is left out and said, joint law, parts, careless readings, checks that see the trap."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalcx as cx
from causalcx.core.errors import CannotAnswer, CausalcxError, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import Readout
from causalcx.designs.course.found import mean_of
from causalcx.models.structural import Series

FILE = """
key: new-bill
title: A new bill
intervention: policy
owner: a@example.com
hypothesis: Calls fall.
period: {{start: 2026-03-01, end: 2026-04-15}}
data: {{source: none.parquet}}
design: {{kind: interrupted-time-series, time: day, start: {start}, {design}}}
outcomes: [{outcomes}]
"""
CALLS = "{name: calls, kind: amount, column: calls, role: primary, better: lower, unit: calls}"
START, LENGTH = "2026-03-02", 90


def asked(design: str = "", start: str = START, outcomes: str = CALLS) -> Experiment:
    return parse_experiment(FILE.format(design=design, start=start, outcomes=outcomes))


def days(length: int = LENGTH, seed: int = 1) -> pd.DataFrame:
    """Sixty days before 2026-03-02 and thirty after, an effect of -10, another series that moves alike."""
    rng = np.random.default_rng(seed)
    day = pd.date_range("2026-01-01", periods=length)
    shared = np.cumsum(rng.normal(size=length))
    calls = 100 + shared + rng.normal(size=length) - 10 * (day >= START)
    return pd.DataFrame({"day": day, "calls": calls, "other": 50 + 0.5 * shared + 0.3 * rng.normal(size=length)})


def fitted(frame: pd.DataFrame, design: str = "", **more: Any) -> Readout:
    return cx.fit(asked(design, **more), data=frame, seed=1)


def verdict(readout: Readout, name: str) -> str:
    found = readout.check(name)
    assert found is not None
    return found.verdict


@pytest.mark.parametrize(
    ("design", "start", "error", "said"),
    [
        ("", "2027-01-01", DataError, "design.start"),
        ("", "2026-01-01", DataError, "design.start"),
        ("", "soon", DataError, "soon"),
        ("", "2026-01-09", CannotAnswer, "synthetic-control"),
        ("season: {period: 30, harmonics: 15}", START, CannotAnswer, "parameters"),
        ("season: 70", START, CannotAnswer, "season of 70"),
        ("covariates: [word]", START, CannotAnswer, "word"),
        ("covariates: [same]", START, CannotAnswer, "exactly"),
        ("graph: 'digraph { a -> b }'", START, CannotAnswer, "graph"),
    ],
)
def test_refusals(design: str, start: str, error: type[CausalcxError], said: str) -> None:
    frame = days().assign(word="a", same=lambda f: 2 * f["calls"])
    with pytest.raises(error, match=said):
        fitted(frame, design, start=start)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda f: pd.concat([f, f.iloc[[5]]]), DataError, "several rows"),
        (lambda f: f.assign(day=f["day"] + pd.to_timedelta(np.arange(LENGTH) % 2 * 0.3, "D")), DataError, "equally"),
        (lambda f: f.assign(calls=f["calls"].where(f["day"] >= START, 4.0)), CannotAnswer, "same in every period"),
        (
            lambda f: f.assign(calls=f["calls"].where(f["day"] < START)),
            DataError,
            "no period has a value of outcome calls",
        ),
        (lambda f: f.assign(day=f["day"].where(f["calls"].index > 0)), DataError, "empty"),
    ],
)
def test_data_that_are_no_course(change: Any, error: type[CausalcxError], said: str) -> None:
    with pytest.raises(error, match=said):
        fitted(change(days()))


def test_the_effect_is_observed_less_forecast_and_its_parts_average_to_it() -> None:
    readout = fitted(days(), "covariates: [other]")
    effect = readout.headlines[0]
    parts = [e for e in readout.effects if e.period is not None]
    (total,) = (e for e in readout.effects if e.aggregation == "cumulative")
    assert effect.low is not None
    assert effect.high is not None
    assert effect.low < -10 < effect.high < 0
    assert (effect.comparison, effect.estimand, effect.applies_to) == ("observed vs expected", "ATT", "treated")
    assert np.mean([e.estimate for e in parts]) == pytest.approx(effect.estimate)
    assert total.estimate == pytest.approx(30 * effect.estimate)
    assert (effect.n_treated, effect.n_control, len(parts)) == (30, 60, 30)
    assert "prior" in effect.method
    observed, expected = (next(a for a in readout.arms if a.label == label) for label in ("observed", "expected"))
    assert observed.means["calls"] - expected.means["calls"] == pytest.approx(effect.estimate)


def test_the_law_of_a_period_and_of_the_mean_are_one() -> None:
    rng = np.random.default_rng(2)
    series = Series(np.cumsum(rng.normal(size=40)), np.empty((40, 0)), 39)
    mean = mean_of(series)
    error, df = mean.student
    low, high = mean.interval
    half = error * (stats.norm.ppf(0.975) if df is None else stats.t(df).ppf(0.975))
    assert high - low == pytest.approx(2 * half, rel=1e-6)


def test_two_outcomes_share_their_luck() -> None:
    frame = days().assign(twin=lambda f: 2 * f["calls"] + np.random.default_rng(3).normal(size=LENGTH))
    outcomes = f"{CALLS}, {{name: twin, kind: amount, column: twin}}, {{name: luck, kind: amount, column: luck}}"
    frame["luck"] = np.random.default_rng(4).normal(size=LENGTH)
    matrix = np.array(fitted(frame, outcomes=outcomes).covariance.matrix)
    error = np.sqrt(np.diag(matrix))
    correlation = matrix / np.outer(error, error)
    assert correlation[0, 1] > 0.85
    assert abs(correlation[0, 2]) < 0.4
    assert np.linalg.eigvalsh(matrix).min() > 0


def test_outcomes_without_common_periods_are_taken_as_independent_and_that_is_said() -> None:
    frame = days(200).assign(twin=lambda f: f["calls"] + 1)
    odd = np.arange(200) % 2 == 1
    frame.loc[odd, "twin"], frame.loc[~odd & (frame["day"] < "2026-05-01"), "calls"] = np.nan, np.nan
    outcomes = f"{CALLS}, {{name: twin, kind: amount, column: twin}}"
    readout = fitted(frame, outcomes=outcomes, start="2026-05-01")
    assert readout.covariance.matrix[0][1] == 0
    assert [n.code for n in readout.fallbacks] == ["outcomes-independent"]


def test_missing_periods_are_bridged_and_said() -> None:
    whole, frame = fitted(days()), days()
    frame.loc[[10, 11, 70], "calls"] = np.nan
    holes = fitted(frame.drop(index=[30]))
    (notice,) = (n for n in holes.warnings if n.code == "periods-missing")
    assert (notice.facts["before"], notice.facts["after"]) == (3, 1)
    assert holes.headlines[0].estimate == pytest.approx(whole.headlines[0].estimate, abs=1.0)


def test_a_period_without_its_covariate_is_bridged_and_nothing_else_is_said_of_it() -> None:
    frame = days()
    frame.loc[[20, 75], "other"] = np.nan
    readout = fitted(frame, "covariates: [other]")
    (notice,) = (n for n in readout.warnings if n.code == "periods-missing")
    assert (notice.facts["before"], notice.facts["after"]) == (1, 1)
    assert "covariate-missing" not in [n.code for n in readout.warnings]


def test_rows_of_a_unit_and_period_are_averaged() -> None:
    frame = days()
    shops = pd.concat([frame.assign(shop=s, calls=frame["calls"] + s) for s in (-1, 0, 1)])
    readout = fitted(shops, "unit: shop")
    assert readout.headlines[0].estimate == pytest.approx(fitted(frame).headlines[0].estimate)
    assert [n.facts["most"] for n in readout.warnings if n.code == "rows-averaged"] == [3]


def test_answers_of_persons_become_the_course_of_their_mean() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame(
        {"day": np.repeat(pd.date_range("2026-01-01", periods=LENGTH), 40), "person": np.arange(LENGTH * 40)}
    )
    late = frame["day"] >= START
    frame["score"] = np.where(
        rng.uniform(size=len(frame)) < 0.4 + 0.15 * late, 10, np.where(rng.uniform(size=len(frame)) < 0.5, 8, 3)
    )
    frame["left"] = (rng.uniform(size=len(frame)) < 0.3 - 0.1 * late).astype(int)
    outcomes = (
        "{name: nps, kind: nps, column: score, role: primary}, {name: churn, kind: binary, column: left, better: lower}"
    )
    nps, churn = fitted(frame, "unit: person", outcomes=outcomes).headlines
    assert (nps.unit, churn.unit) == ("NPS points", "share")
    assert None not in (nps.low, nps.high, churn.low, churn.high)
    assert nps.low < 22.5 < nps.high  # 15 more promoters, of whom half were detractors
    assert churn.low < -0.1 < churn.high


def test_a_column_that_never_moved_before_is_left_out_and_said() -> None:
    frame = days().assign(campaign=lambda f: (f["day"] >= "2026-03-10").astype(int))
    readout = fitted(frame, "covariates: [campaign]")
    assert [n.facts["columns"] for n in readout.warnings if n.code == "covariates-left-out"] == [["campaign"]]
    assert readout.headlines[0].estimate == pytest.approx(fitted(days()).headlines[0].estimate)


def test_a_column_that_jumps_at_the_start_is_seen() -> None:
    frame = days().assign(other=lambda f: f["other"] - 6 * (f["day"] >= START))
    assert verdict(fitted(frame, "covariates: [other]"), "touched-regressor") == "fail"
    assert verdict(fitted(days(), "covariates: [other]"), "touched-regressor") == "pass"


def test_a_week_that_the_plan_leaves_out_is_seen_and_a_declared_one_sharpens() -> None:
    week = 8 * np.array([1.0, 0.5, 0, 0, 0.2, -0.8, -0.9])[np.arange(LENGTH) % 7]
    still = np.random.default_rng(1).normal(size=LENGTH)
    frame = days().assign(calls=lambda f: 100 + still + week - 10 * (f["day"] >= START))
    plain, declared = fitted(frame), fitted(frame, "season: 7")
    assert verdict(plain, "season-undeclared") == "warn"
    assert verdict(declared, "season-undeclared") == "info"
    assert declared.headlines[0].std_error < plain.headlines[0].std_error


def test_a_trend_is_followed_only_where_it_is_declared() -> None:
    frame = days().assign(calls=lambda f: f["calls"] + 2.0 * np.arange(LENGTH))
    found = {trend: fitted(frame, f"trend: {trend}").headlines[0].estimate for trend in ("false", "true", "local")}
    assert abs(found["true"] + 10) < 8
    assert abs(found["local"] + 10) < 20
    assert found["false"] > 10


def test_careless_readings_stand_beside_the_result() -> None:
    frame = days(500)
    frame["calls"] = (
        100
        + np.random.default_rng(1).normal(size=500)
        + 20 * (frame["day"] >= "2027-01-01")
        - 10 * (frame["day"] >= "2027-04-01")
    )
    readout = fitted(frame, start="2027-04-01")
    (notice,) = (n for n in readout.warnings if n.code == "careless-last-year")
    assert notice.facts["last_year"] == pytest.approx(10, abs=1)
    (short,) = (n for n in fitted(days()).warnings if n.code == "careless-before-after")
    assert set(short.facts) == {"outcome", "unit", "estimate", "before_after"}


def test_check_is_the_same_whatever_came_after_the_start() -> None:
    frame = days()
    later = frame.assign(calls=frame["calls"] + 500 * (frame["day"] >= START))
    assert cx.check(asked(), data=frame) == cx.check(asked(), data=later)


def test_false_starts_find_a_course_that_jumps_by_itself() -> None:
    frame = days(240)
    jumps = np.random.default_rng(5).normal(size=240)
    frame["calls"] = 100 + jumps + 12 * (np.arange(240) // 30 % 2)
    check = cx.fit(asked(start="2026-07-30"), data=frame, seed=1).check("pseudo-starts")
    assert check is not None
    assert check.facts["starts"] >= 3
    assert abs(check.facts["found"][next(iter(check.facts["found"]))]) > 1


def test_evidence_starts_at_three_and_a_second_series_is_asked_for() -> None:
    grade = fitted(days()).grade
    assert grade is not None
    assert grade.level <= 3
    assert "second-series" in [n.code for n in grade.to_raise]


def test_pictures_show_the_forecast_from_the_start_on() -> None:
    before_after, gap = fitted(days()).pictures
    observed, expected = before_after.series
    assert (before_after.code, gap.code, before_after.rule) == ("before-after", "gap", 60.0)
    assert (observed.name, expected.name, gap.series[0].name) == ("observed", "expected", "effect")
    assert expected.low[59] is None
    assert expected.low[60] is not None
    assert len(before_after.ticks) == len(observed.y) == LENGTH


def test_a_long_course_is_shown_around_its_end() -> None:
    frame = days(700)
    picture = fitted(frame, start="2027-11-01").pictures[0]
    assert len(picture.ticks) == 400
    assert picture.rule is not None
    assert picture.ticks[int(picture.rule)] == "2027-11-01"
