"""Plans by simulation: against the closed form, against fresh data with an effect, and with any number of processes."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from plan_worlds import history, plan_of

from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.inference import two_sided_p
from causalcx.designs import instrument, staggered, switchback
from causalcx.designs.planning.histories import history_need, world_of
from causalcx.designs.planning.made import Setting, made_history
from causalcx.designs.planning.panel_worlds import panel_of
from causalcx.designs.planning.power import detectable_effect
from causalcx.designs.planning.simulated import simulated, simulated_sizes
from causalcx.designs.planning.spreads import Stated, stated_spreads
from causalcx.designs.planning.trials import Trials
from causalcx.designs.planning.trials import trials as tried
from causalcx.designs.planning.worlds import Near, World, parted
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull


def world(kind: str, setting: Setting = Setting(), *, own: bool = False, rows=None, **changes):  # noqa: B008 - frozen
    experiment = plan_of(kind, **changes)
    source = open_frame(history(kind) if rows is None else rows)
    need = history_need(experiment, source.table.columns, import_module(module_of(experiment)))
    return world_of(experiment, pull(source, need), setting, 1, own=own)


def module_of(experiment: Experiment) -> str:
    return "causalcx.designs." + experiment.design.kind.replace("-", "_")


def trials(of: World, sizes: list[int], runs: int, seed: int, **more) -> list[Trials]:
    return tried(of, sizes, runs, seed, design=module_of(of.experiment), **more)


def test_a_simulated_detectable_effect_is_that_of_the_closed_form():
    """A nudge by lot is a randomised arm, and the effect on the 80 % who follow it that of the arm divided by 0.8. 800 worlds tell a quantile to 4 per cent; tolerance: 10."""
    experiment, frame = made_history(plan_of("instrument"), Stated(spread={"sales": 10.0}), Setting(moved=0.8), 1)
    found = trials(world_of(experiment, frame, Setting(moved=0.8), 1, own=False), [1_000], 800, 1, workers=1)[0]
    spreads = stated_spreads(experiment, Stated(spread={"sales": 10.0}))
    assert spreads
    closed = detectable_effect(spreads, 0, (0.5, 0.5), 1_000, 0.8)
    assert found.detectable(0, 0.8, 1) == pytest.approx(closed / 0.8, rel=0.10)
    assert found.std_error[0] == pytest.approx(10 * np.sqrt(4 / 1_000) / 0.8, rel=0.08)


def with_effect(kind: str, frame, effect: float):
    """The same world, in which the treated rows gain."""
    if kind == "staggered":
        labels, panel = frame.labels["first_week"], panel_of(frame)
        first = np.array([panel.clock.labels.index(n) if n in panel.clock.labels else 10**6 for n in labels.names])
        return panel.time >= first[labels.position]
    return frame.arm == 1


@pytest.mark.parametrize(
    ("kind", "module", "size"),
    [("staggered", staggered, 4), ("switchback", switchback, 96), ("instrument", instrument, 800)],
)
def test_the_planned_power_is_what_fresh_data_with_the_effect_show(kind, module, size):
    """300 worlds plan, 200 others try; tolerance: three Monte Carlo errors of both."""
    made = world(kind)
    effect = trials(made, [size], 300, 1, workers=1)[0].detectable(0, 0.8, 1)
    seen = 0
    for run in range(200):
        experiment, frame = made.drawn(size, run, np.random.default_rng([99, run]))
        treated = with_effect(kind, frame, effect)
        frame.outcomes["sales"][treated] += effect
        estimates = module.estimated(experiment, frame, seed=run)
        error = float(np.sqrt(estimates.covariance[0, 0]))
        df = estimates.df[0]
        seen += two_sided_p(float(estimates.value[0]), error, df) < 0.05
    assert seen / 200 == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / 200 + 0.16 / 300))


def test_digits_do_not_depend_on_the_number_of_processes():
    made = world("switchback")
    one, two = (trials(made, [48], 32, 5, workers=w)[0] for w in (1, 2))
    assert np.array_equal(one.value, two.value)
    assert np.array_equal(one.error, two.error)
    assert not np.array_equal(one.value, trials(made, [48], 32, 6, workers=1)[0].value)


def test_progress_is_told_to_the_end():
    told = []
    trials(world("instrument"), [300], 20, 1, workers=1, progress=lambda done, whole: told.append((done, whole)))
    assert told[-1] == (20, 20)


@pytest.mark.parametrize("kind", ["staggered", "synthetic-control", "switchback", "discontinuity", "instrument"])
def test_intervals_hold_zero_where_nothing_happens(kind):
    """40 worlds; four misses of forty happen by chance in one of seven, eight hardly ever."""
    made = world(kind)
    found = trials(
        made, [made.sizes[1] if kind == "switchback" else max(made.sizes[0], min(made.usual, 1_500))], 40, 3, workers=1
    )[0]
    assert found.holds_nothing().mean() >= 0.8
    assert abs(found.value.mean()) < 4 * found.value.std() / np.sqrt(40)


def test_what_a_change_did_in_the_history_is_no_noise():
    """What was added is found to the digit, by least squares or from what the nudge moved; so worlds are the same."""
    slots = history("switchback").assign(
        setting=lambda d: np.where(np.random.default_rng(2).random(len(d)) < 0.5, "on", "off")
    )
    on = (slots.setting == "on").astype(float)
    before = on.groupby(slots.store).shift().fillna(on)
    nudges, chosen = history("instrument"), history("observational")
    for kind, size, rows, did in (
        ("switchback", 96, slots, 6 * on + 4 * before),
        ("instrument", 800, nudges, 30.0 * nudges.took),
        ("observational", 300, chosen, 30.0 * chosen.took),
    ):
        without, with_it = (
            trials(world(kind, rows=d), [size], 3, 1, workers=1)[0] for d in (rows, rows.assign(sales=rows.sales + did))
        )
        assert with_it.value == pytest.approx(without.value, rel=1e-6)
        assert with_it.error == pytest.approx(without.error, rel=1e-6)


def test_covariates_help_at_a_cutoff_as_they_do_in_a_fit():
    """Five per year of age, held equal, cost nothing; without them noise would be five times as large. 60 worlds tell an error to 9 per cent."""
    rows, design = (
        history("discontinuity"),
        {"kind": "discontinuity", "unit": "id", "running": "hours", "cutoff": 4, "covariates": ["age"]},
    )
    plain, aged = (
        trials(world("discontinuity", rows=d, design=design), [1_500], 60, 1, workers=1)[0]
        for d in (rows, rows.assign(sales=rows.sales + 5 * rows.age))
    )
    assert aged.std_error[0] == pytest.approx(plain.std_error[0], rel=0.25)


def test_noise_that_a_history_has_at_the_cutoff_is_no_jump_of_its_worlds():
    """Some more just above it than anywhere else, as chance has it. The tolerance is four errors of a mean."""
    rows = history("discontinuity").assign(sales=lambda d: d.sales + 30 * d.hours.between(4, 4.1))
    value = trials(world("discontinuity", rows=rows), [1_500], 60, 1, workers=1)[0].value[:, 0]
    assert abs(value.mean()) < 4 * value.std() / np.sqrt(60)


def test_a_roll_out_is_planned_as_its_cohorts_are():
    rows = history("staggered").assign(first_week=lambda d: np.where(d.store < 6, 40, np.where(d.store < 12, 43, 0)))
    made = world("staggered", rows=rows)
    assert made.roll.offsets == (0, 3)
    assert made.roll.shares == pytest.approx((0.25, 0.25, 0.5))
    _, frame = made.drawn(5, 0, np.random.default_rng(1))
    labels = frame.labels["first_week"]
    assert len(panel_of(frame).clock.labels) == 1 + 3 + 5
    assert sorted(np.bincount(labels.position).tolist()) == [6 * 9, 6 * 9, 12 * 9]


def test_the_plans_own_data_are_read_before_the_start_only():
    rows = history("staggered").assign(first_week=lambda d: np.where(d.store < 12, 20, 0))
    rows.loc[(rows.store < 12) & (rows.week >= 20), "sales"] = 1e6
    made = world("staggered", rows=rows, own=True)
    assert made.sizes[1] == 20 - 1
    assert np.nanmax(trials(made, [3], 8, 1, workers=1)[0].first.base) < 1e3
    course = history("interrupted-time-series").assign(sales=lambda d: np.where(d.week >= 25, 1e6, d.sales))
    made = world(
        "interrupted-time-series",
        rows=course,
        own=True,
        design={"kind": "interrupted-time-series", "unit": "store", "time": "week", "start": 25},
    )
    assert made.periods == 25


def test_too_short_a_history_says_what_it_takes():
    short = (
        history("staggered")
        .query("week < 3")
        .assign(first_week=lambda d: np.where(d.store < 6, 10, np.where(d.store < 12, 15, 0)))
    )
    with pytest.raises(CannotAnswer, match="7 periods"):
        world("staggered", rows=short)
    with pytest.raises(CannotAnswer, match="--moved"):
        world("instrument", rows=history("instrument").drop(columns=["nudged", "took"]))


def test_units_needed_shrink_with_the_square_of_what_matters():
    """Beyond the sizes tried errors fall with the root of the size: the same ratio to the digit."""
    needed = {}
    for matters in (0.8, 0.4):
        outcomes = [
            {
                "name": "sales",
                "kind": "amount",
                "column": "sales",
                "role": "primary",
                "window_months": 1,
                "matters": matters,
            }
        ]
        found = simulated(
            plan_of("instrument", outcomes=outcomes),
            world("instrument", outcomes=outcomes),
            None,
            60,
            1,
            design="causalcx.designs.instrument",
            workers=1,
            progress=None,
        )
        needed[matters] = simulated_sizes(found, None, {}, "history")[0].needed
    assert needed[0.4] == pytest.approx(4 * needed[0.8], rel=1e-3)


def test_parts_and_neighbours_by_hand():
    rng = np.random.default_rng(1)
    assert sorted(parted(10, (0.5, 0.3, 0.2), rng).tolist()) == [0] * 5 + [1] * 3 + [2] * 2
    assert set(parted(3, (0.98, 0.01, 0.01), rng).tolist()) == {0, 1, 2}
    near = Near.by(np.array([30.0, 10.0, 20.0]))
    assert near.drawn(np.array([0, 1, 2]), 0, rng).tolist() == [0, 1, 2]


def test_of_very_many_units_some_are_drawn_and_errors_scaled(monkeypatch):
    """12 of 24 stores are drawn: errors are still those of 24; 60 worlds tell each to 9 per cent, tolerance 35."""
    whole = trials(world("staggered"), [3], 60, 1, workers=1)[0]
    monkeypatch.setattr("causalcx.designs.planning.panel_worlds.MOST_GROUPS", 12)
    monkeypatch.setattr("causalcx.designs.planning.panel_worlds.MOST_HISTORY", 20)
    few = world("staggered")
    assert few.groups == 12
    assert len(few.where) == 20
    found = trials(few, [3], 60, 1, workers=1)[0]
    assert found.std_error[0] == pytest.approx(whole.std_error[0], rel=0.35)
