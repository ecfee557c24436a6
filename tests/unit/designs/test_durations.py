"""Durations, randomised: digits against other code, what is not dropped, both readings, and the design's other keys."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.need import Reduced
from causalcx.service.kinds import design_of

SAME = 1e-9
"""Relative: the same numbers by moments and by rows."""
LEAVING = {
    "name": "leaving", "kind": "duration", "column": "months", "event": "left", "horizon": {"months": 12}, "better": "lower", "role": "primary",
}  # fmt: skip
ONLY = {"outcomes": [LEAVING]}


def customers(
    n: int = 1_200, seed: int = 4, *, whole: bool = False, lost: tuple[float, float] = (20.0, 50.0)
) -> pd.DataFrame:
    """Leaving at a constant rate, lower in b; lost from sight at other rates in a than in b."""
    rng = np.random.default_rng(seed)
    arm, x = np.array(["a", "b"])[rng.integers(0, 2, n)], rng.normal(size=n)
    leaves = rng.exponential(1 / (0.035 * np.exp(0.5 * x - 0.5 * (arm == "b"))))
    gone = rng.exponential(np.where(arm == "a", *lost))
    leaves, gone = (np.ceil(t) if whole else t for t in (leaves, gone))
    left = (leaves <= gone) & (leaves <= 14)
    return pd.DataFrame(
        {
            "id": np.arange(n), "arm": arm, "x": x, "site": rng.choice(["p", "q"], n), "team": rng.integers(0, 40, n),
            "months": np.minimum(np.minimum(leaves, gone), 14.0), "left": left.astype(int), "y": rng.normal(size=n) + x,
            "entered": dt.date(2026, 5, 20),
        }
    )  # fmt: skip


def curve(data: pd.DataFrame) -> tuple[float, float, float]:
    """Share that left by month 12, its Greenwood variance (over n - 1), and the restricted mean: time by time."""
    time, left, stay, total, before, area = data.months.to_numpy(), data.left.to_numpy() == 1, 1.0, 0.0, 0.0, 0.0
    for t in np.unique(time[left & (time <= 12)]):
        n, d = (time >= t).sum(), ((time == t) & left).sum()
        area += stay * (t - before)
        stay, before, total = stay * (1 - d / n), t, total + d / (n * (n - d))
    return 1 - stay, stay**2 * total * len(data) / (len(data) - 1), area + stay * (12 - before)


@pytest.mark.parametrize("whole", [False, True])
def test_it_is_the_difference_of_two_curves_with_greenwoods_error(fit_trial, whole) -> None:
    data = customers(whole=whole)
    share, mean = fit_trial(ONLY, data).effects
    (a, var_a, area_a), (b, var_b, area_b) = (curve(data[data.arm == arm]) for arm in "ab")
    assert share.estimate == pytest.approx(b - a, rel=SAME)
    assert share.std_error == pytest.approx(np.sqrt(var_a + var_b), rel=SAME)
    assert (share.baseline, share.unit, share.estimand) == (
        pytest.approx(a, rel=SAME), "share", "ATE, share left within 12 months",
    )  # fmt: skip
    assert (mean.estimate, mean.baseline) == pytest.approx((area_b - area_a, area_a), rel=SAME)
    assert (mean.aggregation, mean.unit, mean.outcome) == ("restricted-mean", "months", "leaving")
    assert mean.probability_better is not None
    assert mean.probability_better > 0.9
    assert "Kaplan-Meier" in share.method
    assert "Kaplan-Meier" in mean.method


def test_where_nobody_is_lost_it_is_the_binary_outcome(fit_trial) -> None:
    data = customers(lost=(1e9, 1e9))
    data["churned"] = (data.left == 1) & (data.months <= 12)
    churn = {"name": "churn", "kind": "binary", "column": "churned", "better": "lower", "role": "primary"}
    one, other, _ = fit_trial({"outcomes": [LEAVING, churn]}, data).effects
    assert one.unit == other.unit
    for field in ("estimate", "std_error", "df", "baseline", "probability_better", "n_treated"):
        assert getattr(one, field) == pytest.approx(getattr(other, field), rel=1e-6), field


def test_dropping_the_lost_is_wrong_and_counting_them_is_not(fit_trial) -> None:
    """The careless twin: only those whose answer is known."""
    data = customers(20_000)
    truth = fit_trial(ONLY, customers(20_000, lost=(1e9, 1e9))).effects[0].estimate
    effect = fit_trial(ONLY, data).effects[0]
    known = data[(data.left == 1) | (data.months >= 12)]
    left = (known.left == 1) & (known.months <= 12)
    careless = left[known.arm == "b"].mean() - left[known.arm == "a"].mean()
    assert abs(effect.estimate - truth) < 4 * effect.std_error
    assert abs(careless - truth) > 4 * effect.std_error


def test_higher_is_better_tells_who_is_still_there(fit_trial) -> None:
    data = customers()
    left, mean = fit_trial(ONLY, data).effects
    stayed, same = fit_trial({"outcomes": [LEAVING | {"better": "higher"}]}, data).effects
    assert stayed.estimate == pytest.approx(-left.estimate, rel=SAME)
    assert stayed.baseline == pytest.approx(1 - left.baseline, rel=SAME)
    assert stayed.probability_better == pytest.approx(left.probability_better, rel=1e-6)
    assert stayed.estimand == "ATE, share still there after 12 months"
    assert same.estimate == pytest.approx(mean.estimate, rel=SAME)


def test_covariates_and_other_outcomes_share_one_law(fit_trial) -> None:
    y = {"name": "y", "kind": "amount", "column": "y", "role": "secondary"}
    data = customers()
    plain = fit_trial({"outcomes": [LEAVING, y]}, data)
    adjusted = fit_trial({"outcomes": [LEAVING, y], "design.covariates": ["x"]}, data)
    assert adjusted.effects[0].std_error < plain.effects[0].std_error
    assert "interacted" in adjusted.effects[0].method
    assert adjusted.covariance.labels == ("leaving: b vs a", "y: b vs a")
    assert plain.covariance.matrix[0][1] > 0


def test_curves_are_made_within_strata(fit_trial) -> None:
    """Site q leaves faster and is lost sooner: within sites being lost says nothing of leaving, over both it does."""
    rng, data = np.random.default_rng(1), customers(4_000)
    q = (data.site == "q").to_numpy()
    leaves, gone = rng.exponential(np.where(q, 8.0, 60.0)), rng.exponential(np.where(q, 6.0, 200.0))
    data = data.assign(
        months=np.minimum(np.minimum(leaves, gone), 13), left=((leaves <= gone) & (leaves <= 13)).astype(int)
    )
    within = fit_trial(ONLY | {"design.strata": ["site"]}, data).effects[0]
    over = fit_trial(ONLY, data).effects[0]
    truth = (q * (1 - np.exp(-12 / 8)) + ~q * (1 - np.exp(-12 / 60))).mean()
    assert abs(within.baseline - truth) < 0.04 < abs(over.baseline - truth)


def test_a_stratum_that_was_not_followed_is_said(fit_trial, trial, reduce_trial) -> None:
    data = customers()
    data.loc[data.site == "q", ["months", "left"]] = [3.0, 0]
    profile = reduce_trial(trial(ONLY | {"design.strata": ["site"]}), data).profile
    assert [n.code for n in profile.notices] == ["duration-not-stratified"]
    assert fit_trial(ONLY | {"design.strata": ["site"]}, data).effects


def test_clusters_factors_segments_and_take_up(fit_trial) -> None:
    data = customers()
    data["arm"] = np.where(data.team % 2 == 0, "a", "b")
    clustered = fit_trial(ONLY | {"design.cluster": "team"}, data)
    assert "clustered" in clustered.effects[0].method
    assert clustered.effects[0].df < 40
    parts = fit_trial(ONLY | {"segments": ["site"]}, customers()).effects
    assert {e.segment for e in parts} == {None, "site=p", "site=q"}
    factors = {"design.treatment": None, "design.control": None, "design.factors": {"one": "arm", "two": "site"}}
    assert {e.aggregation for e in fit_trial(ONLY | factors, customers()).effects} == {
        None,
        "restricted-mean",
        "interaction",
    }
    took = customers().assign(took=lambda d: ((d.arm == "b") & (d.id % 3 > 0)).astype(int))
    taken = fit_trial(ONLY | {"design.received": "took"}, took).effects
    assert [e.aggregation for e in taken] == [None, "restricted-mean", "complier"]


def test_three_arms_have_a_best(fit_trial) -> None:
    data = customers().assign(arm=lambda d: np.where(d.id % 3 == 0, "c", d.arm))
    readout = fit_trial(ONLY, data)
    assert len([e for e in readout.effects if e.aggregation]) == 2
    assert readout.best[0].outcome == "leaving"


def test_who_entered_lately_counts_for_as_long_as_they_were_seen(trial, reduce_trial) -> None:
    experiment = trial(ONLY | {"entered": "entered", "as_of": "2026-06-01"})
    profile = reduce_trial(experiment, customers()).profile
    assert (profile.rows, profile.immature) == (1_200, 0)


def test_fewer_leavers_are_no_unequal_loss(fit_trial) -> None:
    """The rate of being lost is one; of those who stay longer more are lost."""
    lost = pd.Series(np.random.default_rng(8).exponential(20.0, 6_000))
    data = customers(6_000, lost=(1e9, 1e9)).assign(arm=["a", "b"] * 3_000)
    leaves = np.random.default_rng(9).exponential(np.where(data.arm == "a", 12.0, 40.0))
    data = data.assign(months=np.minimum(leaves, lost), left=(leaves <= lost).astype(int))
    check = fit_trial(ONLY, data).check("censoring")
    assert check.facts["lost"]["b"] - check.facts["lost"]["a"] > 0.05
    assert check.facts["alone"] == pytest.approx(dict.fromkeys("ab", 1 - np.exp(-12 / 20)), abs=0.03)
    assert (check.verdict, check.facts["shape"]) == ("pass", "some")


def test_the_checks_say_who_was_lost(fit_trial) -> None:
    readout = fit_trial(ONLY, customers())
    check = readout.check("censoring")
    assert (check.verdict, check.facts["shape"]) == ("warn", "by-arm")
    assert check.facts["lost"]["a"] > check.facts["lost"]["b"] > 0.1
    assert readout.check("immaturity").facts["declared"] == "followed"
    assert readout.check("rare-events")
    assert fit_trial(ONLY, customers(lost=(60.0, 60.0))).check("censoring").facts["shape"] == "some"
    assert fit_trial(ONLY, customers(lost=(1e9, 1e9))).check("censoring").facts["shape"] == "none"
    many = fit_trial(ONLY, customers(lost=(6.0, 6.0))).check("censoring")
    assert (many.verdict, many.facts["shape"]) == ("warn", "many")


def test_the_picture_shows_both_curves(fit_trial) -> None:
    (picture,) = fit_trial(ONLY, customers()).pictures
    assert (picture.code, picture.outcome, picture.x) == ("survival", "leaving", "months")
    assert [s.name for s in picture.series] == ["a", "b"]
    assert all(len(s.x) == len(s.y) == len(s.low) <= 101 for s in picture.series)
    assert picture.series[1].y[-1] > picture.series[0].y[-1]


def test_a_refit_from_stored_moments_is_the_same_to_the_bit(trial, reduce_trial) -> None:
    from causalcx.designs.randomised import fit

    experiment = trial(ONLY | {"design.covariates": ["x"], "design.strata": ["site"]})
    found = reduce_trial(experiment, customers())
    again = Reduced.from_json(found.to_json())
    assert again.profile.survival == found.profile.survival
    assert fit(experiment, again, seed=1) == fit(experiment, found, seed=1)


def test_many_times_are_rounded_to_a_fine_grid(fit_trial, monkeypatch) -> None:
    from causalcx.sources import durations

    exact = fit_trial(ONLY, customers()).effects[0]
    monkeypatch.setattr(durations, "FINEST", 300)
    rounded = fit_trial(ONLY, customers()).effects[0]
    assert rounded.estimate != exact.estimate
    assert rounded.estimate == pytest.approx(exact.estimate, abs=0.05 * exact.std_error)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda d: d.assign(months=d.months.where(d.id != 3, -1)), DataError, "`months` (outcome leaving) holds times below 0 (id 3: -1.0)"),
        (lambda d: d.assign(left=d.left.where(d.id != 3, 2)), DataError, "`left` (event of leaving) holds values other than 0 and 1 (id 3: 2)"),
        (lambda d: d.assign(left=d.left.where(d.id != 3)), DataError, "`left` (event of leaving) is empty where `months` has a time (id 3: "),
        (lambda d: d.assign(months=d.months.where(d.id != 3)), DataError, "`months` (outcome leaving) is empty where `left` says"),
        (lambda d: d.drop(columns="left"), DataError, "has no column left"),
        (lambda d: d.assign(left="maybe"), DataError, "text where numbers are expected"),
        (lambda d: d.assign(months=d.months.clip(upper=11), left=d.left * (d.months < 11)), CannotAnswer, "nobody in arm a was seen until the horizon of 12; the last was seen at 11."),
        (lambda d: d.assign(left=0), CannotAnswer, "nobody left before the horizon of 12 (column `left` is never 1 by then)"),
    ],
)  # fmt: skip
def test_bad_data_is_refused_in_one_sentence(fit_trial, change, error, says) -> None:
    with pytest.raises(error) as caught:
        fit_trial(ONLY, change(customers()))
    assert says in str(caught.value)


@pytest.mark.parametrize("finest", [10_000, 300])
def test_a_row_without_either_is_a_missing_answer(fit_trial, monkeypatch, finest: int) -> None:
    from causalcx.sources import durations

    monkeypatch.setattr(durations, "FINEST", finest)
    data = customers()
    data.loc[data.id < 400, ["months", "left"]] = np.nan
    readout, without = fit_trial(ONLY, data), fit_trial(ONLY, data[data.id >= 400])
    assert readout.check("missing-by-arm")
    effect = readout.effects[0]
    assert effect.n_treated + effect.n_control == 800
    assert effect.estimate == pytest.approx(without.effects[0].estimate, rel=SAME)
    assert effect.std_error == pytest.approx(without.effects[0].std_error, rel=SAME)
    assert readout.pictures == without.pictures


def test_yes_and_no_as_booleans(fit_trial) -> None:
    data = customers()
    assert fit_trial(ONLY, data.assign(left=data.left == 1)).effects == fit_trial(ONLY, data).effects


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "switchback", "unit": "site", "time": "t", "treatment": "arm", "control": "a"},
        {"kind": "synthetic-control", "unit": "site", "time": "t", "treated": ["p"], "start": 3},
        {"kind": "interrupted-time-series", "time": "t", "start": 3},
        {"kind": "discontinuity", "unit": "id", "running": "x", "cutoff": 0},
        {"kind": "instrument", "unit": "id", "instrument": "z", "treatment": "arm"},
    ],
    ids=lambda d: d["kind"],
)
def test_designs_that_cannot_weigh_for_the_lost_name_those_that_can(trial, design) -> None:
    with pytest.raises(CannotAnswer, match="Use `kind: randomised`, `staggered` or `observational`"):
        design_of(trial(ONLY | {"design": design}))
