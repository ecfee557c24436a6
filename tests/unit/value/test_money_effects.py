"""Which effect pays, for whom, and what cannot be priced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from causalcx.core.effect import Law
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.readout import Readout
from causalcx.value import value_case
from causalcx.value.effects import treated_arm

Make = Callable[..., Any]
CERTAIN = {"revenue": (2.0, 0.0), "churn": (-0.014, 0.0), "calls": (-0.05, 0.0)}


def revenue_value(experiment: Any, readout: Readout) -> float:
    """Mean present value of the first stream."""
    mean = value_case(experiment, readout, seed=1, draws=50).cases[0].streams[0].present_value.mean
    assert mean is not None
    return mean


@pytest.mark.parametrize("applies_to", ["assigned", "everyone", "treated", "overlap", "compliers"])
def test_an_offer_pays_for_the_share_the_effect_is_about(experiment: Make, readout: Make, applies_to: str) -> None:
    whole = revenue_value(experiment(), readout(CERTAIN))
    part = revenue_value(experiment(), readout(CERTAIN, applies_to=applies_to, share=0.4))
    assert part == pytest.approx(0.4 * whole)


def test_a_case_says_whom_it_counts(experiment: Make, readout: Make) -> None:
    made = readout(CERTAIN, applies_to="compliers", share=0.4)
    carried = experiment({"value.transport": {"reason": "the letter becomes compulsory"}})
    for asked, share in ((experiment(), 0.4), (carried, 1.0)):
        assert {s.share for s in value_case(asked, made, seed=1, draws=50).cases[0].streams} == {share}


def test_transport_carries_an_effect_to_all(experiment: Make, readout: Make) -> None:
    made = readout(CERTAIN, applies_to="compliers", share=0.4)
    carried = experiment({"value.transport": {"reason": "the letter becomes compulsory"}})
    assert revenue_value(carried, made) == pytest.approx(revenue_value(experiment(), readout(CERTAIN)))


def test_costs_are_paid_for_everyone_reached(experiment: Make, readout: Make) -> None:
    part = value_case(experiment(), readout(CERTAIN, applies_to="compliers", share=0.4), seed=1, draws=50)
    whole = value_case(experiment(), readout(CERTAIN), seed=1, draws=50)
    assert part.cases[0].costs == whole.cases[0].costs


def test_treatment_cannot_be_priced_with_an_effect_of_assignment(experiment: Make, readout: Make) -> None:
    with pytest.raises(CannotAnswer, match=r"only the effect of being assigned is known for `revenue`"):
        value_case(experiment({"value.rollout": "treatment"}), readout(), seed=1, draws=5)


@pytest.mark.parametrize("applies_to", ["treated", "everyone", "compliers"])
def test_treatment_takes_effects_on_the_treated(experiment: Make, readout: Make, applies_to: str) -> None:
    made = readout(CERTAIN, applies_to=applies_to, share=0.5)
    assert revenue_value(experiment({"value.rollout": "treatment"}), made) > 0


@pytest.mark.parametrize(("rollout", "expected"), [("offer", 1.0), ("treatment", 4.0 * 0.25)])
def test_of_two_effects_the_one_asked_for(experiment: Make, readout: Make, rollout: str, expected: float) -> None:
    """With assignment and complier effects side by side: an effect on a quarter is four times as large, and pays the same."""
    one = {"value.streams": [{"outcome": "revenue", "worth": 1, "recurs": False}], "value.half_life_months": None,
           "value.reach": {"stock": 1}, "value.discount_rate": 0, "value.costs": [], "assumptions": []}  # fmt: skip
    both = beside(
        readout({"revenue": (1.0, 0.0)}), readout({"revenue": (4.0, 0.0)}, applies_to="compliers", share=0.25)
    )
    assert revenue_value(experiment(one | {"value.rollout": rollout}), both) == pytest.approx(expected)


def beside(one: Readout, other: Readout) -> Readout:
    """The effect on compliers as a part beside the headline, both in the law, as of a design that knows who received."""
    parts = tuple(e.model_copy(update={"aggregation": "complier"}) for e in other.effects)
    law = Law(
        labels=(*one.law.labels, *(e.label for e in parts)), mean=one.law.mean + other.law.mean, matrix=((0.0, 0.0), (0.0, 0.0)),
        df=(None, None), prior_mean=(0, 0), prior_sd=(1, 1),
    )  # fmt: skip
    return one.model_copy(update={"effects": one.effects + parts, "law": law})


def test_a_stream_without_effect_is_named(experiment: Make, readout: Make) -> None:
    with pytest.raises(CannotAnswer, match="no effect on `churn` for merged vs today"):
        value_case(experiment(), readout({"revenue": (1, 1), "calls": (1, 1)}), seed=1, draws=5)


def test_a_file_without_money_says_what_to_add(experiment: Make, readout: Make) -> None:
    with pytest.raises(
        CannotAnswer, match="add `value:` with currency, horizon_months, discount_rate, reach and streams"
    ):
        value_case(experiment({"value": None, "assumptions": []}), readout(), seed=1, draws=5)


def test_parts_do_not_pay(experiment: Make, readout: Make) -> None:
    """A segment's effect beside the headline changes nothing."""
    made = readout(CERTAIN)
    segment = made.effects[0].model_copy(update={"segment": "young", "estimate": 99.0})
    with_parts = made.model_copy(update={"effects": (*made.effects, segment)})
    assert revenue_value(experiment(), with_parts) == revenue_value(experiment(), made)


def test_a_cost_of_some_arms_is_theirs(experiment: Make, readout: Make) -> None:
    e = experiment({"value.costs": [{"name": "all", "once": 1}, {"name": "print", "once": 10, "arms": [1]}]})
    by_arm = {
        c.arm: [line.name for line in c.costs] for c in value_case(e, readout(arms=("0", "1")), seed=1, draws=5).cases
    }
    assert by_arm == {"0": ["all"], "1": ["all", "print"]}


def test_a_cost_of_an_unknown_arm_is_refused(experiment: Make, readout: Make) -> None:
    e = experiment({"value.costs": [{"name": "print", "once": 10, "arms": ["mergd"]}]})
    with pytest.raises(DataError, match=r"`print` names the arm `mergd`.*treated arms: merged"):
        value_case(e, readout(), seed=1, draws=5)


@pytest.mark.parametrize(
    ("comparison", "control", "arm"),
    [
        ("b vs a", "a", "b"),
        ("x vs y vs none", "none", "x vs y"),
        ("新 vs 旧 vs 老", "旧 vs 老", "新"),
        ("b vs a", None, "b"),
    ],
)
def test_the_arm_of_a_comparison(experiment: Make, comparison: str, control: str | None, arm: str) -> None:
    design = experiment({"design.control": control}).design if control else None
    assert treated_arm(comparison, design) == arm
