"""A ratio in a design with a row per unit and period is that of each row; where units are compared one by one it is refused."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import causalcx as cx
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
PANELS = ("peak-staffing", "city-desk", "new-bill", "vip-routing")


def with_outcome(experiment: Experiment, **keys: object) -> Experiment:
    outcome = Outcome.model_validate({"name": "rate", "role": "primary", "matters": 0.1} | keys)
    changed = {
        "outcomes": [outcome],
        "value": None,
        "expects": {},
        "prior": {},
        "decision": None,
        "assumptions": [],
        "interference": "none",
    }
    return experiment.model_copy(update=changed)


@pytest.mark.parametrize("key", PANELS)
def test_the_ratio_of_a_row_is_its_amount(key: str) -> None:
    experiment = cx.load(EXPERIMENTS / key)
    table = pd.read_parquet(EXPERIMENTS / key / str(experiment.data.source))
    first = str(experiment.outcomes[0].column)
    table["below"] = 2.0 + (pd.RangeIndex(len(table)) % 3)
    table["own"] = table[first] / table["below"]
    ratio = cx.fit(with_outcome(experiment, kind="ratio", numerator=first, denominator="below"), data=table)
    amount = cx.fit(with_outcome(experiment, kind="amount", column="own"), data=table)
    assert ratio.effects[0].estimate == pytest.approx(amount.effects[0].estimate, rel=1e-12)
    assert ratio.effects[0].std_error == pytest.approx(amount.effects[0].std_error, rel=1e-12)
    assert any(n.code == "ratio-by-row" for n in ratio.warnings)


@pytest.mark.parametrize("key", ["outage-credit", "app-nudge", "tech-support-and-churn"])
def test_one_by_one_there_is_no_ratio_of_sums(key: str) -> None:
    experiment = cx.load(EXPERIMENTS / key)
    with pytest.raises(CannotAnswer, match="ratio of sums"):
        cx.check(with_outcome(experiment, kind="ratio", numerator="a", denominator="b"))
