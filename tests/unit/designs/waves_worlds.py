"""Small roll-outs with known truth, and the experiment files that ask about them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment

STARTS = {"early": 4, "late": 6, "never": 0}
TRUTH = {"early": 2.0, "late": 1.0}
"""Effect per treated period, from the first on."""


def panel(stores: int = 30, periods: int = 8, seed: int = 0, *, noise: float = 1.0) -> pd.DataFrame:
    """``stores`` per wave over periods 1 to ``periods``; sales follow a common path, each store at its own level."""
    rng = np.random.default_rng(seed)
    wave = np.repeat(list(STARTS), stores)
    start = np.array([STARTS[w] for w in wave])
    time = np.arange(1, periods + 1)
    treated = (start[:, None] > 0) & (time >= start[:, None])
    effect = np.array([TRUTH.get(w, 0.0) for w in wave])[:, None] * treated
    level, path = rng.normal(50, 5, len(wave)), np.sin(time) * 3
    sales = level[:, None] + path + effect + rng.normal(0, noise, treated.shape)
    rows = np.repeat(np.arange(len(wave)), periods)
    return pd.DataFrame(
        {
            "store": rows, "week": np.tile(time, len(wave)), "first_week": start[rows], "region": rows % 10, "area": level[rows].round(),
            "sales": sales.ravel(), "visits": rng.poisson(20 + 2 * treated).ravel(), "late": rng.binomial(1, 0.3 - 0.1 * treated).ravel(),
        }
    )  # fmt: skip


def surveys(rows: int = 4_000, seed: int = 0) -> pd.DataFrame:
    """Waves of a survey: each answer once, in one of six months; scores rise by about a point under treatment."""
    rng = np.random.default_rng(seed)
    city, month = rng.integers(0, 40, rows), rng.integers(1, 7, rows)
    start = np.array([0, 3, 5, 0])[city % 4]
    treated = (start > 0) & (month >= start)
    score = np.clip(np.round(rng.normal(7.5 + 0.1 * month + 0.8 * treated, 2)), 0, 10)
    return pd.DataFrame({"answer": np.arange(rows), "month": month, "start": start, "city": city, "score": score})


SALES = "{name: sales, kind: amount, column: sales, role: primary, unit: USD, matters: 0.5}"
OUTCOMES = f"""
  - {SALES}
  - {{name: visits, kind: count, column: visits, role: guardrail, margin: 5}}
  - {{name: late, kind: binary, column: late, better: lower, role: primary}}"""


def experiment(design: str = "", outcomes: str = OUTCOMES, more: str = "") -> Experiment:
    """A plan for :func:`panel`."""
    return plan(f"unit: store, time: week, cohort: first_week{design}", outcomes, more)


def survey_plan(design: str = "") -> Experiment:
    """A plan for :func:`surveys`."""
    return plan(
        f"unit: answer, time: month, cohort: start{design}",
        "\n  - {name: nps, kind: nps, column: score, role: primary}",
    )


def plan(design: str, outcomes: str, more: str = "") -> Experiment:
    """Any staggered plan."""
    return parse_experiment(f"""
key: waves
title: Peak-hour staffing in waves
intervention: staffing
owner: a@example.com
hypothesis: More agents at peak hours sell more.
period: {{start: 2026-01-01, end: 2026-06-30}}
data: {{source: data.parquet}}
design: {{kind: staggered, {design}}}
interference: none
{more}
outcomes:{outcomes}
""")
