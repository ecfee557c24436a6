"""Ctrip's call centre: who left, as recomputed from the published tables; and bounds on the calls of those who stayed, by Lee's formulas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from causalcx.core.readout import Readout
from causalcx.sources.engine import open_file

AGENTS = Path(__file__).parents[2] / "experiments" / "agents-at-home" / "data.parquet"
# N. Bloom, J. Liang, J. Roberts and Z. Ying, Quarterly Journal of Economics 130 (2015): 165-218. Recomputed from the published tables
# `quits` and `employeestatus`: 21 of 131 at home and 41 of 118 in the office left, 16.0 % and 34.7 %, -18.7 percentage points.
LEFT, OF = {"0": 41, "1": 21}, {"0": 118, "1": 131}
DIFFERENCE, PRINTED = -0.187, 0.0005
EXACT = 1e-9  # relative, against the same sums in another order
SMALL = 0.02  # relative: Lee's variance is that of a large sample, here 72 and 107 answers; ours divides by n - 1


@pytest.fixture(scope="module")
def readout(fit_trial: Any) -> Readout:
    outcomes = [
        {"name": "quit", "kind": "binary", "column": "quit", "better": "lower", "role": "primary"},
        {"name": "calls", "kind": "amount", "column": "calls_last_month"},
        {"name": "satisfaction", "kind": "score", "column": "satisfaction"},
    ]
    changes = {"design.unit": "agent", "design.treatment": "home", "design.control": 0, "outcomes": outcomes}
    return fit_trial(changes, open_file(AGENTS))


def test_who_left(readout: Readout) -> None:
    assert {a.label: a.units for a in readout.arms} == OF
    assert {a.label: round(a.means["quit"] * a.units) for a in readout.arms} == LEFT
    assert readout.effect("quit").estimate == pytest.approx(DIFFERENCE, abs=PRINTED)


def test_those_who_stayed_fail_the_check_until_bounded(readout: Readout) -> None:
    failed = [c.facts["outcome"] for c in readout.checks if (c.name, c.verdict) == ("missing-by-arm", "fail")]
    assert failed == ["calls", "satisfaction"]
    assert {e.outcome for e in readout.effects if e.aggregation in ("lee-lower", "lee-upper")} == set(failed)


@pytest.mark.parametrize(("name", "column"), [("calls", "calls_last_month"), ("satisfaction", "satisfaction")])
@pytest.mark.parametrize("side", ["lee-lower", "lee-upper"])
def test_bounds_and_errors_by_lees_formulas(readout: Readout, name: str, column: str, side: str) -> None:
    """Lee (2009), Review of Economic Studies 76: 1071-1102, Proposition 3; the answer at the cut counts in part."""
    data = pq.read_table(AGENTS).to_pandas()
    sign = 1 if side == "lee-lower" else -1
    y = [np.sort(sign * data.loc[data["home"] == a, column].dropna().to_numpy(float)) for a in (0, 1)]
    rate, share = [len(v) / OF[str(a)] for a, v in enumerate(y)], OF["1"] / 249
    kept = rate[0] / rate[1]
    weight = np.clip(kept * len(y[1]) - np.arange(len(y[1])), 0, 1)
    mean = weight @ y[1] / weight.sum()
    cut = y[1][np.flatnonzero(weight)[-1]]
    inside = weight @ (y[1] - mean) ** 2 / weight.sum()
    of_share = kept**2 * ((1 - rate[1]) / (share * rate[1]) + (1 - rate[0]) / ((1 - share) * rate[0]))
    answered = rate[1] * share
    variance = (inside + (cut - mean) ** 2 * (1 - kept)) / (answered * kept) + ((cut - mean) / kept) ** 2 * of_share
    variance += y[0].var(ddof=1) / (rate[0] * (1 - share))
    effect = next(e for e in readout.effects if (e.outcome, e.aggregation) == (name, side))
    assert effect.estimate == pytest.approx(sign * (mean - y[0].mean()), rel=EXACT)
    assert effect.std_error == pytest.approx(np.sqrt(variance / 249), rel=SMALL)
