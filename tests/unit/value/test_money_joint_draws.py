"""Money is drawn from the joint law: the spread of NPV follows the correlation of effects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.value import valuation, value_case

DRAWS = 10_000
SPREAD = 0.04
"""The spread of 10,000 draws has a relative standard error of 1 / sqrt(2 x 10,000) = 0.7 %; five of them, rounded up."""
SINGULAR = 1e-4
"""The root of a singular matrix is exact to the root of machine precision of its largest entry, 1e-8 here; churn is 200 times smaller."""
TWO_OUTCOMES = {
    "value.horizon_months": 3, "value.discount_rate": 0, "value.reach": {"stock": 1000}, "value.half_life_months": None,
    "value.streams": [{"outcome": "revenue", "worth": 0.5, "recurs": False}, {"outcome": "calls", "worth": 10, "recurs": False}],
    "value.costs": [], "assumptions": [],
}  # fmt: skip
"""NPV = 1000 x (0.5 x revenue - 10 x calls), by hand."""
REVENUE, CALLS = (2.0, 0.8), (-0.05, 0.03)
Make = Callable[..., Any]


def spread_of_npv(correlation: float) -> float:
    """Closed form of the spread of a weighted sum; the signs of the weights differ."""
    a, b = 1000 * 0.5 * REVENUE[1], -1000 * 10 * CALLS[1]
    return float(np.sqrt(a * a + b * b + 2 * correlation * a * b))


def measured_spread(experiment: Experiment, readout: Readout) -> float:
    """(p95 - p5) of a normal, in standard deviations."""
    npv = value_case(experiment, readout, seed=11, draws=DRAWS).cases[0].npv
    assert npv.p95 is not None
    assert npv.p5 is not None
    return (npv.p95 - npv.p5) / (2 * 1.6448536269514722)


@pytest.mark.parametrize("correlation", [-0.9, 0.0, 0.9])
def test_the_spread_follows_the_correlation(experiment: Make, readout: Make, correlation: float) -> None:
    made = readout({"revenue": REVENUE, "calls": CALLS}, correlation=correlation)
    assert measured_spread(experiment(TWO_OUTCOMES), made) == pytest.approx(spread_of_npv(correlation), rel=SPREAD)


@pytest.mark.parametrize("correlation", [-0.9, 0.9])
def test_independent_draws_would_be_noticed(
    experiment: Make, readout: Make, correlation: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same marginals with one effect's draws shuffled give another spread, so the test above can fail."""
    joint = valuation.joint_draws

    def shuffled(law: Any, n: int, seed: int) -> Any:
        drawn = joint(law, n, seed)
        drawn[:, 1] = np.random.default_rng(seed).permutation(drawn[:, 1])
        return drawn

    monkeypatch.setattr(valuation, "joint_draws", shuffled)
    made = readout({"revenue": REVENUE, "calls": CALLS}, correlation=correlation)
    assert measured_spread(experiment(TWO_OUTCOMES), made) != pytest.approx(spread_of_npv(correlation), rel=5 * SPREAD)


def test_arms_share_one_draw(experiment: Make, readout: Make) -> None:
    """Perfectly correlated arms of equal effect are the same case."""
    one, two = value_case(experiment(), readout(arms=("a", "b"), correlation=1.0), seed=3).cases
    assert one.npv.model_dump() == pytest.approx(two.npv.model_dump(), rel=SINGULAR)


def test_a_named_assumption_is_the_same_in_every_arm_and_line(experiment: Make, readout: Make) -> None:
    """Streams at +margin and costs at the same draw cancel exactly; two variables of the same span would not."""
    changes = {
        "value.streams": [{"outcome": "calls", "worth": "price", "recurs": False}], "value.half_life_months": None,
        "value.costs": [{"name": "same", "per_unit": "price", "arms": ["a"]}], "value.reach": {"stock": 10},
        "value.discount_rate": 0, "value.horizon_months": 3,
        "assumptions": [{"name": "price", "value": {"low": 1, "mode": 2, "high": 6}}],
    }  # fmt: skip
    made = readout({"calls": (-1.0, 0.0)}, arms=("a", "b"))
    free, paid = (
        value_case(experiment(changes | {"value.costs": []}), made, seed=3),
        value_case(experiment(changes), made, seed=3),
    )
    assert paid.cases[0].npv.p95 == pytest.approx(0, abs=1e-9)
    assert paid.cases[0].npv.p5 == pytest.approx(0, abs=1e-9)
    assert paid.cases[1].npv == free.cases[1].npv
    assert free.cases[0].npv.model_dump() == pytest.approx(free.cases[1].npv.model_dump())


def test_the_same_seed_gives_the_same_digits_and_another_does_not(experiment: Make, readout: Make) -> None:
    first, again, other = (value_case(experiment(), readout(correlation=0.3), seed=s, draws=500) for s in (1, 1, 2))
    assert first.model_dump_json() == again.model_dump_json()
    assert first.cases[0].npv != other.cases[0].npv
