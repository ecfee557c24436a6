"""From rows to what a synthetic control compares: treated units, donors without gaps, the first treated period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.design_keys.synthetic_control import SyntheticControl
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import Frame
from causalcx.core.panel import Clock, Panel
from causalcx.designs.donors.spread import Setting
from causalcx.designs.features import features, refuse_repeats

LEAST_BEFORE, LEAST_DONORS, MOST_UNITS = 2, 2, 500
SHOWN = 3
"""Units or donors that a sentence names."""


@dataclass(frozen=True)
class Comparison:
    """What the rows hold, in the order of the panel's units."""

    setting: Setting
    """Values less what covariates explain."""
    raw: tuple[Array, ...]
    """[U, T] per outcome, as they are."""
    clock: Clock
    units: tuple[str, ...]
    notices: tuple[Notice, ...]


def comparison_of(experiment: Experiment, design: SyntheticControl, frame: Frame) -> Comparison:
    """Refuses what cannot be compared, and leaves out donors with missing values."""
    panel = frame.panel
    assert panel is not None
    if panel.size[0] > MOST_UNITS or not panel.units:
        raise CannotAnswer(
            "`{unit}` names {units} units, and a synthetic control weighs {most} at most; sum rows up to sites or regions, or use `kind: staggered`.",
            unit=design.unit, units=panel.size[0], most=MOST_UNITS,
        )  # fmt: skip
    refuse_repeats(frame, features(frame, tuple(design.covariates)))
    treated = _treated(design, panel)
    start = _start(design, panel.clock)
    raw = tuple(panel.wide(frame.outcomes[o.key]) for o in experiment.outcomes)
    covariates = {c: panel.wide(_numbers(frame, c)) for c in design.covariates}
    named = {o.key: y for o, y in zip(experiment.outcomes, raw, strict=True)} | covariates
    for name, values in named.items():
        _refuse_holes(panel, design.unit, name, values[treated], treated, start)
    whole = np.array([not np.isnan(np.stack([y[u] for y in named.values()])).any() for u in range(panel.size[0])])
    others = np.setdiff1d(np.arange(panel.size[0]), treated)
    donors = others[whole[others]]
    if len(donors) < LEAST_DONORS:
        raise CannotAnswer(
            "Without the treated there are {donors} units with a value in every period, and a synthetic control needs {least} at least; "
            "for one series alone use `kind: interrupted-time-series`.",
            donors=len(donors), least=LEAST_DONORS,
        )  # fmt: skip
    values = tuple(_adjusted(y, tuple(covariates.values()), donors) for y in raw)
    left_out = [panel.units[u] for u in others[~whole[others]]]
    notices = (Notice(code="donors-left-out", facts={"units": left_out, "count": len(left_out)}),) if left_out else ()
    return Comparison(Setting(values, treated, donors, start, design.method), raw, panel.clock, panel.units, notices)


def _treated(design: SyntheticControl, panel: Panel) -> Whole:
    known = {name: i for i, name in enumerate(panel.units)}
    absent = [t for t in design.treated if t not in known]
    if absent:
        raise DataError(
            "`design.treated` names {absent}, which column `{column}` does not hold; it holds {known}.",
            absent=", ".join(absent), column=design.unit, known=_listed(panel.units),
        )  # fmt: skip
    return np.array(sorted({known[t] for t in design.treated}))


def _start(design: SyntheticControl, clock: Clock) -> int:
    if clock.missing or not clock.regular:
        raise DataError(
            "Column `{column}` has gaps: {periods} periods between {first} and {last} have no row of any unit. "
            "Complete the data, or number the periods one by one.",
            column=clock.column, periods=clock.missing, first=clock.labels[0], last=clock.labels[-1],
        )  # fmt: skip
    start = clock.position(design.start, "design.start")
    if start < LEAST_BEFORE or start >= len(clock.at):
        raise DataError(
            "`design.start` is {start}, and the data run from {first} to {last}: at least {least} periods before it and one from it on are needed.",
            start=str(design.start), first=clock.labels[0], last=clock.labels[-1], least=LEAST_BEFORE,
        )  # fmt: skip
    return start


def _numbers(frame: Frame, column: str) -> Array:
    if column in frame.levels:
        raise CannotAnswer(
            "Covariate `{column}` holds words; a synthetic control takes numbers that change over time.", column=column
        )
    return frame.covariates[column]


def _refuse_holes(panel: Panel, unit: str, name: str, values: Array, treated: Whole, start: int) -> None:
    for row, u in zip(np.isnan(values), treated, strict=True):
        facts: dict[str, Any] = {"unit": unit, "name": panel.units[u], "column": name}
        if row[:start].all():
            raise DataError(
                "The treated `{unit}` {name} has no value of {column} before the start, so there is nothing to compare its course with.",
                **facts,
            )
        if row.any():
            raise DataError(
                "The treated `{unit}` {name} has no value of {column} in {periods} periods (first: {first}); every period is needed.",
                **facts, periods=int(row.sum()), first=panel.clock.labels[int(row.argmax())],
            )  # fmt: skip


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:SHOWN]) + (f" … ({len(names)})" if len(names) > SHOWN else "")


def _adjusted(values: Array, covariates: tuple[Array, ...], donors: Whole) -> Array:
    """Values less what covariates explain among donors, beside unit and period means (least squares)."""
    if not covariates:
        return values
    columns = np.stack([_doubly_centred(x[donors]).ravel() for x in covariates], axis=1)
    slope, *_ = np.linalg.lstsq(columns, _doubly_centred(values[donors]).ravel())
    return values - np.tensordot(slope, np.stack(covariates), axes=1)


def _doubly_centred(values: Array) -> Array:
    return values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
