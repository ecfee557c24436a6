"""Lee bounds: a loop over sorted answers, ties in part, errors by resampling, strata, clusters, and the interval's closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from causalcx.core.effect import Effect
from causalcx.core.need import Reduced
from causalcx.core.readout import Readout
from causalcx.core.tails import tails_of_columns
from causalcx.designs.arms.bounds import imbens_manski

SAME = 1e-9
RESAMPLED = 0.15
"""Relative: 300 draws, and a bootstrap whose cut is drawn too."""
RATES = {"a": 0.6, "b": 0.8}


def data(kind: str = "amount", rates: dict[str, float] = RATES, n: int = 2_000) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    arm = rng.permutation(np.arange(n) % 2)
    level = rng.normal(size=n) + 0.3 * arm
    y = {"amount": np.exp(level), "binary": (level > 0).astype(float), "nps": np.clip(np.rint(8 + 2 * level), 0, 10)}[
        kind
    ]
    labels = np.array(["a", "b"])[arm]
    answered = rng.uniform(size=n) < np.array([rates[x] for x in labels])
    return {"id": np.arange(n), "arm": labels, "y": np.where(answered, y, np.nan), "s": rng.integers(0, 3, n), "g": 100 * arm + rng.integers(0, 50, n)}  # fmt: skip


def plan(kind: str = "amount", **changes: Any) -> dict[str, Any]:
    return {"outcomes": [{"name": "y", "kind": kind, "column": "y", "role": "primary"}]} | changes


def in_units(kind: str, y: Any) -> Any:
    return np.where(np.isnan(y), np.nan, 100.0 * ((y >= 9) * 1.0 - (y <= 6))) if kind == "nps" else y


def by_hand(y: Any, arm: Any) -> tuple[float, float]:
    """The lowest and the highest mean of as many answers as the other arm gave; the one at the cut counts in part."""
    rate = {x: (~np.isnan(y[arm == x])).mean() for x in "ab"}
    more = "b" if rate["b"] > rate["a"] else "a"
    kept = rate["ab".replace(more, "")] / rate[more]
    answers = np.sort(y[(arm == more) & ~np.isnan(y)])
    weight = np.clip(kept * len(answers) - np.arange(len(answers)), 0, 1)
    ends = [float(weight @ values) / weight.sum() for values in (answers, answers[::-1])]
    other = np.nanmean(y[arm != more])
    return (ends[0] - other, ends[1] - other) if more == "b" else (other - ends[1], other - ends[0])


def bounds(readout: Readout) -> tuple[Effect, Effect]:
    found = {e.aggregation: e for e in readout.effects}
    return found["lee-lower"], found["lee-upper"]


@pytest.mark.parametrize("kind", ["amount", "binary", "nps"])
@pytest.mark.parametrize("rates", [RATES, {"a": 0.9, "b": 0.5}], ids=["treated trimmed", "control trimmed"])
def test_bounds_are_those_of_the_sorted_answers(fit_trial, kind, rates) -> None:
    d = data(kind, rates)
    lower, upper = bounds(fit_trial(plan(kind), pa.table(d)))
    assert (lower.estimate, upper.estimate) == pytest.approx(by_hand(in_units(kind, d["y"]), d["arm"]), rel=SAME)
    assert lower.applies_to == upper.applies_to == "always answering"
    answered = [(~np.isnan(d["y"][d["arm"] == x])).mean() for x in "ab"]
    assert lower.share == pytest.approx(min(answered))
    assert (lower.low, lower.high) == (upper.low, upper.high)
    assert lower.low < lower.estimate < upper.estimate < upper.high


@pytest.mark.parametrize("kind", ["amount", "binary", "nps"])
def test_errors_are_those_of_resampling(fit_trial, kind) -> None:
    d, rng = data(kind), np.random.default_rng(5)
    y = in_units(kind, d["y"])
    drawn = [by_hand(y[i], d["arm"][i]) for i in rng.integers(0, len(y), (300, len(y)))]
    found = [e.std_error for e in bounds(fit_trial(plan(kind), pa.table(d)))]
    assert found == pytest.approx(np.std(drawn, axis=0), rel=RESAMPLED)


def test_the_engine_reads_what_the_naive_twin_reads(trial, reduce_trial) -> None:
    d = data()
    found = reduce_trial(trial(plan()), pa.table(d)).tails
    twin = tails_of_columns(d["arm"].tolist(), "y", d["y"], trims=True)
    assert found.trims == twin.trims
    assert found.moments.product == pytest.approx(twin.moments.product, rel=SAME)


def test_strata_of_unlike_shares_are_evened_out(fit_trial) -> None:
    """Copies that even out the arms' shares within strata give the same bounds without strata."""
    rng = np.random.default_rng(3)
    s = np.repeat([0, 1], 1_200)
    arm = np.where(np.arange(2_400) % 4 < np.where(s == 0, 3, 1), "b", "a")
    y = np.where(rng.uniform(size=2_400) < np.where(arm == "b", 0.85, 0.6), rng.normal(size=2_400) + 3.0 * s, np.nan)
    d = {"id": np.arange(2_400), "arm": arm, "y": y, "s": s}
    lower, upper = bounds(fit_trial(plan(**{"design.strata": ["s"]}), pa.table(d)))
    copies = np.where((arm == "b") == (s == 0), 1, 3)
    assert (lower.estimate, upper.estimate) == pytest.approx(
        by_hand(np.repeat(y, copies), np.repeat(arm, copies)), rel=1e-3
    )


def test_clusters_have_errors_of_their_own(fit_trial) -> None:
    d = data()
    d |= {"y": d["y"] + 2 * np.random.default_rng(2).normal(size=200)[d["g"]]}
    alone, together = (bounds(fit_trial(plan(**c), pa.table(d))) for c in ({}, {"design.cluster": "g"}))
    for one, other in zip(alone, together, strict=True):
        assert other.estimate == pytest.approx(one.estimate, rel=SAME)
        assert other.std_error > 1.5 * one.std_error
        assert other.df is not None


def test_planned_looks_widen_the_one_range_of_both_bounds(fit_trial) -> None:
    once = bounds(fit_trial(plan(), pa.table(data())))
    looks = {"spending": "pocock", "at": [0.5, 1.0], "planned_units": 2_000}
    lower, upper = bounds(fit_trial(plan(looks=looks), pa.table(data())))
    assert (lower.low, lower.high) == (upper.low, upper.high)
    assert lower.low < once[0].low < once[0].high < upper.high
    assert once[0].low - lower.low < 0.5 * once[0].std_error
    assert lower.look == upper.look == 2


def test_arms_that_answered_alike_have_none(fit_trial) -> None:
    readout = fit_trial(plan(), pa.table(data(rates={"a": 0.7, "b": 0.7})))
    assert [e.aggregation for e in readout.effects] == [None]
    assert fit_trial(plan(), pa.table(data())).rests_on[-1].code == "lee-monotonicity"


def test_every_arm_has_bounds_of_its_own(fit_trial) -> None:
    d = data(n=3_000)
    third = np.arange(3_000) % 3 == 0
    d |= {"arm": np.where(third, "c", d["arm"]), "y": np.where(third & (np.arange(3_000) % 2 == 0), np.nan, d["y"])}
    found = [e.comparison for e in fit_trial(plan(), pa.table(d)).effects if e.aggregation == "lee-upper"]
    assert found == ["b vs a", "c vs a"]


def test_the_check_says_that_limits_are_shown(fit_trial) -> None:
    check = fit_trial(plan(), pa.table(data())).check("missing-by-arm")
    assert (check.verdict, check.facts["shape"]) == ("fail", "bounded")


def test_a_refit_from_stored_sums_is_the_same_to_the_bit(trial, reduce_trial) -> None:
    from causalcx.designs.randomised import fit

    experiment = trial(plan(**{"design.cluster": "g"}))
    reduced = reduce_trial(experiment, pa.table(data()))
    again = Reduced.from_json(reduced.to_json())
    assert fit(experiment, again, seed=1).effects == fit(experiment, reduced, seed=1).effects


def test_the_interval_is_two_sided_without_width_and_one_sided_with_much() -> None:
    assert imbens_manski(0.0, 1.0, None, 0.95) == pytest.approx(stats.norm.ppf(0.975), rel=SAME)
    assert imbens_manski(100.0, 1.0, None, 0.95) == pytest.approx(stats.norm.ppf(0.95), rel=SAME)
    assert imbens_manski(0.0, 1.0, 5.0, 0.95) == pytest.approx(stats.t.ppf(0.975, 5), rel=SAME)
    assert imbens_manski(1.0, 0.0, None, 0.95) == 0.0
