"""Moments: what a randomised readout needs from the data, in kilobytes whatever the number of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from causalcx.core.clusters import Clusters

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Moments:
    """Counts, means and centred cross-products per arm and stratum, pairwise over units with both values.

    Axes: A arms, S strata, K variables. ``mean[a, s, i, j]`` is the mean of variable i over the units of arm a and
    stratum s where both i and j were observed, and ``product[a, s, i, j]`` the sum over them of
    (i - mean[a, s, i, j]) x (j - mean[a, s, j, i]). Units: those of the variables.
    """

    arms: tuple[str, ...]
    strata: tuple[str, ...]
    variables: tuple[str, ...]
    units: Array
    """[A, S] number of units, with and without answers."""
    count: Array
    """[A, S, K, K] number of units in which both were observed."""
    mean: Array
    """[A, S, K, K] mean of the first over the units in which both were observed."""
    product: Array
    """[A, S, K, K] centred cross-product over the units in which both were observed."""
    clusters: Clusters | None = None
    """Sums of the randomised groups, where units were not randomised singly; moments made of these have none."""

    def __post_init__(self) -> None:
        shape = (len(self.arms), len(self.strata), len(self.variables), len(self.variables))
        for name in ("count", "mean", "product"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")

    def index(self, variable: str) -> int:
        """Position of a variable."""
        return self.variables.index(variable)

    def missing(self, arm: str, variable: str) -> int:
        """Units of an arm without a value of the variable."""
        a, i = self.arms.index(arm), self.index(variable)
        return int(self.units[a].sum() - self.count[a, :, i, i].sum())

    def regrouped(self, labels: Sequence[str]) -> Self:
        """The same moments with strata merged that share a label; one label per present stratum."""
        names = tuple(dict.fromkeys(labels))
        parts = [self._merged([i for i, label in enumerate(labels) if label == name]) for name in names]
        units, count, mean, product = (np.concatenate(arrays, axis=1) for arrays in zip(*parts, strict=True))
        return type(self)(self.arms, names, self.variables, units, count, mean, product)

    def pooled(self) -> Self:
        """The same moments without strata."""
        return self.regrouped([""] * len(self.strata))

    def selected(self, strata: Sequence[int]) -> Self:
        """Only these strata, by position."""
        keep = list(strata)
        names = tuple(self.strata[i] for i in keep)
        arrays = (getattr(self, name)[:, keep] for name in ("units", "count", "mean", "product"))
        return type(self)(self.arms, names, self.variables, *arrays)

    def _merged(self, strata: list[int]) -> tuple[Array, Array, Array, Array]:
        """Pooled counts, means and products of some strata (Chan, Golub & LeVeque 1979, eq. 2.1, pairwise)."""
        count, mean = self.count[:, strata], self.mean[:, strata]
        total = count.sum(axis=1, keepdims=True)
        centre = (count * mean).sum(axis=1, keepdims=True) / np.where(total > 0, total, 1)
        shift = mean - centre
        product = (self.product[:, strata] + count * shift * np.swapaxes(shift, 2, 3)).sum(axis=1, keepdims=True)
        return self.units[:, strata].sum(axis=1, keepdims=True), total, centre, product

    def to_json(self) -> dict[str, Any]:
        """Plain lists; numbers keep every digit."""
        return {
            "arms": list(self.arms),
            "strata": list(self.strata),
            "variables": list(self.variables),
            **{name: getattr(self, name).tolist() for name in ("units", "count", "mean", "product")},
            **({"clusters": self.clusters.to_json()} if self.clusters else {}),
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_json`, without loss."""
        arms, strata, variables = (tuple(document[name]) for name in ("arms", "strata", "variables"))
        units, count, mean, product = (
            np.asarray(document[name], dtype=float) for name in ("units", "count", "mean", "product")
        )
        return cls(arms, strata, variables, units, count, mean, product, _clusters(document.get("clusters")))


def _clusters(document: dict[str, Any] | None) -> Clusters | None:
    from causalcx.core.clusters import Clusters

    return None if document is None else Clusters.from_json(document)


def moments_of_columns(
    arm: Sequence[str], columns: Mapping[str, Array], strata: Sequence[str] | None = None, control: str | None = None
) -> Moments:
    """The naive twin of what a source does in its engine: moments from columns in memory, NaN meaning missing.

    ``arm`` and ``strata`` have one entry per unit, ``columns`` one array per variable. The control comes first.
    """
    labels, cells = np.asarray(arm), np.asarray(strata if strata is not None else [""] * len(arm))
    arms = sorted(set(labels.tolist()), key=lambda a: (a != control, a))
    names = sorted(set(cells.tolist()))
    values = np.column_stack([np.asarray(c, float) for c in columns.values()])
    groups = [[_group(values[(labels == a) & (cells == s)]) for s in names] for a in arms]
    count, mean, product = (np.array([[g[i] for g in row] for row in groups]) for i in range(3))
    units = np.array([[((labels == a) & (cells == s)).sum() for s in names] for a in arms], float)
    return Moments(tuple(arms), tuple(names), tuple(columns), units, count, mean, product)


def _group(values: Array) -> tuple[Array, Array, Array]:
    seen = ~np.isnan(values)
    both = seen[:, :, None] & seen[:, None, :]
    count = both.sum(axis=0).astype(float)
    filled = np.where(seen, values, 0.0)
    mean = np.einsum("ni,nij->ij", filled, both) / np.maximum(count, 1)
    away = np.where(both, filled[:, :, None] - mean[None], 0.0)
    return count, mean, np.einsum("nij,nji->ij", away, away)
