"""The design behind a kind: built in, or brought by a third party's entry point in the group ``causalcx.designs``."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol, cast

from causalcx.core.check import Check
from causalcx.core.errors import NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.need import Need
from causalcx.core.readout import Readout
from causalcx.service.answerable import refuse_looks, refuse_outcomes
from causalcx.service.interference import refuse_interference

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
    """The design module of an experiment; raises CannotAnswer for what the kind cannot answer, NotBuilt for what no version has built."""
    refuse_looks(experiment)
    refuse_outcomes(experiment)
    refuse_interference(experiment, known=experiment.design.kind in BUILT_IN)
    if experiment.data.assignment is not None:
        raise NotBuilt("`data.assignment`")
    kind = experiment.design.kind
    if experiment.felt and kind == "randomised" and _brought(kind) is None:
        return cast(Design, import_module("causalcx.designs.neighbours.felt_arms"))
    return module_of(kind)


def module_of(kind: str) -> Design:
    """The module that does a kind; raises NotBuilt for what no version has built."""
    brought = _brought(kind)
    if kind not in BUILT_IN and brought is None:
        raise NotBuilt(f"`design.kind: {kind}`")
    return brought or cast(Design, import_module(BUILT_IN[kind]))


def _brought(kind: str) -> Design | None:
    return next((cast(Design, e.load()) for e in entry_points(group="causalcx.designs") if e.name == kind), None)
