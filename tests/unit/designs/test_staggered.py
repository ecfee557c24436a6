"""Staggered roll-outs against hand-made numbers, a naive twin unit by unit, and each other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import causalcx as cx
from benchmarks.trust.staggered import Case, draw
from causalcx.core.errors import CannotAnswer, CausalcxError, DataError, ExperimentError
from causalcx.core.experiment import Experiment
from causalcx.core.need import Frame
from causalcx.core.readout import Readout
from causalcx.designs import staggered
from causalcx.designs.roll_out import aggregation
from causalcx.designs.roll_out.doubly_robust import by_unit
from causalcx.designs.roll_out.doubly_robust import effects_of as effects_of_units
from causalcx.designs.roll_out.group_time import GroupTime, group_time
from causalcx.designs.roll_out.parts import simultaneous
from causalcx.designs.roll_out.trust import with_the_effects
from causalcx.designs.roll_out.waves import Waves, waves
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull
from tests.unit.designs.waves_worlds import SALES, experiment, panel, plan, survey_plan, surveys

EXACT = 1e-9
"""Relative: the same sums in another order."""
SMALL_SAMPLE = 0.04
"""Relative: n / (n - 1) of cohorts of 30 units, on either side of the twin's plain sums."""


def frame_of(asked: Experiment, data: pd.DataFrame) -> Frame:
    need = staggered.needs(asked, asked.period.end)
    return pull(open_frame(data), need)


def waves_of(asked: Experiment, data: pd.DataFrame) -> Waves:
    return waves(asked, asked.design, frame_of(asked, data))


def effects_of(asked: Experiment, data: pd.DataFrame) -> GroupTime:
    return staggered.group_time_effects(waves_of(asked, data), asked.design)[0]


def by_hand(data: pd.DataFrame, start: int, week: int, others: set[int], column: str = "sales") -> float:
    """ATT(start, week) as four means."""
    cells = data.groupby(["first_week", "week"])[column].mean()
    change = cells[start, week] - cells[start, start - 1]
    compared = data[data.first_week.isin(others)].groupby("week")[column].mean()
    return float(change - (compared[week] - compared[start - 1]))


@pytest.mark.parametrize(
    ("compare", "start", "week", "others"),
    [("never", 4, 5, {0}), ("never", 6, 2, {0}), ("not-yet", 4, 5, {0, 6}), ("not-yet", 4, 7, {0}), ("not-yet", 6, 2, {0})],
)  # fmt: skip
def test_a_pair_is_a_difference_of_four_means(compare: str, start: int, week: int, others: set[int]) -> None:
    data = panel()
    fitted = cx.fit(experiment(f", compare: {compare}"), data=data, seed=1)
    (found,) = (
        e for e in fitted.effects
        if (e.outcome, e.aggregation, e.cohort, e.period) == ("sales", "group-time", str(start), str(week))
    )  # fmt: skip
    assert found.estimate == pytest.approx(by_hand(data, start, week, others), rel=EXACT)


def influence_twin(data: pd.DataFrame) -> tuple[float, float]:
    """Group aggregation against the never treated and its standard error, from one influence value per unit."""
    wide = data.pivot_table(index=["first_week", "store"], columns="week", values="sales").reset_index()
    start, y = wide.first_week.to_numpy(), wide[sorted(data.week.unique())].to_numpy()
    means, influences, sizes = [], [], []
    for s in (4, 6):
        own, never = start == s, start == 0
        change = y[:, s - 1 :].mean(axis=1) - y[:, s - 2]
        means.append(change[own].mean() - change[never].mean())
        influences.append(
            own * (change - change[own].mean()) / own.sum() - never * (change - change[never].mean()) / never.sum()
        )
        sizes.append(own.sum())
    share = np.array(sizes) / sum(sizes)
    value = float(share @ means)
    weights = sum((start == s) * (m - value) / sum(sizes) for s, m in zip((4, 6), means, strict=True))
    total = sum(w * i for w, i in zip(share, influences, strict=True)) + weights
    return value, float(np.sqrt((total**2).sum()))


def test_moments_give_what_one_influence_value_per_unit_gives() -> None:
    data = panel()
    effect = cx.fit(experiment(), data=data, seed=1).effect("sales")
    value, error = influence_twin(data)
    assert effect.estimate == pytest.approx(value, rel=EXACT)
    assert effect.std_error == pytest.approx(error, rel=SMALL_SAMPLE)
    assert effect.std_error > error


@pytest.mark.parametrize("compare", ["never", "not-yet"])
def test_the_path_by_unit_agrees_with_the_path_by_moments(compare: str) -> None:
    asked, data = experiment(f", compare: {compare}"), panel()
    found = waves_of(asked, data)
    one, other = staggered.group_time_effects(found, asked.design)[0], by_unit(found, asked.design.compare)[0]
    assert other.value == pytest.approx(one.value, rel=1e-7, abs=1e-9)
    laws = [aggregation.law(e, [(v, aggregation.simple(e, v)) for v in range(3)])[0] for e in (one, other)]
    assert laws[1] == pytest.approx(laws[0], rel=0.05, abs=1e-5)


def test_clusters_of_one_unit_are_units() -> None:
    data = panel()
    plain, clustered = (cx.fit(experiment(d), data=data, seed=1).effect("sales") for d in ("", ", cluster: store"))
    assert clustered.std_error == pytest.approx(plain.std_error, rel=EXACT)
    assert clustered.df == pytest.approx(plain.df, rel=EXACT)


def test_units_that_move_together_widen_the_interval() -> None:
    """Ten copies of every store say no more than one, once they are one cluster."""
    data = panel(stores=8)
    copies = pd.concat([data.assign(store=data.store + 1000 * k, chain=data.store) for k in range(10)])
    one = cx.fit(experiment(), data=data, seed=1).effect("sales")
    ten = cx.fit(experiment(", cluster: chain"), data=copies, seed=1).effect("sales")
    fooled = cx.fit(experiment(), data=copies, seed=1).effect("sales")
    assert ten.std_error == pytest.approx(one.std_error, rel=1e-6)
    assert fooled.std_error < 0.4 * one.std_error


def test_a_cluster_may_hold_units_of_several_waves() -> None:
    effect = cx.fit(experiment(", cluster: region"), data=panel(), seed=1).effect("sales")
    assert effect.df == pytest.approx(9)
    assert 0 < effect.std_error < 1


def test_aggregations_weigh_waves_by_size_and_say_which_they_are() -> None:
    fitted = cx.fit(experiment(), data=panel(noise=1e-6), seed=1)
    named = {
        (e.aggregation, e.cohort, e.event_time, e.period): e.estimate for e in fitted.effects if e.outcome == "sales"
    }
    assert named[None, None, None, None] == pytest.approx(1.5, abs=1e-4)  # two waves of one size
    assert named["group", "4", None, None] == pytest.approx(2.0, abs=1e-4)
    assert named["simple", None, None, None] == pytest.approx((5 * 2 + 3 * 1) / 8, abs=1e-4)
    assert named["event-time", None, 0, None] == pytest.approx(1.5, abs=1e-4)
    assert named["event-time", None, 4, None] == pytest.approx(2.0, abs=1e-4)
    assert named["calendar", None, None, "4"] == pytest.approx(2.0, abs=1e-4)
    assert [e.headline for e in fitted.effects] == [True] * 3 + [False] * (len(fitted.effects) - 3)
    assert {e.outcome for e in fitted.effects if not e.headline} == {"sales", "late"}


def test_covariates_mend_a_trend_that_differs_by_them() -> None:
    """Large stores grow faster and start first; without the area the effect is too large."""
    rng = np.random.default_rng(3)
    data = panel(stores=300)
    data["area"] = rng.normal((data.groupby("store").first_week.first() > 0) * 1.0)[data.store]
    data["sales"] += data.area * data.week * 0.5
    plain, adjusted = (cx.fit(experiment(d), data=data, seed=1).effect("sales") for d in ("", ", covariates: [area]"))
    assert plain.low is not None
    assert plain.low > 1.5
    assert adjusted.estimate == pytest.approx(1.5, abs=4 * adjusted.std_error)


def test_covariates_that_give_the_wave_away_leave_the_regression_alone() -> None:
    data = panel()
    data["code"] = data.first_week * 10.0 + data.store % 7
    fitted = cx.fit(experiment(", covariates: [code]"), data=data, seed=1)
    assert [n.code for n in fitted.fallbacks] == ["cohorts-by-regression"]


def test_a_treated_unit_that_nobody_is_like_leaves_the_logit_on() -> None:
    """Only an untreated unit that looks certain to be treated would take all the weight; the trend grows with the square here."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=3_000)
    treated = rng.uniform(size=len(x)) < 1 / (1 + np.exp(1 - x))
    x[np.flatnonzero(treated)[0]] = 60
    known = np.column_stack([np.ones(len(x)), x])
    change = np.where(x < 10, x**2, 0.0)[:, None] + rng.normal(size=(len(x), 1))
    value, influence, fitted = effects_of_units(change, treated, known)
    assert fitted
    assert abs(value[0]) < 4 * np.sqrt((influence**2).sum())


def test_answers_of_different_people_are_compared_cell_by_cell() -> None:
    data = surveys()
    fitted = cx.fit(survey_plan(), data=data, seed=1)
    points = 100 * ((data.score >= 9) * 1.0 - (data.score <= 6))
    cells = points.groupby([data.start, data.month]).mean()
    expected = cells[3, 4] - cells[3, 2] - cells[0, 4] + cells[0, 2]
    (pair,) = (e for e in fitted.effects if (e.cohort, e.period) == ("3", "4"))
    assert pair.estimate == pytest.approx(expected, rel=EXACT)
    rows = [points[(data.start == s) & (data.month == m)] for s, m in ((3, 4), (3, 2), (0, 4), (0, 2))]
    assert pair.std_error == pytest.approx(np.sqrt(sum(r.var(ddof=1) / len(r) for r in rows)), rel=EXACT)
    (flow,) = fitted.flows
    assert 100 * (flow.promoters - flow.detractors) == pytest.approx(fitted.effect("nps").estimate, rel=EXACT)


def test_a_wave_of_one_stays_and_borrows_its_spread() -> None:
    data = panel()
    lone = data[(data.first_week != 4) | (data.store == 0)]
    fitted = cx.fit(experiment(), data=lone, seed=1)
    check = fitted.check("few-clusters")
    assert check is not None
    assert (check.verdict, check.facts["cohorts"]) == ("warn", ["4"])
    (wave,) = (e for e in fitted.effects if (e.outcome, e.aggregation, e.cohort) == ("sales", "group", "4"))
    assert wave.std_error == pytest.approx(
        np.sqrt(1 + 1 / 5), rel=0.15
    )  # of noise 1: one store's mean of five weeks less its base


@pytest.mark.parametrize("design", ["", ", covariates: [area]"])
def test_a_wave_of_one_borrows_with_and_without_covariates(design: str) -> None:
    data = panel()
    fitted = cx.fit(experiment(design), data=data[(data.first_week != 4) | (data.store == 0)], seed=1)
    (wave,) = (e for e in fitted.effects if (e.outcome, e.aggregation, e.cohort) == ("sales", "group", "4"))
    assert 0.9 < wave.std_error < 1.4


def test_stores_with_gaps_and_stores_without_a_before_are_left_out_and_said() -> None:
    data = panel()
    data = data[(data.store != 3) | (data.week != 2)].copy()
    data.loc[data.store >= 80, "first_week"] = 1
    fitted = cx.fit(experiment(), data=data, seed=1)
    notices = {n.code: n.facts for n in fitted.warnings}
    assert notices["units-with-gaps"]["left_out"] == 1
    assert notices["no-before"] == {"cohort": "1", "left_out": 10}
    assert [(a.label, a.units) for a in fitted.arms] == [("untreated", 20), ("treated", 59)]


def test_outcomes_seen_of_different_stores_keep_their_own() -> None:
    data = panel()
    data.loc[(data.store < 5) & (data.week == 3), "visits"] = np.nan
    fitted = cx.fit(experiment(), data=data, seed=1)
    whole = cx.fit(experiment(), data=panel(), seed=1)
    assert fitted.effect("visits").n_treated == 55
    assert fitted.effect("sales").n_treated == 60
    assert fitted.effect("sales").estimate == pytest.approx(whole.effect("sales").estimate, rel=1e-7)


def refused(data: pd.DataFrame, design: str = "") -> CausalcxError:
    with pytest.raises(CausalcxError) as caught:
        cx.fit(experiment(design, f"\n  - {SALES}"), data=data, seed=1)
    return caught.value


def changed(**columns: object) -> pd.DataFrame:
    return panel(stores=6).assign(**columns)


BAD = {
    "untreats itself": (changed(first_week=lambda d: d.first_week.where(d.week < 8, 0)), "changes within a unit", 4),
    "no period before": (changed(first_week=lambda d: np.where(d.first_week > 0, 1, 0)), "no before to compare with", 5),
    "a gap in time": (panel(stores=6).query("week != 3"), "has a gap between 2 and 4", 4),
    "one period": (panel(stores=6).query("week == 3"), "one period only", 5),
    "twice in a week": (pd.concat([panel(stores=6), panel(stores=6).head(1)]), "One row per unit and period", 4),
    "two time zones": (
        changed(week=lambda d: "2026-03-0" + d.week.astype(str) + np.where(d.store % 2, "T00:00:00+08:00", "T00:00:00+00:00")),
        "time zones", 4,
    ),
    "one against one": (panel(stores=1).query("first_week != 6"), "one treated and one untreated", 5),
    "nobody treated": (changed(first_week=0), "No unit was treated", 5),
    "everybody treated": (panel(stores=6).query("first_week > 0"), "compare: not-yet", 5),
    "all at once": (panel(stores=6).query("first_week == 4"), "compare: not-yet", 5),
    "nobody throughout": (panel(stores=6).query("week != 1 + store % 8"), "can be followed over time", 5),
    "a cohort that is no week": (changed(first_week="soon"), "cannot be placed", 4),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_one_clear_sentence(case: str) -> None:
    data, sentence, code = BAD[case]
    error = refused(data)
    assert sentence in str(error)
    assert error.exit_code == code


def test_all_at_once_cannot_be_compared_with_those_waiting() -> None:
    error = refused(panel(stores=6).query("first_week == 4"), ", compare: not-yet")
    assert isinstance(error, CannotAnswer)
    assert "interrupted-time-series" in str(error)


def test_an_empty_cluster_is_refused() -> None:
    data = changed(region=lambda d: d.region.where(d.store != 2))
    assert isinstance(refused(data, ", cluster: region"), DataError)


def test_cohorts_are_read_as_dates_and_never_in_every_spelling() -> None:
    data = panel()
    date = pd.to_datetime("2026-01-01") + pd.to_timedelta(7 * data.week, "D")
    start = pd.to_datetime("2026-01-01") + pd.to_timedelta(7 * data.first_week, "D")
    dated = data.assign(week=date, first_week=start.where(data.first_week > 0))
    numbers = {name: data.assign(first_week=data.first_week.astype(float).replace(0, never)) for name, never in
               (("inf", np.inf), ("empty", np.nan), ("zero", 0))}  # fmt: skip
    found = [cx.fit(experiment(), data=d, seed=1).effect("sales").estimate for d in (dated, *numbers.values())]
    assert found == pytest.approx([found[0]] * 4, rel=EXACT)


def test_pictures_show_effects_since_the_start_and_the_waves() -> None:
    fitted = cx.fit(experiment(), data=panel(), seed=1)
    events, lines = fitted.pictures[:2]
    (points,) = events.series
    assert (events.code, events.rule, points.x) == ("event-time", -0.5, tuple(float(e) for e in range(-5, 5)))
    (single,) = (e for e in fitted.effects if (e.outcome, e.event_time) == ("sales", 0))
    at = points.x.index(0.0)
    assert points.low[at] < single.low < single.high < points.high[at]
    assert (lines.code, [s.name for s in lines.series[:3]], lines.ticks[:2]) == (
        "waves",
        ["4", "6", "never"],
        ("1", "2"),
    )
    means = {s.name: dict(zip(s.x, s.y, strict=True)) for s in lines.series[:3]}
    starts = [(s.name, s.x, s.y) for s in lines.series[3:]]
    assert starts == [(name, (x,), (means[name][x],)) for name, x in (("4", 3.0), ("6", 5.0))]


def checks(fitted: Readout) -> dict[str, str]:
    return {c.name: c.verdict for c in fitted.checks if c.facts.get("outcome") in (None, "sales")}


def test_parallel_trends_pass_and_a_drift_fails() -> None:
    data = panel(stores=60)
    assert checks(cx.fit(experiment(), data=data, seed=1))["pre-trends"] == "pass"
    drifting = data.assign(sales=data.sales + 0.5 * data.week * (data.first_week > 0))
    assert checks(cx.fit(experiment(), data=drifting, seed=1))["pre-trends"] == "fail"


def test_a_two_way_regression_is_shown_where_it_misleads() -> None:
    """Effects that grow with time: early waves are no controls for late ones."""
    data = panel(stores=60)
    growing = data.assign(sales=data.sales + 3 * np.clip(data.week - 4, 0, None) * (data.first_week == 4))
    codes = {n.code for n in cx.fit(experiment(), data=growing, seed=1).warnings}
    assert "two-way-misleads" in codes
    assert "two-way-misleads" not in {
        n.code for n in cx.fit(experiment(), data=data.query("first_week != 6"), seed=1).warnings
    }


def test_no_two_way_regression_misleads_with_a_single_wave() -> None:
    """With two periods it is the very same number, and no early wave is there to be compared with."""
    data = panel(stores=60).query("week in (5, 6) and first_week in (0, 6)")
    found = cx.fit(experiment(), data=data, seed=1)
    assert "two-way-misleads" not in {n.code for n in found.warnings}


def test_the_same_seed_gives_the_same_digits() -> None:
    one, other = (cx.fit(experiment(), data=panel(), seed=7) for _ in range(2))
    assert one.model_dump_json() == other.model_dump_json()


def test_group_time_needs_only_cohort_moments() -> None:
    from causalcx.designs.roll_out.cohort_moments import cells_of_moments, reduced

    found = waves_of(experiment(), panel())
    effects = group_time(cells_of_moments(found.first, reduced(found)), "never")
    assert effects.value[:, 0] == pytest.approx(effects_of(experiment(), panel()).value[:, 0], rel=EXACT)


def test_check_refuses_what_fit_refuses() -> None:
    with pytest.raises(CannotAnswer, match="No unit was treated"):
        cx.check(experiment(), data=panel(stores=6).assign(first_week=0))


def test_surveys_without_rows_to_compare_with_in_a_month_leave_that_month_out() -> None:
    data = surveys()
    data = data[(data.start > 0) | (data.month != 4)]
    pairs = {
        (e.cohort, e.period) for e in cx.fit(survey_plan(), data=data, seed=1).effects if e.aggregation == "group-time"
    }
    assert ("3", "4") not in pairs
    assert ("3", "5") in pairs
    with pytest.raises(CannotAnswer, match="both before and after"):
        cx.fit(survey_plan(), data=data[(data.start > 0) | (data.month == 1)], seed=1)


def test_more_covariates_than_the_comparison_can_bear_are_refused() -> None:
    error = refused(panel(stores=3), ", covariates: [area, region]")
    assert isinstance(error, CannotAnswer)
    assert "too few for 2 columns" in str(error)


@pytest.mark.parametrize("design", [", covariates: [week]", ", covariates: [first_week]"])
def test_time_and_cohort_are_no_covariates(design: str) -> None:
    with pytest.raises(ExperimentError, match="is also a covariate"):
        experiment(design)


def test_a_simultaneous_band_of_independent_effects_is_sidaks() -> None:
    width = simultaneous(np.diag([1.0, 4.0, 9.0, 0.25, 1.0]), np.full(5, 1e6), seed=1)
    assert width == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 5)) / 2), rel=0.03)
    alone = simultaneous(np.ones((5, 5)), np.full(5, 8.0), seed=1)
    assert alone == pytest.approx(stats.t.ppf(0.975, 8), rel=0.03)


def test_survey_questions_that_only_some_answered_use_their_own_rows() -> None:
    data = surveys().assign(visits=lambda d: np.where(d.answer % 3 == 0, np.nan, d.month + d.answer % 5))
    columns = "unit: answer, time: month, cohort: start"
    nps, visits = (
        f"\n  - {{name: {n}, kind: {k}, column: {c}, role: primary}}"
        for n, k, c in (("nps", "nps", "score"), ("visits", "amount", "visits"))
    )
    both = cx.fit(plan(columns, nps + visits), data=data, seed=1)
    single = cx.fit(survey_plan(), data=data, seed=1).effect("nps")
    assert both.effect("nps").estimate == pytest.approx(single.estimate, rel=EXACT)
    assert both.effect("nps").std_error == pytest.approx(single.std_error, rel=EXACT)
    alone = cx.fit(plan(columns, visits), data=data.dropna(), seed=1)
    (one,) = (e for e in both.effects if (e.outcome, e.cohort, e.period) == ("visits", "3", "4"))
    (other,) = (e for e in alone.effects if (e.outcome, e.cohort, e.period) == ("visits", "3", "4"))
    assert one.estimate == pytest.approx(other.estimate, rel=EXACT)
    assert one.std_error == pytest.approx(other.std_error, rel=0.01)


def asked_late(seed: int = 0) -> tuple[pd.DataFrame, str]:
    """Surveys with a second question, asked from the first wave's start on, and few of the last wave answer the first one."""
    rng, data = np.random.default_rng(seed), surveys(6_000)
    mute = (data.start == 5) & (rng.uniform(size=len(data)) < 0.6)
    late = np.where(data.month >= 3, rng.normal(size=len(data)), np.nan)
    return data.assign(
        score=data.score.where(~mute), late=late, area=data.city // 10
    ), "unit: answer, time: month, cohort: start"


def seen_of_some_stores(seed: int = 0) -> tuple[pd.DataFrame, str]:
    """A panel with a second outcome that a third of the stores, and one alone of the second wave, has in every week."""
    data = panel(seed=seed)
    kept = (data.store % 3 == 0) & ((data.first_week != 6) | (data.store == 30))
    return data.assign(
        late=np.where(kept, data.visits, np.nan), score=data.sales
    ), "unit: store, time: week, cohort: first_week"


@pytest.mark.parametrize("more", ["", ", covariates: [area]", ", cluster: city", ", compare: not-yet"])
@pytest.mark.parametrize("made", [asked_late, seen_of_some_stores])
def test_an_outcome_has_the_same_answer_with_another_beside_it(made: Callable, more: str) -> None:
    """Every engine: means of cells, unit by unit, row by row; with clusters, and waves of one."""
    data, columns = made()
    data["city"] = data.get("city", data.store if "store" in data else None)
    score, late = (f"\n  - {{name: {n}, kind: amount, column: {n}, role: primary}}" for n in ("score", "late"))
    both = cx.fit(plan(columns + more, score + late), data=data, seed=1)
    for name, text in (("score", score), ("late", late)):
        alone = cx.fit(plan(columns + more, text), data=data, seed=1)
        one, other = ([e for e in r.effects if e.outcome == name] for r in (alone, both))
        assert [(e.aggregation, e.cohort, e.period, e.n_treated) for e in one] == [
            (e.aggregation, e.cohort, e.period, e.n_treated) for e in other
        ]
        for key in ("estimate", "std_error", "df", "baseline"):
            was, now = ([getattr(e, key) for e in r if getattr(e, key) is not None] for r in (one, other))
            assert now == pytest.approx(was, rel=1e-6, abs=1e-9), key
        trends = ("pre-trends", "parallel-trends-sensitivity", "anticipation")
        checked = [
            {c.name: c.verdict for c in r.checks if c.name in trends and c.facts["outcome"] == name}
            for r in (alone, both)
        ]
        assert checked[0] == checked[1]


def test_a_wave_of_which_an_outcome_has_no_before_is_named() -> None:
    data, columns = asked_late()
    late = "\n  - {name: late, kind: amount, column: late, role: primary}"
    warnings = cx.fit(plan(columns, late), data=data, seed=1).warnings
    assert [n.facts for n in warnings if n.code == "waves-left-out"] == [{"outcome": "late", "cohorts": ["3"]}]


def test_a_secondary_outcome_that_no_wave_has_before_its_start_is_named_and_the_rest_stands() -> None:
    data, columns = asked_late()
    data["late"] = data.late.where(data.month >= 5)
    score, late = (
        f"\n  - {{name: {n}, kind: amount, column: {n}, role: {r}}}"
        for n, r in (("score", "primary"), ("late", "secondary"))
    )
    found = cx.fit(plan(columns, score + late), data=data, seed=1)
    assert [e.outcome for e in found.headlines] == ["score"]
    assert [f.facts["outcome"] for f in found.failures] == ["late"]


def test_a_wave_that_starts_within_a_week_counts_from_that_week() -> None:
    """Stores that got the change on a Wednesday: the week before is the last untreated one."""
    import datetime as dt

    monday = dt.date(2026, 3, 2)
    data = panel().assign(
        day=lambda d: [monday + dt.timedelta(7 * (w - 1)) for w in d.week],
        got=lambda d: [monday + dt.timedelta(7 * (w - 1) + 2) if w else None for w in d.first_week],
    )
    dated = plan("unit: store, time: day, cohort: got", f"\n  - {SALES}")
    by_week = plan("unit: store, time: week, cohort: first_week", f"\n  - {SALES}")
    one, other = (cx.fit(e, data=data, seed=1).effect("sales") for e in (dated, by_week))
    assert (one.estimate, one.std_error) == (other.estimate, other.std_error)


@pytest.mark.parametrize("covariates", ["", ", covariates: [area]"])
def test_a_wave_in_one_cluster_that_holds_others_is_refused(covariates: str) -> None:
    data = panel().assign(region=lambda d: np.where(d.first_week > 0, 0, 1 + d.store % 9))
    with pytest.raises(CannotAnswer, match="in one cluster only: 4, 6"):
        cx.fit(experiment(f", cluster: region{covariates}"), data=data, seed=1)


def test_windows_are_told_of_only_where_entries_are() -> None:
    checks = {c.name for c in cx.check(experiment(), data=panel())}
    assert "immaturity" not in checks


def test_nobody_left_out_is_said_plainly() -> None:
    composition = cx.fit(experiment(), data=panel(), seed=1).check("composition")
    assert composition is not None
    assert (composition.verdict, composition.facts["shape"]) == ("pass", "whole")


RUNS = 100
"""At 1 % (anticipation) and 5 % (pre-trends) five and twelve false alarms are beyond any luck."""


def test_checks_are_quiet_in_worlds_without_the_flaw() -> None:
    head, rng = cx.fit(experiment(), data=panel(), seed=1).effect("sales"), np.random.default_rng(0)
    design = staggered.Staggered.model_validate({"kind": "staggered", "unit": "u", "time": "t", "cohort": "c"})
    alarms = {"anticipation": 0, "pre-trends": 0, "parallel-trends-sensitivity": 0}
    for _ in range(RUNS):
        effects, _ = staggered.group_time_effects(draw(Case("amount", ""), rng), design)
        for check in with_the_effects(effects, (head,)):
            alarms[check.name] += check.verdict != "pass" and (check.value or 1) < 0.05
    assert alarms["anticipation"] <= 5
    assert alarms["pre-trends"] <= 12


def test_checks_speak_up_in_worlds_with_the_flaw() -> None:
    data = panel()
    early = data.assign(sales=data.sales + 3 * ((data.first_week - data.week) == 1))
    drifting = data.assign(sales=data.sales + 0.8 * data.week * (data.first_week > 0))
    leaving = data[~((data.first_week == 4) & (data.store % 3 == 0) & (data.week > 5))]
    verdicts = {
        name: (fitted := cx.fit(experiment(), data=d, seed=1).check(name)) and fitted.verdict
        for name, d in (("anticipation", early), ("pre-trends", drifting), ("composition", leaving))
    }
    assert verdicts == {"anticipation": "warn", "pre-trends": "fail", "composition": "warn"}
