"""Sizes, decision-rule errors and the A/A replay, against simulation, by hand and against each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestIndPower

from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import moments_of_columns
from causalcx.core.need import COVARIATE, Profile
from causalcx.core.need import Frame as Rows
from causalcx.designs.planning.estimates import certain_spreads, planned_readout
from causalcx.designs.planning.power import chance_to_see, detectable_effect, units_needed
from causalcx.designs.planning.replay import replayed
from causalcx.designs.planning.sizes import outcome_sizes, size_notices
from causalcx.designs.planning.split import planned_split
from causalcx.designs.planning.spreads import Stated, learnt_spreads, stated_spreads

HALVES = (0.5, 0.5)


def plan(**changes) -> Experiment:
    document = {
        "key": "sizes", "title": "Sizes", "intervention": "behavioural", "owner": "a@example.com", "hypothesis": "It helps.",
        "period": {"start": "2026-01-01", "end": "2026-01-31"}, "data": {"source": "data.csv"},
        "design": {"kind": "randomised", "unit": "id", "treatment": "arm", "control": "a", "ratio": {"a": 1, "b": 1}},
        "outcomes": [
            {"name": "spend", "kind": "amount", "column": "spend", "role": "primary", "matters": 2},
            {"name": "churn", "kind": "binary", "column": "churn", "better": "lower", "matters": 0.01},
        ],
    }  # fmt: skip
    return Experiment.model_validate(document | changes)


def test_the_size_of_a_comparison_of_means_is_that_of_the_t_test():
    """Tolerance: one unit, since statsmodels gives a fraction."""
    for sd in (3.0, 30.0):
        spreads = stated_spreads(plan(), Stated(spread={"spend": sd}))
        per_arm = TTestIndPower().solve_power(2 / sd, alpha=0.05, power=0.8)
        found = units_needed(spreads, 0, HALVES, 2.0, 0.8)
        assert found == pytest.approx(2 * per_arm, abs=2.0)


def test_unequal_arms_need_what_the_t_test_says():
    """At 30 per cent treated; Welch's degrees of freedom differ from the pooled ones, hence 0.1 per cent."""
    spreads = stated_spreads(plan(), Stated(spread={"spend": 20.0}))
    control = TTestIndPower().solve_power(0.1, alpha=0.05, power=0.9, ratio=3 / 7)
    assert units_needed(spreads, 0, (0.3, 0.7), 2.0, 0.9) == pytest.approx(control / 0.7, rel=1e-3)


def test_a_share_varies_otherwise_where_it_moves():
    """By hand: 0.10 to 0.09, z = 1.959964 + 0.841621, per arm (0.09 + 0.0819) (z / 0.01)^2; the normal law is that of large n."""
    spreads = stated_spreads(plan(), Stated(baseline={"churn": 0.10}))
    by_hand = 2 * (0.09 + 0.0819) * (2.801585 / 0.01) ** 2
    assert units_needed(spreads, 0, HALVES, -0.01, 0.8) == pytest.approx(by_hand, rel=1e-4)


def test_silent_units_enlarge_the_sample():
    every = units_needed(stated_spreads(plan(), Stated(spread={"spend": 30})), 0, HALVES, 2.0, 0.8)
    fifth = units_needed(
        stated_spreads(plan(), Stated(spread={"spend": 30}, answering={"spend": 0.2})), 0, HALVES, 2.0, 0.8
    )
    assert fifth == pytest.approx(5 * every, rel=1e-3)


def test_the_detectable_effect_is_the_size_read_backwards():
    spreads = stated_spreads(plan(), Stated(spread={"spend": 30.0}, baseline={"churn": 0.1}))
    for k, sign in ((0, 1), (1, -1)):
        found = detectable_effect(spreads, k, HALVES, 5_000, 0.8)
        assert found * sign > 0
        assert chance_to_see(spreads, k, HALVES, 5_000, found) == pytest.approx(0.8, abs=1e-9)
    assert detectable_effect(spreads, 1, HALVES, 20, 0.8) is None  # not even to no churn at all


def test_the_chance_is_that_of_the_estimator_in_simulation():
    """4,000 repeats of Welch's interval; the tolerance is three Monte Carlo errors."""
    rng, spreads = np.random.default_rng(1), stated_spreads(plan(), Stated(spread={"spend": 5.0}))
    said = chance_to_see(spreads, 0, (0.5, 0.5), 100, 2.0)
    a, b = rng.normal(0, 5, (4_000, 50)), rng.normal(2, 5, (4_000, 50))
    error = np.sqrt(a.var(axis=1, ddof=1) / 50 + b.var(axis=1, ddof=1) / 50)
    seen = np.abs(b.mean(axis=1) - a.mean(axis=1)) > 1.9847 * error
    assert said == pytest.approx(seen.mean(), abs=3 * math.sqrt(0.25 / 4_000))


def test_a_rate_cannot_fall_by_more_than_it_is():
    spreads = stated_spreads(plan(), Stated(baseline={"churn": 0.005}))
    split = planned_split(plan())
    rows = outcome_sizes(plan(), spreads, split, 1_000, None, {})
    churn = next(r for r in rows if r.outcome == "churn")
    assert churn.needed is None
    assert churn.chance is None
    assert "plan-impossible" in [n.code for n in size_notices(plan(), spreads, split, rows)]


def test_wanted_power_is_the_plans():
    for power, wanted in ((0.9, [0.9, 0.9]), ({"churn": 0.95}, [0.8, 0.95]), (None, [0.8, 0.8])):
        rows = outcome_sizes(plan(power=power), None, planned_split(plan()), None, None, {})
        assert [r.power for r in rows] == wanted


def test_arms_without_a_ratio_are_said_to_be_taken_as_equal():
    bare = plan(
        design={"kind": "randomised", "unit": "id", "treatment": "arm", "control": "a"},
        columns={"arm": {"labels": {"b": "B", "a": "A", "c": "C"}}},
    )
    split = planned_split(bare)
    assert split.shares == {"a": pytest.approx(1 / 3), "b": pytest.approx(1 / 3), "c": pytest.approx(1 / 3)}
    assert "plan-equal-arms" in [n.code for n in size_notices(bare, None, split, ())]
    assert planned_split(plan()).shares == {"a": 0.5, "b": 0.5}


@pytest.mark.parametrize(
    "stated",
    [
        Stated(baseline={"churn": 5}),
        Stated(spread={"spend": 0}),
        Stated(answering={"spend": 20}),
        Stated(spread={"sped": 1}),
    ],
)
def test_what_cannot_be_is_refused(stated):
    with pytest.raises(UsageError):
        stated_spreads(plan(), stated)


def history(n: int = 4_000, seed: int = 3):
    rng = np.random.default_rng(seed)
    before = rng.normal(50, 10, n)
    spend = 0.8 * before + rng.normal(0, 6, n)
    spend[rng.random(n) < 0.25] = np.nan
    return before, spend, (rng.random(n) < 0.1).astype(float)


def test_history_knows_spreads_answers_and_what_covariates_explain():
    """spend = 0.8 before + noise: variance 64 + 36, of which 64 per cent explained; a quarter is silent."""
    before, spend, churn = history(40_000)
    gaps = np.where(np.isnan(spend), np.nan, before)
    columns = {"spend": spend, f"{COVARIATE}before@spend": gaps, "churn": churn, f"{COVARIATE}before": before}
    moments = moments_of_columns(["all"] * len(before), columns)
    spreads = learnt_spreads(plan(), moments, "interacted")
    assert spreads.spread[0] == pytest.approx(10, rel=0.02)
    assert spreads.answering[0] == pytest.approx(0.75, rel=0.02)
    assert spreads.per_unit[0, 0] == pytest.approx(36 / 0.75, rel=0.03)
    assert learnt_spreads(plan(), moments, "none").per_unit[0, 0] == pytest.approx(100 / 0.75, rel=0.03)
    row = outcome_sizes(plan(), spreads, planned_split(plan()), 1_000, 500.0, {})[0]
    assert row.explained == pytest.approx(0.64, abs=0.02)
    assert row.months == pytest.approx(row.needed / 500)


def test_the_planned_error_is_that_of_a_fit_of_that_size():
    """The same law drawn anew at the planned size: standard errors agree within 3 per cent."""
    before, spend, churn = history(40_000)
    columns = {"spend": spend, "churn": churn}
    spreads = learnt_spreads(plan(), moments_of_columns(["all"] * len(before), columns), "none")
    planned = planned_readout(plan(), spreads, planned_split(plan()), 10_000, {}, 1)
    _, again, _ = history(10_000, seed=4)
    arm, seen = np.arange(10_000) % 2, ~np.isnan(again)
    error = math.sqrt(sum(again[seen & (arm == a)].var(ddof=1) / (seen & (arm == a)).sum() for a in (0, 1)))
    assert planned.effect("spend").std_error == pytest.approx(error, rel=0.03)


def test_an_infinite_experiment_is_certain():
    readout = planned_readout(plan(), certain_spreads(plan()), planned_split(plan()), math.inf, {"spend": 2.0}, 1)
    assert readout.effect("spend").std_error == 0
    assert readout.law.mean == (2.0, 0.0)


def frame(n: int = 2_000) -> Rows:
    before, spend, churn = history(n)
    everyone = Profile("x", None, n, {"(everyone)": n}, {}, {}, {})
    return Rows(everyone, np.zeros(n, np.int64), {"spend": spend, "churn": churn}, {"before": before})


def test_a_replay_of_a_ratio_covers():
    """Minutes per call: some never called and have no minutes, of some the calls are not known. The same tolerance."""
    rng = np.random.default_rng(5)
    calls = rng.poisson(2, 2_000).astype(float)
    minutes = np.where(calls > 0, calls * rng.normal(5, 2, 2_000), np.nan)
    calls[:100] = np.nan
    ratio = {"name": "length", "kind": "ratio", "numerator": "minutes", "denominator": "calls", "role": "primary"}
    experiment, everyone = plan(outcomes=[ratio]), Profile("x", None, 2_000, {"(everyone)": 2_000}, {}, {}, {})
    with np.errstate(divide="ignore", invalid="ignore"):
        rows = Rows(
            everyone,
            np.zeros(2_000, np.int64),
            {"length": minutes / calls},
            {},
            numbers={"minutes": minutes, "calls": calls},
        )
    found = replayed(experiment, rows, planned_split(experiment), splits=400, seed=1)
    assert found.outcomes[0].coverage == pytest.approx(0.95, abs=4 * math.sqrt(0.05 * 0.95 / 400))
    assert found.outcomes[0].spread_ratio == pytest.approx(1, abs=0.15)


def test_a_replay_covers_and_raises_no_more_alarms_than_it_may():
    """400 splits: the tolerance is four Monte Carlo errors of a share of 5 per cent."""
    adjusted = plan(design=plan().design.model_dump(exclude_none=True) | {"covariates": ["before"]})
    found = replayed(adjusted, frame(), planned_split(adjusted), splits=400, seed=1)
    assert found.false_alarms == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 400))
    for row in found.outcomes:
        assert row.coverage == pytest.approx(0.95, abs=4 * row.coverage_error)
        assert row.spread_ratio == pytest.approx(1, abs=0.15)
    assert found == replayed(adjusted, frame(), planned_split(adjusted), splits=400, seed=1)
