"""The arms that a plan names, and how units are to be split between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from causalcx.core.experiment import Experiment
from causalcx.core.need import TREATED


@dataclass(frozen=True)
class Split:
    """Share of each arm; the control comes first."""

    shares: Mapping[str, float]
    stated: bool
    """Whether the plan has a `ratio`; otherwise arms are taken as equal."""

    @property
    def control(self) -> str:
        """The arm compared against."""
        return next(iter(self.shares))

    @property
    def treated(self) -> tuple[str, ...]:
        """The others."""
        return tuple(self.shares)[1:]


def planned_split(experiment: Experiment) -> Split:
    """Arms by `ratio`, else by the labels of the treatment column, else by the costs that name arms; else one treated arm."""
    design = experiment.design
    control, ratio = str(getattr(design, "control", None)), getattr(design, "ratio", None)
    if ratio:
        total = sum(ratio.values())
        return Split({arm: ratio[arm] / total for arm in _first(control, ratio)}, stated=True)
    column = experiment.columns.get(str(getattr(design, "treatment", None)))
    labels = list(column.labels) if column and column.labels else []
    costs = [arm for cost in experiment.value.costs for arm in cost.arms or []] if experiment.value else []
    arms = _first(control, labels or costs or [TREATED])
    return Split(dict.fromkeys(arms, 1 / len(arms)), stated=False)


def _first(control: str, arms: Mapping[str, float] | list[str]) -> list[str]:
    return list(dict.fromkeys([control, *arms]))
