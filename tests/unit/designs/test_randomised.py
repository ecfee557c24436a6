"""The randomised readout where data are awkward: what is said, what is dropped, what stays true."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalcx.core import inference
from causalcx.core.errors import NotBuilt
from causalcx.designs.randomised import fit, needs

DIGITS = 1e-9  # relative; the same arithmetic in another order
NUMBERS = {"estimate", "std_error", "df", "low", "high", "p_value", "baseline"}


def customers(n: int = 600, arms: str = "abc") -> pd.DataFrame:
    rng = np.random.default_rng(9)
    arm = rng.choice(list(arms), n)
    x = rng.normal(20, 5, n)
    score = rng.integers(0, 11, n).astype(float)
    score[rng.random(n) < 0.7] = np.nan
    y = x + rng.normal(0, 3, n) + 2 * (arm == "b") + (arm == "c")
    return pd.DataFrame({"id": range(n), "arm": arm, "x": x, "site": rng.choice(["n", "s"], n), "score": score, "y": y})


NPS = {"name": "nps", "kind": "nps", "column": "score", "role": "primary"}
AMOUNT = {"name": "y", "kind": "amount", "column": "y", "role": "primary"}


def codes(notices: Any) -> list[str]:
    return [n.code for n in notices]


def numbers(effect: Any) -> dict[str, Any]:
    return effect.model_dump(include=NUMBERS)


def test_three_arms_with_missing_answers(fit_trial):
    data = customers()
    readout = fit_trial({"outcomes": [NPS, AMOUNT]}, data)
    assert [(e.outcome, e.comparison) for e in readout.effects] == [
        ("nps", "b vs a"),
        ("nps", "c vs a"),
        ("y", "b vs a"),
        ("y", "c vs a"),
    ]
    for effect in readout.effects:
        treated, control = (data[data.arm == a] for a in (effect.comparison[0], "a"))
        column = "score" if effect.outcome == "nps" else "y"
        assert (effect.n_treated, effect.n_control) == (treated[column].count(), control[column].count())
    assert [a.answered for a in readout.arms] == [
        {"nps": int(g.score.count()), "y": len(g)} for _, g in data.groupby("arm")
    ]
    assert readout.covariance.labels == readout.law.labels == tuple(e.label for e in readout.effects)
    assert np.sqrt(np.diag(readout.covariance.matrix)).tolist() == pytest.approx(
        [e.std_error for e in readout.effects], rel=DIGITS
    )


def test_headlines_are_the_law_and_holm_spans_primaries_and_arms(fit_trial):
    readout = fit_trial(
        {"outcomes": [NPS | {"matters": 5}, AMOUNT, {"name": "z", "kind": "amount", "column": "x"}]}, customers()
    )
    primaries, other = readout.effects[:4], readout.effects[4:]
    assert [e.p_adjusted for e in primaries] == pytest.approx(inference.holm([e.p_value for e in primaries]))
    assert {e.adjustment for e in primaries} == {"Holm, 2 primaries x 2 arms"}
    assert {(e.p_adjusted, e.adjustment, e.role) for e in other} == {(None, None, "secondary")}
    for i, effect in enumerate(readout.effects):
        assert effect.probability_better == inference.probability_above(readout.law, i, 0.0)
        assert (effect.probability_matters is None) == (effect.outcome != "nps")
    assert readout.effects[0].probability_matters == inference.probability_above(readout.law, 0, 5.0)


@pytest.mark.parametrize(("better", "sign"), [("higher", 1), ("lower", -1)])
def test_better_has_a_direction(better, sign, fit_trial):
    effect = fit_trial({"outcomes": [AMOUNT | {"better": better, "matters": 0.5}]}, customers(arms="ab")).effects[0]
    assert effect.estimate > 0
    assert (effect.probability_better > 0.5) == (sign > 0)
    assert effect.probability_matters < effect.probability_better


def test_the_best_arm_has_the_smallest_expected_loss(fit_trial):
    readout = fit_trial({"outcomes": [AMOUNT, AMOUNT | {"name": "down", "better": "lower"}]}, customers(6_000))
    assert [(b.outcome, b.arm) for b in readout.best] == [("y", "b"), ("down", "a")]
    drawn = readout.draws(10_000, seed=1)
    gain = np.column_stack([np.zeros(10_000), drawn["y: b vs a"], drawn["y: c vs a"]])
    loss = (gain.max(axis=1, keepdims=True) - gain).mean(axis=0)
    assert readout.best[0].expected_loss == pytest.approx(loss.min(), rel=DIGITS)
    assert readout.best[0].probability == pytest.approx((gain.argmax(axis=1) == 1).mean())
    assert fit_trial({"outcomes": [AMOUNT]}, customers(arms="ab")).best == ()


# Strata -------------------------------------------------------------------------------------------------------------


def test_a_stratum_without_an_arm_is_left_out_and_said(fit_trial):
    data = customers()
    lone = data.assign(site=np.where((data.arm == "a") & (data.id < 90), "lone", data.site))
    readout = fit_trial({"outcomes": [AMOUNT], "design.strata": "site"}, lone)
    rest = fit_trial({"outcomes": [AMOUNT], "design.strata": "site"}, lone[lone.site != "lone"])
    (notice,) = readout.warnings
    lost = int((lone.site == "lone").sum())
    assert (notice.code, notice.facts) == (
        "strata-left-out",
        {"strata": "lone", "count": 1, "units": lost, "outcome": "y"},
    )
    for ours, theirs in zip(readout.effects, rest.effects, strict=True):
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=DIGITS)
        assert ours.n_control == theirs.n_control


def test_strata_may_be_left_out_of_one_outcome_and_kept_in_another(fit_trial):
    data = customers()
    data.loc[(data.site == "s") & (data.arm == "b"), "score"] = np.nan
    readout = fit_trial({"outcomes": [NPS, AMOUNT], "design.strata": "site"}, data)
    assert [(n.code, n.facts["outcome"], n.facts["strata"]) for n in readout.warnings] == [
        ("strata-left-out", "nps", "s")
    ]
    north = fit_trial({"outcomes": [NPS]}, data[data.site == "n"])
    assert readout.effects[0].estimate == pytest.approx(north.effects[0].estimate, rel=DIGITS)
    assert readout.effects[2].n_treated == (data.arm == "b").sum()


def test_missing_strata_are_a_stratum(fit_trial):
    data = customers().assign(region=lambda d: np.where(d.id % 3 == 0, None, "west"))
    readout = fit_trial({"outcomes": [AMOUNT], "design.strata": ["region", "site"]}, data)
    named = fit_trial({"outcomes": [AMOUNT], "design.strata": ["region", "site"]}, data.fillna({"region": "none"}))
    assert numbers(readout.effects[0]) == pytest.approx(numbers(named.effects[0]), rel=DIGITS)


# Few units ----------------------------------------------------------------------------------------------------------


def test_two_units_per_arm_are_enough_for_an_interval_and_called_small(fit_trial):
    data = pd.DataFrame({"id": range(4), "arm": ["a", "a", "b", "b"], "y": [1.0, 3.0, 4.0, 8.0]})
    readout = fit_trial({}, data)
    effect = readout.effects[0]
    # by hand: 6 - 2 = 4; s.e. = sqrt(2/2 + 8/2) = sqrt(5); Welch's df = 25 / (1 + 16) = 25/17
    assert (effect.estimate, effect.std_error, effect.df) == pytest.approx((4, 5**0.5, 25 / 17), rel=1e-12)
    assert [(n.code, n.facts) for n in readout.warnings] == [("small-arm", {"arm": a, "units": 2}) for a in "ab"]


def test_arms_of_thirty_are_not_called_small(fit_trial):
    data = customers(70, "ab").assign(arm=["a"] * 30 + ["b"] * 40)
    assert fit_trial({}, data).warnings == ()


def test_covariates_beyond_the_units_are_dropped_and_said(fit_trial):
    rng = np.random.default_rng(2)
    many = {f"x{i}": rng.normal(size=60) for i in range(40)}
    data = customers(60, "ab").assign(**many)
    readout = fit_trial({"design.covariates": list(many)}, data)
    plain = fit_trial({}, data)
    (notice,) = readout.fallbacks
    assert notice.code == "adjustment-dropped"
    assert (notice.facts["outcome"], notice.facts["reason"], notice.facts["covariates"]) == ("y", "few-units", 40)
    assert numbers(readout.effects[0]) == pytest.approx(numbers(plain.effects[0]), rel=DIGITS)
    assert readout.effects[0].method == "difference in means"


def test_few_answers_to_one_question_cost_the_others_nothing(fit_trial):
    data = customers().assign(score=lambda d: np.where(d.id % 40 == 0, d.id % 11, np.nan))
    both = fit_trial({"outcomes": [NPS, AMOUNT], "design.covariates": ["x"]}, data)
    alone = fit_trial({"outcomes": [AMOUNT], "design.covariates": ["x"]}, data)
    plain = fit_trial({"outcomes": [NPS]}, data)
    assert [(n.code, n.facts["outcome"]) for n in both.fallbacks] == [("adjustment-dropped", "nps")]
    assert [numbers(e) for e in both.effects[2:]] == [pytest.approx(numbers(e), rel=DIGITS) for e in alone.effects]
    assert [numbers(e) for e in both.effects[:2]] == [pytest.approx(numbers(e), rel=DIGITS) for e in plain.effects]
    assert [e.method.split(" (")[0] for e in both.effects[1:3]] == [
        "difference in means",
        "regression with interacted covariates",
    ]


# Variables that do not vary ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 0.1, 1e3 + 0.1])
def test_a_control_that_does_not_vary_takes_its_prior_from_all_arms(value, fit_trial):
    data = customers(arms="ab")
    data.loc[data.arm == "a", "y"] = value
    readout = fit_trial({}, data)
    spread = data[data.arm == "b"].y.std()
    assert codes(readout.fallbacks) == ["prior-sd-pooled"]
    assert readout.law.prior_sd[0] == pytest.approx(spread, rel=1e-6)
    assert readout.effects[0].std_error == pytest.approx(spread / np.sqrt((data.arm == "b").sum()), rel=1e-6)
    assert readout.effects[0].df == pytest.approx((data.arm == "b").sum() - 1, rel=1e-6)


def test_a_stated_prior_needs_no_fallback(fit_trial):
    data = customers(arms="ab")
    data.loc[data.arm == "a", "y"] = 0.0
    readout = fit_trial({"prior": {"y": {"mean": 3, "sd": 2}}}, data)
    assert (readout.fallbacks, readout.law.prior_mean, readout.law.prior_sd) == ((), (3.0,), (2.0,))


def test_equal_covariates_share_what_one_would_say(fit_trial):
    data = customers(arms="ab").assign(copy=lambda d: d.x, scaled=lambda d: 1e6 * d.x - 3)
    one = fit_trial({"design.covariates": ["x"]}, data)
    three = fit_trial({"design.covariates": ["copy", "x", "scaled"]}, data)
    assert numbers(three.effects[0]) == pytest.approx(
        numbers(one.effects[0]), rel=1e-7
    )  # an inverse of a singular matrix
    assert three.check("balance").value == pytest.approx(one.check("balance").value, rel=1e-6)


def test_a_gap_is_set_to_the_average_of_all_rows_in_whatever_order_they_come(fit_trial):
    n = 3_000
    x = np.arange(n, dtype=float)
    data = pd.DataFrame({"id": range(n), "arm": np.where(x % 2 == 0, "a", "b"), "y": x % 7, "x": x})
    data.loc[(data.arm == "b") & (data.x % 5 == 0), "x"] = np.nan
    mean = data.x.fillna(data.x.mean()).groupby(data.arm).mean()
    for rows in (data, data[::-1]):
        found = {
            c["name"]: c["smd"]
            for c in fit_trial({"design.covariates": ["x"]}, rows).check("balance").facts["covariates"]
        }
        assert found["x"] * data.x.std() == pytest.approx(mean["b"] - mean["a"], rel=0.1)


def test_a_covariate_that_tells_the_arms_apart_adjusts_nothing(fit_trial):
    data = customers(arms="ab").assign(is_b=lambda d: (d.arm == "b").astype(int))
    readout, plain = fit_trial({"design.covariates": ["is_b"]}, data), fit_trial({}, data)
    assert readout.effects[0].estimate == pytest.approx(plain.effects[0].estimate, rel=DIGITS)
    assert readout.check("balance").verdict == "fail"


# Rules that look small ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("base", "stated"), [(10.0, True), (-10.0, False), (0.05, False)])
def test_a_relative_effect_needs_a_base_that_is_positive_and_clear_of_zero(base, stated, fit_trial):
    effect = fit_trial({}, customers(arms="ab").assign(y=lambda d: d.y - d.y.mean() + base)).effects[0]
    assert (effect.relative is not None) == stated
    assert not stated or effect.relative == pytest.approx(effect.estimate / effect.baseline)


def test_a_cap_is_part_of_the_estimands_name(fit_trial):
    data = customers(arms="ab")
    readout = fit_trial({"outcomes": [AMOUNT | {"cap": 22.5}]}, data)
    capped = fit_trial({}, data.assign(y=data.y.clip(upper=22.5)))
    assert readout.effects[0].estimand == "ATE, capped at 22.5"
    assert numbers(readout.effects[0]) == pytest.approx(numbers(capped.effects[0]), rel=DIGITS)


@pytest.mark.parametrize(
    ("outcome", "more", "unit"),
    [
        (NPS, {}, "NPS points"), ({"name": "v", "kind": "binary", "column": "v", "role": "primary"}, {}, "share"), (AMOUNT, {}, "units"),
        (AMOUNT | {"unit": "EUR"}, {}, "EUR"), (AMOUNT, {"columns": {"y": {"unit": {"en": "yuan", "zh": "元"}}}}, "yuan"),
    ],
)  # fmt: skip
def test_units(outcome, more, unit, fit_trial):
    data = customers(arms="ab").assign(v=lambda d: (d.y > 20).astype(int))
    assert fit_trial({"outcomes": [outcome], **more}, data).effects[0].unit == unit


def test_an_early_look_fails_and_undeclared_interference_warns(fit_trial):
    readout = fit_trial({"as_of": "2026-01-15", "interference": None, "design.covariates": ["x"]}, customers())
    verdicts = {c.name: c.verdict for c in readout.checks}
    wanted = {
        "sample-ratio": "info",
        "early-look": "fail",
        "interference": "warn",
        "timing": "info",
        "immaturity": "info",
        "balance": "pass",
    }
    assert {name: verdicts[name] for name in wanted} == wanted
    assert [c.name for c in readout.checks].count("sample-ratio") == 1
    assert readout.effects  # a failed check hides nothing here; pages do


@pytest.mark.parametrize(("each", "verdict"), [(2, "fail"), (4, "warn"), (30, "pass")])
def test_a_handful_of_units_says_so(each, verdict, fit_trial):
    y = np.random.default_rng(3).normal(10, 1, 2 * each)
    readout = fit_trial({}, pd.DataFrame({"id": range(2 * each), "arm": ["a", "b"] * each, "y": y}))
    check = readout.check("small-sample")
    assert (check.verdict, check.value, check.facts["n"]) == (verdict, readout.effects[0].df, each)


def test_one_purchase_among_thousands_makes_the_checks_speak(fit_trial):
    n = 4_000
    bought = np.zeros(n)
    bought[0] = 1
    data = pd.DataFrame({"id": range(n), "arm": ["a", "b"] * (n // 2), "y": 80 * bought, "v": bought})
    outcomes = [AMOUNT, {"name": "v", "kind": "binary", "column": "v", "role": "primary"}]
    verdicts = {c.name: c.verdict for c in fit_trial({"outcomes": outcomes}, data).checks}
    assert (verdicts["skew"], verdicts["rare-events"]) == ("warn", "warn")


def test_arms_come_control_first_then_as_planned_and_keep_chinese_labels(fit_trial):
    data = customers().assign(arm=lambda d: d.arm.map({"a": "现状", "b": "none", "c": "0.0"}))
    readout = fit_trial({"design.control": "现状", "design.ratio": {"none": 1, "0": 1, "现状": 1}}, data)
    assert [(a.label, round(a.planned_share, 6)) for a in readout.arms] == [
        ("现状", 0.333333),
        ("none", 0.333333),
        ("0", 0.333333),
    ]
    assert [e.comparison for e in readout.effects] == ["none vs 现状", "0 vs 现状"]


def test_the_seed_moves_only_what_is_drawn(trial, reduce_trial):
    experiment = trial()
    data = reduce_trial(experiment, customers())
    one, again, other = (fit(experiment, data, seed=s) for s in (1, 1, 2))
    assert one == again
    assert one.effects == other.effects
    assert one.best != other.best


def test_a_readout_is_kilobytes(fit_trial):
    assert len(json.dumps(fit_trial({"outcomes": [NPS, AMOUNT]}, customers()).model_dump(mode="json"))) < 20_000


@pytest.mark.parametrize("keys", [{"design.graph": "digraph {}"}])
def test_what_is_known_but_not_built_says_so(keys, trial):
    with pytest.raises(
        NotBuilt, match="is part of the causalcx file format but is not built in this version"
    ) as caught:
        needs(trial(keys), None)
    assert caught.value.exit_code == 5
    assert next(iter(keys)) in str(caught.value)
