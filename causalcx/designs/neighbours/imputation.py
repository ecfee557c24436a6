"""What the treated would have done, from all untreated periods: estimates as weighted sums of outcomes.

For unit i in period t without the change, y_it = a_i + z_i' b_t + f_it' c + e_it, with z_i = (1, covariates) and f_it what it
feels from its neighbours. A treated unit's y_it less a_i + z_i' b_t is its effect (Borusyak, Jaravel & Spiess 2024, Review of
Economic Studies 91: 3253-3285, section 4); within waves and periods it is linear in what the unit feels: own + f_it' d.

Every estimate is sum w_it y_it. The weights v_it of treated periods say what is asked; those of untreated periods follow from
least squares, so that every a_i, b_t and (for c: e_k) is met exactly; where that cannot be, the estimate is not known.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.linear import inverse
from causalcx.core.moments import Array, Flags, Whole

MET = 1e-6
"""Largest miss of a condition, relative to what is asked, at which an estimate counts as known."""


@dataclass(frozen=True)
class Records:
    """N units, T periods, G waves (those never treated last), K covariates, q features."""

    wave: Whole
    """[N]"""
    first: Whole
    """[G] first treated period; T for those never treated."""
    z: Array
    """[N, 1 + K]"""
    felt: Array
    """[N, T, q]"""
    everyone: bool
    """Whether units that still wait tell what a period is like, beside those never treated."""

    @property
    def now(self) -> Flags:
        """[N, T] treated."""
        return np.arange(self.felt.shape[1]) >= self.first[self.wave][:, None]

    @property
    def tell(self) -> Flags:
        """[N] units whose untreated periods tell what a period is like."""
        never = self.first[self.wave] >= self.felt.shape[1]
        return np.ones(len(self.wave), bool) if self.everyone else never


@dataclass(frozen=True)
class Untreated:
    """The least squares of the untreated periods, ready for any right-hand side. P = T x (1 + K) + q unknowns."""

    records: Records
    within: Array
    """[N, T, q] features less their mean over the unit's untreated periods; 0 elsewhere."""
    gram: Array
    """[P, P]"""
    inverse: Array
    """[P, P] its pseudo-inverse."""

    @classmethod
    def of(cls, records: Records) -> Untreated:
        """Units that tell, by waves: all units of a wave have the same untreated periods."""
        free, (_, periods, q) = ~records.now, records.felt.shape
        count = np.maximum(free.sum(axis=1), 1)
        mean = np.where(free[:, :, None], records.felt, 0.0).sum(axis=1) / count[:, None]
        within = np.where(free[:, :, None], records.felt - mean[:, None], 0.0)
        width, tell = records.z.shape[1], records.tell
        gram = np.zeros((periods * width + q, periods * width + q))
        for g in np.unique(records.wave[tell]):
            own, seen = tell & (records.wave == g), (np.arange(periods) < records.first[g]).astype(float)
            centre = np.diag(seen) - np.outer(seen, seen) / max(seen.sum(), 1.0)
            gram[: periods * width, : periods * width] += np.kron(centre, records.z[own].T @ records.z[own])
        cross = np.einsum("nk,ntq->tkq", records.z[tell], within[tell]).reshape(periods * width, q)
        gram[: periods * width, periods * width :], gram[periods * width :, : periods * width] = cross, cross.T
        gram[periods * width :, periods * width :] = np.einsum("ntq,ntr->qr", within[tell], within[tell])
        return cls(records, within, gram, inverse(gram))

    def weights(self, asked: Array, of_feature: int | None = None) -> Array | None:
        """[N, T] weights of all outcomes for ``asked`` [N, T] of treated periods, or for an effect of a feature on the untreated.

        None where the untreated periods cannot tell it.
        """
        records, free = self.records, ~self.records.now
        own = np.where(free, (asked.sum(axis=1) / np.maximum(free.sum(axis=1), 1))[:, None], 0.0)
        gap = asked - own
        right = np.concatenate(
            [
                np.einsum("nk,nt->tk", records.z, gap).ravel(),
                -np.einsum("ntq,nt->q", np.where(free[:, :, None], records.felt, 0.0), own),
            ]
        )
        if of_feature is not None:
            right[len(right) - records.felt.shape[2] + of_feature] += 1.0
        solved = self.inverse @ right
        size = np.abs(right).max()
        if size > 0 and np.abs(self.gram @ solved - right).max() > MET * size:
            return None
        return asked - self._spread(solved) - own if of_feature is None else self._spread(solved)

    def rest(self, y: Array) -> Array:
        """[N, T] outcomes less what the untreated periods say of unit and period; of untreated ones also less what was felt."""
        solved, free, periods = self._solved(y), ~self.records.now, y.shape[1]
        width = periods * self.records.z.shape[1]
        found = y - self.records.z @ solved[:width].reshape(periods, -1).T
        found -= np.where(free[:, :, None], self.records.felt, 0.0) @ solved[width:]
        return found - _mean_of(found, free)

    def slopes(self, y: Array) -> Array:
        """[q] what the untreated feel."""
        return self._solved(y)[y.shape[1] * self.records.z.shape[1] :]

    def _solved(self, y: Array) -> Array:
        tell, free = self.records.tell, ~self.records.now
        away = np.where(free, y - _mean_of(y, free), 0.0)[tell]
        line = np.einsum("nk,nt->tk", self.records.z[tell], away).ravel()
        return self.inverse @ np.concatenate([line, np.einsum("ntq,nt->q", self.within[tell], away)])

    def _spread(self, solved: Array) -> Array:
        """[N, T] what the solution puts on untreated periods of units that tell."""
        records, free = self.records, ~self.records.now
        width = records.z.shape[1] * records.felt.shape[1]
        line = records.z @ solved[:width].reshape(records.felt.shape[1], -1).T
        line = np.where(free, line - _mean_of(line, free), 0.0)
        return (line + self.within @ solved[width:]) * records.tell[:, None]


def _mean_of(y: Array, free: Flags) -> Array:
    """[N, 1] means over untreated periods."""
    return np.where(free, y, 0.0).sum(axis=1, keepdims=True) / np.maximum(free.sum(axis=1, keepdims=True), 1)
