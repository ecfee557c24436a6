"""Factorial arms: main effects of each factor, averaged over the others with equal weights, and interactions of two.

With cells m(i, j) the main effect of level i of the first factor against its base 0 is mean over j of m(i, j) - m(0, j); the
interaction of i and j is m(i, j) - m(0, j) - m(i, 0) + m(0, 0), averaged over the other factors: all are sums of the cells' means.
"""

from __future__ import annotations

from itertools import combinations, product

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.effect import INTERACTION, Effect
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.need import BETWEEN
from causalcx.core.outcomes import Outcome
from causalcx.designs.arms.armmeans import ArmMeans
from causalcx.designs.contrasts import Comparison, Estimates, compared
from causalcx.designs.headline import headline


def main_effects(
    means: ArmMeans, outcomes: list[Outcome], factors: tuple[str, ...], method: str, plain: str
) -> Estimates:
    """Every level of every factor against its base."""
    return compared(means, outcomes, main_comparisons(_cells(means, factors), factors), method, plain)


def main_comparisons(cells: list[tuple[str, ...]], factors: tuple[str, ...]) -> list[Comparison]:
    """Of every level of every factor with its base, by weights of the cells."""
    return [_main(cells, f, name, level) for f, name in enumerate(factors) for level in _levels(cells, f)[1:]]


def interactions(
    experiment: Experiment, means: ArmMeans, factors: tuple[str, ...], method: str, plain: str, seed: int
) -> tuple[Effect, ...]:
    """What two factors do together beyond the sum of what each does, as parts."""
    found = joint_comparisons(_cells(means, factors), factors)
    effects = headline(experiment, compared(means, experiment.outcomes, found, method, plain), seed).effects
    part = {"aggregation": INTERACTION, "p_adjusted": None, "adjustment": None, "baseline": None, "relative": None}
    return tuple(e.model_copy(update=part) for e in effects)


def joint_comparisons(cells: list[tuple[str, ...]], factors: tuple[str, ...]) -> list[Comparison]:
    """Of two factors together with the sum of what each does, by weights of the cells."""
    return [
        _together(cells, f, g, factors, a, b)
        for f, g in combinations(range(len(factors)), 2)
        for a in _levels(cells, f)[1:]
        for b in _levels(cells, g)[1:]
    ]


def entangled(together: tuple[Effect, ...]) -> tuple[Notice, ...]:
    """Primaries on which two factors do more, or less, than the sum: a main effect is then an average of unlike ones."""
    return tuple(
        Notice(
            code="factors-interact",
            facts={"outcome": e.outcome, "comparison": e.comparison, "estimate": e.estimate, "unit": e.unit},
        )
        for e in together
        if e.role == "primary" and e.clear
    )


def _cells(means: ArmMeans, factors: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The levels of every arm; all combinations must be there."""
    cells = [tuple(arm.split(BETWEEN)) for arm in means.arms]
    wanted = set(product(*(_levels(cells, f) for f in range(len(factors)))))
    missing = sorted(BETWEEN.join(cell) for cell in wanted - set(cells))
    if missing:
        raise CannotAnswer(
            "No unit has {cells} of the factors {factors}; without every combination the factors cannot be told apart. Use `treatment` "
            "with one arm per combination that was tried.",
            cells=", ".join(missing), factors=BETWEEN.join(factors),
        )  # fmt: skip
    return cells


def _levels(cells: list[tuple[str, ...]], f: int) -> list[str]:
    """The levels of a factor, its base first, as the first arm has it."""
    return list(dict.fromkeys(cell[f] for cell in cells))


def _main(cells: list[tuple[str, ...]], f: int, name: str, level: str) -> Comparison:
    base = cells[0][f]
    weight, without = (_share(np.array([cell[f] == one for cell in cells])) for one in (level, base))
    return Comparison(f"{name}: {level}", base, weight - without, without)


def _together(cells: list[tuple[str, ...]], f: int, g: int, factors: tuple[str, ...], a: str, b: str) -> Comparison:
    i, j = cells[0][f], cells[0][g]
    parts = {
        (one, two): _share(np.array([cell[f] == one and cell[g] == two for cell in cells]))
        for one in (a, i)
        for two in (b, j)
    }
    weight = parts[a, b] - parts[i, b] - parts[a, j] + parts[i, j]
    return Comparison(f"{factors[f]}{BETWEEN}{factors[g]}: {a}{BETWEEN}{b}", f"{i}{BETWEEN}{j}", weight, parts[i, j])


def _share(chosen: np.ndarray) -> np.ndarray:
    return chosen / chosen.sum()
