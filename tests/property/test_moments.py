"""The engine's moments against a naive twin in memory, and the arithmetic of moments against data put together."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from causalcx.core.moments import Moments, moments_of_columns
from causalcx.core.need import ANSWERED_BY, COVARIATE, Reduced
from causalcx.core.readout import Readout
from causalcx.designs.randomised import fit

SAME = 1e-9  # relative to the size of the sums: they are added in another order
LARGE = 1e-6  # relative; at 1e9 a double holds a spread of 1 to seven digits
FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # frames of random numbers do not shrink to anything clearer
)  # fmt: skip

COVARIATES = ["tenure", "channel"]


def cap_of(data: pd.DataFrame) -> float:
    return float(data.revenue.median()) + 50


def changes(data: pd.DataFrame) -> dict[str, Any]:
    outcomes = [
        {"name": "nps", "kind": "nps", "column": "score", "role": "primary"},
        {"name": "revenue", "kind": "amount", "column": "revenue", "cap": cap_of(data)},
        {"name": "calls", "kind": "count", "column": "calls"},
    ]
    return {"outcomes": outcomes, "design.covariates": COVARIATES, "design.strata": "site"}


@st.composite
def customers(draw: Any) -> pd.DataFrame:
    """Three arms, up to three strata (one may lack an arm), answers and covariates missing at random or never."""
    n, seed = draw(st.integers(40, 120)), draw(st.integers(0, 2**32 - 1))
    level = draw(st.sampled_from([0.0, -50.0, 1e6]))
    silent, lost, few = (draw(st.sampled_from([0.0, 0.3, 0.8])) for _ in range(3))
    rng = np.random.default_rng(seed)
    some = lambda values, share: np.where(rng.random(n) < share, np.nan, values)  # noqa: E731
    arm = rng.choice(["a", "b", "c"], n)
    arm[:18] = ["a", "b", "c"] * 6
    score = some(rng.integers(0, 11, n).astype(float), silent)
    score[:6] = [10, 0, 9, 3, 8, 10]
    site = rng.choice(["n", "s", "w"][: draw(st.integers(1, 3))], n)
    site[:6] = "n"  # one stratum with two answers in every arm, or there is no standard error
    channel = rng.choice(["app", "phone", "shop"], n).astype(object)
    channel[rng.random(n) < few] = None
    return pd.DataFrame(
        {
            "id": range(n),
            "arm": arm,
            "site": site,
            "score": score,
            "revenue": np.r_[rng.normal(100, 40, 6), some(rng.normal(100, 40, n), lost)[6:]] + level,
            "calls": rng.poisson(2, n),
            "tenure": some(rng.gamma(2, 10, n), few),
            "channel": channel,
        }
    )


def naive(data: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, str | None]]:
    """Every variable as a column, and the column by whose missing values it is masked (None for none)."""
    score, revenue = data.score.to_numpy(), np.minimum(data.revenue.to_numpy(), cap_of(data))
    columns = {
        "nps|promoters": np.where(np.isnan(score), np.nan, score >= 9),
        "nps|detractors": np.where(np.isnan(score), np.nan, score <= 6),
        "revenue": revenue,
        "calls": data.calls.to_numpy(float),
    }
    masks = {"nps|promoters": "nps", "nps|detractors": "nps", "revenue": "revenue", "calls": None}
    answered = {"nps": ~np.isnan(score), "revenue": ~np.isnan(revenue)}
    masks = {v: m if m and not answered[m].all() else None for v, m in masks.items()}
    covariates = dict(naive_covariates(data))
    for outcome, answers in answered.items():
        if not answers.all():
            columns |= {f"{c}{ANSWERED_BY}{outcome}": np.where(answers, x, np.nan) for c, x in covariates.items()}
            masks |= {f"{c}{ANSWERED_BY}{outcome}": outcome for c in covariates}
    return columns | covariates, masks | dict.fromkeys(covariates)


def naive_covariates(data: pd.DataFrame) -> Any:
    raw = {"tenure": data.tenure}
    raw |= {
        f"channel={level}": (data.channel == level).where(data.channel.notna(), np.nan).astype(float)
        for level in sorted(data.channel.dropna().unique())[1:]
    }
    for name, column in raw.items():
        yield COVARIATE + name, column.fillna(column.mean()).to_numpy()
    for name, first in (("tenure", data.tenure), ("channel", data.channel)):
        if first.isna().any():
            yield f"{COVARIATE}{name} is missing", first.isna().to_numpy(float)


def is_used(one: str, other: str, masks: dict[str, str | None]) -> bool:
    """Whether the design reads a pair: all outcomes together, covariates only among the same answerers."""
    covariate = one.startswith(COVARIATE) or other.startswith(COVARIATE)
    return masks[one] == masks[other] or not covariate


@FEW
@given(data=customers())
def test_the_engine_and_the_naive_twin_agree_on_every_pair_the_design_uses(data, trial, reduce_trial):
    experiment = trial(changes(data))
    ours = reduce_trial(experiment, data).moments
    columns, masks = naive(data)
    assert set(ours.variables) == set(columns)
    twin = moments_of_columns(data.arm, {v: columns[v] for v in ours.variables}, data.site, control="a")
    assert (ours.arms, ours.strata) == (twin.arms, twin.strata)
    np.testing.assert_array_equal(ours.units, twin.units)
    for i, one in enumerate(ours.variables):
        for j, other in enumerate(ours.variables):
            if is_used(one, other, masks):
                agree(ours, twin, i, j)
            else:
                assert not ours.count[:, :, i, j].any(), "a pair that was not asked for claims no units"


def agree(ours: Moments, twin: Moments, i: int, j: int) -> None:
    place = (slice(None), slice(None), i, j)
    np.testing.assert_array_equal(ours.count[place], twin.count[place])
    size = np.sqrt(np.abs(twin.product[:, :, i, i] * twin.product[:, :, j, j])).max() + 1
    np.testing.assert_allclose(ours.mean[place], twin.mean[place], rtol=SAME, atol=SAME)
    np.testing.assert_allclose(ours.product[place], twin.product[place], rtol=SAME, atol=SAME * size)


@pytest.mark.parametrize("first", [1e9, 0.0])
def test_a_revenue_of_a_billion_with_a_spread_of_one_keeps_its_variance(first, trial, reduce_trial):
    rng = np.random.default_rng(2)
    revenue = 1e9 + rng.standard_normal(5_000)
    revenue[0] = first if first else revenue[0]
    data = pd.DataFrame({"id": range(5_000), "arm": ["a", "b"] * 2_500, "y": revenue})
    ours = reduce_trial(trial(), data).moments
    twin = moments_of_columns(data.arm, {"y": revenue}, control="a")
    np.testing.assert_allclose(ours.product, twin.product, rtol=LARGE)
    assert ours.product[:, 0, 0, 0] / 2_500 == pytest.approx([1, 1], rel=0.1)  # the spread that was drawn


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    strata=st.integers(2, 6),
    silent=st.sampled_from([0.0, 0.4]),
    level=st.sampled_from([0.0, 1e6]),
)
def test_merged_strata_are_the_moments_of_the_merged_data(seed, strata, silent, level):
    rng = np.random.default_rng(seed)
    n = 80
    arm, cell = rng.choice(["a", "b"], n), rng.integers(0, strata, n).astype(str)
    columns = {name: np.where(rng.random(n) < silent, np.nan, rng.normal(level, 3, n)) for name in ("x", "y")}
    label = {str(s): "even" if s % 2 == 0 else "odd" for s in range(strata)}
    parts = moments_of_columns(arm, columns, cell)
    merged = parts.regrouped([label[s] for s in parts.strata])
    whole = moments_of_columns(arm, columns, [label[s] for s in cell])
    order = [merged.strata.index(s) for s in whole.strata]
    size = 80 * 9
    for name, scale in (("units", 0), ("count", 0), ("mean", 1), ("product", size)):
        np.testing.assert_allclose(getattr(merged, name)[:, order], getattr(whole, name), rtol=SAME, atol=1e-9 * scale)
    np.testing.assert_allclose(
        parts.pooled().product, moments_of_columns(arm, columns).product, rtol=SAME, atol=1e-9 * size
    )


@FEW
@given(data=customers())
def test_json_loses_nothing_and_a_refit_is_bit_identical(data, trial, reduce_trial):
    experiment = trial(changes(data) | {"exclude": {"calls": 9}})
    reduced = reduce_trial(experiment, data)
    again = Reduced.from_json(json.loads(json.dumps(reduced.to_json())))
    assert again.profile == reduced.profile
    for name in ("units", "count", "mean", "product"):
        np.testing.assert_array_equal(getattr(again.moments, name), getattr(reduced.moments, name))
    readout = fit(experiment, reduced, seed=7)
    text = readout.model_dump_json()
    assert fit(experiment, again, seed=7).model_dump_json() == text
    assert Readout.model_validate_json(text) == readout
    assert Readout.model_validate_json(text).model_dump_json() == text


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), arms=st.integers(2, 4), k=st.integers(0, 3), strata=st.integers(1, 4))
def test_the_joint_covariance_is_symmetric_and_positive(seed, arms, k, strata):
    from causalcx.designs.arms.armmeans import arm_means

    rng = np.random.default_rng(seed)
    n = 60 * arms
    y = rng.normal(size=(n, 3)) @ rng.normal(size=(3, 3))
    columns = {f"y{i}": y[:, i] for i in range(3)} | {
        f"{COVARIATE}x{i}": rng.normal(size=n) + y[:, 0] for i in range(k)
    }
    moments = moments_of_columns(
        rng.permutation(np.arange(n) % arms).astype(str), columns, rng.integers(0, strata, n).astype(str)
    )
    for adjustment in ("interacted", "cuped", "none"):
        joint = arm_means(moments, ("y0", "y1", "y2"), adjustment).covariance.reshape(3 * arms, 3 * arms)
        np.testing.assert_allclose(joint, joint.T, atol=1e-12)
        assert np.linalg.eigvalsh(joint).min() > -1e-10
