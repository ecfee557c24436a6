"""What the parts of an experiment file must agree on."""

from __future__ import annotations

from typing import Any

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
        (money_problems, ("outcomes", "assumptions")),
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
        for section in ("expects", "prior")
        for name in getattr(experiment, section)
        if name not in names
    ]
    problems += [
        (("expects", name), "expected [low, high] with low < high")
        for name, (low, high) in experiment.expects.items()
        if low >= high
    ]
    return problems


def _column_problems(experiment: Any) -> list[tuple[Place, str]]:
    design = experiment.design
    measured = {
        column for o in experiment.outcomes for column in (o.column, o.numerator, o.denominator, o.event) if column
    }
    taken = {getattr(design, key, None) for key in ("unit", "treatment")}
    problems: list[tuple[Place, str]] = []
    for i, name in enumerate(getattr(design, "covariates", [])):
        place = ("design", "covariates", i)
        declared = experiment.columns.get(name)
        if declared and declared.known == "after":
            problems.append((place, f"`{name}` is declared `known: after` the treatment, so it may not be a covariate"))
        if name in taken:
            problems.append((place, f"`{name}` is the unit or the treatment and cannot be a covariate"))
        if name in measured:
            problems.append((place, f"`{name}` is also an outcome and cannot be a covariate"))
    problems += _taken_columns(experiment, {c for c in taken if c})
    if len(experiment.segments) > 1:
        problems.append((("segments",), "expected one column"))
    return problems


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
