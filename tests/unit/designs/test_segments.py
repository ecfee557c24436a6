"""Segments: partial pooling against the exact grid, parts that add up, segments that cannot answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalcx as cx
from causalcx.core.experiment_file import parse_experiment
from causalcx.models.pooling import pool, pool_exactly

MONTE_CARLO = 0.12
"""Posterior standard deviations by which 4,000 correlated draws may differ from the exact answer (about 4 errors)."""

PLAN = """
key: parts
title: Parts
intervention: other
owner: a@example.com
hypothesis: Some gain more.
period: {start: 2026-01-01, end: 2026-02-01}
data: {source: none.csv}
design: {kind: randomised, unit: id, treatment: arm, control: a}
segments: city
outcomes:
  - {name: y, kind: amount, column: y, role: primary, matters: 0.5}
"""


@pytest.fixture(scope="module")
def readout():
    rng = np.random.default_rng(3)
    n = 3_000
    city = rng.choice(["north", "south", "east"], n, p=[0.5, 0.3, 0.2])
    treated = rng.random(n) < 0.5
    y = rng.normal(10, 4, n) + treated * (city == "north") * 2.0
    y[rng.random(n) < np.where(city == "north", 0.6, 0.1)] = np.nan
    frame = pd.DataFrame({"id": np.arange(n), "arm": np.where(treated, "b", "a"), "city": city, "y": y})
    return cx.fit(parse_experiment(PLAN), data=frame), frame


def test_sampling_agrees_with_the_exact_grid():
    estimate, error = np.array([0.05, 0.02, -0.01, 0.03]), np.array([0.02, 0.015, 0.02, 0.01])
    sampled = pool(estimate[None], error[None], seed=1)
    mean, sd = pool_exactly(estimate, error)
    assert np.abs(sampled.mean[0] - mean).max() < MONTE_CARLO * sd.min()
    assert sampled.sd[0] == pytest.approx(sd, rel=MONTE_CARLO)


def test_the_parts_add_up_to_the_headline_by_who_answered(readout):
    fitted, frame = readout
    (headline,) = fitted.headlines
    parts = {e.segment: e for e in fitted.effects if e.segment}
    share = frame.dropna()["city"].value_counts(normalize=True)
    total = sum(share[name] * parts[f"city={name}"].estimate for name in share.index)
    assert total == pytest.approx(headline.estimate, abs=1e-9)


def test_pooling_shrinks_towards_the_headline_and_keeps_the_order(readout):
    fitted, frame = readout
    means = frame.groupby(["city", "arm"])["y"].mean().unstack()
    plain = means["b"] - means["a"]
    parts = {e.segment.removeprefix("city="): e.estimate for e in fitted.effects if e.segment}
    assert max(parts, key=parts.__getitem__) == plain.idxmax() == "north"
    assert max(parts.values()) - min(parts.values()) < plain.max() - plain.min()


def test_another_order_of_the_rows_gives_the_same_parts(readout):
    fitted, frame = readout
    again = cx.fit(parse_experiment(PLAN), data=frame.sample(frac=1, random_state=1))
    pairs = list(zip(fitted.effects, again.effects, strict=True))
    assert [a.estimate for a, _ in pairs] == pytest.approx([b.estimate for _, b in pairs], rel=1e-9)
    assert [a.std_error for a, _ in pairs] == pytest.approx([b.std_error for _, b in pairs], rel=1e-9)


def test_segments_without_spread_or_answers_are_left_out_and_said_and_move_no_other(readout):
    """Half of all are of a part that stands still: the headline is half of what it was, and the parts are what they were."""
    whole, frame = readout
    tiny = pd.DataFrame({"id": [-1, -2, -3], "arm": ["a", "a", "b"], "city": "village", "y": [1.0, 2.0, 3.0]})
    same = pd.DataFrame({"id": np.arange(-4_000, -1_000), "arm": ["a", "b"] * 1_500, "city": "desert", "y": 0.0})
    fitted = cx.fit(parse_experiment(PLAN), data=pd.concat([frame, tiny, same]))
    left_out = {n.facts["segment"] for n in fitted.warnings if n.code == "segment-left-out"}
    assert left_out == {"village", "desert"}
    assert fitted.check("convergence").verdict == "pass"
    before, after = ([e for e in one.effects if e.segment] for one in (whole, fitted))
    assert [e.estimate for e in after] == pytest.approx([e.estimate for e in before], abs=0.1)
    assert [e.method.endswith("centred on the headline") for e in (*before, *after)] == [True] * 3 + [False] * 3
