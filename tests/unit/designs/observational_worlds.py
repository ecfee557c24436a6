"""Small confounded worlds with known truth, and the experiment files that ask about them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment


@dataclass(frozen=True)
class World:
    """Units whose treatment depends on what also moves the outcomes."""

    table: pa.Table
    ate: float
    """True mean effect on revenue over all units drawn."""
    att: float


def world(n: int = 2_000, seed: int = 0, *, steep: float = 0.8, arms: int = 2, answering: float = 1.0) -> World:
    """Revenue rises with need and effect 2 + need; who needs more is treated more often, so a plain difference is too large."""
    rng = np.random.default_rng(seed)
    need, age = rng.normal(size=n), rng.normal(size=n)
    region = rng.choice(["north", "south", "west"], size=n)
    lean = steep * (need + 0.5 * age + 0.5 * (region == "north"))
    weights = np.exp(np.column_stack([np.zeros(n), *(lean / a for a in range(1, arms))]))
    arm = (rng.uniform(size=n)[:, None] > (weights / weights.sum(axis=1, keepdims=True)).cumsum(axis=1)).sum(axis=1)
    effect = 2 + need
    revenue = (
        10
        + 3 * need
        + age
        + (region == "north")
        + np.where(arm > 0, effect / np.maximum(arm, 1), 0)
        + rng.normal(size=n)
    )
    churn = (rng.uniform(size=n) < 1 / (1 + np.exp(1 + 0.5 * need + 0.5 * (arm > 0)))).astype(int)
    score = np.clip(np.round(7 + need + 0.5 * (arm > 0) + rng.normal(size=n)), 0, 10)
    asked = rng.uniform(size=n) < answering
    table = pa.table(
        {
            "customer": np.arange(n), "got": np.array(["none", "some", "much"])[arm], "need": need, "age": age, "region": region,
            "revenue": revenue, "churned": churn, "score": pa.array(score, mask=~asked), "calls": rng.poisson(np.exp(0.3 * need)),
        }
    )  # fmt: skip
    return World(table, float(effect.mean()), float(effect[arm == 1].mean()))


OUTCOMES = {
    "revenue": "{name: revenue, kind: amount, column: revenue, role: primary, unit: USD}",
    "churn": "{name: churn, kind: binary, column: churned, better: lower, role: secondary}",
    "nps": "{name: nps, kind: nps, column: score, role: secondary}",
    "calls": "{name: calls, kind: count, column: calls, better: lower, role: guardrail, margin: 0.5}",
}


def experiment(*outcomes: str, design: str = "covariates: [need, age, region]", more: str = "") -> Experiment:
    """An observational file on such a world."""
    lines = "\n".join(f"  - {OUTCOMES[o]}" for o in outcomes or ("revenue",))
    return parse_experiment(f"""
key: world
title: A confounded world
intervention: other
owner: a@example.com
hypothesis: none
period: {{start: 2026-01-01, end: 2026-01-31}}
data: {{source: none.parquet}}
design: {{kind: observational, unit: customer, treatment: got, control: none, {design}}}
interference: none
outcomes:
{lines}
{more}
""")
