"""Factorial arms: main effects and interaction by hand, and which cells must be there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalcx.core.errors import CannotAnswer, DataError

SAME = 1e-9
"""Relative: the same numbers by moments and by rows."""
PLAN = {"design.treatment": None, "design.control": None, "design.factors": {"merge": "merged", "bar": "bar"}}
NPS = {"name": "nps", "kind": "nps", "column": "score"}
AMOUNT = {"name": "y", "kind": "amount", "column": "y", "role": "primary"}


def visitors(n: int = 1_200) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    merged, bar = rng.integers(2, size=n), rng.choice(["no", "yes"], n, p=[0.3, 0.7])
    y = 10 + 2 * merged + 1 * (bar == "yes") - 1.5 * merged * (bar == "yes") + rng.normal(0, 2, n)
    score = np.clip(np.rint(6 + merged + rng.normal(0, 2, n)), 0, 10)
    return pd.DataFrame(
        {"id": np.arange(n), "merged": merged, "bar": bar, "team": np.arange(n) % 60, "y": y, "score": score}
    )


def by_hand(data: pd.DataFrame, weights: dict[tuple[int, str], float]) -> tuple[float, float]:
    """A weighted sum of cell means with its standard error."""
    cells = {cell: data[(data.merged == cell[0]) & (data.bar == cell[1])].y for cell in weights}
    value = sum(w * cells[c].mean() for c, w in weights.items())
    return value, np.sqrt(sum(w**2 * cells[c].var() / len(cells[c]) for c, w in weights.items()))


MERGE = {(1, "no"): 0.5, (1, "yes"): 0.5, (0, "no"): -0.5, (0, "yes"): -0.5}
BAR = {(1, "no"): -0.5, (1, "yes"): 0.5, (0, "no"): -0.5, (0, "yes"): 0.5}
BOTH = {(1, "no"): -1, (1, "yes"): 1, (0, "no"): 1, (0, "yes"): -1}


def test_main_effects_weigh_the_other_factor_equally_and_the_interaction_is_a_part(fit_trial) -> None:
    data = visitors()
    readout = fit_trial(PLAN | {"outcomes": [AMOUNT, NPS]}, data)
    assert [e.label for e in readout.headlines] == [
        "y: merge: 1 vs 0",
        "y: bar: yes vs no",
        "nps: merge: 1 vs 0",
        "nps: bar: yes vs no",
    ]
    for comparison, weights in (("merge: 1 vs 0", MERGE), ("bar: yes vs no", BAR)):
        effect = readout.effect("y", comparison)
        assert (effect.estimate, effect.std_error) == pytest.approx(by_hand(data, weights), rel=SAME)
    assert readout.effect("y", "merge: 1 vs 0").n_treated == (data.merged == 1).sum()
    (part,) = [e for e in readout.effects if e.aggregation == "interaction" and e.outcome == "y"]
    assert part.comparison == "merge × bar: 1 × yes vs 0 × no"
    assert (part.estimate, part.std_error) == pytest.approx(by_hand(data, BOTH), rel=SAME)
    assert part.p_adjusted is None
    assert [n.facts["comparison"] for n in readout.warnings if n.code == "factors-interact"] == [part.comparison]
    assert readout.law.labels == tuple(e.label for e in readout.headlines)
    assert readout.effects[0].adjustment == "Holm, 1 primary x 2 arms"
    assert [a.label for a in readout.arms] == ["0 × no", "0 × yes", "1 × no", "1 × yes"]


def test_the_base_of_a_factor_is_the_level_without_it(fit_trial) -> None:
    readout = fit_trial(PLAN, visitors().assign(merged=lambda d: np.where(d.merged == 1, "merged", "today")))
    assert readout.effects[0].comparison == "merge: merged vs today"


def test_with_clusters_and_covariates_it_still_answers(fit_trial) -> None:
    data = visitors()
    cell = data.team % 4
    data = data.assign(
        merged=cell % 2,
        bar=np.where(cell < 2, "no", "yes"),
        x=data.y + np.random.default_rng(1).normal(0, 1, len(data)),
    )
    readout = fit_trial(PLAN | {"design.cluster": "team", "design.covariates": ["x"]}, data)
    assert [e.comparison for e in readout.headlines] == ["merge: 1 vs 0", "bar: yes vs no"]
    assert all(e.df < 60 for e in readout.headlines)


def test_every_combination_must_be_there(fit_trial) -> None:
    data = visitors()
    with pytest.raises(CannotAnswer, match="No unit has 1 × yes of the factors merge × bar"):
        fit_trial(PLAN, data[(data.merged == 0) | (data.bar == "no")])
    with pytest.raises(DataError, match=r"`bar` \(factor\) holds only no"):
        fit_trial(PLAN, data[data.bar == "no"])
    with pytest.raises(DataError, match=r"`bar` \(factor\) is empty in 6 rows"):
        fit_trial(PLAN, data.assign(bar=data.bar.where(data.id > 5)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"design.factors": {"merge": "merged"}}, "names two or more"),
        ({"design.received": "took"}, "belongs to one offer"),
    ],
)
def test_what_factors_cannot_be(trial, changes, says) -> None:
    with pytest.raises(ValueError, match=says):
        trial(PLAN | changes)
