"""Which waves of a roll-out pay: their own effects against the effect at which the case breaks even."""

from __future__ import annotations

from collections.abc import Iterator

from causalcx.core.case import Case
from causalcx.core.check import Notice
from causalcx.core.readout import Readout

BY_WAVE = "group"
"""Aggregation of the effects by wave."""


def with_waves(case: Case, readout: Readout) -> Case:
    """The case, whose decision also says which waves gained more than it needs, where only some did: a reason to scale to a part.

    All other inputs are as drawn; other outcomes are taken at their mean over all waves.
    """
    found = tuple(_of_case(readout, case)) if case.decision.verdict in ("scale", "extend", "stop") else ()
    decision = case.decision.model_copy(update={"because": (*case.decision.because, *found)})
    return case.model_copy(update={"decision": decision}) if found else case


def _of_case(readout: Readout, case: Case) -> Iterator[Notice]:
    for even in case.break_even:
        waves = [
            e for e in readout.effects
            if (e.outcome, e.comparison, e.aggregation) == (even.of, case.comparison, BY_WAVE) and e.cohort is not None
        ]  # fmt: skip
        if even.kind != "effect" or even.at is None or not waves:
            continue
        upwards = _pays_upwards(even.at, even.now, case)
        pays = [str(e.cohort) for e in waves if (e.estimate > even.at) == upwards]
        others = [str(e.cohort) for e in waves if str(e.cohort) not in pays]
        if pays and others:
            facts = {"outcome": even.of, "at": even.at, "unit": even.unit, "pays": pays, "others": others}
            yield Notice(code="waves-that-pay", facts=facts | {"effects": {str(e.cohort): e.estimate for e in waves}})


def _pays_upwards(at: float, now: float, case: Case) -> bool:
    """Whether more of the outcome earns more, told from where the mean case stands."""
    return (now > at) == ((case.npv.mean or 0.0) > 0)
