"""The simulated company against its closed-form truth."""

from __future__ import annotations

import numpy as np
import pytest

from causalcx.simulate import Effects, Population, simulate, truth_of
from causalcx.simulate.population import SCORE_CUTS
from causalcx.simulate.truth import UNITS

CUSTOMERS = 600_000
STANDARD_ERRORS = 4  # two-sided 6e-5 per mean; about 60 means below, so a correct program fails once in 250 seeds
CAP = 250.0  # low, so that a tenth of the customers is capped and the formula is put to work
ARMS = {"merged": Effects(mood=0.3, leaving=-0.2, spend=0.1, calling=-0.2, strength={"family": 2.0, "business": -0.5})}


@pytest.fixture(scope="module", params=["random", "mood"])
def company(request):
    return simulate(CUSTOMERS, seed=5, effects=ARMS, population=Population(answering=request.param), cap=CAP)


def outcomes(columns):
    score = columns["score"]
    nps = np.where(np.isnan(score), np.nan, 100.0 * (score > 8) - 100.0 * (score < 7))
    return {
        "nps_answerers": nps,
        "satisfaction_answerers": columns["satisfaction"],
        "answered": (~np.isnan(score)).astype(float),
        "churn": columns["churned_90d"].astype(float),
        "revenue": columns["revenue_90d"],
        "revenue_capped": np.minimum(columns["revenue_90d"], CAP),
        "calls": columns["calls_90d"].astype(float),
    }


def distance(values, expected):
    values = values[~np.isnan(values)]
    return abs(values.mean() - expected) / (values.std() / np.sqrt(values.size))


@pytest.mark.parametrize("arm", ["today", "merged"])
def test_sample_means_lie_within_four_standard_errors_of_the_truth(company, arm):
    columns, truth = company
    of_arm = columns["variant"] == arm
    distances = {name: distance(y[of_arm], truth["means"][arm][name]) for name, y in outcomes(columns).items()}
    assert {name: d for name, d in distances.items() if d > STANDARD_ERRORS} == {}


@pytest.mark.parametrize("segment", ["personal", "family", "business"])
def test_segment_differences_lie_within_four_standard_errors_of_the_truth(company, segment):
    columns, truth = company
    within, treated = columns["segment"] == segment, columns["variant"] == "merged"
    for name, y in outcomes(columns).items():
        one, other = (y[within & rows & ~np.isnan(y)] for rows in (treated, ~treated))
        error = np.sqrt(one.var() / one.size + other.var() / other.size)
        expected = truth["by_segment"][segment]["merged vs today"][name]
        assert abs(one.mean() - other.mean() - expected) < STANDARD_ERRORS * error, name


def test_everyone_and_answerers_agree_where_answering_is_independent_of_mood():
    effect = truth_of(ARMS)["effects"]["merged vs today"]
    assert effect["nps_everyone"] == pytest.approx(effect["nps_answerers"], abs=1e-9)
    assert effect["answered"] == 0


def test_everyone_and_answerers_part_where_answering_depends_on_mood():
    effect = truth_of(ARMS, population=Population(answering="mood"))["effects"]["merged vs today"]
    assert effect["nps_answerers"] < effect["nps_everyone"] - 1  # treatment brings in less happy answerers
    assert effect["answered"] > 0.01


def test_nps_truth_of_everyone_does_not_depend_on_who_answers():
    one, other = (truth_of(ARMS, population=Population(answering=a))["means"] for a in ("random", "mood"))
    assert one["merged"]["nps_everyone"] == other["merged"]["nps_everyone"]


def test_control_has_the_shares_that_the_scores_were_cut_for():
    # 27 % promoters less 38 % detractors (SCORE_SHARES)
    assert truth_of(ARMS)["means"]["today"]["nps_everyone"] == pytest.approx(-11, abs=1e-9)
    assert len(SCORE_CUTS) == 10


def test_at_a_rate_of_one_everyone_answers():
    columns, truth = simulate(1000, 1, population=Population(answering_rate=1.0))
    assert not np.isnan(columns["score"]).any()
    means = truth["means"]["merged"]
    assert means["nps_answerers"] == pytest.approx(means["nps_everyone"], abs=1e-9)


def test_the_rate_of_answers_changes_nothing_else():
    few, all_ = (simulate(1000, 1, population=Population(answering_rate=rate))[0] for rate in (0.2, 1.0))
    answered = ~np.isnan(few["score"])
    assert np.array_equal(few["score"][answered], all_["score"][answered])
    assert np.array_equal(few["revenue_90d"], all_["revenue_90d"])


def test_no_effect_is_exactly_zero():
    effects = truth_of({"same": Effects()})["effects"]["same vs today"]
    assert set(effects.values()) == {0.0}


def test_a_cap_above_every_bill_changes_nothing():
    means = truth_of(ARMS, cap=20_000.0)["means"]["merged"]
    assert means["revenue_capped"] == pytest.approx(
        means["revenue"], rel=1e-9
    )  # log 20,000 lies 6 standard deviations up


def test_without_a_cap_there_is_no_capped_truth():
    truth = truth_of(ARMS, cap=None)
    assert "revenue_capped" not in truth["means"]["today"]
    assert set(truth["units"]) == set(UNITS) - {"revenue_capped"}


def test_same_seed_same_table_other_seed_another():
    one, same, other = (simulate(500, seed)[0] for seed in (1, 1, 2))
    assert all(np.array_equal(one[name], same[name], equal_nan=one[name].dtype.kind == "f") for name in one)
    assert not np.array_equal(one["revenue_90d"], other["revenue_90d"])


def test_arms_are_drawn_independently_and_several_are_possible():
    columns, truth = simulate(9000, 3, {"a": Effects(), "b": Effects(mood=0.1)}, control="none")
    counts = {arm: int((columns["variant"] == arm).sum()) for arm in ("none", "a", "b")}
    assert sum(counts.values()) == 9000
    assert all(2800 < n < 3200 for n in counts.values())  # 3000 +- 4.5 binomial standard deviations
    assert list(truth["effects"]) == ["a vs none", "b vs none"]


def test_values_lie_in_their_domains():
    columns = simulate(20_000, 4)[0]
    answered = ~np.isnan(columns["score"])
    assert set(columns["score"][answered]) == set(range(11))
    assert set(columns["satisfaction"][answered]) == {1, 2, 3, 4, 5}
    assert columns["revenue_90d"].min() >= 0
    assert columns["calls_90d"].min() == 0
    assert columns["tenure_months"].min() >= 0
    assert np.unique(columns["customer_id"]).size == 20_000
    assert columns["entered_on"].min() == np.datetime64("2026-03-01")
    assert columns["entered_on"].max() == np.datetime64("2026-04-15")


def test_past_spend_predicts_revenue():
    columns = simulate(20_000, 4)[0]
    assert np.corrcoef(columns["prior_spend"], columns["revenue_90d"])[0, 1] > 0.5


@pytest.mark.parametrize("arguments", [{"customers": 0}, {"customers": 10, "control": "merged"}])
def test_impossible_companies_are_refused(arguments):
    with pytest.raises(ValueError, match="at least one customer and a control"):
        simulate(seed=1, **arguments)


@pytest.mark.parametrize("arguments", [{"answering": "always"}, {"answering_rate": 0.0}, {"answering_rate": 1.5}])
def test_impossible_answering_is_refused(arguments):
    with pytest.raises(ValueError, match="answering"):
        Population(**arguments)
