"""What a regression with unit and period effects would have said: shown only where it misleads.

Its coefficient is a weighted sum of the cells' effects in which cells treated for long may count negatively, since units
treated early serve as controls for those treated late (Goodman-Bacon 2021, Journal of Econometrics 225: 254-277;
de Chaisemartin & D'Haultfœuille 2020, American Economic Review 110: 2964-2996, theorem 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.moments import Array, Whole


@dataclass(frozen=True)
class TwoWay:
    """The coefficient of "is treated", and how much of the weight on treated cells is negative."""

    estimate: float
    weights: Array
    """[G, T] of the cells' means. Their rows and columns sum to 0, so they are weights of the group-time effects too."""
    negative: float
    """Sum of the negative weights; the positive ones sum to 1 more."""


def two_way(mean: Array, count: Array, first: Whole) -> TwoWay:
    """[G, T] means and counts of the cells, weighted least squares with cohort and period effects."""
    cohorts, periods = mean.shape
    treated = (np.arange(periods) >= first[:, None]).astype(float)
    cell = np.arange(cohorts * periods)
    effects = np.column_stack(
        [cell // periods == g for g in range(cohorts)] + [cell % periods == t for t in range(1, periods)]
    )
    root = np.sqrt(count.ravel())
    fitted = np.linalg.lstsq(effects * root[:, None], treated.ravel() * root, rcond=None)[0]
    weight = count.ravel() * (treated.ravel() - effects @ fitted)
    weight = weight / (weight @ treated.ravel())
    negative = float(-np.minimum(weight[treated.ravel() > 0], 0).sum())
    return TwoWay(float(weight @ np.nan_to_num(mean.ravel())), weight.reshape(mean.shape), negative)
