"""Covariates of a frame as numbers: medians and indicators for missing values, one column per level of a text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.linear import NOTHING, inverse, rank
from causalcx.core.moments import Array
from causalcx.core.need import IS_MISSING, Frame


@dataclass(frozen=True)
class Features:
    """What the nuisance models see."""

    names: tuple[str, ...]
    values: Array
    """[n, k]; no value is missing and every column varies. A single column of zeros where there is no covariate."""


def features(frame: Frame, covariates: tuple[str, ...]) -> Features:
    """Numeric covariates with the median where a value is missing, and an indicator of that; texts one-hot.

    A text column of L levels gives L - 1 columns, and one more where values are missing. Columns that do not vary are
    left out (the source has said so).
    """
    parts: dict[str, Array] = {}
    for column in covariates:
        values = frame.covariates[column]
        parts |= _one_hot(column, values, frame.levels[column]) if column in frame.levels else _numeric(column, values)
    kept = {name: values for name, values in parts.items() if values.min() < values.max()}
    if not kept:
        return Features((), np.zeros((len(frame.arm), 1)))
    return Features(tuple(kept), np.column_stack(list(kept.values())))


def _numeric(column: str, values: Array) -> dict[str, Array]:
    missing = np.isnan(values)
    if not missing.any():
        return {column: values}
    middle = 0.0 if missing.all() else float(np.median(values[~missing]))
    return {column: np.where(missing, middle, values), f"{column}{IS_MISSING}": missing.astype(float)}


def _one_hot(column: str, positions: Array, levels: tuple[str, ...]) -> dict[str, Array]:
    parts = {f"{column}={level}": (positions == i).astype(float) for i, level in enumerate(levels) if i}
    return parts | {f"{column}{IS_MISSING}": np.isnan(positions).astype(float)}


def refuse_repeats(frame: Frame, known: Features) -> None:
    """Raises CannotAnswer for an outcome that covariates [n, k], in the order of the frame, repeat."""
    for name, y in frame.outcomes.items() if known.names else ():
        seen = ~np.isnan(y)
        if not seen.any():
            continue
        own, columns = y[seen] - y[seen].mean(), known.values[seen] - known.values[seen].mean(axis=0)
        products = columns.T @ columns
        left = own - columns @ (inverse(products) @ (columns.T @ own))
        saturated = rank(products) >= len(own) - 1
        if own.any() and not saturated and left @ left <= NOTHING * (own @ own):
            raise repeated(name)


def repeated(outcome: str) -> CannotAnswer:
    """An outcome that the covariates repeat leaves nothing but rounding as its standard error."""
    return CannotAnswer(
        "Outcome {outcome} follows from the covariates to the last digit, so they hold it in another form; take it out of `covariates`.",
        outcome=outcome,
    )  # fmt: skip
