"""What a kind of design can answer: looks and outcomes that it cannot are refused with the design that could."""

from __future__ import annotations

from causalcx.core.errors import CannotAnswer, NotBuilt
from causalcx.core.experiment import Experiment
from causalcx.core.outcomes import Outcome

WITHOUT_DURATIONS = ("switchback", "synthetic-control", "interrupted-time-series", "discontinuity", "instrument")
WITHOUT_RATIOS = ("observational", "discontinuity", "instrument")
FROM_FACTS = ("from_", "aggregate", "window_days", "inactive_days")


def refuse_looks(experiment: Experiment) -> None:
    """Planned looks belong to randomised designs."""
    if experiment.looks is not None and experiment.design.kind != "randomised":
        raise CannotAnswer(
            "Looks before the end can be planned for `kind: randomised` only; a design of kind {kind} is read once, at the end. "
            "Leave `looks` out.",
            kind=experiment.design.kind,
        )  # fmt: skip


def refuse_outcomes(experiment: Experiment) -> None:
    """Outcomes that the kind of design cannot compare, and keys of outcomes that are not built."""
    for i, outcome in enumerate(experiment.outcomes):
        _refuse_kind(experiment, outcome)
        for key in FROM_FACTS:
            if getattr(outcome, key) is not None:
                raise NotBuilt(f"`outcomes[{i}].{key.removesuffix('_')}`")


def _refuse_kind(experiment: Experiment, outcome: Outcome) -> None:
    kind = experiment.design.kind
    if outcome.kind == "duration" and kind in WITHOUT_DURATIONS:
        raise CannotAnswer(
            "Outcome {outcome} is a duration: some units are lost from sight before its horizon, and `kind: {kind}` cannot weigh the others "
            "for them. Use `kind: randomised`, `staggered` or `observational`, or give it as `kind: binary`: left by the horizon, of units "
            "followed that long.",
            outcome=outcome.key, kind=kind,
        )  # fmt: skip
    if outcome.kind == "ratio" and kind in WITHOUT_RATIOS:
        raise CannotAnswer(
            "Outcome {outcome} is a ratio of sums, and `kind: {kind}` compares units one by one. Give its numerator as `kind: amount` or `count`, or "
            "each unit's own ratio as `kind: amount`; `kind: randomised` compares ratios of sums, and designs with a row per unit and period ratios of rows.",
            outcome=outcome.key, kind=kind,
        )  # fmt: skip
    if outcome.quantiles and (kind != "randomised" or getattr(experiment.design, "factors", None)):
        raise CannotAnswer(
            "Outcome {outcome}: quantiles are compared where arms were drawn by lot, `kind: randomised` with `treatment`; leave `quantiles` out here.",
            outcome=outcome.key,
        )  # fmt: skip
