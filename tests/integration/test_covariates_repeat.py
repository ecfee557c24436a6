"""A covariate that holds the outcome in another form leaves nothing to estimate, and every design says so."""

from __future__ import annotations

import numpy as np
import pytest

import causalcx as cx
from causalcx.core.errors import CannotAnswer
from tests.plan_worlds import DESIGNS, history, plan_of


@pytest.mark.parametrize("kind", ["synthetic-control", "switchback", "discontinuity", "instrument"])
def test_the_outcome_among_the_covariates_is_refused(kind: str) -> None:
    data = history(kind)
    if kind == "switchback":
        data["setting"] = np.where(np.random.default_rng(1).random(len(data)) < 0.5, "on", "off")
    design = (
        {"kind": kind} | DESIGNS[kind] | {"covariates": ["copy"]} | ({"start": 20} if "start" in DESIGNS[kind] else {})
    )
    plan = plan_of(kind, design=design)
    with pytest.raises(CannotAnswer, match="Outcome sales follows from the covariates to the last digit"):
        cx.fit(plan, data=data.assign(copy=3 - 2e6 * data["sales"]), seed=1)
    noise = np.random.default_rng(2).normal(size=len(data))
    assert cx.fit(plan, data=data.assign(copy=data["sales"] + 20 * noise), seed=1).effects[0].std_error > 0
