"""Small histories, and the experiments that are planned on them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from causalcx.core.experiment import Experiment

OUTCOMES = [{"name": "sales", "kind": "amount", "column": "sales", "role": "primary", "matters": 2, "window_months": 1}]
VALUE = {
    "currency": "USD", "horizon_months": 12, "discount_rate": 0.1, "reach": {"stock": 100, "ramp_months": 0},
    "streams": [{"outcome": "sales", "worth": 0.5}], "costs": [{"name": "desk", "once": 500}],
}  # fmt: skip
DESIGNS = {
    "staggered": {"unit": "store", "time": "week", "cohort": "first_week"},
    "synthetic-control": {"unit": "store", "time": "week", "treated": ["3", "7"], "start": 30},
    "interrupted-time-series": {"unit": "store", "time": "week", "start": 30},
    "switchback": {"unit": "store", "time": "slot", "treatment": "setting", "control": "off", "washout": 1},
    "discontinuity": {"unit": "id", "running": "hours", "cutoff": 4},
    "instrument": {"unit": "id", "instrument": "nudged", "treatment": "took"},
    "observational": {"unit": "id", "treatment": "took", "control": 0, "covariates": ["age"]},
}
"""Every kind but randomised, with the keys it needs."""


def document(kind: str, **changes) -> dict:
    return {
        "key": f"plan-{kind}", "title": kind, "intervention": "staffing", "owner": "a@example.com", "hypothesis": "It helps.",
        "period": {"start": "2026-01-01", "end": "2026-01-31"}, "data": {"source": "data.csv"}, "outcomes": OUTCOMES,
        "design": {"kind": kind} | DESIGNS.get(kind, {}), "value": VALUE,
    } | changes  # fmt: skip


def plan_of(kind: str, **changes) -> Experiment:
    return Experiment.model_validate(document(kind, **changes))


def history(kind: str, seed: int = 1) -> pd.DataFrame:
    """Without any effect: stores over 30 weeks (or 96 slots) that remember the last one, or 1,500 customers."""
    rng = np.random.default_rng(seed)
    if kind in ("staggered", "synthetic-control", "interrupted-time-series", "switchback"):
        return _stores(rng, 96 if kind == "switchback" else 30, slots=kind == "switchback")
    n = 1_500
    hours, age, nudged = rng.uniform(0, 8, n), rng.normal(40, 10, n), rng.integers(0, 2, n)
    took = (
        nudged * (rng.random(n) < 0.6) if kind == "instrument" else (rng.random(n) < 1 / (1 + np.exp(-(age - 40) / 20)))
    )
    sales = 100 + 2 * hours + 0.3 * age + rng.normal(0, 10, n)
    return pd.DataFrame(
        {"id": np.arange(n), "hours": hours, "age": age, "nudged": nudged, "took": took.astype(int), "sales": sales}
    )


def _stores(rng: np.random.Generator, periods: int, *, slots: bool) -> pd.DataFrame:
    stores = 24
    noise = np.zeros((stores, periods))
    for t in range(periods):
        noise[:, t] = (0.5 * noise[:, t - 1] if t else 0) + rng.normal(0, 4, stores)
    sales = 100 + rng.normal(0, 15, stores)[:, None] + rng.normal(0, 1, periods) + noise
    store, week = np.divmod(np.arange(stores * periods), periods)
    rows = pd.DataFrame({"store": store, "week": week, "sales": sales.ravel()})
    opening = dt.datetime(2026, 1, 5)
    return rows.assign(slot=[opening + dt.timedelta(hours=6 * int(w)) for w in week]) if slots else rows
