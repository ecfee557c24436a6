"""A small experiment with money and a readout made by hand, both open to change."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from causalcx.core.check import Check, Grade
from causalcx.core.effect import Covariance, Effect, Law
from causalcx.core.experiment import Experiment
from causalcx.core.looks import LookRecord
from causalcx.core.readout import Readout

FILE: dict[str, Any] = {
    "key": "merge-steps",
    "title": "Merge the steps",
    "intervention": "behavioural",
    "owner": "ana@example.com",
    "hypothesis": "Fewer steps, less churn.",
    "period": {"start": "2026-03-01", "end": "2026-04-15"},
    "data": {"source": "data.parquet"},
    "design": {"kind": "randomised", "unit": "id", "treatment": "variant", "control": "today"},
    "outcomes": [
        {"name": "revenue", "kind": "amount", "column": "revenue", "role": "primary", "window_months": 3},
        {"name": "churn", "kind": "binary", "column": "churn", "better": "lower", "window_months": 3},
        {"name": "calls", "kind": "count", "column": "calls", "better": "lower", "window_months": 3},
    ],
    "value": {
        "currency": "USD",
        "horizon_months": 36,
        "discount_rate": 0.1,
        "reach": {"per_month": 4000, "ramp_months": 3},
        "half_life_months": 24,
        "streams": [
            {"outcome": "revenue", "worth": "margin", "recurs": False},
            {
                "outcome": "churn",
                "worth": {"low": 150, "mode": 240, "high": 300},
                "recurs": False,
                "covers": {"from": 4, "to": 36},
            },
            {"outcome": "calls", "worth": 2.1},
        ],
        "costs": [
            {"name": "build", "once": 90000},
            {"name": "run", "monthly": {"mean": 4000, "sd": 500}},
            {"name": "per customer", "per_unit": 0.12},
        ],
    },
    "assumptions": [
        {
            "name": "margin",
            "value": {"low": 0.31, "mode": 0.35, "high": 0.38},
            "owner": "finance@example.com",
            "agreed": "finance",
        }
    ],
}

EFFECTS = {"revenue": (2.0, 0.8), "churn": (-0.014, 0.004), "calls": (-0.05, 0.03)}
"""Estimate and standard error per outcome, in its unit."""


def changed(document: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with dotted keys set, for example ``{"value.rollout": "treatment"}``; None takes a key away."""
    result = copy.deepcopy(document)
    for dotted, new in changes.items():
        *parents, last = dotted.split(".")
        node = result
        for parent in parents:
            node = node.setdefault(parent, {})
        if new is None:
            node.pop(last, None)
        else:
            node[last] = new
    return result


@pytest.fixture
def raw() -> Callable[..., dict[str, Any]]:
    """The file as plain data: ``raw({"value.rollout": "treatment"})``."""
    return lambda changes=None: changed(FILE, changes or {})


@pytest.fixture
def experiment() -> Callable[..., Experiment]:
    """The validated experiment, with changes by dotted key."""
    return lambda changes=None: Experiment.model_validate(changed(FILE, changes or {}))


def made_readout(
    effects: Mapping[str, tuple[float, float]] = EFFECTS,
    *,
    arms: Sequence[str] = ("merged",),
    correlation: float = 0.0,
    df: float | None = None,
    checks: Sequence[Check] = (),
    level: int | None = 5,
    looks: LookRecord | None = None,
    **fields: Any,
) -> Readout:
    """A readout of these effects for each arm, equally correlated; ``fields`` are set on every effect."""
    rows = [_effect(name, arm, mean, error, df, fields) for arm in arms for name, (mean, error) in effects.items()]
    errors = np.array([row.std_error for row in rows])
    matrix = np.outer(errors, errors) * np.where(np.eye(len(rows)) == 1, 1.0, correlation)
    labels, nested = tuple(row.label for row in rows), tuple(map(tuple, matrix.tolist()))
    law = Law(
        labels=labels, mean=tuple(row.estimate for row in rows), matrix=nested, df=(df,) * len(rows),
        prior_mean=(0.0,) * len(rows), prior_sd=(1.0,) * len(rows),
    )  # fmt: skip
    grade = None if level is None else Grade(level=level)
    return Readout(
        experiment="merge-steps", design="randomised", effects=tuple(rows), covariance=Covariance(labels=labels, matrix=nested),
        law=law, looks=looks, checks=tuple(checks), grade=grade,
    )  # fmt: skip


def _effect(name: str, arm: str, mean: float, error: float, df: float | None, fields: Mapping[str, Any]) -> Effect:
    given: dict[str, Any] = {
        "outcome": name, "comparison": f"{arm} vs today", "estimand": "ATE", "applies_to": "assigned", "share": 1.0,
        "unit": "unit", "estimate": mean, "std_error": error, "df": df, "low": None, "high": None,
        "method": "difference in means", "n_treated": 100, "n_control": 100, "role": "primary",
    }  # fmt: skip
    return Effect(**(given | dict(fields)))


@pytest.fixture
def readout() -> Callable[..., Readout]:
    """See :func:`made_readout`."""
    return made_readout
