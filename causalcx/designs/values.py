"""Outcomes of a frame, row by row, in effect units; and the arms as they are."""

from __future__ import annotations

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.effect import Arm
from causalcx.core.errors import DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import Frame
from causalcx.core.outcomes import Outcome
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import unit_of


def in_units(outcome: Outcome, values: Array) -> Array:
    """Values in effect units, missing ones missing: -100, 0, 100 for NPS."""
    if outcome.kind != "nps":
        return values
    return np.where(np.isnan(values), np.nan, 100.0 * ((values >= 9).astype(float) - (values <= 6)))


def by_arm(frame: Frame, outcome: Outcome) -> list[Array]:
    """The outcome's values per arm, in effect units, missing ones left out."""
    y = in_units(outcome, frame.outcomes[outcome.key])
    return [y[(frame.arm == a) & ~np.isnan(y)] for a in range(len(frame.profile.arms))]


def deviation(values: Array) -> float:
    """Standard deviation; exactly 0 where all values are equal, of which the mean may be off by a rounding."""
    return float(values.std(ddof=1)) if values.min() < values.max() else 0.0


def spread(frame: Frame, outcome: Outcome) -> float:
    """Standard deviation among control units; the largest of any other arm where it is 0."""
    own, *others = (deviation(values) for values in by_arm(frame, outcome))
    return own if own > 0 else max(others, default=0.0)


def flat_in_control(experiment: Experiment, frame: Frame) -> set[str]:
    """Outcomes that do not vary among the control units."""
    return {o.key for o in experiment.outcomes if deviation(by_arm(frame, o)[0]) == 0}


def clusters_of(frame: Frame, column: str | None) -> Whole:
    """[n] position of every row's cluster; the row itself without a column. Raises DataError where one is empty."""
    if column is None:
        return np.arange(len(frame.arm))
    position = frame.labels[column].position
    if (position < 0).any():
        raise DataError(
            "Column `{column}` (cluster) is empty in {rows} rows.", column=column, rows=int((position < 0).sum())
        )
    return position


def arms_of(experiment: Experiment, frame: Frame) -> tuple[Arm, ...]:
    """The arms as they are in the data, with plain means."""
    means = {o.key: [float(v.mean()) for v in by_arm(frame, o)] for o in experiment.outcomes}
    return tuple(
        Arm(
            label=label, units=units, answered={name: counts[label] for name, counts in frame.profile.answered.items()},
            means={name: values[a] for name, values in means.items()},
        )
        for a, (label, units) in enumerate(frame.profile.arms.items())
    )  # fmt: skip


def naive_differences(experiment: Experiment, frame: Frame, estimates: Estimates) -> tuple[Notice, ...]:
    """What a careless reading would claim: the plain difference of the arms' means."""
    labels = list(frame.profile.arms)
    notices = []
    for outcome, treated, value in zip(estimates.outcomes, estimates.treated, estimates.value, strict=True):
        values = by_arm(frame, outcome)
        naive = float(values[labels.index(treated)].mean() - values[0].mean())
        facts = {
            "outcome": outcome.key, "comparison": f"{treated} vs {labels[0]}", "naive": naive, "estimate": float(value),
            "unit": unit_of(experiment, outcome),
        }  # fmt: skip
        notices.append(Notice(code="naive-difference", facts=facts))
    return tuple(notices)
