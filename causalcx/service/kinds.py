"""The design behind a kind: built in, or brought by a third party's entry point in the group ``causalcx.designs``."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol, cast

from causalcx.core.check import Check
from causalcx.core.errors import NotBuilt
from causalcx.core.experiment import Experiment, Interference
from causalcx.core.need import Need
from causalcx.core.readout import Readout

BUILT_IN = {
    "discontinuity": "causalcx.designs.discontinuity",
    "instrument": "causalcx.designs.instrument",
    "interrupted-time-series": "causalcx.designs.interrupted_time_series",
    "randomised": "causalcx.designs.randomised",
    "observational": "causalcx.designs.observational",
    "staggered": "causalcx.designs.staggered",
    "switchback": "causalcx.designs.switchback",
    "synthetic-control": "causalcx.designs.synthetic_control",
}
NOT_BUILT = ("looks", "negative_controls")


class Design(Protocol):
    """What a design module offers."""

    DATA: Literal["moments", "frame"]
    """Which form of the data it works on."""

    def needs(self, experiment: Experiment, today: dt.date) -> Need:
        """Columns and their meaning."""

    def check(self, experiment: Experiment, data: Any, *, seed: int) -> tuple[Check, ...]:
        """Verdicts before an effect is seen."""

    def fit(self, experiment: Experiment, data: Any, *, seed: int) -> Readout:
        """Effects with their joint law."""


def design_of(experiment: Experiment) -> Design:
    """The design module of an experiment; raises NotBuilt for what this version knows but has not built."""
    for key in NOT_BUILT:
        if getattr(experiment, key) is not None:
            raise NotBuilt(f"`{key}`")
    for i, outcome in enumerate(experiment.outcomes):
        if outcome.kind == "duration" or (outcome.kind == "ratio" and experiment.design.kind != "randomised"):
            raise NotBuilt(f"`outcomes[{i}].kind: {outcome.kind}`")
        for key in ("from_", "aggregate", "window_days", "inactive_days"):
            if getattr(outcome, key) is not None:
                raise NotBuilt(f"`outcomes[{i}].{key.removesuffix('_')}`")
    if isinstance(experiment.interference, Interference):
        for key in ("neighbours", "exposure"):
            if getattr(experiment.interference, key) is not None:
                raise NotBuilt(f"`interference.{key}`")
    if experiment.data.assignment is not None:
        raise NotBuilt("`data.assignment`")
    kind = experiment.design.kind
    for entry in entry_points(group="causalcx.designs"):
        if entry.name == kind:
            return cast(Design, entry.load())
    if kind not in BUILT_IN:
        raise NotBuilt(f"`design.kind: {kind}`")
    return cast(Design, import_module(BUILT_IN[kind]))
