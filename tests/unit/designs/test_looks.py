"""Planned looks at a randomised design: which look it is, how wide its ranges are, and what may then be decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import CannotAnswer
from causalcx.core.inference import quantile
from causalcx.core.sequential import AlwaysValid, bounds, spent
from causalcx.designs.arms.looks import TIGHTEST, planned_looks
from causalcx.designs.planning.looks import Schedule, schedule, sizes_with_looks
from causalcx.designs.randomised import check as check_design
from causalcx.service.kinds import design_of
from causalcx.words import check_sentence

DIGITS = 1e-9  # relative; the same arithmetic in another order
FOUR = [0.25, 0.5, 0.75, 1.0]
DATES = ["2026-01-08", "2026-01-16", "2026-02-01"]
Y = {"name": "y", "kind": "amount", "column": "y", "role": "primary", "matters": 1.0}


def units(n: int = 400, effect: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    arm = np.tile(["a", "b"], n // 2)
    return pd.DataFrame(
        {"id": range(n), "arm": arm, "y": rng.normal(10, 3, n) + effect * (arm == "b"), "x": rng.normal(size=n)}
    )


def plan(**looks: Any) -> dict[str, Any]:
    return {"looks": looks, "outcomes": [Y]}


def laid_out(experiment: Any, units: float) -> Schedule:
    """The schedule of a plan that has looks."""
    found = schedule(experiment, units)
    assert found
    return found


def ratio(readout: Any, alone: Any) -> float:
    """How much wider the range is than that of a single look."""
    (e,), (once,) = readout.headlines, alone.headlines
    return (e.high - e.low) / (once.high - once.low)


@pytest.fixture
def alone(fit_trial) -> Any:
    return fit_trial({"outcomes": [Y]}, units())


@pytest.mark.parametrize(
    ("planned", "number", "last"),
    [
        (1_600, 1, False),
        (800, 2, False),
        (780, 2, False),
        (534, 3, False),
        (400, 4, True),
        (398, 4, True),
        (385, 4, True),
    ],
)
def test_units_tell_which_look_it_is(fit_trial, alone, planned, number, last):
    readout = fit_trial(plan(spending="obrien-fleming", at=FOUR, planned_units=planned), units())
    record, effect = readout.looks, readout.headlines[0]
    assert (effect.look, record.number, record.of, record.last) == (number, number, 4, last)
    assert record.information == pytest.approx(400 / planned)
    times = [*FOUR[: number - 1], 400 / planned]
    used = [spent("obrien-fleming", t) for t in times]
    critical = bounds(times, [*used[:-1], 0.05] if last else used)[-1]
    df = effect.df
    expected = -quantile(float(0.5 * _tail(critical)), df) / quantile(0.975, df)
    assert ratio(readout, alone) == pytest.approx(expected, rel=1e-6)
    assert readout.check("early-look").verdict == "pass"


def _tail(critical: float) -> float:
    from scipy import stats

    return float(2 * stats.norm.sf(critical))


def test_a_look_between_the_planned_ones_waits(fit_trial):
    readout = fit_trial(plan(spending="pocock", at=FOUR, planned_units=1_100), units())
    found = readout.check("early-look")
    assert (found.verdict, found.facts["declared"], found.facts["next"]) == ("fail", "unplanned", 0.5)
    assert readout.headlines[0].look is None
    assert readout.looks.number is None
    assert readout.headlines[0].method.endswith("a look that was not planned")


@pytest.mark.parametrize(
    ("as_of", "number"), [("2026-01-08", 1), ("2026-01-16", 2), ("2026-02-01", 3), ("2026-03-01", 3)]
)
def test_dates_tell_which_look_it_is(fit_trial, as_of, number):
    readout = fit_trial(plan(spending="pocock", at=DATES) | {"as_of": as_of}, units())
    assert (readout.headlines[0].look, readout.looks.last) == (number, number == 3)
    assert readout.looks.information == min(((dt.date.fromisoformat(as_of) - dt.date(2026, 1, 1)).days + 1) / 32, 1)


def test_a_day_that_was_not_planned_waits_and_names_the_next(fit_trial):
    readout = fit_trial(plan(spending="pocock", at=DATES) | {"as_of": "2026-01-11"}, units())
    found = readout.check("early-look")
    assert (found.verdict, found.facts["declared"], found.facts["next"]) == ("fail", "unplanned-day", "2026-01-16")


def test_shares_without_units_go_by_the_days_of_the_period(fit_trial):
    readout = fit_trial(plan(spending="pocock", at=[0.5, 1]) | {"as_of": "2026-01-16"}, units())
    assert (readout.headlines[0].look, readout.looks.information) == (1, 0.5)


def test_without_a_date_of_the_data_the_check_says_that_it_is_not_known(fit_trial):
    readout = fit_trial(plan(spending="pocock", at=DATES), units())
    assert readout.check("early-look").verdict == "info"
    assert readout.looks.last


def test_a_look_that_is_named_goes_by_what_is_there(trial, reduce_trial):
    from causalcx.designs.randomised import fit

    experiment = trial(plan(spending="pocock", at=FOUR, planned_units=1_100))
    experiment = experiment.model_copy(update={"looks": experiment.looks.this_is(2)})
    readout = fit(experiment, reduce_trial(experiment, units()), seed=1)
    assert readout.headlines[0].look == 2
    early = readout.check("early-look")
    assert early
    assert early.verdict == "pass"
    assert [n.facts["look"] for n in readout.fallbacks if n.code == "look-moved"] == [2]


def test_a_look_at_more_than_was_planned_fails_before_the_end_and_is_told_of_at_it(fit_trial):
    looks = plan(spending="pocock", at=[0.5, 1.0], planned_units=14)
    found = fit_trial(looks, units()).check("early-look")
    assert (found.verdict, found.facts["declared"]) == ("fail", "beyond")
    assert "the last planned look was at 100%" in check_sentence(found)
    over = fit_trial(looks | {"as_of": "2026-03-01"}, units())
    assert over.check("early-look").verdict == "pass"
    assert [n.facts["look"] for n in over.fallbacks if n.code == "look-moved"] == [2]


@pytest.mark.parametrize(("planned", "short"), [(800, [0.5]), (400, []), (300, [])])
def test_the_last_look_on_few_of_the_planned_units_is_said(fit_trial, planned, short):
    looks = plan(spending="obrien-fleming", at=[0.2, 1.0], planned_units=planned)
    readout = fit_trial(looks | {"as_of": "2026-03-01"}, units())
    assert (readout.looks.number, readout.looks.last) == (2, True)
    assert [n.facts["information"] for n in readout.fallbacks if n.code == "look-short"] == short


def test_ranges_that_looks_hardly_widen_are_not_said_to_be_wider(fit_trial):
    readout = fit_trial(plan(spending="obrien-fleming", at=[0.2, 1.0], planned_units=400), units())
    assert 0 < readout.looks.widening < 0.0005
    assert "no wider than those of a single look" in check_sentence(readout.check("early-look"))
    wider = fit_trial(plan(spending="pocock", at=[0.2, 1.0], planned_units=400), units())
    assert "% wider than those of a single look" in check_sentence(wider.check("early-look"))


def test_an_always_valid_sequence_may_be_read_on_any_day(fit_trial, alone):
    readout = fit_trial(plan(sequence="always-valid") | {"as_of": "2026-01-09"}, units())
    effect, record = readout.headlines[0], readout.looks
    assert (effect.look, record.of, record.last) == (9, 32, False)
    assert record.critical == pytest.approx(AlwaysValid(400, TIGHTEST).critical())
    assert readout.check("early-look").facts["declared"] == "anytime"
    tuned = fit_trial(plan(sequence="always-valid", planned_units=800) | {"as_of": "2026-01-09"}, units())
    assert tuned.looks.critical == pytest.approx(AlwaysValid(400, 800).critical())
    assert ratio(tuned, alone) > 1.5


def test_nothing_but_ranges_and_p_values_changes(fit_trial, alone):
    effect = fit_trial(plan(spending="obrien-fleming", at=FOUR, planned_units=800), units()).headlines[0]
    kept = {"estimate", "std_error", "df", "probability_better", "probability_matters", "baseline", "level"}
    assert effect.model_dump(include=kept) == alone.headlines[0].model_dump(include=kept)
    assert effect.p_value > alone.headlines[0].p_value
    without = fit_trial({"outcomes": [Y]}, units())
    assert without.looks is None
    assert without.headlines[0].look is None


def test_guardrails_and_precision_are_read_from_the_wider_range(fit_trial):
    outcomes = [Y, {"name": "x", "kind": "amount", "column": "x", "role": "guardrail", "margin": 0.2}]
    data = units().assign(x=lambda d: d["x"] - 0.42 * (d["arm"] == "b"))
    alone = fit_trial({"outcomes": outcomes}, data)
    readout = fit_trial(
        {"outcomes": outcomes, "looks": {"spending": "obrien-fleming", "at": FOUR, "planned_units": 1_600}}, data
    )
    assert [r.check("guardrail").verdict for r in (alone, readout)] == ["fail", "warn"]
    effect = readout.headlines[0]
    assert readout.check("precision").value == pytest.approx((effect.high - effect.low) / 2)
    assert [c.name for c in readout.checks] == [c.name for c in alone.checks]


def test_parts_are_widened_and_holm_is_renewed(fit_trial):
    data = pd.concat([units(600), units(600).assign(arm="c", id=lambda d: d["id"] + 600, y=lambda d: d["y"] + 0.7)])
    readout = fit_trial(plan(spending="pocock", at=FOUR, planned_units=2_400), data)
    p = [e.p_value for e in readout.headlines]
    assert [e.p_adjusted for e in readout.headlines] == pytest.approx(
        [max(p), 2 * min(p)] if p[0] > p[1] else [2 * min(p), max(p)]
    )
    assert {e.look for e in readout.effects} == {2}


def test_looks_of_another_design_are_refused(trial):
    keys = {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]}
    with pytest.raises(CannotAnswer, match="`kind: randomised` only; a design of kind observational is read once"):
        design_of(trial(plan(spending="pocock", at=FOUR) | {"design": keys}))


def test_early_units_are_no_failure_of_a_planned_look(trial, reduce_trial):
    experiment = trial(plan(spending="pocock", at=DATES) | {"as_of": "2026-01-08"})
    reduced = reduce_trial(experiment, units())
    reduced = replace(reduced, profile=replace(reduced.profile, immature=4_000))
    found = {c.name: c for c in check_design(experiment, reduced, seed=1)}
    assert found["immaturity"].verdict == "info"
    at_the_end = trial(plan(spending="pocock", at=DATES) | {"as_of": "2026-02-01"})
    assert {c.name: c for c in check_design(at_the_end, reduced, seed=1)}["immaturity"].verdict == "fail"


@pytest.mark.parametrize(
    ("effect", "scale", "stop"), [(4.0, True, False), (-4.0, False, True), (0.0, False, True), (0.9, False, False)]
)
def test_what_a_look_allows(fit_trial, effect, scale, stop):
    data = units(4_000 if effect == 0 else 400, effect)
    readout = fit_trial(plan(spending="obrien-fleming", at=FOUR, planned_units=2 * len(data)), data)
    assert (bool(readout.looks.may_scale), bool(readout.looks.may_stop)) == (scale, stop)


def test_the_bounds_of_the_plan_are_those_of_the_table(trial):
    found = planned_looks(trial(plan(spending="obrien-fleming", at=FOUR)))
    assert [round(p.critical, 3) for p in found] == [4.333, 2.963, 2.359, 2.014]  # Reboussin et al. 2000
    assert found[-1].spent == 0.05
    assert [p.on for p in planned_looks(trial(plan(spending="pocock", at=DATES)))] == [
        dt.date.fromisoformat(d) for d in DATES
    ]


def test_what_looks_cost_in_units(trial):
    """Jennison & Turnbull 2000, tables 2.2 and 7.6: for four looks, power 0.8, about 1.02 and 1.20 times the units."""
    growth = {s: laid_out(trial(plan(spending=s, at=FOUR)), 1_000).growth(0.8) for s in ("obrien-fleming", "pocock")}
    assert growth == pytest.approx({"obrien-fleming": 1.02, "pocock": 1.20}, abs=0.005)


def test_a_chance_under_looks_is_that_of_a_simulated_motion(trial):
    found = laid_out(trial(plan(spending="pocock", at=[0.3, 1])), 1_000)
    rng, runs = np.random.default_rng(4), 40_000
    steps = rng.standard_normal((runs, 2)) * np.sqrt([0.3, 0.7])
    z = (steps.cumsum(axis=1) + 2.5 * np.array([0.3, 1.0])) / np.sqrt([0.3, 1.0])
    seen = (np.abs(z) > found.critical).any(axis=1).mean()
    assert found.chance(2.5) == pytest.approx(seen, abs=4 * np.sqrt(0.25 / runs))


def test_sizes_without_looks_stay(trial):
    assert sizes_with_looks((), None) == ()
    assert schedule(trial({"outcomes": [Y]}), 100) is None
