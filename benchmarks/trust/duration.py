"""How often the 95 % interval of a duration holds the truth: share that left by month 12 and restricted mean, with losses that differ by arm.

Units leave at exponential rates. Without the change two of five are lost from sight within the horizon, with it one of four, so whoever
drops the lost compares unlike groups. Where treatment was a choice, what speeds leaving also decides who is treated and who is lost.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.trust.judged import row_of_ends
from causalcx.core.experiment import Experiment
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array, moments_of_columns
from causalcx.core.need import COVARIATE, variables_of
from causalcx.core.survival import pseudo_values
from causalcx.designs import observational, staggered
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.contrasts import Estimates, contrasts
from causalcx.designs.survival.durations import time_of
from causalcx.designs.unconfounded.nuisances import one_thread
from causalcx.designs.unconfounded.study import groups_of, study
from causalcx.sources.engine import open_frame
from causalcx.sources.pull import pull

HORIZON, RATE, SLOWER = 12.0, 0.035, 0.35
"""Months; leavings a month without the change; how much lower the log of that rate is with it."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
READINGS = ("share that left", "restricted mean")
DAY = dt.date(2026, 1, 1)


@dataclass(frozen=True)
class Case:
    """How units were drawn and compared; one row per reading."""

    label: str
    design: dict[str, Any] = field(default_factory=dict)
    slope: float = 0.0
    """How much a covariate raises the log rate of leaving."""
    lost_by: float = 0.0
    """How much the same covariate raises the log rate of being lost."""
    chosen_by: float = 0.0
    """How much it raises the log odds of being treated."""
    whole_months: bool = False
    units: int = 1_500
    drop_lost: bool = False
    """The careless reading: only units whose answer is known."""
    readings: tuple[str, ...] = READINGS


LOT = {"kind": "randomised", "unit": "id", "treatment": "arm", "control": "today"}
CHOICE = {"kind": "observational", "unit": "id", "treatment": "arm", "control": "today", "covariates": ["x"]}
WAVES = {"kind": "staggered", "unit": "id", "time": "entered", "cohort": "start"}
CASES = (
    Case("by lot", LOT),
    Case("by lot, whole months", LOT, whole_months=True),
    Case("by lot, a covariate", LOT | {"covariates": ["x"]}, slope=0.7),
    Case("by lot, 80 units", LOT, units=80),
    Case("in waves", WAVES, units=6_000, readings=READINGS[:1]),
    Case("by choice", CHOICE, slope=0.7, lost_by=0.7, chosen_by=0.7),
    Case("broken: by lot, the lost dropped", LOT, drop_lost=True, readings=READINGS[:1]),
    Case("broken: by lot, lost by what speeds leaving", LOT, slope=0.7, lost_by=0.7, readings=READINGS[:1]),
)


def drawn(case: Case, rng: np.random.Generator) -> pd.DataFrame:
    """The rows of one run."""
    n, x = case.units, rng.normal(size=case.units)
    entered, start = rng.integers(4, size=n), np.array([2, 0])[rng.integers(2, size=n)]
    by_lot = rng.uniform(size=n) < 1 / (1 + np.exp(-case.chosen_by * x))
    treated = (start > 0) & (entered >= start) if case.design["kind"] == "staggered" else by_lot
    leaves = rng.exponential(1 / rate(case, x, treated))
    lost = rng.exponential(np.where(treated, 45, 25) * np.exp(-case.lost_by * x))
    if case.whole_months:
        leaves, lost = np.ceil(leaves), np.ceil(lost)
    months, left = np.minimum(np.minimum(leaves, lost), HORIZON + 1), (leaves <= lost) & (leaves <= HORIZON)
    data = pd.DataFrame(
        {
            "id": np.arange(n),
            "arm": np.where(treated, "new", "today"),
            "x": x,
            "entered": entered,
            "start": start,
            "months": months,
        }
    )
    known = left | (months >= HORIZON) if case.drop_lost else np.ones(n, bool)
    return data.assign(left=left.astype(int))[known]


def rate(case: Case, x: Any, treated: Any) -> Any:
    """Leavings a month."""
    return RATE * np.exp(case.slope * x - SLOWER * treated)


def truths(case: Case) -> tuple[float, float]:
    """Share that left and restricted mean, treated less control, over the covariate by quadrature."""
    rates = [rate(case, NODES, treated) for treated in (1, 0)]
    left = [1 - np.exp(-r * HORIZON) for r in rates]
    mean = [np.where(case.whole_months, 1 / (1 - np.exp(-r)), 1 / r) * s for r, s in zip(rates, left, strict=True)]
    share, time = (float(WEIGHTS @ (treated - control) / WEIGHTS.sum()) for treated, control in (left, mean))
    return share, time


def experiment(design: dict[str, Any]) -> Experiment:
    """A plan with one duration."""
    outcome = {
        "name": "leaving", "kind": "duration", "column": "months", "event": "left", "horizon": {"months": HORIZON}, "better": "lower",
        "role": "primary",
    }  # fmt: skip
    plan = {
        "key": "stay", "title": "Calls in the first week", "intervention": "outreach", "owner": "a@example.com", "hypothesis": "They stay.",
        "period": {"start": "2025-01-01", "end": "2025-03-31"}, "data": {"source": "none.csv"}, "interference": "none",
    }  # fmt: skip
    return Experiment.model_validate(plan | {"design": design, "outcomes": [outcome]})


def estimates_of(case: Case, data: pd.DataFrame, seed: int) -> Estimates:
    """Share that left and restricted mean; of waves the share alone."""
    plan = experiment(case.design)
    if case.design["kind"] == "randomised":
        return _by_lot(plan, data)
    design = staggered if case.design["kind"] == "staggered" else observational
    frame = pull(open_frame(data), design.needs(plan, DAY))
    return design.estimated(plan, frame, seed=seed) if design is staggered else _by_choice(plan, frame, seed)


def _by_lot(plan: Experiment, data: pd.DataFrame) -> Estimates:
    """From the moments that a source would sum."""
    outcome, arm = plan.outcomes[0], data.arm.to_numpy(str)
    values = np.empty((len(data), 2))
    for label in ("today", "new"):
        own = arm == label
        values[own] = pseudo_values(data.months.to_numpy(float)[own], data.left.to_numpy(bool)[own], HORIZON)
    known = {COVARIATE + "x": data.x.to_numpy()} if getattr(plan.design, "covariates", ()) else {}
    names = variables_of(outcome)
    moments = moments_of_columns(arm, dict(zip(names, values.T, strict=True)) | known, np.full(len(arm), ""), "today")
    return contrasts(means(moments, names, "interacted"), [outcome, time_of(plan, outcome)], "today", "")


def _by_choice(plan: Experiment, frame: Any, seed: int) -> Estimates:
    identified, weighed = observational.prepared(plan, frame, seed)
    with one_thread():
        done = study(weighed, groups_of(weighed, identified), "ate", seed)
    return observational.estimates_of([plan.outcomes[0], time_of(plan, plan.outcomes[0])], weighed, done, "ate")


def rows(runs: int, seed: int) -> Iterator[dict[str, Any]]:
    """Per case and reading: bias, coverage and power at the planted effect, standard error and spread, in outcome units."""
    for i, case in enumerate(CASES):
        rng = np.random.default_rng([seed, i])
        found = [estimates_of(case, drawn(case, rng), seed) for _ in range(runs)]
        for k, (reading, truth) in enumerate(zip(READINGS, truths(case), strict=True)):
            if reading in case.readings:
                yield _row(case, reading, truth, *_intervals(found, k))


def _intervals(found: list[Estimates], k: int) -> tuple[Array, Array, Array]:
    """[runs] estimates and errors, [runs, 2] ends."""
    value = np.array([e.value[k] for e in found])
    error = np.array([np.sqrt(e.covariance[k, k]) for e in found])
    ends = [t_interval(float(v), float(s), e.df[k], 0.95) for v, s, e in zip(value, error, found, strict=True)]
    return value, error, np.array(ends)


def _row(case: Case, reading: str, truth: float, value: Array, error: Array, ends: Array) -> dict[str, Any]:
    broken = "broken: " if case.label.startswith("broken: ") else ""
    head = ("duration", "duration", f"{broken}{reading}, {case.label.removeprefix('broken: ')}")
    return row_of_ends(head, truth, value, error, *ends.T)
