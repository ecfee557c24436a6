"""Durations: restricted mean times beside the shares at the horizon, and the curves that both come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from causalcx.core.curve import Curve
from causalcx.core.effect import Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags, Whole
from causalcx.core.need import TREATED, UNTREATED, Frame, Profile, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.picture import Picture, Series
from causalcx.core.survival import LifeTable, life_table, pseudo_values, told, until
from causalcx.designs.contrasts import Estimates
from causalcx.designs.headline import headline, horizon_of, made_of

RESTRICTED_MEAN = "restricted-mean"
"""Aggregation of the effect on the mean time within the horizon, beside that on the share at the horizon."""


def restricted_means(
    experiment: Experiment, estimate: Callable[[list[Outcome]], Estimates], seed: int
) -> tuple[Effect, ...]:
    """Effects on the mean time until units leave, none of it counted beyond the horizon; longer is better for both readings."""
    durations = [o for o in experiment.outcomes if o.kind == "duration"]
    if not durations:
        return ()
    times = {time_of(experiment, o).key: o for o in durations}
    found = headline(experiment, estimate([time_of(experiment, o) for o in durations]), seed).effects
    return tuple(_named(experiment, times[e.outcome], e) for e in found)


def time_of(experiment: Experiment, outcome: Outcome) -> Outcome:
    """The restricted time as an outcome of its own: the second variable of the duration."""
    return Outcome(
        name=variables_of(outcome)[1], kind="amount", column=outcome.column, unit=experiment.time_unit(outcome) or "units", role="secondary"
    )  # fmt: skip


def _named(experiment: Experiment, outcome: Outcome, effect: Effect) -> Effect:
    own = {
        "outcome": outcome.key, "method": effect.method + made_of(experiment), "aggregation": RESTRICTED_MEAN, "role": outcome.role,
        "estimand": f"{effect.estimand}, mean time within {horizon_of(experiment, outcome)}",
    }  # fmt: skip
    return effect.model_copy(update=own)


def survival_pictures(experiment: Experiment, profile: Profile) -> tuple[Picture, ...]:
    """Who is still there over time, arm by arm with 95 % bands."""
    return tuple(
        Picture(
            code="survival", outcome=o.key, unit="share", x=experiment.time_unit(o) or "", rule=None,
            series=tuple(
                Series(
                    name=arm, mark="steps", x=(0.0, *curve.time), y=(1.0, *curve.share), low=(1.0, *curve.low), high=(1.0, *curve.high)
                )
                for arm, curve in profile.survival[o.key].items()
            ),
        )
        for o in experiment.primaries
        if o.key in profile.survival
    )  # fmt: skip


Curves = Mapping[str, Mapping[str, Curve]]


def by_wave(experiment: Experiment, frame: Frame, cohort: Whole, treated: Flags) -> tuple[Frame, Curves]:
    """The frame with pseudo-values in place of every duration, made within cohort and period; and curves of who was treated by then.

    Raises CannotAnswer for a panel, and where the units of a cohort and period were not followed to the horizon.
    """
    found, curves, panel = dict(frame.outcomes), {}, frame.panel
    assert panel is not None
    for outcome in (o for o in experiment.outcomes if o.kind == "duration"):
        if panel.size[0] < len(panel.unit):
            raise CannotAnswer(
                "Outcome {outcome} is a duration, which a unit has once, but units occur in several periods; give one row per unit, in the "
                "period in which it entered, or a binary outcome per period: left in it.",
                outcome=outcome.key,
            )  # fmt: skip
        group = cohort * len(panel.clock.at) + panel.time
        share, time = _within(outcome, frame, group, panel.clock.labels).T
        found |= {outcome.key: share, variables_of(outcome)[1]: time}
        curves[outcome.key] = _sides(outcome, frame, treated)
    return replace(frame, outcomes=found), curves


def _within(outcome: Outcome, frame: Frame, group: Whole, labels: tuple[str, ...]) -> Array:
    """[n, 2] pseudo-values within groups of cohort and period, as the outcome tells them; NaN where missing."""
    time, left = frame.outcomes[outcome.key], frame.left[outcome.key]
    found = np.full((len(time), 2), np.nan)
    for one in np.unique(group):
        own = np.flatnonzero((group == one) & ~np.isnan(time))
        if len(own) and not _table(outcome, time[own], left[own]).followed:
            raise CannotAnswer(
                "Outcome {outcome}: of a wave, nobody of the period {period} was seen until the horizon of {horizon}; leave the periods out that "
                "were not followed for so long (`exclude`), or state a shorter `horizon`.",
                outcome=outcome.key, period=labels[int(one) % len(labels)], horizon=f"{outcome.length:g}",
            )  # fmt: skip
        if len(own):
            found[own] = pseudo_values(time[own], left[own], outcome.length)
    return told(outcome, found)


def _table(outcome: Outcome, time: Array, left: Flags) -> LifeTable:
    return life_table(*until(time, left, outcome.length), np.ones(len(time)), outcome.length)[0]


def _sides(outcome: Outcome, frame: Frame, treated: Flags) -> dict[str, Curve]:
    time, seen = frame.outcomes[outcome.key], ~np.isnan(frame.outcomes[outcome.key])
    sides = {UNTREATED: seen & ~treated, TREATED: seen & treated}
    return {name: _table(outcome, time[s], frame.left[outcome.key][s]).curve() for name, s in sides.items() if s.any()}
