"""Carry-over: what the setting of earlier slots still does, by least squares on the present and the previous settings.

Slots whose predecessors are known count, also those that the washout leaves out of the effect. The order goes one slot beyond the
washout: that last one should do nothing. The sum of all is the effect of having the change always on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.effect import Effect
from causalcx.core.linear import inverse, rank
from causalcx.core.moments import Array
from causalcx.designs.headline import t_part
from causalcx.designs.slots.order import Slots, within

ALIKE = 1e6
"""Condition number from which settings that follow each other cannot be told apart."""


@dataclass(frozen=True)
class CarryOver:
    """Effects by slots since, on one outcome."""

    by_lag: Array
    """[washout + 2] effect of the setting of this slot, of the one before, and so on."""
    covariance: Array
    rows: int

    @property
    def always(self) -> tuple[float, float]:
        """Effect of always on, and its standard error."""
        return float(self.by_lag.sum()), float(np.sqrt(self.covariance.sum()))

    @property
    def beyond(self) -> tuple[float, float]:
        """Effect of the slot just beyond the washout, and its standard error."""
        return float(self.by_lag[-1]), float(np.sqrt(self.covariance[-1, -1]))


def carry_over(slots: Slots, y: Array, x: Array) -> CarryOver | None:
    """Effects by lag; None where the schedule cannot tell them apart, as when it alternates slot by slot."""
    lags = [slots.before(j) for j in range(slots.washout + 2)]
    rows = np.flatnonzero(lags[-1][1] & ~np.isnan(y))
    if len(rows) == 0:
        return None
    unit, cluster = (np.unique(a[rows], return_inverse=True)[1] for a in (slots.unit, slots.cluster))
    settings = within(np.column_stack([d[rows].astype(float) for d, _ in lags]), unit)
    everything = np.column_stack([settings, within(x[rows], unit)])
    products = everything.T @ everything
    freedom = len(rows) - len(np.unique(unit)) - int(rank(products))
    if freedom < 1 or np.linalg.cond(settings) > ALIKE:
        return None
    bread = inverse(products)
    slopes = bread @ (everything.T @ y[rows])
    residual = within(y[rows][:, None], unit)[:, 0] - everything @ slopes
    pull = (everything @ bread[:, : len(lags)]) * residual[:, None]
    scores = np.column_stack([np.bincount(cluster, column) for column in pull.T])
    clusters = len(scores)
    scale = clusters / max(clusters - 1, 1) * (len(rows) - 1) / freedom
    return CarryOver(slopes[: len(lags)], scale * scores.T @ scores, len(rows))


def parts(found: CarryOver, headline: Effect) -> tuple[Effect, ...]:
    """The effects of this slot's setting, of each slot before, and of always on, beside the headline."""
    error = np.sqrt(np.diag(found.covariance))
    names = ["this-slot", *(f"slots-before-{j}" for j in range(1, len(error)))]
    each = [(n, float(v), float(s)) for n, v, s in zip(names, found.by_lag, error, strict=True)]
    return tuple(_part(headline, *one) for one in (*each, ("always-on", *found.always)))


def _estimand(aggregation: str) -> str:
    return (
        "ATE of always on, per slot"
        if aggregation == "always-on"
        else f"ATE of the setting of {aggregation.replace('-', ' ')}"
    )


def _part(headline: Effect, aggregation: str, estimate: float, error: float) -> Effect:
    method = "least squares on present and previous settings within unit"
    own = {"aggregation": aggregation, "estimand": _estimand(aggregation), "method": method}
    return t_part(headline, estimate, error, **own)
