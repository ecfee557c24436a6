"""Whether the money is that of the very units that have the change already: then it is kept, not rolled out."""

from __future__ import annotations

from causalcx.core.case import Case
from causalcx.core.check import Notice
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout

PLACES = "synthetic-control"
"""The design that asks what happened in the places that changed, and in no others."""


def kept_in_place(case: Case, experiment: Experiment, readout: Readout) -> Case:
    """The case, whose decision to scale says that it is about keeping the change where it was measured, where it is."""
    treated = next((arm.units for arm in readout.arms if arm.label == case.arm), None)
    value = experiment.value
    here = value is not None and value.transport is None and value.reach.stock == treated
    if experiment.design.kind != PLACES or case.decision.verdict != "scale" or not here:
        return case
    told = Notice(code="in-place", facts={"count": treated})
    decision = case.decision.model_copy(update={"because": (*case.decision.because, told)})
    return case.model_copy(update={"decision": decision})
