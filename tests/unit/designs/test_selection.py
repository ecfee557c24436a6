"""Units picked by their own outcome: found when they were, not when they were not, with what such units do if left alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

import causalcx as cx
from causalcx.core.errors import DataError
from causalcx.core.experiment_file import parse_experiment
from causalcx.core.panel import Clock
from causalcx.designs.roll_out.waves import Waves
from causalcx.designs.selection.check import of_waves
from causalcx.simulate.coaching import Coaching

WORLDS = 100
SCORE = "{name: score, kind: score, column: nps, unit: NPS points, better: higher, role: primary, matters: 3}"
STAGGERED = "kind: staggered, unit: store, time: quarter, cohort: coached_from"
OBSERVED = "kind: observational, unit: store, treatment: coached, control: 0, covariates: [nps_before, size]"


def plan(design: str, more: str = "", outcome: str = SCORE) -> Any:
    return parse_experiment(f"""
key: coached
title: Coach stores
intervention: staffing
owner: a@example.com
hypothesis: Coached stores serve better.
period: {{start: 2025-04-01, end: 2025-12-31}}
data: {{source: data.parquet}}
design: {{{design}}}
interference: none
{more}
outcomes:
  - {outcome}
""")


def found(design: str, data: pd.DataFrame, more: str = "", outcome: str = SCORE) -> Any:
    checks = [c for c in cx.check(plan(design, more, outcome), data=data) if c.name == "selected-on-outcome"]
    return checks[0] if checks else None


def stores(world: Coaching, seed: int) -> pd.DataFrame:
    return pd.DataFrame(world.draw(seed))


def judged(score: np.ndarray, coached: np.ndarray, start: int) -> str:
    """The verdict on scores [stores, quarters]."""
    n, quarters = score.shape
    clock = Clock("quarter", tuple(map(str, range(quarters))), "number", np.arange(quarters, dtype=float))
    waves = Waves(
        clock, ("coached", "never"), np.array([start, quarters]), np.where(coached, 0, 1), None, score[:, :, None], np.zeros((n, quarters, 0)),
        np.arange(n), np.zeros(2),
    )  # fmt: skip
    return of_waves(plan(STAGGERED), waves).check.verdict


def verdicts(world: Coaching) -> Counter[str]:
    spoken: Counter[str] = Counter()
    for seed in range(WORLDS):
        drawn = world.draw(seed)
        score, start = (drawn[k].reshape(world.stores, world.quarters) for k in ("nps", "coached_from"))
        spoken[judged(score, start[:, 0] != "", world.start)] += 1
    return spoken


@pytest.mark.parametrize(
    "world", [Coaching(), Coaching(stores=40, coached=8), Coaching(start=2), Coaching(between=9.0)],
    ids=["twenty", "eight of forty", "one quarter before", "levels differ as much as luck"],
)  # fmt: skip
def test_the_worst_are_found(world: Coaching) -> None:
    assert verdicts(world)["pass"] <= 0.05 * WORLDS


@pytest.mark.parametrize(
    "world", [Coaching(by_lot=True), Coaching(by_lot=True, stores=40, coached=8), Coaching(by_lot=True, start=2), Coaching(by_lot=True, effect=9.0)],
    ids=["twenty", "eight of forty", "one quarter before", "a large effect"],
)  # fmt: skip
def test_those_drawn_by_lot_raise_no_alarm(world: Coaching) -> None:
    assert verdicts(world)["pass"] >= 0.95 * WORLDS


def test_stores_that_were_always_low_were_not_picked_after_a_bad_spell() -> None:
    world = Coaching(by_lot=True, between=16.0)
    spoken: Counter[str] = Counter()
    for seed in range(WORLDS):
        score = world.draw(seed)["nps"].reshape(world.stores, world.quarters)
        low = (
            np.argsort(np.argsort(score[:, :4].mean(axis=1))) < 20
        )  # the lowest of the first year are coached two years on
        spoken[judged(score, low, world.start)] += 1
    assert spoken["fail"] <= 0.01 * WORLDS
    assert spoken["pass"] >= 0.9 * WORLDS


def test_what_such_units_do_if_left_alone_is_read_off_earlier_quarters() -> None:
    world = Coaching()
    facts = [found(STAGGERED, stores(world, seed)).facts for seed in range(20)]
    expected, error = (np.array([f[k] for f in facts]) for k in ("expected", "expected_std_error"))
    truth = world.truth()["careless"]["before_after"]
    assert expected.mean() == pytest.approx(truth, abs=4 * expected.std() / len(facts) ** 0.5)
    assert error.mean() == pytest.approx(expected.std(ddof=1), rel=0.4)
    assert {f["side"] for f in facts} == {"low"}


def test_the_best_are_found_too_and_fall() -> None:
    data = stores(Coaching(), 1)
    data["nps"] = -data["nps"]
    check = found(STAGGERED, data)
    assert (check.verdict, check.facts["side"]) == ("fail", "high")
    assert check.facts["expected"] < -10


def test_a_failed_check_hides_the_effect_and_says_what_before_and_after_would_claim() -> None:
    readout = cx.fit(plan(STAGGERED), data=stores(Coaching(), 1))
    (notice,) = (w for w in readout.warnings if w.code == "naive-selected")
    assert notice.facts["naive"] == pytest.approx(notice.facts["after"] - notice.facts["before"])
    (picture,) = (p for p in readout.pictures if p.code == "selected-on-outcome")
    treated, alone = (np.array(s.y, float) for s in picture.series)
    assert np.nanmax(np.abs(treated - alone)) < 6
    assert np.nanmin(treated) == treated[3] < -14


def test_answers_of_others_in_every_period_are_read_by_cluster() -> None:
    data = stores(Coaching(stores=60, coached=6), 2)
    rows = data.loc[data.index.repeat(3)].reset_index(drop=True)
    rows["answer"] = rows.index
    rows["nps"] += np.tile([-5.0, 0.0, 5.0], len(data))
    design = STAGGERED.replace("unit: store", "unit: answer")
    assert found(design + ", cluster: store", rows).verdict == "fail"
    alone = found(design, rows)
    assert (alone.verdict, alone.facts["declared"]) == ("info", "once")


def test_a_synthetic_control_for_the_three_worst_of_twenty() -> None:
    world = Coaching(stores=20, coached=3, start=24, quarters=30)
    spoken = Counter()
    for seed in range(20):
        data = stores(world, seed)
        treated = sorted(data.loc[data["coached_from"] != "", "store"].unique().tolist())
        design = f"kind: synthetic-control, unit: store, time: quarter, treated: {treated}, start: 2029Q1"
        spoken[found(design, data).verdict] += 1
    assert spoken["pass"] <= 2


def once(seed: int, coached: str) -> pd.DataFrame:
    """One row per store, of which the score before is a column."""
    data = stores(Coaching(), seed)
    score = data.pivot(index="store", columns="quarter", values="nps")
    before, rng = score["2025Q1"], np.random.default_rng(seed)
    picked = {
        "worst": before.rank() <= 20,
        "some of the worst": (before.rank() <= 60) & (rng.uniform(size=240) < 0.4),
        "by lot": pd.Series(rng.permutation(240) < 30, before.index),
    }[coached]
    columns = {"store": score.index, "coached": picked.astype(int), "nps_before": before, "nps": score["2025Q2"]}
    return pd.DataFrame(columns | {"size": rng.normal(size=240)}).reset_index(drop=True)


@pytest.mark.parametrize(("coached", "verdict"), [("worst", "fail"), ("some of the worst", "info"), ("by lot", "pass")])
def test_a_column_that_is_the_outcomes_own_past(coached: str, verdict: str) -> None:
    check = found(OBSERVED, once(3, coached), "columns: {nps_before: {known: before}, size: {known: before}}")
    assert check.verdict == verdict
    assert check.facts["column"] == "nps_before"
    if verdict == "fail":
        assert check.facts["expected"] == pytest.approx(15, abs=5)


def test_without_such_a_column_nothing_is_said() -> None:
    data = once(3, "worst").rename(columns={"nps_before": "zone"})
    data["zone"] *= 100
    assert found(OBSERVED.replace("nps_before", "zone"), data) is None


def test_a_series_that_started_after_a_bad_spell_is_asked_about() -> None:
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"day": range(60), "nps": rng.normal(10, 2, 60)})
    design = "kind: interrupted-time-series, time: day, start: 40"
    assert found(design, data).verdict == "pass"
    data.loc[37:39, "nps"] -= 12
    check = found(design, data)
    assert (check.verdict, check.facts["periods"]) == ("warn", 3)
    assert check.facts["dip"] == pytest.approx(-12, abs=3)


@pytest.mark.parametrize("kind", ["randomised", "observational"])
def test_before_and_after_as_two_arms_are_refused_by_name(kind: str) -> None:
    data = stores(Coaching(), 1)
    data = data[(data["coached_from"] != "") & data["quarter"].isin(["2025Q1", "2025Q2"])]
    covariates = ", covariates: [coached_from]" if kind == "observational" else ""
    design = f"kind: {kind}, unit: store, treatment: quarter, control: 2025Q1{covariates}"
    with pytest.raises(
        DataError, match=r"20 of them stand in more than one arm of `quarter`.*recover by themselves.*staggered"
    ):
        cx.check(plan(design), data=data)
