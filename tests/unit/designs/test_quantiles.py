"""Quantile effects: numpy's quantiles, another package's errors, weights by hand, clusters, ties, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm
from pydantic import ValidationError

from causalcx.core.effect import Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.need import Reduced
from causalcx.core.readout import Readout
from causalcx.core.tails import tails_of_columns
from causalcx.service.kinds import design_of

SAME = 1e-12
ERRORS = 0.25
"""Relative: two density-free and kernel errors of a quantile differ so at a thousand units."""
SHARES = [0.1, 0.5, 0.9]


def plan(kind: str = "amount", shares: list[float] | None = None, **changes: Any) -> dict[str, Any]:
    outcome = {"name": "y", "kind": kind, "column": "y", "role": "primary", "quantiles": shares or SHARES}
    return {"outcomes": [outcome]} | changes


def data(n: int = 2_001) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    arm = rng.permutation(np.arange(n) % 2)
    return {
        "id": np.arange(n), "arm": np.array(["a", "b"])[arm], "y": np.exp(rng.normal(size=n) + 0.1 * arm),
        "s": rng.integers(0, 3, n), "g": 100 * arm + rng.integers(0, 40, n),
    }  # fmt: skip


def parts(readout: Readout) -> dict[str, Effect]:
    return {str(e.aggregation): e for e in readout.effects if e.aggregation}


def test_the_difference_is_that_of_the_arms_quantiles(fit_trial) -> None:
    found, d = parts(fit_trial(plan(), pa.table(data()))), data()
    for p in SHARES:
        a, b = (np.quantile(d["y"][d["arm"] == x], p, method="averaged_inverted_cdf") for x in "ab")
        effect = found[f"quantile {p}"]
        assert effect.estimate == pytest.approx(b - a, rel=SAME)
        assert effect.baseline == pytest.approx(a, rel=SAME)
        assert effect.low < effect.estimate < effect.high
        assert not effect.headline


def test_an_error_like_that_of_quantile_regression(fit_trial) -> None:
    d = data()
    found = parts(fit_trial(plan(shares=[0.5]), pa.table(d)))["quantile 0.5"]
    regression = sm.QuantReg(d["y"], sm.add_constant((d["arm"] == "b").astype(float))).fit(q=0.5)
    assert found.estimate == pytest.approx(regression.params[1], abs=regression.bse[1] / 5)
    assert found.std_error == pytest.approx(regression.bse[1], rel=ERRORS)


def test_the_engine_reads_what_the_naive_twin_reads(trial, reduce_trial) -> None:
    d = data(401) | {"y": np.where(np.arange(401) % 7 == 0, np.nan, np.round(data(401)["y"], 1))}
    found = reduce_trial(trial(plan()), pa.table(d)).tails
    twin = tails_of_columns(d["arm"].tolist(), "y", d["y"], SHARES)
    for one, other in zip(found.quantiles, twin.quantiles, strict=True):
        assert (one.arm, one.share) == (other.arm, other.share)
        assert (one.at, one.tied) == pytest.approx((other.at, other.tied), rel=SAME)
        assert (*one.below, *one.above) == pytest.approx((*other.below, *other.above), rel=SAME)
    assert found.moments.product == pytest.approx(twin.moments.product, rel=1e-9, abs=1e-9)


def test_strata_weigh_each_answer_as_in_the_means(fit_trial) -> None:
    """Three of four in stratum 0 are treated, one of four in stratum 1: copies that even this out give the same quantile."""
    rng = np.random.default_rng(3)
    s = np.repeat([0, 1], 400)
    arm = np.where(np.arange(800) % 4 < np.where(s == 0, 3, 1), "b", "a")
    y = rng.normal(size=800) + 3.0 * s
    d = {"id": np.arange(800), "arm": arm, "y": y, "s": s}
    found = parts(fit_trial(plan(shares=[0.5], **{"design.strata": ["s"]}), pa.table(d)))["quantile 0.5"]
    copies = np.where((arm == "b") == (s == 0), 1, 3)
    a, b = (np.quantile(np.repeat(y[arm == x], copies[arm == x]), 0.5, method="averaged_inverted_cdf") for x in "ab")
    assert found.estimate == pytest.approx(b - a, rel=SAME)
    assert abs(found.estimate) < 0.6 < abs(np.median(y[arm == "b"]) - np.median(y[arm == "a"]))


def test_clusters_that_share_a_level_widen_it(fit_trial) -> None:
    d = data()
    level = np.random.default_rng(2).normal(size=200)
    d |= {"y": d["y"] + 2 * level[d["g"]]}
    alone = parts(fit_trial(plan(shares=[0.5]), pa.table(d)))["quantile 0.5"]
    together = parts(fit_trial(plan(shares=[0.5], **{"design.cluster": "g"}), pa.table(d)))["quantile 0.5"]
    assert together.estimate == alone.estimate
    assert together.std_error > 2 * alone.std_error
    assert alone.df is None
    assert together.df == pytest.approx(78, abs=6)


def test_many_equal_answers_are_said(fit_trial) -> None:
    d = data() | {"y": np.random.default_rng(1).poisson(1, 2_001)}
    readout = fit_trial(plan("count", shares=[0.5]), pa.table(d))
    tied = [n.facts for n in readout.warnings if n.code == "quantile-tied"]
    assert [t["arm"] for t in tied] == ["a", "b"]
    assert tied[0]["tied"] == pytest.approx((d["y"][d["arm"] == "a"] == 1).mean())
    effect = parts(readout)["quantile 0.5"]
    assert effect.low <= effect.estimate <= effect.high


def test_a_quantile_beyond_the_answers_is_left_out_and_said(fit_trial) -> None:
    readout = fit_trial(plan(shares=[0.5, 0.999]), pa.table(data()))
    assert list(parts(readout)) == ["quantile 0.5"]
    assert [n.facts["quantile"] for n in readout.warnings if n.code == "quantile-left-out"] == [0.999]


def test_a_refit_from_stored_sums_is_the_same_to_the_bit(trial, reduce_trial) -> None:
    from causalcx.designs.randomised import fit

    experiment = trial(plan(**{"design.strata": ["s"]}))
    reduced = reduce_trial(experiment, pa.table(data()))
    again = Reduced.from_json(reduced.to_json())
    assert fit(experiment, again, seed=1).effects == fit(experiment, reduced, seed=1).effects


@pytest.mark.parametrize(("kind", "shares"), [("nps", [0.5]), ("binary", [0.5]), ("amount", [1.0]), ("amount", [0.0])])
def test_what_has_no_quantile_is_refused_in_the_file(trial, kind, shares) -> None:
    with pytest.raises(ValidationError, match="quantiles"):
        trial(plan(kind, shares))


@pytest.mark.parametrize(
    "design",
    [
        {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]},
        {"kind": "randomised", "unit": "id", "factors": {"f": "f", "g": "g"}},
    ],
)
def test_other_designs_say_where_quantiles_belong(trial, design) -> None:
    with pytest.raises(CannotAnswer, match=r"Outcome y: quantiles are compared where arms were drawn by lot"):
        design_of(trial(plan(design=design)))
