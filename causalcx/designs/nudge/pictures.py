"""What an instrument shows of itself: how often was taken, and what came out, at its levels or along its leniency."""

from __future__ import annotations

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Flags
from causalcx.core.picture import Picture, Series
from causalcx.designs.headline import unit_of
from causalcx.designs.nudge.setting import Setting

BINS = 10
"""Parts of equal size into which leniency is cut."""
HALF = 1.96
"""Standard errors of half a band."""


def pictures(experiment: Experiment, setting: Setting) -> tuple[Picture, ...]:
    """Take-up first, then every primary outcome, over the same places."""
    design = [_picture(experiment, setting, None, "share", "taken", setting.taken)]
    return tuple(design) + tuple(
        _picture(experiment, setting, o.key, unit_of(experiment, o), "observed", setting.outcome(o))
        for o in experiment.primaries
    )


def _picture(
    experiment: Experiment, setting: Setting, outcome: str | None, unit: str, name: str, values: Array
) -> Picture:
    places, ticks, x = _places(setting)
    bands = [_band(values[own]) for own in places]
    low, y, high = zip(*bands, strict=True)
    series = Series(name=name, x=x, y=y, low=low, high=high, mark="points")
    instrument = getattr(experiment.design, "instrument", "")
    code = "first-stage" if outcome is None else "reduced-form"
    return Picture(code=code, outcome=outcome, unit=unit, x=instrument, ticks=ticks, series=(series,))


def _places(setting: Setting) -> tuple[list[Flags], tuple[str, ...], tuple[float, ...]]:
    """Groups of units, their labels, and where they stand: levels by how often they treat, or bins of leniency."""
    if len(setting.names) <= BINS:
        share = np.bincount(setting.level, setting.taken) / np.bincount(setting.level)
        order = np.argsort(share, kind="stable")
        return (
            [setting.level == i for i in order],
            tuple(setting.names[i] for i in order),
            tuple(map(float, range(len(order)))),
        )
    cuts = np.unique(np.quantile(setting.z, np.linspace(0, 1, BINS + 1)[1:-1]))
    bin_of = np.searchsorted(cuts, setting.z, side="right")
    groups = [own for i in range(len(cuts) + 1) if (own := bin_of == i).any()]
    return groups, (), tuple(float(setting.z[own].mean()) for own in groups)


def _band(values: Array) -> tuple[float | None, float | None, float | None]:
    """Mean with the ends of its band; nothing where nobody answered, no band where one did."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None, None
    mean = float(known.mean())
    half = HALF * float(known.std(ddof=1)) / np.sqrt(len(known)) if len(known) > 1 else None
    return (None, mean, None) if half is None else (mean - half, mean, mean + half)
