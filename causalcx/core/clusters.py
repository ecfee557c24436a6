"""Sums of randomised groups (teams, stores, classes): what an effect's error needs where units were not drawn singly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from causalcx.core.moments import Array, Whole

EVERYONE = "(all)"
"""First of the variables: 0 for every unit, so that its numbers and sums of x are those of all units."""


@dataclass(frozen=True)
class Clusters:
    """One record per cluster; or, of very many clusters, one per arm and stratum, with the products of their totals.

    Axes: C records, V variables, k covariates, D = V x (3 + k) totals. A cluster's totals over those who answered variable v are
    their number, ``count`` and the sums of y (less ``level``) and x; where clusters count equally, count is 1 and sums are means.
    """

    variables: tuple[str, ...]
    covariates: tuple[str, ...]
    arm: Whole
    """[C] position among the arms."""
    stratum: Whole
    """[C] position among the strata."""
    clusters: Array
    """[C] clusters of the record."""
    level: Array
    """[V] subtracted from every value of y, so that sums lose no digits."""
    answered: Array
    """[C, V] units with a value; of the first variable all units."""
    count: Array
    """[C, V] what y and x are sums over: those units, or clusters."""
    y: Array
    """[C, V]"""
    x: Array
    """[C, V, k]"""
    xy: Array
    """[C, V, k]"""
    xx: Array
    """[C, V, k, k]"""
    square: Array | None = None
    """[C, D, D] products of totals (answered, count, y, x of each variable in turn) summed over the record's clusters; None where
    every record is one cluster."""

    def counted(self, arms: int, strata: int) -> Array:
        """[A, S] clusters per arm and stratum."""
        found = np.zeros((arms, strata))
        np.add.at(found, (self.arm, self.stratum), self.clusters)
        return found

    def at(self, variable: int) -> slice:
        """Where the totals of a variable stand among all of them."""
        width = 3 + len(self.covariates)
        return slice(variable * width, (variable + 1) * width)

    @property
    def totals(self) -> Array:
        """[C, D] totals of the records."""
        numbers = np.stack([self.answered, self.count, self.y], axis=2)
        return np.concatenate([numbers, self.x], axis=2).reshape(len(self.arm), -1)

    def products(self, at: Sequence[int]) -> Array:
        """[C, m, m] products of some of the totals, by position, summed over the record's clusters."""
        if self.square is not None:
            return self.square[:, at][:, :, at]
        chosen = self.totals[:, at]
        return chosen[:, :, None] * chosen[:, None, :]

    def to_json(self) -> dict[str, Any]:
        """Plain lists; numbers keep every digit."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        return {n: v.tolist() if isinstance(v, np.ndarray) else v for n, v in own.items()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """The inverse of :meth:`to_json`, without loss."""
        records, variables, covariates = (len(document[name]) for name in ("arm", "variables", "covariates"))
        shapes = {
            "x": (records, variables, covariates), "xy": (records, variables, covariates),
            "xx": (records, variables, covariates, covariates),
        }  # fmt: skip
        own: dict[str, Any] = {name: tuple(document[name]) for name in ("variables", "covariates")}
        own |= {name: np.asarray(document[name], np.int64) for name in ("arm", "stratum")}
        own |= {name: np.asarray(document[name], float) for name in ("clusters", "level", "answered", "count", "y")}
        own |= {name: np.asarray(document[name], float).reshape(shape) for name, shape in shapes.items()}
        square = document["square"]
        return cls(**own, square=None if square is None else np.asarray(square, float))


def clusters_of_columns(
    arm: Whole, cluster: Whole, outcomes: Mapping[str, Array], covariates: Mapping[str, Array], stratum: Whole | None = None
) -> Clusters:  # fmt: skip
    """The naive twin of what a source does in its engine: sums of columns in memory (positions of arms and strata; NaN is missing)."""
    _, first, place = np.unique(cluster, return_index=True, return_inverse=True)
    y = np.column_stack([np.zeros(len(arm)), *outcomes.values()])
    x = np.column_stack([np.zeros((len(arm), 0)), *covariates.values()])
    seen = ~np.isnan(y)
    filled, known = np.where(seen, y, 0.0), seen[:, :, None] * x[:, None, :]

    def summed(values: Array) -> Array:
        total = np.zeros((len(first), *values.shape[1:]))
        np.add.at(total, place, values)
        return total

    count = summed(seen.astype(float))
    return Clusters(
        variables=(EVERYONE, *outcomes), covariates=tuple(covariates), arm=arm[first],
        stratum=np.zeros(len(first), np.int64) if stratum is None else stratum[first], clusters=np.ones(len(first)),
        level=np.zeros(y.shape[1]), answered=count, count=count, y=summed(filled), x=summed(known),
        xy=summed(filled[:, :, None] * x[:, None, :]), xx=summed(known[:, :, :, None] * x[:, None, None, :]),
    )  # fmt: skip
