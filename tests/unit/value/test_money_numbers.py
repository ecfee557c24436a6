"""Uncertain numbers: their laws, their domains, their identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from causalcx.core.quantities import LogNormal, Normal, Pert
from causalcx.value.numbers import ANYTHING, draw, draw_numbers, inverse

EXACT = 1e-12
STABLE = [0.12371641391620926, 0.7000863719855736]
U = np.array([0.001, 0.05, 0.5, 0.95, 0.999])


def test_pert_is_a_scaled_beta() -> None:
    span = Pert(low=150, mode=240, high=300)
    # shapes by Vose (2008): 1 + 4 x 90/150 and 1 + 4 x 60/150; mean (low + 4 mode + high) / 6
    law = stats.beta(3.4, 2.6, loc=150, scale=150)
    assert inverse(span, U) == pytest.approx(law.ppf(U), rel=1e-9)
    assert law.mean() == pytest.approx((150 + 4 * 240 + 300) / 6)


def test_normal_and_log_normal_have_the_stated_quantiles() -> None:
    assert inverse(Normal(mean=4000, sd=500), U) == pytest.approx(stats.norm(4000, 500).ppf(U), rel=EXACT)
    assert inverse(LogNormal(p5=20, p95=80), U[1:4]) == pytest.approx([20, 40, 80], rel=1e-9)  # median sqrt(20 x 80)


def test_a_certain_number_is_one_value() -> None:
    assert draw(2.1, ANYTHING, ("place",), 1, 1000).tolist() == [2.1]


def test_what_lies_outside_the_domain_is_moved_to_its_edge() -> None:
    drawn = draw(Normal(mean=0.9, sd=0.04), (0.0, 1.0), ("place",), 1, 100_000)
    assert drawn.max() == 1.0
    assert np.mean(drawn == 1.0) == pytest.approx(stats.norm.sf(2.5), abs=0.001)


def test_draws_depend_on_seed_and_identity_only() -> None:
    span = Normal(mean=0, sd=1)
    first = draw(span, ANYTHING, ("assumption", "margin"), 1, 3)
    assert first == pytest.approx(draw(span, ANYTHING, ("assumption", "margin"), 1, 3), rel=EXACT)
    for identity, seed in [
        (("assumption", "price"), 1),
        (("value", "streams", 0, "worth"), 1),
        (("assumption", "margin"), 2),
    ]:
        assert np.all(first != draw(span, ANYTHING, identity, seed, 3))


def test_seeding_is_stable_across_processes_and_versions() -> None:
    # origin: this program, 2026; a change here changes every published figure
    assert draw(Normal(mean=0, sd=1), ANYTHING, ("assumption", "利润率"), 1, 2) == pytest.approx(STABLE, rel=1e-9)


def test_named_once_spans_each_for_itself(experiment: Callable[..., Any]) -> None:
    span = {"mean": 100, "sd": 5}
    e = experiment({"value.costs": [
        {"name": "a", "once": "fee"}, {"name": "b", "once": "fee"}, {"name": "c", "once": span}, {"name": "d", "once": span},
    ], "assumptions": [
        {"name": "fee", "value": span}, {"name": "margin", "value": {"low": 0.2, "mode": 0.3, "high": 0.4}},
    ]})  # fmt: skip
    numbers = draw_numbers(e, e.value, seed=1, draws=9)
    a, b, c, d = (numbers.at["value", "costs", i, "once"] for i in range(4))
    assert a is b
    assert np.all(a != c)
    assert np.all(c != d)


def test_an_assumption_stays_one_variable_where_domains_differ(experiment: Callable[..., Any]) -> None:
    """A margin (at most 1) that is also a price (any size) is held to the narrower domain in both places."""
    e = experiment({"value.costs": [{"name": "a", "once": "margin"}],
                    "assumptions": [{"name": "margin", "value": {"mean": 0.9, "sd": 0.032}}]})  # fmt: skip
    numbers = draw_numbers(e, e.value, seed=1, draws=20_000)
    assert numbers.at["value", "costs", 0, "once"].max() == 1.0
