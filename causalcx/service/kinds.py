"""The design behind a kind: built in, or brought by a third party's entry point in the group ``causalcx.designs``."""

from __future__ import annotations

import datetime as dt
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, Protocol, cast

from causalcx.core.check import Check
from causalcx.core.errors import CannotAnswer, NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.need import Need
from causalcx.core.readout import Readout
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
WITHOUT_DURATIONS = ("switchback", "synthetic-control", "interrupted-time-series", "discontinuity", "instrument")

WITHOUT_RATIOS = ("observational", "discontinuity", "instrument")
NO_RATIO = (
    "Outcome {outcome} is a ratio of sums, and `kind: {kind}` compares units one by one. Give its numerator as `kind: amount` or `count`, or each "
    "unit's own ratio as `kind: amount`; `kind: randomised` compares ratios of sums, and designs with a row per unit and period ratios of rows."
)


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


def refuse_looks(experiment: Experiment) -> None:
    """Planned looks belong to randomised designs."""
    if experiment.looks is not None and experiment.design.kind != "randomised":
        raise CannotAnswer(
            "Looks before the end can be planned for `kind: randomised` only; a design of kind {kind} is read once, at the end. "
            "Leave `looks` out.",
            kind=experiment.design.kind,
        )  # fmt: skip


def design_of(experiment: Experiment) -> Design:
    """The design module of an experiment; raises NotBuilt for what this version knows but has not built."""
    refuse_looks(experiment)
    for i, outcome in enumerate(experiment.outcomes):
        if outcome.kind == "duration" and experiment.design.kind in WITHOUT_DURATIONS:
            raise CannotAnswer(
                "Outcome {outcome} is a duration: some units are lost from sight before its horizon, and `kind: {kind}` cannot weigh the others "
                "for them. Use `kind: randomised`, `staggered` or `observational`, or give it as `kind: binary`: left by the horizon, of units "
                "followed that long.",
                outcome=outcome.key, kind=experiment.design.kind,
            )  # fmt: skip
        if outcome.kind == "ratio" and experiment.design.kind in WITHOUT_RATIOS:
            raise CannotAnswer(NO_RATIO, outcome=outcome.key, kind=experiment.design.kind)
        if outcome.quantiles and (experiment.design.kind != "randomised" or experiment.design.factors):
            raise CannotAnswer(
                "Outcome {outcome}: quantiles are compared where arms were drawn by lot, `kind: randomised` with `treatment`; leave `quantiles` out here.",
                outcome=outcome.key,
            )  # fmt: skip
        for key in ("from_", "aggregate", "window_days", "inactive_days"):
            if getattr(outcome, key) is not None:
                raise NotBuilt(f"`outcomes[{i}].{key.removesuffix('_')}`")
    refuse_interference(experiment, known=experiment.design.kind in BUILT_IN)
    if experiment.data.assignment is not None:
        raise NotBuilt("`data.assignment`")
    kind = experiment.design.kind
    for entry in entry_points(group="causalcx.designs"):
        if entry.name == kind:
            return cast(Design, entry.load())
    if kind not in BUILT_IN:
        raise NotBuilt(f"`design.kind: {kind}`")
    if experiment.felt and kind == "randomised":
        return cast(Design, import_module("causalcx.designs.felt_arms"))
    return cast(Design, import_module(BUILT_IN[kind]))
