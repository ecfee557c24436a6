"""The threshold design on small worlds: what it recovers, what it says, where it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import causalcx as cx
from causalcx.core.check import Check
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import Readout
from causalcx.designs import discontinuity
from causalcx.simulate.outage import Outage
from causalcx.words.sentences import known
from tests.plan_worlds import DESIGNS, history, plan_of

WITHIN = 4.0
"""Standard errors: a single draw is farther from its truth less than once in ten thousand."""

OUTCOMES = {
    "churn": "{name: churn, kind: binary, column: churned_60d, better: lower, role: primary, matters: 0.02}",
    "nps": "{name: nps, kind: nps, column: score, role: secondary}",
    "spend": "{name: spend, kind: amount, column: spend, role: secondary, unit: USD}",
    "spent": "{name: spend, kind: amount, column: spend, role: primary, unit: USD}",
    "calls": "{name: calls, kind: count, column: calls, better: lower, role: guardrail, margin: 5}",
}


def asked(*outcomes: str, design: str = "", more: str = "") -> Experiment:
    return parse_experiment(f"""
key: outage-credit
title: A credit after eight hours
intervention: compensation
owner: a@example.com
hypothesis: Credits keep customers.
period: {{start: 2026-03-01, end: 2026-03-31}}
data: {{source: data.parquet}}
design: {{kind: discontinuity, unit: customer_id, running: hours_30d, cutoff: 8{design}}}
interference: none
{more}
outcomes: [{", ".join(OUTCOMES[o] for o in outcomes or ("churn",))}]
""")


def drawn(seed: int = 0, customers: int = 20_000, **changed: Any) -> dict[str, Any]:
    """The outage world without its trap, and two outcomes more with effects 3 (spend) and 1 (calls) of passing the cutoff."""
    columns = dict(Outage(customers=customers, **({"moved": 0.0} | changed)).draw(seed))
    rng, hours = np.random.default_rng(seed + 1000), columns["hours_30d"]
    columns["spend"] = 50 + 0.5 * hours + 3 * (hours >= 8) + 5 * rng.standard_normal(customers)
    columns["calls"] = rng.poisson(2 + 0.1 * hours + (hours >= 8))
    return columns


def table(columns: dict[str, Any], **changed: Any) -> pa.Table:
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in (columns | changed).items()})


@pytest.fixture(scope="module")
def columns() -> dict[str, Any]:
    return drawn()


@pytest.fixture(scope="module")
def fuzzy(columns: dict[str, Any]) -> Readout:
    return cx.fit(
        asked("churn", "nps", "spend", "calls", design=", fuzzy: credit, covariates: [tenure_months]"),
        data=table(columns),
    )


@pytest.fixture(scope="module")
def sharp(columns: dict[str, Any]) -> Readout:
    return cx.fit(asked("spend", "churn", "nps", "calls"), data=table(columns))


def named(readout: Readout, name: str) -> Check:
    found = readout.check(name)
    assert found is not None
    return found


def notice(readout: Readout, code: str) -> dict[str, Any]:
    return next(n.facts for n in (*readout.warnings, *readout.rests_on) if n.code == code)


def test_a_sharp_jump_is_recovered(sharp: Readout) -> None:
    effect = sharp.effect("spend")
    assert abs(effect.estimate - 3) < WITHIN * effect.std_error
    assert (effect.estimand, effect.applies_to, effect.comparison) == (
        "ATE at the cutoff",
        "at the cutoff",
        "treated vs untreated",
    )
    assert abs((effect.baseline or 0) - 54) < 1


def test_a_fuzzy_jump_is_that_of_those_whom_the_cutoff_moves(fuzzy: Readout) -> None:
    effect, truth = fuzzy.effect("churn"), Outage().truth()
    assert abs(effect.estimate - truth["effects"]["churn"]) < WITHIN * effect.std_error
    assert (effect.estimand, effect.applies_to) == ("LATE at the cutoff", "compliers at the cutoff")
    first = named(fuzzy, "fuzzy-first-stage").facts
    within = notice(fuzzy, "at-the-cutoff")
    assert effect.share == pytest.approx(within["within"] / within["rows"] * 0.86, abs=0.03)
    assert first["jump"] == pytest.approx(0.86, abs=0.03)


def test_the_careless_comparison_has_the_wrong_sign(fuzzy: Readout) -> None:
    found = next(n.facts for n in fuzzy.warnings if n.code == "naive-received" and n.facts["outcome"] == "churn")
    assert found["naive"] == pytest.approx(Outage().truth()["careless"]["churn"], abs=0.02)
    assert found["naive"] > 0 > Outage().truth()["effects"]["churn"]


def test_the_effect_of_passing_the_cutoff_stands_beside_a_fuzzy_one(fuzzy: Readout) -> None:
    (passing,) = (e for e in fuzzy.effects if e.aggregation == "intention-to-treat")
    assert (passing.outcome, passing.headline) == ("churn", False)
    assert passing.estimate / fuzzy.effect("churn").estimate == pytest.approx(0.86, abs=0.03)


def test_one_joint_law_of_every_outcome_kind(sharp: Readout) -> None:
    assert sharp.covariance.labels == tuple(f"{o}: treated vs untreated" for o in ("spend", "churn", "nps", "calls"))
    joint = np.array(sharp.covariance.matrix)
    assert np.linalg.eigvalsh(joint).min() > 0
    assert np.sqrt(np.diag(joint)) == pytest.approx([e.std_error for e in sharp.headlines], rel=1e-12)
    assert [e.unit for e in sharp.headlines] == ["USD", "share", "NPS points", "count"]


def test_the_interval_is_centred_on_the_corrected_estimate(sharp: Readout) -> None:
    effect = sharp.effect("spend")
    assert effect.low is not None
    assert effect.high is not None
    assert f"centre {(effect.low + effect.high) / 2:.6g}" in effect.method
    assert (effect.high - effect.low) / 2 == pytest.approx(1.959964 * effect.std_error, rel=1e-6)


def test_the_same_outcome_twice_is_perfectly_correlated(columns: dict[str, Any]) -> None:
    spend = asked("spent").outcomes[0]
    twice = asked("spent").model_copy(update={"outcomes": [spend, spend.model_copy(update={"name": "again"})]})
    joint = np.array(cx.fit(twice, data=table(columns)).covariance.matrix)
    assert joint[0, 1] == pytest.approx(joint[0, 0], rel=1e-12)


def test_nps_comes_about_by_promoters_and_detractors(sharp: Readout) -> None:
    (flow,) = sharp.flows
    assert 100 * (flow.promoters - flow.detractors) == pytest.approx(sharp.effect("nps").estimate, rel=1e-9)


def test_answers_are_compared_at_the_cutoff_and_not_over_all(columns: dict[str, Any]) -> None:
    """Who waited longer answers less, smoothly: no reason to hide an outcome, though the sides differ."""
    rng = np.random.default_rng(0)
    answered = rng.uniform(size=len(columns["score"])) < 1 / (1 + np.exp(0.25 * (columns["hours_30d"] - 6)))
    score = np.where(answered, np.clip(np.rint(7 + 2 * rng.standard_normal(len(answered))), 0, 10), np.nan)
    smooth = cx.fit(asked("churn", "nps"), data=table(columns, score=score))
    assert named(smooth, "missing-by-arm").verdict == "pass"
    jumping = np.where((columns["hours_30d"] >= 8) & (rng.uniform(size=len(score)) < 0.4), np.nan, score)
    assert named(cx.fit(asked("churn", "nps"), data=table(columns, score=jumping)), "missing-by-arm").verdict == "fail"


def test_every_check_stands_once_and_exactly_one_is_the_split(fuzzy: Readout) -> None:
    names = [c.name for c in fuzzy.checks]
    assert names.count("sample-ratio") == 1
    assert {
        "density",
        "covariate-continuity",
        "fuzzy-first-stage",
        "donut",
        "bandwidth",
        "placebo-cutoffs",
        "guardrail",
    } <= set(names)
    assert {n.code for n in fuzzy.rests_on} == {"continuity", "one-way-cutoff"}


def test_a_clean_world_passes(fuzzy: Readout) -> None:
    assert {
        c.verdict for c in fuzzy.checks if c.name in ("density", "covariate-continuity", "donut", "placebo-cutoffs")
    } == {"pass"}


def test_pictures_are_small_and_name_their_axes(fuzzy: Readout) -> None:
    codes = [p.code for p in fuzzy.pictures]
    assert codes == ["threshold", "threshold-received", "bandwidth", "placebo-cutoffs"]
    threshold = fuzzy.pictures[0]
    assert (threshold.rule, threshold.x, threshold.outcome) == (8.0, "hours_30d", "churn")
    below, above, fitted_below, fitted_above = threshold.series
    assert max(below.x) < 8 <= min(above.x)
    assert len(below.x) <= 20 >= len(above.x)
    assert (fitted_below.x[-1], fitted_above.x[0]) == (8.0, 8.0)
    assert fuzzy.pictures[2].rule == pytest.approx(fuzzy.pictures[2].series[0].x[2])


def test_every_picture_has_its_words(fuzzy: Readout, sharp: Readout) -> None:
    codes = {p.code for readout in (fuzzy, sharp) for p in readout.pictures}
    assert [c for c in sorted(codes) if not (known(f"picture.{c}.title") and known(f"picture.{c}.caption", "zh"))] == []


def test_check_says_before_the_effects_what_fit_says_of_the_data(columns: dict[str, Any], fuzzy: Readout) -> None:
    before = cx.check(
        asked("churn", "nps", "spend", "calls", design=", fuzzy: credit, covariates: [tenure_months]"),
        data=table(columns),
    )
    assert [c for c in fuzzy.checks if c.name in {b.name for b in before}] == list(before)


def test_one_region_that_moves_customers_across_is_named() -> None:
    """In region 7 half of those within an hour of the cutoff are put on it."""
    trapped = table(drawn(customers=40_000, moved=0.5))
    found = {c.name: c for c in cx.check(asked(design=", fuzzy: credit", more="segments: [region]"), data=trapped)}
    assert (found["density"].verdict, found["density"].facts["where"]) == ("fail", ["region=7"])
    without = cx.check(asked(design=", fuzzy: credit", more="exclude: {region: [7]}"), data=trapped)
    assert next(c for c in without if c.name == "density").verdict == "pass"


def test_whole_hours_are_no_piling_up(columns: dict[str, Any]) -> None:
    """Rounded down, so that no customer crosses the cutoff: every value is a heap, and none is higher than its neighbours promise."""
    minutes = np.floor(columns["hours_30d"] * 10) / 10
    readout = cx.fit(asked(), data=table(columns, hours_30d=minutes))
    assert named(readout, "density").verdict == "pass"
    assert readout.effect("churn").std_error > 0


def test_a_covariate_that_jumps_is_named(columns: dict[str, Any]) -> None:
    tenure = columns["tenure_months"] + 20 * (columns["hours_30d"] >= 8)
    found = cx.fit(asked(design=", covariates: [tenure_months]"), data=table(columns, tenure_months=tenure))
    check = named(found, "covariate-continuity")
    assert (check.verdict, check.facts["jumps"]) == ("fail", ["tenure_months"])
    assert found.grade
    assert "covariate-continuity" in {n.facts.get("check") for n in found.grade.because}


def test_a_jump_elsewhere_is_found(columns: dict[str, Any]) -> None:
    place = float(np.median(columns["hours_30d"][columns["hours_30d"] < 8]))
    spend = columns["spend"] + 4 * (columns["hours_30d"] >= place)
    check = named(
        cx.fit(asked("spent"), data=table(columns, spend=spend)),
        "placebo-cutoffs",
    )
    assert (check.verdict, check.facts["jumps"]) == ("fail", [pytest.approx(place)])


def test_cases_moved_across_fail_the_donut(columns: dict[str, Any]) -> None:
    near = (columns["hours_30d"] >= 8) & (columns["hours_30d"] < 8.1)
    spend = columns["spend"] + 15 * near
    readout = cx.fit(asked("spent"), data=table(columns, spend=spend))
    assert named(readout, "donut").verdict == "fail"


def test_the_level_starts_at_four(sharp: Readout) -> None:
    assert sharp.grade
    assert sharp.grade.because[0].facts == {"design": "discontinuity", "level": 4}


def test_the_same_seed_gives_the_same_readout(columns: dict[str, Any], sharp: Readout) -> None:
    again = cx.fit(asked("spend", "churn", "nps", "calls"), data=table(columns))
    assert again.effects == sharp.effects


# Bad input.


def test_no_rows_on_one_side(columns: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="no value on one side of the cutoff 8"):
        cx.fit(asked(), data=table(columns, hours_30d=np.minimum(columns["hours_30d"], 7.9)))


def test_a_running_variable_in_words(columns: dict[str, Any]) -> None:
    words = [f"{h} h" if i == 3 else str(h) for i, h in enumerate(columns["hours_30d"])]
    with pytest.raises(DataError, match="`hours_30d` holds text where numbers are expected"):
        cx.fit(asked(), data=table(columns, hours_30d=words))


def test_numbers_written_as_text_are_numbers(columns: dict[str, Any], sharp: Readout) -> None:
    text = [str(h) for h in columns["hours_30d"]]
    readout = cx.fit(asked("spend", "churn", "nps", "calls"), data=table(columns, hours_30d=text))
    assert readout.effect("spend").estimate == sharp.effect("spend").estimate


def test_an_empty_running_variable(columns: dict[str, Any]) -> None:
    hours = columns["hours_30d"].copy()
    hours[:5] = np.nan
    with pytest.raises(DataError, match=r"`hours_30d` \(running\) is empty in 5 rows"):
        cx.fit(asked(), data=table(columns, hours_30d=hours))


@pytest.mark.parametrize(
    ("value", "said"), [(2.0, "holds 0 to 2; expected 1 for those who got it"), (np.nan, "is empty in 1 rows")]
)
def test_a_treatment_received_that_is_no_share(columns: dict[str, Any], value: float, said: str) -> None:
    credit = columns["credit"].astype(float)
    credit[0] = value
    with pytest.raises(DataError, match=said):
        cx.fit(asked(design=", fuzzy: credit"), data=table(columns, credit=credit))


def test_a_cutoff_that_moves_nobody(columns: dict[str, Any]) -> None:
    credit = np.random.default_rng(5).integers(0, 2, len(columns["credit"]))
    with pytest.raises(CannotAnswer, match="does not clearly change who gets the treatment"):
        cx.fit(asked(design=", fuzzy: credit"), data=table(columns, credit=credit))


def test_a_treatment_that_nobody_got(columns: dict[str, Any]) -> None:
    nobody = table(columns, credit=np.zeros(len(columns["credit"])))
    with pytest.raises(
        CannotAnswer, match=r"does not clearly change who gets the treatment \(0.000 below it, 0.000 above\)"
    ):
        cx.fit(asked(design=", fuzzy: credit"), data=nobody)


def test_a_rule_that_everybody_kept_is_a_sharp_design(columns: dict[str, Any], sharp: Readout) -> None:
    kept = table(columns, credit=(columns["hours_30d"] >= 8).astype(int))
    readout = cx.fit(asked("spent", "churn", "nps", "calls", design=", fuzzy: credit"), data=kept)
    assert readout.effect("spend").estimate == pytest.approx(sharp.effect("spend").estimate, rel=1e-9)
    assert readout.effect("spend").std_error == pytest.approx(sharp.effect("spend").std_error, rel=1e-9)
    assert named(readout, "fuzzy-first-stage").verdict == "pass"


def test_too_few_values_near_the_cutoff(columns: dict[str, Any]) -> None:
    hours = np.where(columns["hours_30d"] >= 8, 8.0 + (columns["hours_30d"] > 12), columns["hours_30d"])
    with pytest.raises(CannotAnswer, match="and 2 from it on; at least 10 on either side"):
        cx.fit(asked(), data=table(columns, hours_30d=hours))


def test_too_few_answers_near_the_cutoff(columns: dict[str, Any]) -> None:
    few = {name: values[:60] for name, values in columns.items()}
    with pytest.raises(CannotAnswer):
        cx.fit(asked(), data=table(few))


def test_a_time_to_leaving_has_no_jump_yet() -> None:
    churn = asked().outcomes[0].model_copy(update={"kind": "duration"})
    with pytest.raises(CannotAnswer, match="is a duration") as refused:
        cx.check(asked().model_copy(update={"outcomes": [churn]}), data=pa.table({}))
    assert refused.value.exit_code == 5


def test_half_the_bandwidth_may_lie_in_a_gap_and_is_then_left_out_of_the_curve() -> None:
    """Sixteen whole numbers from 10 on, and as many below: the bandwidth holds ten of them, half of it none."""
    rng = np.random.default_rng(0)
    x = rng.choice(np.r_[-25:-9, 10:26], 2_000)
    data = pa.table(
        {"customer_id": np.arange(2_000), "hours_30d": x + 8, "spend": x + 3 * (x >= 0) + rng.normal(size=2_000)}
    )
    readout = cx.fit(asked("spent"), data=data)
    curve = named(readout, "bandwidth").facts["curve"]
    assert [c["multiple"] for c in curve] == [1.0, 1.5, 2.0]
    assert abs(named(readout, "donut").facts["without"] - 3) < WITHIN * readout.effect("spend").std_error
    assert abs(readout.effect("spend").estimate - 3) < WITHIN * readout.effect("spend").std_error


def test_a_donut_that_leaves_nothing_is_not_drawn() -> None:
    """Nearly all lie on the farthest of ten values a side, so that the nearest 5 % reach as far as they do."""
    x = np.repeat(np.r_[-10:0, 1:11], [400, *[2] * 9, *[2] * 9, 400])
    y = np.random.default_rng(0).normal(size=len(x))
    data = pa.table({"customer_id": np.arange(len(x)), "hours_30d": x + 8, "spend": y})
    assert cx.fit(asked("spent"), data=data).check("donut") is None


def test_check_refuses_what_fit_refuses(columns: dict[str, Any]) -> None:
    hours = np.where(columns["hours_30d"] >= 8, 8.0 + (columns["hours_30d"] > 12), columns["hours_30d"])
    nobody = table(columns, credit=np.zeros(len(columns["credit"])))
    for design, data in (("", table(columns, hours_30d=hours)), (", fuzzy: credit", nobody)):
        said = []
        for asking in (cx.check, cx.fit):
            with pytest.raises(CannotAnswer) as refused:
                asking(asked(design=design), data=data)
            said.append(str(refused.value))
        assert said[0] == said[1]


def test_nothing_is_said_of_takers_where_everybody_took_less_than_half(columns: dict[str, Any], fuzzy: Readout) -> None:
    small = cx.fit(asked(design=", fuzzy: credit"), data=table(columns, credit=0.4 * columns["credit"]))
    assert warned(fuzzy, "naive-received") is not None
    assert warned(small, "naive-received") is None


def test_segments_at_a_cutoff_are_pooled_and_not_shifted(columns: dict[str, Any]) -> None:
    half = np.arange(len(columns["spend"])) % 2
    spend = columns["spend"] + 4 * half * (columns["hours_30d"] >= 8)
    readout = cx.fit(asked("spent", more="segments: [half]"), data=table(columns, spend=spend, half=half))
    for e, truth in zip([e for e in readout.effects if e.segment], (3, 7), strict=True):
        assert abs(e.estimate - truth) < WITHIN * e.std_error
        assert "centred on the headline" not in e.method


def warned(readout: Readout, code: str) -> dict[str, Any] | None:
    return next((n.facts for n in readout.warnings if n.code == code), None)


def test_few_different_values_are_said(columns: dict[str, Any]) -> None:
    halves = np.floor(columns["hours_30d"] * 2) / 2
    few = warned(cx.fit(asked(), data=table(columns, hours_30d=halves)), "few-values")
    assert few is not None
    assert few["values"] < discontinuity.FEW_VALUES
    assert warned(cx.fit(asked(), data=table(columns)), "few-values") is None


def test_an_estimate_outside_its_own_interval_is_said() -> None:
    """Whole numbers that bend on one side: ten values are the fewest, and a straight line through them misses the bend."""
    rng = np.random.default_rng(5)
    x = rng.integers(-15, 16, 20_000)
    y = np.where(x >= 0, x**2, 0) + rng.standard_normal(len(x))
    data = pa.table({"customer_id": np.arange(len(x)), "hours_30d": x + 8, "spend": y})
    readout = cx.fit(asked("spent"), data=data)
    effect, facts = readout.effect("spend"), warned(readout, "outside-its-interval")
    assert effect.low is not None
    assert effect.high is not None
    assert not effect.low <= effect.estimate <= effect.high
    assert facts is not None
    assert facts["estimate"] == effect.estimate


def test_a_treatment_given_below_the_threshold_is_said_and_its_sides_are_named_by_place(
    columns: dict[str, Any],
) -> None:
    upside_down = table(columns, hours_30d=16 - columns["hours_30d"])
    fit = cx.fit(asked(design=", fuzzy: credit"), data=upside_down)
    facts = warned(fit, "received-below")
    assert facts is not None
    assert facts["below"] > 0.8 > 0.2 > facts["above"]
    plain = cx.fit(asked(design=", fuzzy: credit"), data=table(columns))
    assert warned(plain, "received-below") is None
    assert fit.effect("churn").estimate == pytest.approx(plain.effect("churn").estimate, abs=0.02)
    names = {s.name for p in fit.pictures if p.code.startswith("threshold") for s in p.series}
    assert names == {"below", "above"}


def test_hours_written_as_on_the_cutoff_fail_with_their_count() -> None:
    check = next(c for c in cx.check(asked(), data=table(drawn(customers=20_000, moved=0.9))) if c.name == "density")
    assert (check.verdict, check.facts["declared"]) == ("fail", "heap")
    assert check.facts["at_cutoff"] > 2 * check.facts["expected"]


@pytest.mark.parametrize("taken", [1.0, 1 / 3])
def test_a_threshold_that_moves_nobody_is_refused_and_not_divided_by(taken: float) -> None:
    plan = plan_of("discontinuity", design={"kind": "discontinuity"} | DESIGNS["discontinuity"] | {"fuzzy": "got"})
    with pytest.raises(CannotAnswer, match="does not clearly change who gets the treatment"):
        cx.fit(plan, data=history("discontinuity").assign(got=taken), seed=1)
