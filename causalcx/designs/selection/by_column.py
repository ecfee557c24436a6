"""Were the treated picked by a column that tells the outcome's own past? For units that occur once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from scipy import stats

from causalcx.checks import selection as verdicts
from causalcx.core.check import Check
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags
from causalcx.core.need import Frame
from causalcx.core.outcomes import Outcome
from causalcx.designs.headline import unit_of
from causalcx.designs.values import in_units

ALIKE = 0.5
"""Spread of a column, as a share of the outcome's or the other way round, from which both may be the same quantity at two times."""
MOVES = 3.0
"""Standard errors by which a column must say something of the outcome among those without the change."""
LEAST, FEW_VALUES = 20, 5
"""Units with both, and different values, below which a column is not read as an outcome's past."""


def by_column(experiment: Experiment, frame: Frame, columns: Sequence[str]) -> tuple[Check, ...]:
    """Per outcome with a column that tells its own past, the strongest sign; nothing where no column does."""
    found = [
        check
        for outcome in experiment.outcomes
        if outcome.kind != "duration"  # a unit leaves once, and no column tells of the time before
        for column in columns
        if column not in frame.levels
        for check in _of(experiment, outcome, column, frame)
    ]
    order = ("pass", "info", "fail")
    return (max(found, key=lambda c: (order.index(c.verdict), -(c.value or 0))),) if found else ()


def _of(experiment: Experiment, outcome: Outcome, column: str, frame: Frame) -> Iterator[Check]:
    past, y = in_units(outcome, frame.covariates[column]), in_units(outcome, frame.outcomes[outcome.key])
    control = frame.arm == 0
    law = _its_own_past(past[control], y[control], named=_named_alike(outcome, column))
    for arm in range(1, len(frame.profile.arms)):
        if law is not None:
            yield _picked(past, frame.arm == arm, control, law, _facts(experiment, outcome, column))


def _facts(experiment: Experiment, outcome: Outcome, column: str) -> dict[str, object]:
    return {"outcome": outcome.key, "column": column, "unit": unit_of(experiment, outcome)}


def _named_alike(outcome: Outcome, column: str) -> bool:
    """Whether the names share a word: `nps` and `nps_before`."""
    own, other = (
        set(re.findall(r"[^\W\d_]{3,}", f"{name}".lower())) for name in (f"{outcome.key} {outcome.column}", column)
    )
    return bool(own & other)


def _its_own_past(past: Array, y: Array, *, named: bool) -> tuple[float, float] | None:
    """Slope of the outcome on the column among controls, and its error; None where the column is another quantity.

    A column of the same size is the outcome's past where it is ``named`` so, or says something of it.
    """
    seen = ~np.isnan(past) & ~np.isnan(y)
    past, y = past[seen], y[seen]
    if len(y) < LEAST or len(np.unique(past)) < FEW_VALUES or y.std() == 0:
        return None
    spread, other = float(past.std()), float(y.std())
    fit = stats.linregress(past, y)
    same = min(spread, other) >= ALIKE * max(spread, other) and abs(past.mean() - y.mean()) <= max(spread, other)
    return (float(fit.slope), float(fit.stderr)) if same and (named or fit.slope > MOVES * fit.stderr) else None


def _picked(past: Array, treated: Flags, control: Flags, law: tuple[float, float], facts: dict[str, object]) -> Check:
    seen = (treated | control) & ~np.isnan(past)
    own, others, everybody = past[treated & seen], past[control & seen], past[seen]
    dip = float(own.mean() - others.mean())
    sign, k = (1 if dip > 0 else -1), len(own)
    extreme = int(treated[seen][np.argpartition(-sign * everybody, k - 1)[:k]].sum())
    chance = float(stats.hypergeom.sf(extreme - 1, len(everybody), k, k))
    away = float(everybody.mean() - own.mean())
    return verdicts.of_rows(
        facts | {
            "side": "low" if dip < 0 else "high", "among": len(everybody), "by_chance": k * k / len(everybody), "dip": dip,
            "expected": (1 - law[0]) * away, "expected_std_error": law[1] * abs(away),
        },
        extreme, k, chance,
    )  # fmt: skip
