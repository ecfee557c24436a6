"""The switchback: slots and blocks by hand, the estimator and its errors against matrices, redraws against every order there is."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import causalcx as cx
from causalcx.core.errors import CannotAnswer, DataError, NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.panel import Clock
from causalcx.designs.slots.carry_over import carry_over
from causalcx.designs.slots.means import slot_effect
from causalcx.designs.slots.order import Slots
from causalcx.designs.slots.redraws import redrawn

SAME = 1e-9
"""The same sums in another order."""
FAR = 4.0
"""Monte Carlo standard errors."""
A_DAY = 12


def slots_from(*settings: str, washout: int = 0, at: Sequence[float] | None = None) -> Slots:
    """One text of 0 and 1 per unit; a blank is a slot without a row."""
    found = [(u, t, int(s)) for u, text in enumerate(settings) for t, s in enumerate(text) if s != " "]
    unit, time, on = (np.array(column) for column in zip(*found, strict=True))
    moments = np.arange(max(map(len, settings)), dtype=float) if at is None else np.array(at)
    clock = Clock("slot", tuple(map(str, moments)), "number" if at is None else "day", moments)
    return Slots(clock, np.arange(len(unit)), unit, tuple("abcdefgh"[: len(settings)]), time, on, washout)


def random_slots(seed: int, *, units: int = 3, days: int = 14, block: int = 2, washout: int = 0) -> Slots:
    rng = np.random.default_rng(seed)
    on = np.repeat(rng.integers(0, 2, (units, days * A_DAY // block)), block, axis=1)
    return slots_from(*("".join(map(str, row)) for row in on), washout=washout, at=np.arange(days * A_DAY) / A_DAY)


def nothing(slots: Slots) -> np.ndarray:
    return np.zeros((len(slots.on), 1))


def asked(design: str = "", outcomes: str | None = None) -> Experiment:
    return parse_experiment(f"""
key: routing
title: Routing
intervention: routing
owner: a@example.com
hypothesis: Calls get shorter.
period: {{start: 2026-03-02, end: 2026-03-29}}
data: {{source: none.parquet}}
design: {{kind: switchback, unit: site, time: slot, treatment: vip, control: "off"{design}}}
interference: none
outcomes: {outcomes or "[{name: handle, kind: amount, column: handle, role: primary, unit: s, better: lower, matters: 5}]"}
""")


def table(settings: np.ndarray, **columns: np.ndarray) -> pa.Table:
    units, periods = settings.shape
    start = np.datetime64("2026-03-02T00:00", "us") + np.arange(periods) * np.timedelta64(2, "h")
    own = {"site": np.repeat([f"s{u}" for u in range(units)], periods), "slot": np.tile(start, units)}
    return pa.table(own | {"vip": np.where(settings, "on", "off").ravel()} | {k: v.ravel() for k, v in columns.items()})


def world(seed: int = 0, units: int = 3, days: int = 28, now: float = -8.0, before: float = 0.0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    on = rng.integers(0, 2, (units, days * A_DAY))
    previous = np.column_stack([np.zeros(units), on[:, :-1]])
    return on, 100 + 5 * rng.standard_normal((units, 1)) + now * on + before * previous + 6 * rng.standard_normal(
        on.shape
    )


# ---------------------------------------------------------------- slots


def test_the_washout_takes_slots_after_a_switch_and_not_after_a_gap() -> None:
    slots = slots_from("0011100 1", washout=2)
    assert slots.kept.tolist() == [True, True, False, False, True, False, False, True]
    assert np.nan_to_num(slots.since_switch, nan=-1).tolist() == [-1, -1, 0, 1, 2, 0, 1, -1]


def test_settings_before_are_known_within_a_unit_and_without_gaps() -> None:
    setting, known = slots_from("011 1", "10").before(2)
    assert known.tolist() == [False, False, True, False, False, False]
    assert setting[2] == 0


def test_a_night_on_the_clock_is_a_gap() -> None:
    slots = slots_from("0101", at=[0.0, 0.25, 1.0, 1.25])
    assert slots.known.tolist() == [False, True, False, True]
    assert slots.switched.tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("settings", "length"), [("0011110011", 2), ("000111000000111", 3), ("0100110", 1), ("0000111100001", 4)]
)
def test_blocks_are_as_long_as_all_switches_allow(settings: str, length: int) -> None:
    assert slots_from(settings).block_length == length


def test_units_that_switch_together_or_against_each_other_are_one_draw() -> None:
    slots = slots_from("001011", "001 11", "110100", "010101")
    group, opposite = slots.group
    assert group.tolist() == [0, 0, 0, 1]
    assert opposite.tolist() == [False, False, True, False]
    assert len(np.unique(slots.cluster)) == 12


def test_with_a_washout_runs_are_the_clusters() -> None:
    slots = slots_from("0011101100", washout=1)
    assert not slots.by_blocks
    assert slots.cluster.tolist() == [0, 0, 1, 1, 1, 2, 3, 3, 4, 4]


def test_slots_that_follow_each_other_without_blocks_are_runs() -> None:
    """Runs of many lengths that no coin per slot would give."""
    slots = slots_from("0" * 17 + "1" * 23 + "0" * 19 + "1" * 31 + "0" * 13)
    assert slots.block_length == 1
    assert not slots.by_blocks
    assert len(np.unique(slots.cluster)) == 5


# ---------------------------------------------------------------- the effect


def by_matrices(slots: Slots, y: np.ndarray, x: np.ndarray) -> tuple[float, float, float]:
    """Interacted least squares with CR2 and its degrees of freedom, by whole matrices (Imbens & Kolesar 2016, eqs 8 and 11)."""
    rows = np.flatnonzero(slots.kept & ~np.isnan(y))
    unit, on, cluster, y, x = slots.unit[rows], slots.on[rows], slots.cluster[rows], y[rows], x[rows]
    cells = (2 * unit + on)[:, None] == np.arange(2 * len(slots.names))
    design = np.column_stack([cells, x]).astype(float)
    weight = np.bincount(unit) / len(unit)
    contrast = np.append(np.column_stack([-weight, weight]).ravel(), np.zeros(x.shape[1]))
    inverse = np.linalg.pinv(design.T @ design)
    hat = design @ inverse @ design.T
    off = np.eye(len(y)) - hat
    a = []
    for g in np.unique(cluster):
        own = np.flatnonzero(cluster == g)
        values, vectors = np.linalg.eigh(off[np.ix_(own, own)])
        root = vectors @ np.diag(np.where(values > 1e-9, np.maximum(values, 1e-9) ** -0.5, 0)) @ vectors.T
        a.append(off[:, own] @ root @ design[own] @ inverse @ contrast)
    product = np.array(a) @ np.array(a).T
    error = np.sqrt(np.array(a) @ y @ (np.array(a) @ y))
    return float(contrast @ inverse @ design.T @ y), float(error), float(np.trace(product) ** 2 / (product**2).sum())


@pytest.mark.parametrize(("block", "washout"), [(1, 0), (2, 0), (4, 0), (2, 1)])
def test_the_effect_is_interacted_least_squares_with_cr2(block: int, washout: int) -> None:
    slots = random_slots(block, block=block, washout=washout, days=6)
    rng = np.random.default_rng(1)
    y = rng.normal(0, 1, len(slots.on)) + slots.unit + slots.on * (1 + slots.unit)
    y[rng.choice(len(y), 9, replace=False)] = np.nan
    found = slot_effect(slots, y, nothing(slots), "y")
    value, error, freedom = by_matrices(slots, y, np.zeros((len(y), 0)))
    assert found.value == pytest.approx(value, rel=SAME)
    assert np.sqrt((found.scores**2).sum()) == pytest.approx(error, rel=SAME)
    assert found.df == pytest.approx(freedom, rel=SAME)


def test_covariates_are_held_equal_and_hardly_change_the_errors_of_cr2() -> None:
    slots = random_slots(3, block=2, days=21)
    rng = np.random.default_rng(1)
    x = rng.normal(0, 1, (len(slots.on), 2)) + slots.on[:, None]
    y = rng.normal(0, 1, len(slots.on)) + 2 * slots.on + x @ [3.0, -1.0]
    found = slot_effect(slots, y, x, "y")
    value, error, _ = by_matrices(slots, y, x)
    assert found.value == pytest.approx(value, rel=SAME)
    assert np.sqrt((found.scores**2).sum()) == pytest.approx(
        error, rel=0.02
    )  # leverage of covariates is left out of the division


def test_the_joint_covariance_is_that_of_sums_and_differences() -> None:
    """The error of a sum of outcomes, fitted by itself, is that of the joint law."""
    slots = random_slots(5)
    one, other = np.random.default_rng(2).normal(0, 1, (2, len(slots.on)))
    scores = [slot_effect(slots, y, nothing(slots), "y").scores for y in (one, other, one + 2 * other)]
    assert scores[2] == pytest.approx(scores[0] + 2 * scores[1], abs=SAME)


def test_a_unit_switched_once_is_left_out() -> None:
    slots = slots_from("00110011", "00001111", washout=1)
    found = slot_effect(slots, np.random.default_rng(1).normal(size=16), nothing(slots), "y")
    assert found.left_out == ("b",)
    assert found.used.sum() == 5


def test_carry_over_is_least_squares_on_settings_now_and_before() -> None:
    slots = random_slots(4, block=1, washout=1)
    y = np.random.default_rng(3).normal(0, 1, len(slots.on)) + slots.unit
    found = carry_over(slots, y, nothing(slots))
    assert found is not None
    lags, known = zip(*(slots.before(j) for j in range(3)), strict=True)
    units = slots.unit[:, None] == np.arange(3)
    design = np.column_stack([*lags, units])[known[2]].astype(float)
    expected, *_ = np.linalg.lstsq(design, y[known[2]])
    assert found.by_lag == pytest.approx(expected[:3], abs=SAME)
    pull = (design @ np.linalg.inv(design.T @ design))[:, :3] * (y[known[2]] - design @ expected)[:, None]
    cluster = slots.cluster[known[2]]
    sums = np.array([pull[cluster == g].sum(axis=0) for g in np.unique(cluster)])
    scale = len(sums) / (len(sums) - 1) * (len(design) - 1) / (len(design) - 6)
    assert found.covariance == pytest.approx(scale * sums.T @ sums, rel=1e-6)


def test_slots_that_alternate_tell_nothing_of_carry_over() -> None:
    slots = slots_from("01" * 40)
    assert carry_over(slots, np.random.default_rng(1).normal(size=80), nothing(slots)) is None


# ---------------------------------------------------------------- other draws


def test_redraws_are_those_of_all_orders() -> None:
    """Eight blocks, four on: all 70 orders give the p-value that the draws estimate; with fewer orders than 1,000 none is given."""
    rng = np.random.default_rng(5)
    y = rng.normal(0, 1, 24)
    few = slots_from("000111111000000111000111")
    assert redrawn(few, [y], nothing(few), 1) is None
    slots = slots_from("000111111000000111000111", "111000111000000111111000")
    y = np.append(y, rng.normal(0, 1, 24))
    y -= np.repeat([y[:24].mean(), y[24:].mean()], 24)
    orders = [o for o in itertools.product((0, 1), repeat=8) if sum(o) == 4]
    means = [[np.repeat(o, 3) @ v / 12 - (1 - np.repeat(o, 3)) @ v / 12 for o in orders] for v in (y[:24], y[24:])]
    all_of_them = np.add.outer(*means).ravel() / 2
    own = slots.on @ y / 24 - (1 - slots.on) @ y / 24
    exact = np.mean(np.abs(all_of_them) >= abs(own) * (1 - SAME))
    (found,) = redrawn(slots, [y], nothing(slots), 1) or [None]
    assert found is not None
    assert (found.draws, found.within) == (999, "nothing")
    assert abs(found.p - exact) < FAR * np.sqrt(exact * (1 - exact) / found.draws) + 1 / found.draws


def test_without_an_effect_p_values_are_even() -> None:
    p = []
    for seed in range(40):
        slots = random_slots(seed, units=2, block=2)
        y = np.random.default_rng(seed + 1_000).normal(0, 1, len(slots.on)).cumsum()
        found = redrawn(slots, [y], nothing(slots), 1)
        assert found is not None
        assert found[0].within == "hour-and-weekday"
        p.append(found[0].p)
    assert abs(np.mean(p) - 0.5) < FAR * np.sqrt(1 / 12 / len(p))
    assert np.mean(np.array(p) < 0.2) == pytest.approx(0.2, abs=FAR * np.sqrt(0.16 / len(p)))


# ---------------------------------------------------------------- the whole


def checks_of(readout: Any, name: str) -> Any:
    return next(c for c in readout.checks if c.name == name)


def test_a_fit_finds_the_effect_and_says_how() -> None:
    on, y = world()
    readout = cx.fit(asked(), data=table(on, handle=y))
    effect = readout.effect("handle")
    assert effect.low < -8 < effect.high
    assert (effect.estimand, effect.comparison, effect.n_treated) == ("ATE per slot", "on vs off", int(on.sum()))
    assert [e.aggregation for e in readout.effects] == [None, "this-slot", "slots-before-1", "always-on"]
    assert [p.code for p in readout.pictures] == ["schedule", "since-switch"]
    assert readout.pictures[0].facts["of_units"] == len(readout.pictures[0].series)
    assert checks_of(readout, "sample-ratio").verdict == "info"
    assert checks_of(readout, "carry-over").verdict == "pass"
    assert checks_of(readout, "randomisation-test").value == 0.001


def test_carry_over_without_a_washout_is_a_warning_with_the_effect_of_always_on() -> None:
    on, y = world(before=-6.0)
    readout = cx.fit(asked(), data=table(on, handle=y))
    found = checks_of(readout, "carry-over")
    assert found.verdict == "warn"
    assert found.facts["always_on"] == pytest.approx(-14, abs=1.5)
    assert readout.effect("handle").estimate > -11
    washed = cx.fit(asked(", washout: 1"), data=table(on, handle=y))
    assert checks_of(washed, "carry-over").verdict == "pass"
    assert washed.effect("handle").low < -14 < washed.effect("handle").high


def test_an_hour_is_read_level_by_level() -> None:
    on, y = world()
    hour = np.tile(np.arange(A_DAY) * 2, on.shape[1] // A_DAY) * np.ones((3, 1), int)
    busy = np.array([0, 50, 10, 80, 0, 30, 70, 20, 0, 90, 10, 40])[hour // 2]
    readout = cx.fit(asked(", covariates: [hour]"), data=table(on, handle=y + busy, hour=hour))
    assert readout.effect("handle").std_error == pytest.approx(
        cx.fit(asked(), data=table(on, handle=y)).effect("handle").std_error, rel=0.1
    )


def test_a_schedule_that_follows_the_clock_fails() -> None:
    on, y = world()
    day = (np.arange(on.shape[1]) % A_DAY >= 4) & (np.arange(on.shape[1]) % A_DAY < 10)
    readout = cx.fit(asked(), data=table(np.broadcast_to(day, on.shape) ^ (on * (y > 108)).astype(bool), handle=y))
    assert checks_of(readout, "balance-over-time").verdict == "fail"


def test_every_outcome_kind_and_missing_values() -> None:
    on, y = world()
    rng = np.random.default_rng(9)
    answers = np.where(
        rng.uniform(size=on.shape) < 0.8, np.clip(np.round(7 + on + rng.normal(0, 2, on.shape)), 0, 10), np.nan
    )
    outcomes = """
  - {name: nps, kind: nps, column: score, role: primary}
  - {name: met, kind: binary, column: met, role: secondary}
  - {name: calls, kind: count, column: calls, role: guardrail, margin: 2}
  - {name: csat, kind: score, column: csat, role: secondary}"""
    data = table(
        on, score=answers, met=(y < 98).astype(int), calls=rng.poisson(9, on.shape), csat=np.clip(y / 25, 1, 5)
    )
    readout = cx.fit(asked(outcomes=outcomes), data=data)
    assert [e.unit for e in readout.headlines] == ["NPS points", "share", "count", "points"]
    assert readout.effect("nps").n_treated + readout.effect("nps").n_control == int((~np.isnan(answers)).sum())
    matrix = np.array(readout.covariance.matrix)
    assert matrix[1, 3] < 0  # the share below 98 and the score follow the same figure
    assert np.linalg.eigvalsh(matrix).min() > 0


# ---------------------------------------------------------------- what is refused, and what is left out


def test_units_never_switched_are_left_out_and_said() -> None:
    on, y = world()
    on[1] = 1
    readout = cx.fit(asked(), data=table(on, handle=y))
    (notice,) = (w for w in readout.warnings if w.code == "units-never-switched")
    assert notice.facts["units"] == ["s1"]
    assert readout.effect("handle").share == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("settings", "design", "said"),
    [
        (np.array([[0] * 24, [1] * 24]), "", "No `site` was ever switched"),
        (np.array([[0, 1] * 12, [1, 0] * 12]), ", washout: 1", "lower `design.washout`"),
        (np.array([[0] * 12 + [1] * 12] * 2), "", "Switch more often"),
    ],
)
def test_what_cannot_be_answered(settings: np.ndarray, design: str, said: str) -> None:
    y = np.random.default_rng(1).normal(size=settings.shape)
    with pytest.raises(CannotAnswer, match=said):
        cx.fit(asked(design), data=table(settings, handle=y))


def test_covariates_that_leave_no_slot_to_know_luck_by() -> None:
    settings = np.array([[0, 0, 1, 1] * 3])
    hour, y = np.arange(12)[None], np.random.default_rng(1).normal(size=settings.shape)
    with pytest.raises(CannotAnswer, match=r"take 10 parameters.* only 10 slots"):
        cx.fit(asked(", covariates: [hour]"), data=table(settings, handle=y, hour=hour))
    fewer = cx.fit(asked(", covariates: [hour]"), data=table(settings, handle=y, hour=hour // 2 * 2 % 9))
    assert fewer.effect("handle").df <= 6  # 12 slots, two means, four hours that differ from the first


def test_more_than_two_settings() -> None:
    on, y = world()
    data = table(on, handle=y)
    third = ["new"] * 5 + data.column("vip").to_pylist()[5:]
    with pytest.raises(CannotAnswer, match="3 settings"):
        cx.fit(asked(), data=data.set_column(2, "vip", pa.array(third)))


def test_a_slot_twice_and_several_time_zones() -> None:
    on, y = world()
    data = table(on, handle=y)
    with pytest.raises(DataError, match="unit-periods"):
        cx.fit(asked(), data=pa.concat_tables([data, data.slice(0, 1)]))
    text = [f"{v}+08:00" if i % 2 else f"{v}+00:00" for i, v in enumerate(data.column("slot").to_pylist())]
    with pytest.raises(DataError, match="time zones"):
        cx.fit(asked(), data=data.set_column(1, "slot", pa.array(text)))


def test_parts_that_are_not_built() -> None:
    on, y = world()
    with pytest.raises(NotBuilt, match=r"design\.graph"):
        cx.fit(asked(', graph: "digraph { a -> b }"'), data=table(on, handle=y))


@pytest.mark.parametrize("size", [1.0, 1e9])
def test_a_covariate_in_won_says_what_it_says_in_dollars(size: float) -> None:
    slots, rng = random_slots(3), np.random.default_rng(3)
    hour, spend = rng.integers(0, 2, len(slots.on)).astype(float), np.exp(rng.normal(size=len(slots.on)))
    y = slots.on + 4 * hour + 2 * spend + rng.normal(size=len(slots.on))
    plain, wide = (np.column_stack([hour, s * spend]) for s in (1.0, size))
    assert slot_effect(slots, y, wide, "y").value == pytest.approx(slot_effect(slots, y, plain, "y").value, rel=SAME)
    found, same = carry_over(slots, y, wide), carry_over(slots, y, plain)
    assert found is not None
    assert same is not None
    assert found.by_lag == pytest.approx(same.by_lag, rel=1e-6)
    assert found.beyond == pytest.approx(same.beyond, rel=1e-6)
