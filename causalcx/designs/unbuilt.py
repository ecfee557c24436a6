"""Keys of every design that most kinds cannot use yet."""

from __future__ import annotations

from causalcx.core.errors import Message, NotBuilt
from causalcx.core.experiment import Experiment


def refuse_unbuilt(experiment: Experiment, *, segments: bool = False) -> None:
    """Say that a causal graph, or ``segments`` unless they can be used, are not built for this kind of design."""
    kind = experiment.design.kind
    if experiment.design.graph is not None:
        raise NotBuilt(Message("`design.graph` with `kind: {kind}`", {"kind": kind}))
    if experiment.segments and not segments:
        raise NotBuilt(Message("`segments` with `kind: {kind}`", {"kind": kind}))
