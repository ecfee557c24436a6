"""Offered against taken in a randomised trial: what compliers gain, by hand and by an instrument on rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from causalcx.core.effect import Effect
from causalcx.core.errors import DataError
from causalcx.core.readout import Readout
from causalcx.designs.nudge.wald import moved
from causalcx.value import value_case
from causalcx.value.effects import effect_that_pays

SAME = 1e-9
"""Relative: the same sums in another order."""
HC = 5e-3
"""Relative: the regression divides by n - 2, the arms by n - 1 each."""
OUTCOMES = [
    {"name": "calls", "kind": "amount", "column": "y", "role": "primary"},
    {"name": "churn", "kind": "binary", "column": "left", "better": "lower"},
    {"name": "nps", "kind": "nps", "column": "score"},
]
PLAN = {"design.received": "took", "design.treatment": "offer", "design.control": "no", "outcomes": OUTCOMES}


def columns(n: int = 3_000, *, cross: float = 0.1, arms: int = 2) -> dict[str, Any]:
    """A fifth would take it anyway when ``cross`` is positive; a third takes it when offered."""
    rng = np.random.default_rng(4)
    arm, like = rng.integers(arms, size=n), rng.uniform(size=n)
    took = (like < np.where(arm == 0, cross, 0.4 / np.maximum(arm, 1))).astype(int)
    return {
        "id": np.arange(n),
        "offer": np.array(["no", "yes", "hint"])[arm],
        "took": took,
        "y": 2 - 3 * like + 1.5 * took + rng.normal(size=n),
        "left": (rng.uniform(size=n) < 0.3 - 0.1 * took).astype(int),
        "score": np.clip(np.rint(6 + 3 * like + took + rng.normal(size=n)), 0, 10),
    }


def compliers(readout: Readout, outcome: str = "calls") -> list[Effect]:
    return [e for e in readout.effects if e.aggregation == "complier" and e.outcome == outcome]


def codes(readout: Readout) -> list[str]:
    return [n.code for n in (*readout.warnings, *readout.rests_on)]


@pytest.mark.parametrize("cross", [0.0, 0.1])
def test_one_and_two_sided_it_is_walds_ratio_with_the_errors_of_two_stage_least_squares(fit_trial, cross) -> None:
    data = columns(cross=cross)
    readout = fit_trial(PLAN, pa.table(data))
    z, d = (data["offer"] == "yes").astype(float), data["took"].astype(float)
    promoted = 100.0 * ((data["score"] >= 9).astype(float) - (data["score"] <= 6))
    twin = moved(np.column_stack([data["y"], data["left"], promoted]), d, z, np.zeros((len(z), 1)), None)
    found = [compliers(readout, o)[0] for o in ("calls", "churn", "nps")]
    assert [e.estimate for e in found] == pytest.approx(twin.ratio.tolist(), rel=SAME)
    assert [e.std_error for e in found] == pytest.approx(np.sqrt(np.diag(twin.ratio_covariance)).tolist(), rel=HC)
    assert {(e.estimand, e.applies_to, e.baseline, e.headline) for e in found} == {("LATE", "compliers", None, False)}
    assert found[0].share == pytest.approx(d[z == 1].mean() - d[z == 0].mean(), rel=SAME)


def test_the_effect_of_the_offer_stays_the_headline(fit_trial) -> None:
    data = pa.table(columns())
    plain, known = fit_trial(PLAN | {"design.received": None}, data), fit_trial(PLAN, data)
    assert known.headlines == plain.headlines
    assert known.covariance == plain.covariance
    assert known.arms == plain.arms
    assert known.law.labels[:3] == plain.law.labels
    assert {"instrument-exclusion", "instrument-monotonicity"} <= set(codes(known)) - set(codes(plain))


def test_money_takes_the_effect_that_the_roll_out_brings(fit_trial, trial) -> None:
    """For the offer its own effect on everyone; for the treatment that on compliers, for their share: the same on average."""
    readout = fit_trial(PLAN, pa.table(columns()))
    stream = {"outcome": "calls", "worth": 1, "recurs": False}
    money = {"currency": "USD", "horizon_months": 3, "discount_rate": 0.0, "reach": {"stock": 1}, "streams": [stream]}
    priced = PLAN | {"outcomes": [OUTCOMES[0] | {"window_months": 3}, *OUTCOMES[1:]]}
    paid, paying = {}, {}
    for rollout in ("offer", "treatment"):
        asked = trial(priced | {"value": money | {"rollout": rollout}})
        paid[rollout] = value_case(asked, readout, seed=1, draws=4_000).cases[0].npv.mean
        paying[rollout] = effect_that_pays(readout, asked.value, "calls", "yes vs no").applies_to
    assert paying == {"offer": "assigned", "treatment": "compliers"}
    assert paid["treatment"] == pytest.approx(paid["offer"], rel=0.1)


def test_every_arm_has_its_own_compliers(fit_trial) -> None:
    readout = fit_trial(PLAN, pa.table(columns(9_000, arms=3)))
    hint, yes = compliers(readout)
    assert (hint.comparison, yes.comparison) == ("hint vs no", "yes vs no")
    assert hint.share == pytest.approx(0.1, abs=0.03)
    assert yes.share == pytest.approx(0.3, abs=0.03)


def test_an_offer_that_changed_nothing_leaves_the_headline_alone(fit_trial) -> None:
    data = columns()
    data["took"] = np.random.default_rng(0).permutation(data["took"])
    readout = fit_trial(PLAN, pa.table(data))
    assert compliers(readout) == []
    assert "complier-unknown" in codes(readout)
    assert len(readout.headlines) == 3


def test_when_everyone_does_as_offered_both_effects_are_one(fit_trial) -> None:
    data = columns()
    data["took"] = (data["offer"] == "yes").astype(int)
    readout = fit_trial(PLAN, pa.table(data))
    (taken,) = compliers(readout)
    offered = readout.effect("calls")
    assert (taken.estimate, taken.std_error) == pytest.approx((offered.estimate, offered.std_error), rel=SAME)
    assert taken.share == pytest.approx(1, rel=SAME)


@pytest.mark.parametrize("more", [{}, {"design.covariates": ["before"]}, {"design.cluster": "team"}])
def test_where_not_all_answer_take_up_is_that_of_those_who_did(fit_trial, more) -> None:
    """Those who would not take it hardly answer, so among the answers the offer moved more people than among all."""
    rng = np.random.default_rng(2)
    data = columns(12_000, cross=0.0) | {"before": rng.normal(size=12_000)}
    data["team"] = np.arange(12_000) // 2 % 2_000 * 2 + (data["offer"] == "yes")
    willing = rng.uniform(size=12_000) < 0.4
    data["took"] = (willing & (data["offer"] == "yes")).astype(int)
    data["y"] = 1.5 * data["took"] + rng.normal(size=12_000)
    data["y"][~willing & (rng.uniform(size=12_000) < 0.8)] = np.nan
    readout = fit_trial(PLAN | more, pa.table({k: pa.array(v, from_pandas=True) for k, v in data.items()}))
    found, unaffected = compliers(readout), compliers(readout, "nps")
    assert found[0].estimate == pytest.approx(1.5, abs=4 * found[0].std_error)
    assert found[0].share == unaffected[0].share == pytest.approx(0.4, abs=0.02)
    if not more:
        seen = ~np.isnan(data["y"])
        z, d = (data["offer"] == "yes")[seen].astype(float), data["took"][seen].astype(float)
        twin = moved(data["y"][seen][:, None], d, z, np.zeros((len(z), 1)), None)
        assert found[0].estimate == pytest.approx(float(twin.ratio[0]), rel=SAME)
        assert found[0].std_error == pytest.approx(float(twin.ratio_covariance[0, 0] ** 0.5), rel=HC)


def test_an_arm_that_nobody_takes_has_no_compliers_and_says_so(fit_trial) -> None:
    data = columns(3_137, arms=3)
    data["took"] = np.where(data["offer"] == "yes", data["took"], 0)
    readout = fit_trial(PLAN, pa.table(data))
    assert [e.comparison for e in compliers(readout)] == ["yes vs no"]
    assert [n.facts["comparison"] for n in readout.warnings if n.code == "complier-unknown"] == ["hint vs no"]


def test_an_outcome_whose_answerers_hardly_took_it_is_named(fit_trial) -> None:
    data = columns()
    score = np.where(data["took"] == 1, np.nan, data["score"])
    score[np.flatnonzero(data["took"])[:3]] = 9
    readout = fit_trial(PLAN, pa.table(data | {"score": pa.array(score, from_pandas=True)}))
    assert (len(compliers(readout)), len(compliers(readout, "nps"))) == (1, 0)
    assert [n.facts["outcome"] for n in readout.warnings if n.code == "complier-unknown-among"] == ["nps"]


def test_strata_and_covariates_adjust_both_stages(fit_trial) -> None:
    data = columns() | {"before": np.random.default_rng(1).normal(size=3_000), "site": np.arange(3_000) % 3}
    plan = PLAN | {"design.covariates": ["before"], "design.strata": ["site"]}
    (taken,) = compliers(fit_trial(plan, pa.table(data)))
    assert "interacted covariates (Lin 2013), within strata" in taken.method
    assert taken.estimate == pytest.approx(1.5, abs=4 * taken.std_error)


def test_take_up_that_is_not_known_is_refused(fit_trial) -> None:
    data = columns()
    data["took"] = [None, *data["took"][1:].tolist()]
    with pytest.raises(DataError, match=r"`took` \(received\) is empty in 1 rows"):
        fit_trial(PLAN, pa.table(data))


def test_in_a_clustered_trial_the_error_is_that_of_teams(fit_trial) -> None:
    """The offer's effect on y - LATE x taken is 0, and its clustered error over the effect on take-up is the complier effect's."""
    data = columns()
    team = np.arange(3_000) % 50 * 2 + (data["offer"] == "yes")
    plan = PLAN | {"outcomes": OUTCOMES[:1], "design.cluster": "team"}
    readout = fit_trial(plan, pa.table(data | {"team": team}))
    effect = compliers(readout)[0]
    rest = data | {"team": team, "y": data["y"] - effect.estimate * data["took"]}
    offered = fit_trial(plan | {"design.received": None}, pa.table(rest)).effects[0]
    assert offered.estimate == pytest.approx(0, abs=SAME)
    assert effect.std_error == pytest.approx(offered.std_error / effect.share, rel=SAME)
    assert effect.df == offered.df
