"""The arms that a plan names, and how units are to be split between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.need import BETWEEN, TREATED, UNTREATED
from causalcx.designs.arms.factors import joint_comparisons, main_comparisons
from causalcx.designs.contrasts import Comparison


@dataclass(frozen=True)
class Split:
    """Share of each arm; the control comes first."""

    shares: Mapping[str, float]
    stated: bool
    """Whether the plan has a `ratio`; otherwise arms are taken as equal."""
    factors: tuple[str, ...] = ()
    """Names of the factors whose levels make the arms."""

    @property
    def control(self) -> str:
        """The arm compared against."""
        return next(iter(self.shares))

    @property
    def treated(self) -> tuple[str, ...]:
        """The others."""
        return tuple(self.shares)[1:]

    @property
    def comparisons(self) -> list[Comparison]:
        """What the design estimates: every other arm against the control, or the main effects of factors."""
        if self.factors:
            return main_comparisons(self._cells, self.factors)
        unit = np.eye(len(self.shares))
        return [Comparison(a, self.control, unit[i + 1] - unit[0], unit[0]) for i, a in enumerate(self.treated)]

    @property
    def interactions(self) -> list[Comparison]:
        """What factors do together, beside their main effects."""
        return joint_comparisons(self._cells, self.factors) if self.factors else []

    @property
    def _cells(self) -> list[tuple[str, ...]]:
        return [tuple(arm.split(BETWEEN)) for arm in self.shares]

    def sides(self, comparison: Comparison) -> tuple[float, float]:
        """Shares of two arms whose difference would have the variance of this comparison."""
        share, weight = np.array(list(self.shares.values())), comparison.weight
        up, down = (float((weight[side] ** 2 / share[side]).sum()) for side in (weight > 0, weight < 0))
        return 1 / up, 1 / down


def planned_split(experiment: Experiment) -> Split:
    """Arms by `ratio`, else by the labels of the treatment column, else by the costs that name arms; else one treated arm."""
    design = experiment.design
    factors = getattr(design, "factors", None)
    if factors:
        return _factorial(experiment, factors)
    control, ratio = str(getattr(design, "control", None)), getattr(design, "ratio", None)
    if ratio:
        total = sum(ratio.values())
        return Split({arm: ratio[arm] / total for arm in _first(control, ratio)}, stated=True)
    column = experiment.columns.get(str(getattr(design, "treatment", None)))
    labels = list(column.labels) if column and column.labels else []
    costs = [arm for cost in experiment.value.costs for arm in cost.arms or []] if experiment.value else []
    arms = _first(control, labels or costs or [TREATED])
    return Split(dict.fromkeys(arms, 1 / len(arms)), stated=False)


def _factorial(experiment: Experiment, factors: Mapping[str, str]) -> Split:
    """All combinations of the levels that the columns name (0 and 1 where they name none), by `ratio` or equally."""
    ratio = getattr(experiment.design, "ratio", None) or {}
    if ratio and all(BETWEEN in arm for arm in ratio):
        return Split(
            {arm: weight / sum(ratio.values()) for arm, weight in ratio.items()}, stated=True, factors=tuple(factors)
        )
    declared = [experiment.columns.get(column) for column in factors.values()]
    levels = [list(one.labels) if one and one.labels else ["0", "1"] for one in declared]
    cells = [BETWEEN.join(cell) for cell in product(*levels)]
    return Split(dict.fromkeys(cells, 1 / len(cells)), stated=False, factors=tuple(factors))


def _first(control: str, arms: Mapping[str, float] | list[str]) -> list[str]:
    return list(dict.fromkeys([control, *arms]))


SIDES = {
    "staggered": (UNTREATED, TREATED), "synthetic-control": (UNTREATED, TREATED), "discontinuity": (UNTREATED, TREATED),
    "interrupted-time-series": ("expected", "observed"),
}  # fmt: skip
"""The two sides that a design without arms compares, as its effects name them."""


def sides_of(experiment: Experiment) -> Split:
    """What is compared with what, where nobody is split by lot."""
    sides = SIDES.get(experiment.design.kind)
    return Split(dict.fromkeys(sides, 0.5), stated=True) if sides else planned_split(experiment)
