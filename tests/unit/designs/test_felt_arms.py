"""Randomised units that feel their neighbours' change: least squares by hand, known truth, and what cannot be told."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import CannotAnswer, DataError
from causalcx.designs.neighbours import felt_arms
from causalcx.designs.regression import Regression
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull
from tests.conftest import built

TODAY = dt.date(2026, 6, 1)
OWN, TREATED_FEEL, UNTREATED_FEEL = 1.0, -0.4, -0.8


def sites(seed: int = 0, units: int = 600, regions: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sites on a map, drawn one by one or by region, and the pairs of those near each other."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(0, 1, (units, 2))
    near = (((place[:, None] - place[None]) ** 2).sum(axis=2) < 2 / (units * np.pi)) & ~np.eye(units, dtype=bool)
    side = max(int(regions**0.5), 1)
    region = (place[:, 0] * side).astype(int) * side + (place[:, 1] * side).astype(int)
    lot = rng.permutation(side**2) < side**2 // 2 if regions else rng.permutation(units) < units // 2
    treated = lot[region] if regions else lot
    number = near.sum(axis=1)
    share = near @ treated.astype(float) / np.maximum(number, 1)
    level = 10 + 0.2 * number + 0.5 * (number == 0) + (rng.normal(size=side**2)[region] * 0.5 if regions else 0)
    y = level + OWN * treated + np.where(treated, TREATED_FEEL, UNTREATED_FEEL) * share + rng.normal(size=units)
    data = pd.DataFrame(
        {"id": np.arange(units), "arm": np.where(treated, "b", "a"), "region": region, "y": y, "felt": share, "z": rng.normal(size=units)}
    )  # fmt: skip
    unit, neighbour = np.nonzero(near)
    return data, pd.DataFrame({"unit": unit, "neighbour": neighbour})


def asked(folder, data: pd.DataFrame, pairs: pd.DataFrame | None, changes: dict | None = None):
    declared = {"exposure": "felt"} if pairs is None else {"neighbours": "pairs.csv"}
    if pairs is not None:
        pairs.to_csv(folder / "pairs.csv", index=False)
    experiment = built({"interference": declared} | (changes or {})).from_file(folder / "experiment.yaml")
    return experiment, pull(open_frame(data), felt_arms.needs(experiment, TODAY))


def parts(readout) -> dict:
    return {e.aggregation: e for e in reversed(readout.effects)}


def truth(pairs: pd.DataFrame, units: int = 600) -> dict[str, float]:
    has = pairs.unit.nunique() / units
    spill = TREATED_FEEL * has
    return {"own": OWN, "spillover": spill, "spillover-untreated": UNTREATED_FEEL * has, None: OWN + spill}


def test_total_is_own_and_spillover_and_goes_first(tmp_path) -> None:
    data, pairs = sites()
    readout = felt_arms.fit(*asked(tmp_path, data, pairs), seed=1)
    found = parts(readout)
    assert readout.effects[0].headline
    assert readout.effects[0].estimand == "ATE with every neighbour treated too (total)"
    assert "share of treated neighbours" in readout.effects[0].method
    assert found[None].estimate == pytest.approx(found["own"].estimate + found["spillover"].estimate)
    for name, true in truth(pairs).items():
        assert abs(found[name].estimate - true) < 4 * found[name].std_error
    (naive,) = (n.facts for n in readout.warnings if n.code == "naive-neighbours")
    assert naive["naive"] == pytest.approx(data.y[data.arm == "b"].mean() - data.y[data.arm == "a"].mean())
    assert readout.check("interference").verdict == "pass"


def test_estimates_are_least_squares_by_hand(tmp_path) -> None:
    data, pairs = sites(1)
    found = parts(felt_arms.fit(*asked(tmp_path, data, pairs), seed=1))
    d, e = (data.arm == "b").to_numpy(float), data.felt.to_numpy()
    has = np.isin(data.id, pairs.unit).astype(float)
    held = np.column_stack([has, np.bincount(pairs.unit, minlength=600)])
    held = held - held.mean(axis=0)
    x = np.column_stack([np.ones(600), d, e * (1 - d), e * d, held, held * d[:, None]])
    b = np.linalg.lstsq(x, data.y, rcond=None)[0]
    assert found["own"].estimate == pytest.approx(b[1], abs=1e-6)
    assert found["spillover"].estimate == pytest.approx(b[3] * has.mean(), abs=1e-6)


def test_errors_are_those_of_leaving_each_group_out() -> None:
    rng = np.random.default_rng(0)
    x, y, group = rng.normal(size=(40, 3)), rng.normal(size=40), np.arange(40) // 4
    fitted = Regression.of(x, group)
    without = np.array(
        [np.linalg.lstsq(x[group != g], y[group != g], rcond=None)[0] - fitted.coefficients(y) for g in range(10)]
    )
    assert np.allclose(fitted.influence(y), -without, atol=1e-9)
    alone = Regression.of(x, np.arange(40))
    one = np.linalg.lstsq(np.delete(x, 7, axis=0), np.delete(y, 7), rcond=None)[0]
    assert np.allclose(alone.influence(y)[7], alone.coefficients(y) - one, atol=1e-9)
    assert alone.freedom(np.eye(3)[0], y) < 40
    assert not Regression.of(np.column_stack([x[:, 0], x[:, 0]]), group).knows(np.array([1.0, 0.0]))


def test_whole_regions_drawn(tmp_path) -> None:
    data, pairs = sites(2, regions=36)
    readout = felt_arms.fit(*asked(tmp_path, data, pairs, {"design.cluster": "region"}), seed=1)
    found = parts(readout)
    assert "errors by cluster (region)" in found[None].method
    assert found[None].df < 36
    for name, true in truth(pairs).items():
        assert abs(found[name].estimate - true) < 4 * found[name].std_error
    assert readout.check("few-clusters") is not None


def test_covariates_strata_and_gaps_in_answers(tmp_path) -> None:
    data, pairs = sites(3)
    data = data.assign(
        y=data.y + 3 * data.z + 2 * (data.id % 2), half=data.id % 2, nps=np.clip(np.round(data.y), 0, 10)
    )
    data.loc[::7, "y"] = np.nan
    changes = {
        "design.covariates": ["z"], "design.strata": ["half"],
        "outcomes": [
            {"name": "y", "kind": "amount", "column": "y", "role": "primary"},
            {"name": "nps", "kind": "nps", "column": "nps", "role": "secondary"},
        ],
    }  # fmt: skip
    readout = felt_arms.fit(*asked(tmp_path, data, pairs, changes), seed=1)
    found = parts(readout)
    assert abs(found[None].estimate - truth(pairs)[None]) < 4 * found[None].std_error
    assert found[None].std_error < 0.2  # against 0.45 without the covariate
    assert len(readout.covariance.matrix) == 2
    assert readout.check("balance") is not None
    assert readout.effects[0].n_treated + readout.effects[0].n_control == data.y.notna().sum()


@pytest.mark.parametrize("design", [{}, {"design.cluster": "region"}])
def test_a_covariate_in_won_says_what_it_says_in_dollars(tmp_path, design: dict) -> None:
    data, pairs = sites(3, regions=100 if design else 0)
    found = [
        felt_arms.fit(
            *asked(tmp_path, data.assign(z=size * data.z), pairs, {"design.covariates": ["z"]} | design), seed=1
        )
        for size in (1.0, 1e8)
    ]
    for one, other in zip(*(f.effects for f in found), strict=True):
        assert (one.estimate, one.std_error) == pytest.approx((other.estimate, other.std_error), rel=1e-6)


def test_a_column_may_tell_the_share(tmp_path) -> None:
    data, pairs = sites(4)
    linked = data[np.isin(data.id, pairs.unit)]
    found = parts(felt_arms.fit(*asked(tmp_path, linked, None), seed=1))
    assert abs(found["own"].estimate - OWN) < 4 * found["own"].std_error
    assert abs(found[None].estimate - OWN - TREATED_FEEL) < 4 * found[None].std_error


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: d.assign(felt=d.felt + 0.5), "between 0 and 1"),
        (lambda d: d.assign(felt=d.felt.where(d.id > 3)), "is empty in 4 rows"),
        (lambda d: d.assign(felt=-0.1), "holds -0.1"),
    ],
)
def test_a_column_that_is_no_share_is_refused(tmp_path, change, says) -> None:
    data, _ = sites(units=200)
    with pytest.raises(DataError, match=says):
        felt_arms.check(*asked(tmp_path, change(data), None), seed=1)


def test_neighbours_that_always_got_the_same_tell_nothing(tmp_path) -> None:
    data = pd.DataFrame({"id": range(40), "arm": ["a", "a", "b", "b"] * 10, "y": np.arange(40.0) % 7})
    pairs = pd.DataFrame({"unit": range(0, 40, 2), "neighbour": range(1, 40, 2)})
    with pytest.raises(CannotAnswer, match="the total effect already"):
        felt_arms.check(*asked(tmp_path, data, pairs), seed=1)


def test_a_share_that_is_the_same_for_all_is_not_called_the_total(tmp_path) -> None:
    data, _ = sites(units=200)
    for felt in (0.5, np.where(data.arm == "b", 0.6, 0.2)):
        with pytest.raises(CannotAnswer, match="hardly differs between units"):
            felt_arms.check(*asked(tmp_path, data.assign(felt=felt), None), seed=1)


def test_two_arms_and_somebody_near_the_change_are_needed(tmp_path) -> None:
    data, pairs = sites(units=200)
    with pytest.raises(CannotAnswer, match="two arms; the data have a, b, c"):
        felt_arms.fit(*asked(tmp_path, data.assign(arm=["a", "b", "c", "a"] * 50), pairs), seed=1)
    with pytest.raises(CannotAnswer, match="nothing can have spilled over"):
        felt_arms.check(*asked(tmp_path, data.assign(felt=0.0), None), seed=1)


RUNS = 150


def test_intervals_hold_the_truth() -> None:
    """At 95 %, fewer than 134 of 150 would happen once in a thousand."""
    hits = 0
    for seed in range(RUNS):
        data, pairs = sites(seed, units=300)
        d, share = (data.arm == "b").to_numpy(float), data.felt.to_numpy()
        has = np.isin(data.id, pairs.unit).astype(float)
        held = np.column_stack([has, np.bincount(pairs.unit, minlength=300)])
        place = felt_arms.Place(d, share, has, held, None, np.arange(300), "unit")
        value, variance, _ = felt_arms._outcome(place, data.y.to_numpy()).triple("total")
        hits += abs(value - OWN - TREATED_FEEL * has.mean()) < 1.97 * variance**0.5
    assert hits >= 134
