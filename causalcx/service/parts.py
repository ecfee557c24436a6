"""What stands when a part fails: secondary outcomes that cannot be estimated, and outcomes that cannot move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from causalcx.core.check import Check, Notice
from causalcx.core.errors import CannotAnswer, Unanswered
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout

FAILED = "outcome-failed"
"""Code of the failure of an outcome."""
CONTROLS = "negative-controls"
"""Name of the check of outcomes that cannot move."""


def without_failing[T](
    experiment: Experiment, work: Callable[[Experiment], T], roles: Sequence[str] = ("secondary",)
) -> tuple[T, tuple[Notice, ...]]:
    """The work on the experiment, less the outcomes of these roles that nobody answered or that have no effect to tell; and these.

    Whatever else goes wrong, and whatever is wrong with any other outcome, is raised; so is the failure of the last one.
    """
    failures: list[Notice] = []
    while True:
        try:
            return work(experiment), tuple(failures)
        except (CannotAnswer, Unanswered) as error:
            name = error.message.facts.get("outcome")
            left = [o for o in experiment.outcomes if o.key != name]
            if not left or not any(o.key == name and o.role in roles for o in experiment.outcomes):
                raise
            failures.append(Notice(code=FAILED, facts=error.message.facts | {"reason": error.message.template}))
            experiment = experiment.model_copy(update={"outcomes": left})


def without(experiment: Experiment, failures: Sequence[Notice]) -> Experiment:
    """The experiment without the outcomes that failed."""
    failed = {f.facts["outcome"] for f in failures if f.code == FAILED}
    return experiment.model_copy(update={"outcomes": [o for o in experiment.outcomes if o.key not in failed]})


def failures_of(readout: Readout) -> tuple[Notice, ...]:
    """The outcomes that failed."""
    return tuple(f for f in readout.failures if f.code == FAILED)


def with_parts(readout: Readout, failures: Sequence[Notice], checks: Sequence[Check]) -> Readout:
    """The readout with what failed beside it, and what was checked beside it."""
    return readout.model_copy(update={"failures": (*readout.failures, *failures), "checks": (*readout.checks, *checks)})


def as_checks(failures: Sequence[Notice]) -> tuple[Check, ...]:
    """Failures before there is a readout that could hold them."""
    return tuple(Check(name="not-estimated", verdict="warn", facts=f.facts) for f in failures)


def of_controls(experiment: Experiment) -> Experiment | None:
    """The same design with the outcomes that cannot move in place of the others; None where the plan names none.

    A covariate is taken out where chance dealt out the arms: it may then be one of them.
    """
    if experiment.negative_controls is None:
        return None
    outcomes = [n.as_outcome() for n in experiment.negative_controls]
    columns, covariates = {o.column for o in outcomes}, getattr(experiment.design, "covariates", [])
    left = [c for c in covariates if c not in columns]
    less: dict[str, Any] = {"covariates": left} if left != covariates else {}
    if less and getattr(experiment.design, "adjustment", None) == "cuped":
        less |= {"adjustment": "none"}
    change = {
        "outcomes": outcomes, "negative_controls": None, "segments": [], "expects": {}, "prior": {}, "power": None, "looks": None,
        "value": None, "decision": None, "design": experiment.design.model_copy(update=less),
    }  # fmt: skip
    return experiment.model_copy(update=change)


def control_check(experiment: Experiment, work: Callable[[Experiment], Readout]) -> tuple[Check, ...]:
    """The check `negative-controls`: ``work`` fits the design to the outcomes that cannot move."""
    from causalcx.checks.negative_controls import negative_controls

    controls = of_controls(experiment)
    if controls is None:
        return ()
    names = [o.key for o in controls.outcomes]
    try:
        readout, _ = without_failing(controls, work, roles=("primary",))
    except (CannotAnswer, Unanswered) as error:
        if error.message.facts.get("outcome") not in names:
            raise
        return (negative_controls((), names),)
    return (negative_controls(readout.headlines, names),)
