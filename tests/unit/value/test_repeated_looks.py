"""The decision rule look by look: once where there is one look, by the normal law where the money is simple."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from causalcx.core.sequential import bounds, ever_beyond, spent
from causalcx.core.sizing import monte_carlo_error
from causalcx.value.repeated_looks import ended_at_looks
from causalcx.value.repeats import words_said

RUNS = 1_000
COMPARISON = "merged vs today"
FREE = {
    "currency": "USD", "horizon_months": 3, "discount_rate": 0, "reach": {"stock": 1000},
    "streams": [{"outcome": "revenue", "worth": 1, "recurs": False}],
}  # fmt: skip
"""No cost: the money is positive where the effect is."""


def at_share(readout, effect: float, error: float = 1.0):
    """The readout expected at a share of the units, with so wide a prior that it says nothing."""

    def planned(share: float = 1.0):
        made = readout({"revenue": (effect, error / np.sqrt(share))})
        return made.model_copy(update={"law": made.law.model_copy(update={"prior_sd": (1e6,)})})

    return planned


def test_one_look_is_the_rule_itself(experiment, readout):
    file, planned = experiment({"value": FREE, "assumptions": []}), at_share(readout, 0.0)
    once = words_said(file, planned(), runs=RUNS, seed=1)[COMPARISON]
    ended = ended_at_looks(file, planned, (1.0,), (1.96,), runs=RUNS, seed=1)[COMPARISON]
    assert ended.share == 1.0
    for word in ("scale", "stop"):
        share = NormalDist().cdf(NormalDist().inv_cdf(0.1 if word == "scale" else 0.2))
        for said in (once, ended.said):
            assert said[word] / RUNS == pytest.approx(share, abs=4 * monte_carlo_error(said[word], RUNS) + 0.01)


def test_the_money_ends_nothing_early_that_the_range_does_not_allow(experiment, readout):
    """Free of cost and without `matters`, whatever crosses a bound also meets its rule: the early ends are the crossings."""
    file, planned = experiment({"value": FREE, "assumptions": []}), at_share(readout, 1.0)
    times = (0.5, 1.0)
    critical = bounds(times, [spent("pocock", t) for t in times])
    ended = ended_at_looks(file, planned, times, critical, runs=RUNS, seed=1)[COMPARISON]
    early = ended.shares.count(0.5)
    expected = ever_beyond(times[:1], critical[:1], drift=1.0)
    assert early / RUNS == pytest.approx(expected, abs=4 * monte_carlo_error(early, RUNS))
    assert sum(ended.said.values()) == len(ended.shares) == RUNS
    again = ended_at_looks(file, planned, times, critical, runs=RUNS, seed=1)[COMPARISON]
    assert (again.said, again.shares) == (ended.said, ended.shares)


def test_a_worthwhile_gain_that_is_ruled_out_ends_early(experiment, readout):
    """A change that costs, does nothing and is known precisely is stopped at the first look; without `matters` it goes on."""
    costly = FREE | {"costs": [{"name": "build", "once": 3000}]}
    planned, times, critical = at_share(readout, 0.0, 0.2), (0.5, 1.0), (2.5, 2.0)
    file = experiment({"value": costly, "assumptions": []})
    shares = []
    for matters in (2.0, None):
        outcomes = [o.model_copy(update={"matters": matters}) if o.key == "revenue" else o for o in file.outcomes]
        changed = file.model_copy(update={"outcomes": outcomes})
        shares.append(ended_at_looks(changed, planned, times, critical, runs=100, seed=1)[COMPARISON].share)
    assert shares == [0.5, pytest.approx(1.0, abs=0.03)]
