"""Rows of a frame as a lot or a replay sees them: strata as names, covariates without gaps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from causalcx.core.moments import Array
from causalcx.core.need import COVARIATE, Frame, Labels

MISSING = "(missing)"


def names_of_rows(labels: Labels) -> tuple[str, ...]:
    """[n] the label of every row."""
    return tuple(labels.names[i] if i >= 0 else MISSING for i in labels.position.tolist())


def stratum_of_rows(frame: Frame, strata: Sequence[str]) -> tuple[str, ...]:
    """[n] the stratum of every row; one for all without strata."""
    columns = [names_of_rows(frame.labels[c]) for c in strata]
    return tuple(" | ".join(row) for row in zip(*columns, strict=True)) if columns else ("",) * len(frame.arm)


def filled_covariates(frame: Frame) -> dict[str, Array]:
    """Numbers with gaps filled by the mean, and an indicator per level of a text but the first; what never varies is left out."""
    columns: dict[str, Array] = {}
    for name, values in frame.covariates.items():
        if name in frame.levels:
            levels = enumerate(frame.levels[name][1:], start=1)
            columns |= {f"{COVARIATE}{name}={level}": (values == i).astype(float) for i, level in levels}
        else:
            columns[COVARIATE + name] = np.where(np.isnan(values), np.nanmean(values), values)
    return {name: values for name, values in columns.items() if np.ptp(values) > 0}
