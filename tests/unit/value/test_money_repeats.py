"""The decision rule in repeats: the same money as `value`, and errors by hand where the money is simple."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from causalcx.core.sizing import monte_carlo_error
from causalcx.value import value_case
from causalcx.value.repeats import ledger, words_said
from causalcx.value.valuation import setting_of


@pytest.mark.parametrize("quantity", ["npv", "roi", "payback_months"])
def test_the_money_of_a_repeat_is_that_of_the_case(experiment, readout, quantity):
    rule = {
        "npv": "P(npv > 0) >= 0.9",
        "roi": "P(roi > 0.2) >= 0.9",
        "payback_months": "P(payback_months <= 12) >= 0.9",
    }
    file, found = experiment({"decision": {"scale_if": rule[quantity]}}), readout()
    setting = setting_of(file, found, seed=1, draws=2_000)
    figures = ledger(setting, "merged vs today").figures(setting, setting.effects)
    case = value_case(file, found, seed=1, draws=2_000).cases[0]
    mine, theirs = (
        figures[quantity],
        {"npv": case.npv, "roi": case.roi, "payback_months": case.payback_months}[quantity],
    )
    assert np.quantile(mine, 0.5) == pytest.approx(theirs.p50, rel=1e-9)
    assert np.quantile(mine, 0.05) == pytest.approx(theirs.p5, rel=1e-9)


def test_the_rules_errors_are_those_of_the_normal_law(experiment, readout):
    """One stream of worth 1 for 1,000 units at no discount, cost c, error s, a wide prior: scale where estimate >= c + 1.2816 s.

    Tolerance: four Monte Carlo errors, and 0.01 for the 10,000 draws behind the rule.
    """
    value = {
        "currency": "USD", "horizon_months": 3, "discount_rate": 0, "reach": {"stock": 1000},
        "streams": [{"outcome": "revenue", "worth": 1, "recurs": False}], "costs": [{"name": "build", "once": 1000}],
    }  # fmt: skip
    file = experiment({"value": value, "assumptions": []})
    wide = readout({"revenue": (0.0, 1.0)})
    wide = wide.model_copy(update={"law": wide.law.model_copy(update={"prior_sd": (1e6,)})})
    said = words_said(file, wide, runs=2_000, seed=1)["merged vs today"]
    normal = NormalDist()
    scale, stop = 1 - normal.cdf(1 + normal.inv_cdf(0.9)), normal.cdf(1 - normal.inv_cdf(0.8))
    assert said["scale"] / 2_000 == pytest.approx(scale, abs=4 * monte_carlo_error(said["scale"], 2_000) + 0.01)
    assert said["stop"] / 2_000 == pytest.approx(stop, abs=4 * monte_carlo_error(said["stop"], 2_000) + 0.01)
    assert said == words_said(file, wide, runs=2_000, seed=1)["merged vs today"]


def test_none_of_many_still_has_an_error():
    assert 0 < monte_carlo_error(0, 1_000) < 0.002
