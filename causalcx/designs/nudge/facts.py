"""What can be said of an instrument beside its effects: what it moved, whether it was drawn, what it assumes, who the compliers are."""

from __future__ import annotations

from typing import Any

import numpy as np

from causalcx.checks import instrument as verdicts
from causalcx.core.check import Check, Notice
from causalcx.core.design_keys.instrument import Instrument
from causalcx.core.experiment import Experiment
from causalcx.core.linear import inverse, rank
from causalcx.core.moments import Array, Flags
from causalcx.designs.nudge.setting import CLUSTERS, Setting
from causalcx.designs.nudge.wald import NOTHING, classical_f, leave_one_out, moved


def before_effects(experiment: Experiment, design: Instrument, setting: Setting) -> tuple[Check, ...]:
    """The instrument's own checks that need no effect."""
    outcomes = {o.key: setting.outcome(o) for o in experiment.outcomes}
    return (
        _first_stage(design, setting),
        *_likeness(design, setting),
        *verdicts.answered_by_level(setting.frame.profile, _groups(design, setting), outcomes),
    )


def _groups(design: Instrument, setting: Setting) -> dict[str, Flags]:
    """Units by level of the instrument; by the lower and upper half of leniency where levels are many."""
    if len(setting.names) < CLUSTERS:
        return {name: setting.level == i for i, name in enumerate(setting.names)}
    upper = setting.z >= np.median(setting.z)
    return {f"{design.instrument}: 0-50 %": ~upper, f"{design.instrument}: 50-100 %": upper}


def _first_stage(design: Instrument, setting: Setting) -> Check:
    share = np.bincount(setting.level, setting.taken) / np.bincount(setting.level)
    facts = {
        "instrument": design.instrument, "f": classical_f(setting.taken, setting.z, setting.x.values),
        "slope": float(setting.first.reduced[0]), "share": setting.share, "low": float(share.min()), "high": float(share.max()),
        "levels": len(setting.names), "clusters": setting.cluster is not None,
    }  # fmt: skip
    return verdicts.first_stage(setting.strength(setting.first, 0), facts, leniency=setting.sides is None)


def _likeness(design: Instrument, setting: Setting) -> tuple[Check, ...]:
    """Covariates against the instrument, without adjusting for one another, by a joint chi-square."""
    if not setting.x.names:
        return ()
    nothing = np.zeros((len(setting.z), 1))
    z = setting.z if setting.sides else np.nan_to_num(leave_one_out(setting.taken, setting.level, nothing))
    found, k = moved(setting.x.values, setting.taken, z, nothing, setting.cluster), len(setting.x.names)
    difference = found.reduced * setting.reach / setting.x.values.std(axis=0, ddof=1)
    at = int(np.abs(difference).argmax())
    largest = {"name": setting.x.names[at], "smd": float(difference[at])}
    return (verdicts.likeness(*_chi_square(found.reduced, found.covariance[:k, :k]), design.instrument, largest),)


def _chi_square(values: Array, covariance: Array) -> tuple[float, int]:
    """Wald statistic that all values are 0, and its degrees of freedom."""
    return float(values @ inverse(covariance, NOTHING) @ values), int(rank(covariance, NOTHING))


def left_out(design: Instrument, setting: Setting) -> tuple[Notice, ...]:
    """Units of which the instrument says nothing."""
    units, rows = int((~setting.rows).sum()), len(setting.rows)
    facts = {"instrument": design.instrument, "units": units, "rows": rows}
    return (Notice(code="instrument-alone", facts=facts),) if units else ()


def assumptions(design: Instrument) -> tuple[Notice, ...]:
    """Independence, exclusion, monotonicity."""
    facts = {"instrument": design.instrument, "treatment": design.treatment, "covariates": list(design.covariates)}
    drawn = "instrument-drawn-within" if design.covariates else "instrument-drawn"
    return tuple(Notice(code=c, facts=facts) for c in (drawn, "instrument-exclusion", "instrument-monotonicity"))


def compliers(design: Instrument, setting: Setting) -> Notice:
    """How many they are and, where there are covariates, who."""
    facts: dict[str, Any] = {"instrument": design.instrument, "share": setting.share, "always": None, "never": None}
    if setting.sides:
        low, high = (float(setting.taken[setting.z == side].mean()) for side in (0, 1))
        facts |= {"always": low, "never": 1 - high}
    who = _who(setting)
    if not who:
        return Notice(code="compliers", facts=facts | {"covariates": []})
    largest = max(who, key=lambda w: abs(w["smd"]))
    return Notice(code="compliers-are", facts=facts | {"covariates": who, "largest": largest})


def _who(setting: Setting) -> list[dict[str, Any]]:
    """Means of the covariates among compliers, as the ratio for covariate x take-up (Abadie 2003, Journal of Econometrics 113: 231-263)."""
    x, names = setting.x.values, setting.x.names
    if not names:
        return []
    mean = setting.moved(*(c * setting.taken for c in x.T)).ratio
    return [
        {"name": name, "compliers": float(c), "everyone": float(e), "smd": float((c - e) / s)}
        for name, c, e, s in zip(names, mean, x.mean(axis=0), x.std(axis=0, ddof=1), strict=True)
    ]
