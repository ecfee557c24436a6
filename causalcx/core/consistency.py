"""What the parts of an experiment file must agree on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from causalcx.core.effect_sizes import effect_size_problems
from causalcx.core.money_rules import Place, money_problems


class Inconsistent(ValueError):
    """Problems between parts of the file, each with the place it stands at."""

    def __init__(self, problems: list[tuple[Place, str]]) -> None:
        self.problems = problems
        super().__init__("; ".join(text for _, text in problems))


def problems_between(experiment: Any) -> list[tuple[Place, str]]:
    """Every disagreement; a part that is itself wrong (None here) is passed over, so the rest is still reported."""
    rules = (
        (_outcome_problems, ("outcomes", "expects", "prior")),
        (_columns_of_two_roles, ("design",)),
        (_column_problems, ("outcomes", "design", "columns", "segments")),
        (_nothing_left_to_compare, ("design", "exclude")),
        (effect_size_problems, ("outcomes", "expects", "prior")),
        (money_problems, ("outcomes", "assumptions")),
        (_rule_problems, ("decision",)),
        (_negative_control_problems, ("negative_controls", "outcomes", "design")),
        (_look_problems, ("looks", "period")),
    )
    return [
        problem
        for rule, needed in rules
        if all(getattr(experiment, part, None) is not None for part in needed)
        for problem in rule(experiment)
    ]


def _outcome_problems(experiment: Any) -> list[tuple[Place, str]]:
    names = [o.key for o in experiment.outcomes]
    problems: list[tuple[Place, str]] = [
        (("outcomes", i, "name"), f"the name `{n}` is taken by another outcome")
        for i, n in enumerate(names)
        if n in names[:i]
    ]
    if not any(o.role == "primary" for o in experiment.outcomes):
        problems.append((("outcomes",), "at least one outcome needs role: primary"))
    problems += [
        ((section, name), f"no outcome is named `{name}`; known: {', '.join(names)}")
        for section in ("expects", "prior", "power")
        for name in _named(getattr(experiment, section, None))
        if name not in names
    ]
    problems += [
        (("expects", name), "expected [low, high] with low < high")
        for name, (low, high) in experiment.expects.items()
        if low >= high
    ]
    return problems


def _named(part: Any) -> list[str]:
    """The outcomes that a part of the file names."""
    return list(part) if isinstance(part, dict) else []


def _column_problems(experiment: Any) -> list[tuple[Place, str]]:
    design = experiment.design
    measured = {
        column for o in experiment.outcomes for column in (o.column, o.numerator, o.denominator, o.event) if column
    }
    factors = (getattr(design, "factors", None) or {}).values()
    taken = {*factors, *(column for key in ("unit", "treatment") if (column := getattr(design, key, None)))}
    used = [(("design", key), getattr(design, key, [])) for key in ("covariates", "strata")]
    problems: list[tuple[Place, str]] = []
    for place, names in (*used, (("segments",), experiment.segments)):
        problems += _misused(experiment, place, names, taken, measured)
    problems += _taken_columns(experiment, taken)
    problems += _deciding_columns(experiment, measured)
    if len(experiment.segments) > 1:
        problems.append((("segments",), "expected one column"))
    return problems


_ROLES = {"covariates": "a covariate", "strata": "a stratum", "segments": "a segment"}


def _misused(
    experiment: Any, place: Place, names: list[str], taken: set[str], measured: set[str]
) -> Iterator[tuple[Place, str]]:
    """Columns that divide or explain the units must be known before, and be neither cause nor result."""
    role = _ROLES[str(place[-1])]
    for i, name in enumerate(names):
        declared = experiment.columns.get(name)
        if declared and declared.known == "after":
            yield (*place, i), f"`{name}` is declared `known: after` the treatment, so it may not be {role}"
        if name in taken:
            yield (*place, i), f"`{name}` is the unit or the treatment and cannot be {role}"
        if name in measured:
            yield (*place, i), f"`{name}` is also an outcome and cannot be {role}"
        if name in names[:i]:
            yield (*place, i), f"`{name}` stands here twice"


def _taken_columns(experiment: Any, taken: set[str]) -> list[tuple[Place, str]]:
    return [
        (("outcomes", i, "column"), f"`{o.column}` is the unit or the treatment and cannot be an outcome")
        for i, o in enumerate(experiment.outcomes)
        if o.column in taken
    ]


def _deciding_columns(experiment: Any, measured: set[str]) -> Iterator[tuple[Place, str]]:
    """What a threshold or a nudge decided by, what was received, when, from when on and with whom, are neither outcome nor covariate."""
    design = experiment.design
    for key in ("running", "fuzzy", "time", "cohort", "instrument", "received", "cluster"):
        name = getattr(design, key, None)
        if name in measured:
            yield ("design", key), f"`{name}` is also an outcome"
        if key != "cluster" and name in getattr(design, "covariates", ()):
            yield ("design", key), f"`{name}` is also a covariate"
        if key != "cluster" and name in experiment.segments:
            yield ("design", key), f"`{name}` is also a segment"


_KEYS = ("unit", "treatment", "time", "cohort", "instrument", "running", "fuzzy", "cluster", "received")
_ONE_COLUMN = (("unit", "cluster"), ("cohort", "cluster"))
"""Keys that may name the same column: units that were drawn singly, waves that moved as one."""


def _columns_of_two_roles(experiment: Any) -> Iterator[tuple[Place, str]]:
    """A column says who, what, when or why; never two of them."""
    design = experiment.design
    roles: list[tuple[tuple[str, ...], str]] = [
        ((key,), column) for key in _KEYS if (column := getattr(design, key, None))
    ]
    roles += [(("factors", name), column) for name, column in (getattr(design, "factors", None) or {}).items()]
    for i, (key, column) in enumerate(roles):
        for other, same in roles[:i]:
            if same == column and (*other, *key) not in _ONE_COLUMN:
                yield ("design", *key), _two_roles(column, ".".join(other), ".".join(key))
    for key in ("unit", "treatment"):
        if experiment.entered and getattr(design, key, None) == experiment.entered:
            yield ("entered",), f"`{experiment.entered}` is also `{key}`"


def _two_roles(column: str, one: str, other: str) -> str:
    match one, other:
        case "unit", "treatment":
            return f"`{column}` is also `unit`; every unit would be an arm"
        case "running", "fuzzy":
            return f"`{column}` is also `running`; without `fuzzy` everybody from the cutoff on is treated"
    return f"`{column}` is also `{one}`"


def _nothing_left_to_compare(experiment: Any) -> Iterator[tuple[Place, str]]:
    """What the plan compares is not among the rows that `exclude` leaves out."""
    design = experiment.design
    unit, treatment, control = (getattr(design, key, None) for key in ("unit", "treatment", "control"))
    compared: tuple[tuple[str | None, str, list[str]], ...] = (
        (treatment, "control", [control] if control else []),
        (treatment, "ratio", [arm for arm in getattr(design, "ratio", None) or () if arm != control]),
        (unit, "treated", getattr(design, "treated", [])),
    )
    for column, key, labels in compared:
        out = [label for label in labels if label in experiment.exclude.get(column, ())]
        if column and out:
            yield ("exclude", column), f"leaves out `{', '.join(out)}`, which `design.{key}` names"


def _negative_control_problems(experiment: Any) -> Iterator[tuple[Place, str]]:
    """What cannot move is no outcome; and where units chose, a covariate is alike in the groups since it was made so."""
    design, taken = experiment.design, [o.key for o in experiment.outcomes]
    measured = {c for o in experiment.outcomes for c in o.columns}
    for i, control in enumerate(experiment.negative_controls):
        if control.key in taken:
            yield (
                ("negative_controls", i),
                f"the name `{control.key}` is taken by an outcome, or by another negative control",
            )
        taken.append(control.key)
        for name in control.columns:
            place = ("negative_controls", i)
            if name in (getattr(design, "unit", None), getattr(design, "treatment", None)):
                yield place, f"`{name}` is the unit or the treatment and cannot be a negative control"
            if name in measured:
                yield place, f"`{name}` is also an outcome; what the change may move cannot be a negative control"
            if name in getattr(design, "covariates", ()) and design.kind != "randomised":
                yield place, f"`{name}` is also a covariate, in which the groups are made alike anyway"


def _rule_problems(experiment: Any) -> Iterator[tuple[Place, str]]:
    scale, stop = experiment.decision.scale_if, experiment.decision.stop_if
    if not scale.met_when_good:
        yield ("decision", "scale_if"), f"`{scale}` is met by bad cases; to scale good ones: `P(npv > 0) >= 0.9`"
    if stop.met_when_good:
        yield ("decision", "stop_if"), f"`{stop}` is met by good cases; to stop bad ones: `P(npv > 0) <= 0.2`"
    if scale.met_when_good and not stop.met_when_good and scale.both_met(stop):
        yield (
            ("decision",),
            f"one case can meet both `scale_if: {scale}` and `stop_if: {stop}`; leave a gap between them",
        )


def _look_problems(experiment: Any) -> Iterator[tuple[Place, str]]:
    dates, period = experiment.looks.dates, experiment.period
    if dates and dates[0] < period.start:
        yield ("looks", "at", 0), f"a look on {dates[0]} lies before the first day of `period`, {period.start}"
    if dates and dates[-1] < period.end:
        yield (
            ("looks", "at", len(dates) - 1),
            f"the last look, on {dates[-1]}, lies before the last day of `period`, {period.end}",
        )
