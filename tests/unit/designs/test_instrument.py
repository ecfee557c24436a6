"""`kind: instrument` from an experiment file to a readout: nudges, agents, weak and wrong instruments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import causalcx as cx
from causalcx.core.check import Check
from causalcx.core.errors import CannotAnswer, DataError, ExperimentError, NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.readout import Readout
from causalcx.simulate.nudge import Agents, Nudge

WITHIN = 4.0
"""Standard errors: a single draw of the worlds below is farther from its truth less than once in ten thousand."""
CALLS = "{name: calls, kind: count, column: calls_90d, better: lower, role: primary}"
CHURN = "{name: churn, kind: binary, column: churned_90d, better: lower, role: primary}"
NPS = "{name: nps, kind: nps, column: score, role: secondary}"
NUDGED = "unit: customer, instrument: message, treatment: used_app"
SERVED = "unit: call, instrument: agent_id, treatment: waived"


def experiment(*outcomes: str, design: str = NUDGED, more: str = "") -> Experiment:
    lines = "\n".join(f"  - {o}" for o in outcomes or (CALLS,))
    return parse_experiment(f"""
key: app-nudge
title: A message on hold
intervention: other
owner: a@example.com
hypothesis: none
period: {{start: 2026-01-01, end: 2026-01-31}}
data: {{source: none.parquet}}
design: {{kind: instrument, {design}}}
interference: none
outcomes:
{lines}
{more}
""")


def data(callers: int = 6_000, seed: int = 1, **changed: Any) -> pa.Table:
    return pa.table(Nudge().draw(callers, seed) | changed)


def named(readout: Readout, name: str) -> Check:
    found = readout.check(name)
    assert found
    return found


def facts(readout: Readout, code: str) -> dict[str, Any]:
    return next(n.facts for n in (*readout.warnings, *readout.rests_on) if n.code == code)


@pytest.fixture(scope="module")
def nudged() -> Readout:
    return cx.fit(experiment(CALLS, CHURN, NPS, design=f"{NUDGED}, covariates: tenure_months"), data=data(20_000))


@pytest.fixture(scope="module")
def served() -> Readout:
    return cx.fit(experiment(CHURN, design=f"{SERVED}, covariates: bill"), data=pa.table(Agents().draw(20_000, 1)))


def test_the_effect_on_compliers_is_recovered_that_takers_against_others_miss(nudged: Readout) -> None:
    truth = Nudge().truth()
    for name in ("calls", "churn", "nps"):
        effect = nudged.effect(name)
        assert (effect.estimand, effect.applies_to) == ("LATE", "compliers")
        assert abs(effect.estimate - truth["effects"][name]) < WITHIN * effect.std_error
    naive = facts(nudged, "naive-takers")["naive"]
    assert naive == pytest.approx(truth["careless"]["calls"], abs=0.1)
    assert truth["effects"]["calls"] - naive > 0.1


def test_compliers_are_counted_and_described(nudged: Readout) -> None:
    who, effect = facts(nudged, "compliers-are"), nudged.effect("calls")
    assert effect.share == who["share"] == pytest.approx(0.30, abs=0.03)
    assert (who["always"], who["never"]) == (pytest.approx(0.15, abs=0.02), pytest.approx(0.55, abs=0.02))
    tenure = np.exp(3 + 0.3 * 0.2 + 0.5**2 / 2)
    assert who["covariates"][0]["compliers"] == pytest.approx(tenure, rel=0.1)


def test_the_baseline_is_the_compliers_mean_without_it(nudged: Readout) -> None:
    assert nudged.effect("calls").baseline == pytest.approx(3.0 - 0.5 * 0.2, abs=0.3)


def test_the_nudge_itself_is_a_part(nudged: Readout) -> None:
    part = next(e for e in nudged.effects if e.aggregation == "intention-to-treat")
    assert (part.outcome, part.comparison, part.estimand, part.headline) == ("calls", "1 vs 0", "ITT", False)
    assert abs(part.estimate - Nudge().truth()["intention_to_treat"]["calls"]) < WITHIN * part.std_error
    assert part.estimate == pytest.approx(nudged.effect("calls").estimate * nudged.effect("calls").share, rel=1e-9)


def test_outcomes_share_one_law_and_nps_its_flows(nudged: Readout) -> None:
    joint = np.array(nudged.covariance.matrix)
    assert np.linalg.eigvalsh(joint).min() > 0
    assert np.sqrt(np.diag(joint)) == pytest.approx([e.std_error for e in nudged.headlines], rel=1e-12)
    (flow,) = nudged.flows
    assert 100 * (flow.promoters - flow.detractors) == pytest.approx(nudged.effect("nps").estimate, rel=1e-9)


def test_a_strong_first_stage_passes_and_its_set_is_the_interval(nudged: Readout) -> None:
    assert named(nudged, "first-stage").verdict == "pass"
    effect, check = nudged.effect("calls"), named(nudged, "anderson-rubin")
    assert (check.facts["low"], check.facts["high"]) == pytest.approx((effect.low, effect.high), abs=0.01)
    assert effect.set is None
    assert [c.name for c in nudged.checks].count("sample-ratio") == 1


def test_assumptions_are_told(nudged: Readout) -> None:
    codes = [n.code for n in nudged.rests_on]
    assert codes == ["instrument-drawn-within", "instrument-exclusion", "instrument-monotonicity", "compliers-are"]


def test_the_first_stage_is_shown_beside_every_primary(nudged: Readout) -> None:
    design, calls, churn = nudged.pictures
    assert (design.code, design.outcome, calls.outcome, churn.outcome) == ("first-stage", None, "calls", "churn")
    assert design.ticks == calls.ticks == ("0", "1")
    assert design.series[0].y[1] - design.series[0].y[0] == pytest.approx(0.3, abs=0.03)  # type: ignore[operator]


def test_agents_whom_chance_assigned_tell_by_their_leniency(served: Readout) -> None:
    truth, effect = Agents().truth(), served.effect("churn")
    assert abs(effect.estimate - truth["effects"]["churn"]) < WITHIN * effect.std_error
    assert facts(served, "naive-takers")["naive"] == pytest.approx(truth["careless"]["churn"], abs=0.02)
    assert effect.share == pytest.approx(truth["share"], abs=0.05)
    assert effect.df is not None
    assert 20 < effect.df < 59
    assert "clustered by level of the instrument" in effect.method
    assert len(served.pictures[0].series[0].x) == 10


def test_an_agent_with_one_call_is_left_out_and_said() -> None:
    columns = Agents(agents=20).draw(2_000, 1)
    columns["agent_id"][0] = "visiting"
    readout = cx.fit(experiment(CHURN, design=SERVED), data=pa.table(columns))
    assert facts(readout, "instrument-alone") == {"instrument": "agent_id", "units": 1, "rows": 2_000}


def test_messages_of_several_texts_need_no_clusters() -> None:
    columns = Nudge().draw(6_000, 1)
    texts = np.where(columns["message"] == 0, "none", np.where(columns["customer"] % 2 == 0, "short", "long"))
    effect = cx.fit(experiment(), data=pa.table(columns | {"message": texts})).effect("calls")
    assert effect.df is None
    assert abs(effect.estimate + 0.9) < WITHIN * effect.std_error


def test_an_instrument_drawn_by_what_was_known_is_noticed() -> None:
    columns = Nudge().draw(6_000, 1)
    rng = np.random.default_rng(0)
    kept = rng.uniform(size=6_000) < np.where((columns["message"] == 1) & (columns["tenure_months"] > 30), 0.5, 1.0)
    table = pa.table({name: values[kept] for name, values in columns.items()})
    check = named(cx.fit(experiment(design=f"{NUDGED}, covariates: tenure_months"), data=table), "instrument-balance")
    assert check.verdict == "warn"
    assert check.facts["largest"]["name"] == "tenure_months"


def test_answers_are_held_against_the_nudge_not_against_take_up() -> None:
    columns = Nudge().draw(6_000, 1)
    rng = np.random.default_rng(0)
    asked = rng.uniform(size=6_000) < np.where(columns["used_app"] == 1, 0.6, 0.3)
    by_takers = pa.table(columns | {"score": np.where(asked, columns["score"], np.nan)})
    readout = cx.fit(experiment(NPS.replace("secondary", "primary")), data=by_takers)
    assert set(named(readout, "missing-by-arm").facts["answered"]) == {"0", "1"}
    even = rng.uniform(size=6_000) < 0.4
    fair = pa.table(columns | {"score": np.where(even, columns["score"], np.nan)})
    assert named(cx.fit(experiment(NPS.replace("secondary", "primary")), data=fair), "missing-by-arm").verdict == "pass"


def weak(strength: float, seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)
    message, liking = rng.integers(2, size=400), rng.normal(size=400)
    used = (liking + strength * message > 0.5).astype(int)
    return pa.table(
        {
            "customer": np.arange(400),
            "message": message,
            "used_app": used,
            "calls_90d": rng.poisson(np.exp(0.5 - 0.3 * liking)),
        }
    )


def test_a_weak_instrument_shows_the_set_with_its_open_ends() -> None:
    readouts = [cx.fit(experiment(), data=weak(0.15, s)) for s in range(12) if strength_of(s) >= 1.0]
    shapes = {named(r, "anderson-rubin").facts["shape"] for r in readouts if named(r, "first-stage").verdict == "fail"}
    assert shapes
    for readout in readouts:
        effect, check = readout.effect("calls"), named(readout, "anderson-rubin")
        if named(readout, "first-stage").verdict != "fail":
            continue
        assert "Anderson-Rubin set" in effect.method
        assert effect.low == (check.facts["low"] if check.facts["shape"] == "bounded" else None)
        assert (effect.set is None) == (check.facts["shape"] != "disjoint")


def test_with_a_weak_instrument_money_draws_from_the_joint_law_of_both_stages() -> None:
    """The delta method sees a normal ratio; the draws know that the first stage may be nearly nothing."""
    table = weak(0.25, 7)
    readout = cx.fit(experiment(), data=table, seed=1)
    assert named(readout, "first-stage").verdict != "pass"
    effect = readout.effect("calls")
    prior = readout.law.prior_sd[0]
    delta = (1 / prior**2 + 1 / effect.std_error**2) ** -0.5
    assert readout.law.matrix[0][0] ** 0.5 != pytest.approx(delta, rel=0.05)
    assert readout.law == cx.fit(experiment(), data=table, seed=1).law
    assert effect.probability_better == pytest.approx(
        float((readout.draws(20_000, seed=2)["calls: 1 vs 0"] < 0).mean()), abs=0.02
    )


def strength_of(seed: int) -> float:
    from causalcx.designs.nudge.wald import moved

    t = weak(0.15, seed).to_pydict()
    d, z = np.array(t["used_app"], float), np.array(t["message"], float)
    return moved(d[:, None], d, z, np.zeros((400, 1)), None).strength(0)


@pytest.mark.parametrize(("callers", "verdict"), [(9, "warn"), (5, "fail"), (200, "pass")])
def test_few_callers_are_too_few_to_estimate_luck_from(callers: int, verdict: str) -> None:
    rng = np.random.default_rng(1)
    message = np.arange(callers) % 2
    rows = {
        "customer": np.arange(callers),
        "message": message,
        "used_app": message,
        "calls_90d": rng.poisson(4, callers),
    }
    rows["used_app"] = np.where(np.arange(callers) == 2, 1, message)
    found = named(cx.fit(experiment(), data=pa.table(rows)), "small-sample")
    assert (found.verdict, found.facts["n"]) == (verdict, min(rows["used_app"].sum(), (1 - rows["used_app"]).sum()))


def test_an_instrument_that_moves_nothing_cannot_answer() -> None:
    rng = np.random.default_rng(3)
    columns = Nudge().draw(4_000, 1) | {"message": rng.permutation(np.repeat([0, 1], 2_000))}
    order = np.lexsort((columns["message"], columns["used_app"]))
    columns["message"] = np.empty(4_000, int)
    columns["message"][order] = np.arange(4_000) % 2
    with pytest.raises(CannotAnswer, match=r"did not move `used_app` \(F = 0\.00"):
        cx.fit(experiment(), data=pa.table(columns))


@pytest.mark.parametrize(
    ("changed", "error", "said"),
    [
        ({"message": np.ones(400, int)}, DataError, "holds one value only"),
        ({"message": [None] * 3 + [1] * 397}, DataError, "is empty in 3 rows"),
        ({"message": np.arange(400)}, CannotAnswer, "holds 400 different values in 400 rows"),
        ({"used_app": np.arange(400) % 3}, CannotAnswer, "holds 0, 1, 2; an instrument tells of one step"),
        ({"used_app": np.zeros(400, int)}, DataError, "holds only the control `0`"),
        ({"message": np.arange(400) % 2, "used_app": np.arange(400) % 2}, CannotAnswer, "this is `kind: randomised`"),
    ],
)
def test_wrong_data_are_one_clear_sentence(changed: dict[str, Any], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        cx.fit(experiment(), data=data(400, **changed))


def test_a_covariate_that_repeats_the_nudge_is_named() -> None:
    columns = Nudge().draw(400, 1)
    with pytest.raises(CannotAnswer, match="The covariates tell `message`"):
        cx.fit(
            experiment(design=f"{NUDGED}, covariates: again"),
            data=pa.table(columns | {"again": 2 * columns["message"] + 1}),
        )


@pytest.mark.parametrize("role", ["covariates: message", "covariates: tenure_months, instrument: calls_90d"])
def test_a_nudge_is_neither_covariate_nor_outcome(role: str) -> None:
    design = role if "instrument" in role else f"instrument: message, {role}"
    with pytest.raises(ExperimentError, match=r"is also an? (covariate|outcome)"):
        experiment(design=f"unit: customer, treatment: used_app, {design}")


def test_segments_are_not_built() -> None:
    with pytest.raises(NotBuilt):
        cx.fit(experiment(more="segments: [age]"), data=data(400))


def test_the_control_is_zero_unless_named() -> None:
    words = np.where(Nudge().draw(2_000, 1)["used_app"] == 1, "app", "phone")
    readout = cx.fit(experiment(design=f"{NUDGED}, control: phone"), data=data(2_000, used_app=words))
    assert readout.effect("calls").comparison == "app vs phone"
