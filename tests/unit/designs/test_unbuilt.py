"""Keys that a kind of design cannot use are said, never ignored."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import causalcx as cx
from causalcx.core.errors import CannotAnswer
from causalcx.service.kinds import design_of

EXPERIMENTS = Path(__file__).parents[3] / "experiments"
OF_KIND = {
    "discontinuity": "outage-credit", "instrument": "app-nudge", "interrupted-time-series": "new-bill",
    "randomised": "merge-confirmation-steps", "staggered": "peak-staffing", "switchback": "vip-routing", "synthetic-control": "city-desk",
}  # fmt: skip


@pytest.mark.parametrize("kind", OF_KIND)
def test_a_graph_is_refused_by_name(kind: str) -> None:
    experiment = cx.load(EXPERIMENTS / OF_KIND[kind])
    design = experiment.design.model_copy(update={"graph": "digraph { a -> b }"})
    with pytest.raises(CannotAnswer, match=f"`design.graph` with `kind: {kind}`"):
        design_of(experiment).needs(experiment.model_copy(update={"design": design}), dt.date(2026, 11, 22))
