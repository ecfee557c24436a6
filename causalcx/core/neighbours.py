"""Who feels whose change: pairs of units, and what share of a unit's neighbours has the change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.moments import Array, Whole


@dataclass(frozen=True)
class Neighbours:
    """Pairs of positions among N units: ``unit`` feels what ``neighbour`` has."""

    unit: Whole
    neighbour: Whole
    weight: Array
    """How much each neighbour counts; 1 where the file has no weights."""
    units: int
    """N."""

    @property
    def total(self) -> Array:
        """[N] weights of a unit's neighbours together: their number where all weigh the same; 0 where it has none."""
        return np.bincount(self.unit, self.weight, self.units) / (self.weight.mean() if len(self.weight) else 1.0)

    def share(self, has: Array) -> Array:
        """[N, ...] weighted share of each unit's neighbours that has the change; 0 where it has no neighbour."""
        sums = np.zeros((self.units, *has.shape[1:]))
        np.add.at(sums, self.unit, self.weight.reshape(-1, *[1] * (has.ndim - 1)) * has[self.neighbour])
        total = np.bincount(self.unit, self.weight, self.units).reshape(-1, *[1] * (has.ndim - 1))
        return sums / np.where(total > 0, total, 1.0)

    @property
    def groups(self) -> Whole:
        """[N] which units are linked, directly or through others: positions of the connected groups."""
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        links = coo_array((np.ones(len(self.unit)), (self.unit, self.neighbour)), shape=(self.units, self.units))
        return connected_components(links, directed=False)[1].astype(np.int64)
