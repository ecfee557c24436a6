"""Clusters as the unit of randomisation: CR2 and its degrees of freedom against matrices written out, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import linalg

from causalcx.core.clusters import clusters_of_columns
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.moments import Moments
from causalcx.designs.randomised import check
from causalcx.sources import clusters as sums
from causalcx.words.sentences import check_sentence

SAME = 1e-8
"""Relative: the same numbers by sums of clusters and by rows."""
Array = NDArray[np.float64]
NPS = {"name": "nps", "kind": "nps", "column": "score"}
AMOUNT = {"name": "y", "kind": "amount", "column": "y", "role": "primary"}


def teams(many: int = 36, *, strata: int = 3, arms: str = "abc", seed: int = 5, even: bool = False) -> pd.DataFrame:
    """Teams of different sizes, arms in turn within strata; what a team shares moves all of its people."""
    rng = np.random.default_rng(seed)
    size = np.full(many, 12) if even else rng.integers(3, 30, many)
    team = np.repeat(np.arange(many), size)
    arm, site = np.array(list(arms))[np.arange(many) % len(arms)], np.arange(many) // len(arms) % strata
    x = rng.normal(20, 4, len(team)) + rng.normal(0, 2, many)[team]
    shared = rng.normal(0, 3, many)[team]
    y = 50 + 0.5 * x + shared + 2 * (arm == "b")[team] + 3 * site[team] + rng.normal(0, 4, len(team))
    score = np.clip(np.rint(6 + shared / 2 + rng.normal(0, 2, len(team))), 0, 10)
    score[rng.random(len(team)) < 0.4] = np.nan
    data = {
        "id": np.arange(len(team)),
        "team": team,
        "arm": arm[team],
        "site": site[team],
        "x": x,
        "y": y,
        "score": score,
    }
    return pd.DataFrame(data)


def by_hand(data: pd.DataFrame, y: Array, treated: str, *, x: Array | None = None) -> tuple[float, float, float]:
    """Estimate, CR2 standard error and Satterthwaite degrees of freedom of treated against a, with n x n matrices.

    Weighted least squares as the module says; with x interacted, what sampled covariates add is joined per cluster.
    """
    keep = ~np.isnan(y)
    data, y, x = data[keep], y[keep], x[keep] if x is not None else None
    names = sorted(set(data.arm))
    arm = np.column_stack([data.arm == a for a in names]).astype(float)
    site = pd.get_dummies(data.site).to_numpy(float)
    size = data.groupby("site").id.transform("count").to_numpy(float)
    weight = size / data.groupby(["site", "arm"]).id.transform("count").to_numpy(float)
    columns = [arm, (site - site.mean(axis=0))[:, 1:]]
    if x is not None:
        away = x - pd.Series(x).groupby(data.site.to_numpy()).transform("mean").to_numpy()
        columns.append(arm * away[:, None])
    design = np.column_stack(columns)
    rooted, response = design * np.sqrt(weight)[:, None], y * np.sqrt(weight)
    inverse = np.linalg.inv(rooted.T @ rooted)
    beta = inverse @ rooted.T @ response
    left = np.eye(len(y)) - rooted @ inverse @ rooted.T
    contrast = np.zeros(design.shape[1])
    contrast[names.index(treated)], contrast[0] = 1, -1
    variance, factors = 0.0, []
    for team in sorted(set(data.team)):
        own = np.flatnonzero(data.team == team)
        adjust = linalg.fractional_matrix_power(left[np.ix_(own, own)], -0.5).real
        influence = contrast @ inverse @ rooted[own].T @ adjust @ (response - rooted @ beta)[own]
        if x is not None:
            slopes = beta[-len(names) :]
            influence += (slopes[names.index(treated)] - slopes[0]) * away[own].sum() / len(y)
        variance += influence**2
        factors.append(left[:, own] @ adjust @ rooted[own] @ inverse @ contrast)
    products = np.array(factors) @ np.array(factors).T
    return float(contrast @ beta), float(np.sqrt(variance)), float(np.trace(products) ** 2 / (products**2).sum())


def promoted(score: Any) -> Array:
    values = np.select([score >= 9, score <= 6], [100.0, -100.0], 0.0)
    return np.where(np.isnan(score), np.nan, values)


PLAN = {"design.cluster": "team", "design.strata": ["site"], "design.ratio": {"a": 1, "b": 1, "c": 1}}


@pytest.mark.parametrize("treated", ["b", "c"])
@pytest.mark.parametrize("covariates", [[], ["x"]])
def test_it_is_cr2_with_satterthwaite_jointly_for_all_outcomes_and_arms(fit_trial, treated, covariates) -> None:
    data = teams()
    plan = PLAN | {"outcomes": [AMOUNT, NPS], "design.covariates": covariates}
    readout = fit_trial(plan, data)
    x = data.x.to_numpy() if covariates else None
    values = {"y": data.y.to_numpy(), "nps": promoted(data.score.to_numpy())}
    for name, value in values.items():
        effect = readout.effect(name, f"{treated} vs a")
        assert (effect.estimate, effect.std_error, effect.df) == pytest.approx(
            by_hand(data, value, treated, x=x), rel=SAME
        )
    labels = list(readout.covariance.labels)
    at = [labels.index(f"{name}: {treated} vs a") for name in values]
    together = np.where(np.isnan(values["nps"]), np.nan, values["nps"] + values["y"])
    if not covariates:  # the covariance is what makes the variance of a sum right, over the units with both
        both = fit_trial(
            plan | {"outcomes": [AMOUNT | {"column": "seen"}, NPS]}, data.assign(seen=values["y"] + 0 * values["nps"])
        )
        matrix = np.array(both.covariance.matrix)[np.ix_(at, at)]
        assert np.sqrt(matrix.sum()) == pytest.approx(by_hand(data, together, treated)[1], rel=SAME)


def test_every_team_counts_equally_when_asked(fit_trial) -> None:
    data = teams(strata=1)
    effect = fit_trial({"design.cluster": "team", "design.weight": "cluster"}, data).effect("y", "b vs a")
    means = data.groupby("team").agg(arm=("arm", "first"), y=("y", "mean"))
    b, a = means.y[means.arm == "b"], means.y[means.arm == "a"]
    assert effect.estimate == pytest.approx(b.mean() - a.mean(), rel=SAME)
    assert effect.std_error == pytest.approx(
        np.sqrt(b.var() / len(b) + a.var() / len(a)), rel=SAME
    )  # HC2 of cluster means
    assert (effect.n_treated, effect.n_control) == tuple((data.arm == arm).sum() for arm in "ba")


def test_a_team_of_one_is_a_unit(fit_trial) -> None:
    data = teams(strata=1).assign(team=lambda d: d.id)
    plain, alone = fit_trial({}, data), fit_trial({"design.cluster": "team"}, data)
    for one, other in zip(plain.effects, alone.effects, strict=True):
        assert (other.estimate, other.std_error) == pytest.approx((one.estimate, one.std_error), rel=SAME)


def test_pairs_of_teams_have_the_error_of_their_differences(fit_trial) -> None:
    """Two teams of one size a stratum: what strata take from the residuals is given back, as in a paired comparison."""
    data = teams(24, strata=12, arms="ab", even=True)
    effect = fit_trial({"design.cluster": "team", "design.strata": ["site"]}, data).effects[0]
    means = data.groupby(["site", "arm"]).y.mean().unstack()
    gaps = means["b"] - means["a"]
    assert effect.estimate == pytest.approx(gaps.mean(), rel=SAME)
    assert effect.std_error == pytest.approx(gaps.std() / np.sqrt(len(gaps)), rel=SAME)
    assert effect.df == pytest.approx(len(gaps) - 1, rel=SAME)


@pytest.mark.parametrize("weight", ["unit", "cluster"])
@pytest.mark.parametrize("covariates", [[], ["x"]])
def test_of_very_many_teams_the_engine_sums_the_products(fit_trial, monkeypatch, weight, covariates) -> None:
    """With teams of one size the mean team's leverage is each team's; slopes, taken as known, cost a little."""
    data = teams(600, even=True).assign(score=5.0 + np.arange(7200) % 2)
    plan = PLAN | {"design.weight": weight, "design.covariates": covariates}
    pulled = fit_trial(plan, data)
    monkeypatch.setattr(sums, "MOST_PULLED", 10)
    summed = fit_trial(plan, data)
    near = 0.02 if covariates else SAME
    for one, other in zip(pulled.effects, summed.effects, strict=True):
        assert other.estimate == pytest.approx(one.estimate, rel=SAME)
        assert (other.std_error, other.df) == pytest.approx((one.std_error, one.df), rel=near)
    checks = {c.name: c for c in pulled.checks}
    assert [c.verdict for c in summed.checks] == [checks[c.name].verdict for c in summed.checks]
    for name in ("sample-ratio", "few-clusters", *(["balance"] if covariates else [])):
        assert summed.check(name).value == pytest.approx(checks[name].value, rel=SAME)


def test_moments_with_clusters_are_kept_without_loss(reduce_trial, trial) -> None:
    kept = reduce_trial(trial(PLAN | {"design.covariates": ["x"]}), teams()).moments
    again = Moments.from_json(kept.to_json())
    assert again.to_json() == kept.to_json()
    assert again.clusters.xx.shape == kept.clusters.xx.shape


def test_the_engine_sums_what_a_naive_twin_sums(reduce_trial, trial) -> None:
    data = teams()
    found = reduce_trial(trial(PLAN | {"design.covariates": ["x"], "outcomes": [AMOUNT, NPS]}), data).moments.clusters
    score = np.where(np.isnan(data.score), np.nan, 1.0)
    outcomes = {"y": data.y, "nps|promoters": score * (data.score >= 9), "nps|detractors": score * (data.score <= 6)}
    place = np.array([0, 1, 2])[data.arm.map({"a": 0, "b": 1, "c": 2})]
    twin = clusters_of_columns(
        place, data.team.to_numpy(), {k: np.asarray(v) for k, v in outcomes.items()}, {"x": data.x}, data.site
    )
    for name in ("arm", "stratum", "answered", "count"):
        assert sorted(getattr(found, name).tolist()) == sorted(getattr(twin, name).tolist())
    away = found.xx[:, :, 0, 0] - found.x[:, :, 0] ** 2 / np.maximum(
        found.count, 1
    )  # whatever the sums are differences from
    own = twin.xx[:, :, 0, 0] - twin.x[:, :, 0] ** 2 / np.maximum(twin.count, 1)
    assert np.sort(away, axis=0) == pytest.approx(np.sort(own, axis=0), rel=1e-6)


def test_segments_have_their_own_clusters(fit_trial) -> None:
    data = teams(60)
    readout = fit_trial({"design.cluster": "team", "segments": ["site"]}, data)
    assert {e.segment for e in readout.effects if e.segment} == {"site=0", "site=1", "site=2"}


def test_where_teams_count_equally_segments_add_up_by_teams_and_not_at_all_where_teams_lie_in_several(
    fit_trial,
) -> None:
    data = teams(60, arms="ab").assign(half=lambda d: d.id % 2)
    plan = {"design.cluster": "team", "design.weight": "cluster"}
    readout = fit_trial(plan | {"segments": ["site"]}, data)
    share = data.groupby("site").team.nunique() / data.team.nunique()
    parts = [e.estimate for e in readout.effects if e.segment]
    assert share.to_numpy() @ parts == pytest.approx(readout.effects[0].estimate, rel=SAME)
    crossed = fit_trial(plan | {"segments": ["half"]}, data).effects
    assert [e.segment for e in crossed if "centred" in e.method] == []


def test_planned_split_balance_and_answers_are_those_of_teams(fit_trial) -> None:
    """600 people a side and 12 teams a side: what teams share fails no check that counts teams."""
    data = teams(60, strata=1, arms="ab", seed=2)
    data.loc[data.team % 5 == 0, "score"] = np.nan  # whole teams were not asked
    plan = {
        "design.cluster": "team",
        "design.ratio": {"a": 1, "b": 1},
        "design.covariates": ["x"],
        "outcomes": [AMOUNT, NPS],
    }
    readout = fit_trial(plan, data)
    ratio = readout.check("sample-ratio")
    assert ratio.facts["observed"] == {"a": 30, "b": 30}
    assert ratio.value == 1.0
    assert readout.check("balance").value > 0.01
    assert readout.check("missing-by-arm").verdict == "pass"


def test_few_teams_warn_and_one_is_refused(fit_trial, trial, reduce_trial) -> None:
    plan = {"design.cluster": "team"}
    few = fit_trial(plan, teams(14, strata=1, arms="ab")).check("few-clusters")
    assert (few.verdict, few.value, few.facts["clusters"]) == ("warn", 7, {"a": 7, "b": 7})
    assert fit_trial(plan, teams(16, strata=1, arms="ab")).check("few-clusters").verdict == "pass"
    with pytest.raises(CannotAnswer, match="arm b has one cluster only"):
        fit_trial(plan, teams(3, strata=1, arms="aab"))
    experiment = trial(plan)
    found = check(experiment, reduce_trial(experiment, teams(3, strata=1, arms="aab")), seed=1)
    lone = next(c for c in found if c.name == "few-clusters")
    assert lone.verdict == "fail"
    assert "there will be no result" in check_sentence(lone)


def test_a_team_with_two_arms_or_two_strata_or_no_name_is_refused(fit_trial) -> None:
    data = teams()
    with pytest.raises(DataError, match="two arms of `arm`"):
        fit_trial(PLAN, data.assign(arm=np.array(list("abc"))[data.id % 3]))
    with pytest.raises(DataError, match="lie in two strata"):
        fit_trial(PLAN, data.assign(site=data.id % 2))
    with pytest.raises(DataError, match=r"`team` \(cluster\) is empty in 5 rows"):
        fit_trial(PLAN, data.assign(team=data.team.where(data.id >= 5)))


def test_covariates_are_dropped_where_teams_are_few(fit_trial) -> None:
    readout = fit_trial({"design.cluster": "team", "design.covariates": ["x"]}, teams(8, strata=1, arms="ab"))
    assert [n.facts["reason"] for n in readout.fallbacks if n.code == "adjustment-dropped"] == ["few-clusters"]


def test_equal_weight_needs_a_cluster(trial) -> None:
    with pytest.raises(ValueError, match="`weight: cluster` needs `cluster`"):
        trial({"design.weight": "cluster"})
