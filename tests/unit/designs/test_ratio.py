"""Ratios: the delta method against linearised values, and which units count."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import CannotAnswer, DataError
from causalcx.service.kinds import design_of

SAME = 1e-9
"""Relative: the same numbers by moments and by rows."""
RATIO = {
    "name": "minutes per call",
    "kind": "ratio",
    "numerator": "minutes",
    "denominator": "calls",
    "role": "primary",
    "unit": "minutes",
}


def agents(n: int = 900) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    arm, team = np.array(["a", "b"])[np.arange(n) % 2], np.arange(n) % 30
    calls = rng.poisson(20, n).astype(float)
    minutes = calls * (6 - 0.5 * (arm == "b") + 0.4 * rng.standard_normal(30)[team] + rng.normal(0, 1, n))
    return pd.DataFrame({"id": np.arange(n), "arm": arm, "team": team, "calls": calls, "minutes": minutes})


def linear(data: pd.DataFrame) -> pd.Series:
    """A unit's (numerator - R x denominator) / mean denominator, R the ratio of its arm."""
    total = data.groupby("arm")[["minutes", "calls"]].transform("sum")
    return (data.minutes - total.minutes / total.calls * data.calls) / data.groupby("arm").calls.transform("mean")


def test_it_is_the_ratio_of_sums_with_the_error_of_linearised_values(fit_trial) -> None:
    data = agents()
    readout = fit_trial({"outcomes": [RATIO]}, data)
    effect, sums = readout.effects[0], data.groupby("arm")[["minutes", "calls"]].sum()
    level = sums.minutes / sums.calls
    z = linear(data)
    b, a = z[data.arm == "b"], z[data.arm == "a"]
    assert effect.estimate == pytest.approx(level["b"] - level["a"], rel=SAME)
    assert effect.std_error == pytest.approx(np.sqrt(b.var() / len(b) + a.var() / len(a)), rel=SAME)
    assert (effect.baseline, effect.unit) == (pytest.approx(level["a"], rel=SAME), "minutes")
    assert readout.arms[1].means["minutes per call"] == pytest.approx(level["b"], rel=SAME)


def test_of_teams_it_is_the_error_of_linearised_values_of_teams(fit_trial) -> None:
    data = agents()
    effect = fit_trial({"outcomes": [RATIO], "design.cluster": "team"}, data).effects[0]
    amount = {"name": "z", "kind": "amount", "column": "z", "role": "primary"}
    twin = fit_trial({"outcomes": [amount], "design.cluster": "team"}, data.assign(z=linear(data))).effects[0]
    assert (effect.std_error, effect.df) == pytest.approx((twin.std_error, twin.df), rel=SAME)


def test_units_without_either_are_left_out_and_those_of_denominator_zero_count(fit_trial) -> None:
    data = agents()
    data.loc[:9, ["calls", "minutes"]] = 0.0, np.nan  # nobody called: no minutes either
    data.loc[10:19, "calls"] = np.nan
    data.loc[20:29, "minutes"] = np.nan
    whole = data.assign(minutes=data.minutes.where(data.calls != 0, 0.0)).dropna()
    readout, same = fit_trial({"outcomes": [RATIO]}, data), fit_trial({"outcomes": [RATIO]}, whole)
    assert readout.effects[0].estimate == pytest.approx(same.effects[0].estimate, rel=SAME)
    assert readout.effects[0].std_error == pytest.approx(same.effects[0].std_error, rel=SAME)
    assert sum(a.answered["minutes per call"] for a in readout.arms) == len(data) - 20


def test_denominators_below_zero_or_all_zero_are_refused(fit_trial) -> None:
    data = agents()
    with pytest.raises(DataError, match=r"`calls` \(denominator of minutes per call\) holds values below 0"):
        fit_trial({"outcomes": [RATIO]}, data.assign(calls=data.calls - 100))
    with pytest.raises(CannotAnswer, match="denominators of an arm sum to 0"):
        fit_trial({"outcomes": [RATIO]}, data.assign(calls=data.calls.where(data.arm == "a", 0.0)))


def test_designs_that_compare_units_one_by_one_do_not_answer_it(trial) -> None:
    other = {"design": {"kind": "observational", "unit": "id", "treatment": "arm", "control": "a", "covariates": ["x"]}}
    with pytest.raises(CannotAnswer, match="ratio of sums, and `kind: observational`"):
        design_of(trial({"outcomes": [RATIO]} | other))
