"""Durations without randomisation and in waves: censoring weights by arm, known truths, and what cannot be asked."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import CannotAnswer
from causalcx.core.survival import pseudo_values as kaplan_meier
from causalcx.core.survival import until
from causalcx.designs import observational, staggered
from causalcx.designs.survival.censored import Steps, proportional, pseudo_values
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull

SAME = 1e-9
DAY = dt.date(2026, 6, 1)
LEAVING = {
    "name": "leaving", "kind": "duration", "column": "months", "event": "left", "horizon": "12 months", "better": "lower", "role": "primary",
}  # fmt: skip
CHOICE = {
    "outcomes": [LEAVING],
    "design": {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]},
}
WAVES = {"outcomes": [LEAVING], "design": {"kind": "staggered", "unit": "id", "time": "entered", "cohort": "start"}}
RATE, SLOPE, SLOWER = 0.035, 0.7, 0.35


def seen(rng, leaves, lost, **columns) -> pd.DataFrame:
    left = (leaves <= lost) & (leaves <= 13)
    months = np.minimum(np.minimum(leaves, lost), 13.0)
    return pd.DataFrame({"id": np.arange(len(months)), "months": months, "left": left.astype(int)} | columns)


def choosers(n: int = 4_000, seed: int = 1) -> pd.DataFrame:
    """Who would leave soon takes the offer more often, and is lost sooner; without the offer everybody is lost sooner."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    arm = np.where(rng.uniform(size=n) < 1 / (1 + np.exp(-0.7 * x)), "b", "a")
    leaves = rng.exponential(1 / (RATE * np.exp(SLOPE * x - SLOWER * (arm == "b"))))
    lost = rng.exponential(np.where(arm == "a", 25, 45) * np.exp(-SLOPE * x))
    return seen(rng, leaves, lost, arm=arm, x=x)


def truth() -> tuple[float, float]:
    """Share that left and restricted mean, b less a, over the covariate by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    rates = [RATE * np.exp(SLOPE * nodes - SLOWER * b) for b in (1, 0)]
    left = [1 - np.exp(-12 * r) for r in rates]
    return (
        float(weights @ (left[0] - left[1]) / weights.sum()),
        float(weights @ (left[0] / rates[0] - left[1] / rates[1]) / weights.sum()),
    )


def fitted(module, experiment, data):
    return module.fit(experiment, pull(open_frame(data), module.needs(experiment, DAY)), seed=1)


@pytest.fixture(scope="module")
def chosen(trial):
    return fitted(observational, trial(CHOICE), choosers())


def test_effects_hold_the_truth_and_the_plain_curves_do_not(chosen) -> None:
    share, mean = chosen.effects
    for effect, true in zip((share, mean), truth(), strict=True):
        assert abs(effect.estimate - true) < 3 * effect.std_error
    naive = next(n for n in chosen.warnings if n.code == "naive-difference").facts["naive"]
    assert abs(naive - truth()[0]) > 3 * share.std_error
    assert (share.estimand, mean.aggregation) == ("ATE, share left within 12 months", "restricted-mean")
    assert "censoring weights by arm" in share.method
    assert "censoring weights by arm" in mean.method
    assert "leaving|share" in share.method


def test_its_checks_and_picture_stand(chosen) -> None:
    assert chosen.check("censoring").facts["shape"] == "by-arm"
    assert chosen.check("overlap").verdict == "pass"
    assert not [c for c in chosen.checks if c.name == "selected-on-outcome"]
    assert chosen.check("refuter-placebo")
    assert [p.code for p in chosen.pictures] == ["survival"]


def test_the_treated_can_be_asked_about(trial) -> None:
    experiment = trial(CHOICE | {"design": CHOICE["design"] | {"effect": "att"}})
    share = fitted(observational, experiment, choosers(2_000)).effects[0]
    assert share.estimand == "ATT, share left within 12 months"
    assert share.estimate < 0


def test_without_covariates_they_are_the_kaplan_meier_values() -> None:
    data = choosers(400)
    time, left = until(data.months.to_numpy(), data.left.to_numpy() == 1, 12.0)
    time = np.where(time < 12, np.ceil(time * 10) / 10, time)
    everyone = np.arange(400)
    found = pseudo_values(Steps.of(time, left, 12.0), np.zeros((400, 1)), everyone, everyone)
    assert found == pytest.approx(kaplan_meier(time, left, 12.0), rel=SAME, abs=SAME)


def test_the_hazard_is_coxs() -> None:
    from statsmodels.duration.hazard_regression import PHReg

    data = choosers(1_500)
    x = data[["x"]].to_numpy()
    steps = Steps.of(*until(data.months.to_numpy(), data.left.to_numpy() == 1, 12.0), 12.0)
    own = proportional(x, steps.at, steps.left, len(steps.time))
    other = PHReg(steps.at, x, status=steps.left.astype(int), ties="breslow").fit(disp=0)
    assert own.slope == pytest.approx(other.params, abs=0.01)


def test_what_drives_both_leaving_and_being_lost_must_be_known() -> None:
    """With x the mean is right, without it too low: those who would leave soon are lost first."""
    n, gone = 40_000, []
    rng = np.random.default_rng(3)
    x, everyone = rng.normal(size=n), np.arange(n)
    leaves, lost = rng.exponential(1 / (RATE * np.exp(SLOPE * x))), rng.exponential(20 * np.exp(-SLOPE * x))
    steps = Steps.of(*until(np.minimum(leaves, lost), leaves <= lost, 12.0), 12.0)
    for column in (x, np.zeros(n)):
        gone.append(pseudo_values(steps, column[:, None], everyone, everyone).mean(axis=0)[0])
    assert gone[0] == pytest.approx((leaves <= 12).mean(), abs=0.008)
    assert abs(gone[1] - (leaves <= 12).mean()) > 0.015


def entrants(n: int = 12_000, seed: int = 2) -> pd.DataFrame:
    """Sites get the calls in period 2, in period 4, or never; entrants leave at rates of their site and period."""
    rng = np.random.default_rng(seed)
    site, entered, start = rng.integers(0, 3, n), rng.integers(0, 6, n), np.array([2, 4, 0])
    now = (start[site] > 0) & (entered >= start[site])
    leaves = rng.exponential(1 / (RATE * np.exp(0.2 * site + 0.1 * np.sin(entered) - 0.5 * now)))
    return seen(rng, leaves, rng.exponential(np.where(now, 60, 20)), entered=entered, start=start[site])


@pytest.fixture(scope="module")
def rolled_out(trial):
    return fitted(staggered, trial(WAVES), entrants())


def test_entrants_of_a_roll_out(rolled_out) -> None:
    share = rolled_out.effects[0]
    mean = next(e for e in rolled_out.effects if e.aggregation == "restricted-mean")
    rates = [RATE * np.exp(0.2 * s - 0.5 * b) for s in (0, 1) for b in (1, 0)]
    gone = 1 - np.exp(-12 * np.array(rates))
    true = float(((gone[0] - gone[1]) + (gone[2] - gone[3])) / 2)
    assert abs(share.estimate - true) < 3 * share.std_error
    assert share.estimand == "ATT, group aggregation, share left within 12 months"
    assert mean.estimate > 0
    assert mean.unit == "months"


def test_its_check_compares_rows_with_and_without_the_change(rolled_out) -> None:
    check = rolled_out.check("censoring")
    assert set(check.facts["lost"]) == {"untreated", "treated"}
    assert check.facts["shape"] == "by-arm"


def test_a_panel_has_no_durations(trial) -> None:
    data = pd.concat([entrants(300).assign(entered=t) for t in range(4)])
    with pytest.raises(CannotAnswer, match="a duration, which a unit has once, but units occur in several periods"):
        fitted(staggered, trial(WAVES), data)


def test_late_entrants_who_were_not_followed_are_named(trial) -> None:
    data = entrants()
    data.loc[data.entered == 5, ["months", "left"]] = [2.0, 0]
    with pytest.raises(
        CannotAnswer, match=r"nobody of the period 5 was seen until the horizon of 12; leave the periods out"
    ):
        fitted(staggered, trial(WAVES), data)
    assert fitted(staggered, trial(WAVES | {"exclude": {"entered": [5]}}), data).effects
