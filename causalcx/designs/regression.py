"""Least squares of several outcomes on the same rows, with errors of groups of rows: jackknifed, that is each group left out in turn.

A group's influence on the coefficients b is (X'X - X_g'X_g)^-1 X_g'e_g, what b loses without it (Bell & McCaffrey 2002,
Survey Methodology 28: 169-181; the errors called CR3, HC3 where every row is a group).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.linear import inverse
from causalcx.core.moments import Array, Whole

SAME = 1e-11
"""Share of the largest eigenvalue below which columns of equal size say the same."""
KNOWN = 1e-8
"""Largest part of a combination of coefficients outside what the rows tell, at which it counts as known."""


@dataclass(frozen=True)
class Regression:
    """n rows, k columns, V outcomes."""

    x: Array
    """[n, k]"""
    group: Whole
    """[n] what counts as one independent value."""
    inverse: Array
    """[k, k] pseudo-inverse of X'X."""

    @classmethod
    def of(cls, x: Array, group: Whole) -> Regression:
        """Ready for any outcome."""
        return cls(x, group, inverse(x.T @ x, SAME))

    def knows(self, combination: Array) -> bool:
        """Whether the rows tell a combination [k] of coefficients."""
        left = combination - combination @ self.inverse @ (self.x.T @ self.x)
        return bool(np.abs(left).max() < KNOWN * np.abs(combination).max())

    def coefficients(self, y: Array) -> Array:
        """[k]"""
        return self.inverse @ (self.x.T @ y)

    def influence(self, y: Array) -> Array:
        """[groups, k] what the coefficients lose without each group."""
        rest = y - self.x @ self.coefficients(y)
        groups = int(self.group.max()) + 1
        if groups == len(y):
            leverage = np.einsum("nk,kl,nl->n", self.x, self.inverse, self.x)
            found = np.zeros((groups, self.x.shape[1]))
            found[self.group] = (self.x @ self.inverse) * (rest / np.maximum(1 - leverage, 1e-9))[:, None]
            return found
        order = np.argsort(self.group, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(self.group[order])) + 1)
        gram = self.x.T @ self.x
        found = np.zeros((groups, self.x.shape[1]))
        for rows in parts:
            own = self.x[rows]
            found[self.group[rows[0]]] = inverse(gram - own.T @ own, SAME) @ (own.T @ rest[rows])
        return found

    def freedom(self, combination: Array, y: Array) -> float:
        """Satterthwaite's, were all rows to vary alike and those of a group together as much as these do; two are spent on the arms."""
        weight = self.x @ self.inverse @ combination
        together = self._together(y)
        alone = np.bincount(self.group, weight**2)
        whole = np.bincount(self.group, weight) ** 2
        part = alone + together * (whole - alone)
        return float(max(part.sum() ** 2 / (part**2).sum() - 2, 1.0))

    def _together(self, y: Array) -> float:
        """Correlation of residuals within groups, at least 0."""
        rest = y - self.x @ self.coefficients(y)
        size, own, square = np.bincount(self.group), np.bincount(self.group, rest), np.bincount(self.group, rest**2)
        pairs = float((size * (size - 1)).sum())
        return max(float((own**2 - square).sum()) / pairs / float((rest**2).mean()), 0.0) if pairs else 0.0
