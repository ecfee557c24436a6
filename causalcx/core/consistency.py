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
        (_column_problems, ("outcomes", "design", "columns", "segments")),
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
    taken = {column for key in ("unit", "treatment") if (column := getattr(design, key, None))}
    used = [(("design", key), getattr(design, key, [])) for key in ("covariates", "strata")]
    problems: list[tuple[Place, str]] = []
    for place, names in (*used, (("segments",), experiment.segments)):
        problems += _misused(experiment, place, names, taken, measured)
    problems += _taken_columns(experiment, taken)
    problems += _deciding_columns(design, measured)
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
    design = experiment.design
    problems: list[tuple[Place, str]] = [
        (("outcomes", i, "column"), f"`{o.column}` is the unit or the treatment and cannot be an outcome")
        for i, o in enumerate(experiment.outcomes)
        if o.column in taken
    ]
    if getattr(design, "treatment", None) and getattr(design, "unit", None) == design.treatment:
        problems.append((("design", "treatment"), f"`{design.treatment}` is also the unit; every unit would be an arm"))
    return problems


def _deciding_columns(design: Any, measured: set[str]) -> Iterator[tuple[Place, str]]:
    """What a threshold or a nudge decided by, what was received, when, and from when on, are neither outcome nor covariate."""
    for key in ("running", "fuzzy", "time", "cohort", "instrument"):
        name = getattr(design, key, None)
        if name in measured:
            yield ("design", key), f"`{name}` is also an outcome"
        if name in getattr(design, "covariates", ()):
            yield ("design", key), f"`{name}` is also a covariate"
    if getattr(design, "fuzzy", None) and design.fuzzy == design.running:
        yield (
            ("design", "fuzzy"),
            f"`{design.fuzzy}` is also `running`; without `fuzzy` everybody from the cutoff on is treated",
        )


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
