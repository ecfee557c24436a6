"""Arm means where groups were randomised, with their joint CR2 covariance and Satterthwaite degrees of freedom, from sums of clusters.

Per outcome, weighted least squares of y on arms, strata (centred, no interaction) and covariates (centred within strata; slopes
per arm, or one for all with cuped). A unit of arm a in stratum s weighs n_s / n_as, so arms and strata are orthogonal and the
effect is that of `armmeans`: differences within strata, averaged over units (or over clusters where these count equally).

With X_g the weighted rows of cluster g, M = (X'X)^-1 and e_g its residuals, an arm's mean has influence l' M X_g' A_g e_g,
A_g = (I - X_g M X_g')^-1/2 (Bell & McCaffrey 2002, Survey Methodology 28: 169-181), to which what sampled covariates and strata
add is joined. The difference c of two arms has (sum of eigenvalues)^2 / sum of squared eigenvalues of G'G degrees of freedom,
G_g = (I - H)_g' A_g X_g M c (Imbens & Kolesar 2016, Review of Economics and Statistics 98: 701-712, eq. 8), for independent errors of
variance 1 / weight. Rows of a cluster differ in their covariates alone, so X_g = Z_g J_g' with Z_g = (1, x): everything is
computed with 1 + k columns, and depends on the cluster through Z_g'Z_g and Z_g'e_g, that is through sums.

Of very many clusters only products of totals are known; then the leverage is that of a mean cluster of its arm and stratum, and
slopes are taken as known.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Self

import numpy as np

from causalcx.core.clusters import Clusters
from causalcx.core.linear import NOTHING, inverse
from causalcx.core.moments import Array, Whole


@dataclass(frozen=True)
class ClusterFit:
    """One weighted regression for outcomes that the same units answered. Axes: C records used, A arms, S strata used, p columns."""

    clusters: Clusters
    columns: list[int]
    """Positions of the outcomes among the clusters' variables."""
    used: Whole
    """Positions of the records used."""
    cell: Whole
    """[C] arm and stratum of each record used, as one number."""
    weight: Array
    """[C]"""
    rows: Array
    """[A x S, p, 1 + k] from (1, x) to the columns of the regression."""
    z: Array
    """[C, 1 + k, 1 + k] products of (1, x), x centred within strata."""
    zy: Array
    """[C, 1 + k, V] products of (1, x) and y."""
    centre: Array
    """[C, k] covariate means of the record's stratum."""
    scale: Array
    """[k] what a covariate is divided by."""
    inverse: Array
    """[p, p] M."""
    beta: Array
    """[p, V]"""
    arms: int

    @classmethod
    def of(cls, clusters: Clusters, columns: list[int], arms: int, strata: Whole, k: int, *, one_slope: bool) -> Self:
        """The regression within these strata (positions) on k covariates."""
        v = columns[0]
        used = np.flatnonzero((clusters.count[:, v] > 0) & np.isin(clusters.stratum, strata))
        arm, stratum = clusters.arm[used], np.searchsorted(strata, clusters.stratum[used])
        number = np.zeros((arms, len(strata)))
        np.add.at(number, (arm, stratum), clusters.count[used, v])
        weight = (number.sum(axis=0) / number)[arm, stratum]
        z, zy, centre, scale = _centred(clusters, used, columns, k, stratum)
        rows = _rows(number.sum(axis=0) / number.sum(), arms, k, one_slope=one_slope)
        cell = arm * len(strata) + stratum
        bread, beta = _solved(rows, cell, weight, z, zy)
        return cls(clusters, columns, used, cell, weight, rows, z, zy, centre, scale, bread, beta, arms)

    @property
    def mean(self) -> Array:
        """[A, V]"""
        return self.beta[: self.arms] + self.clusters.level[self.columns]

    @property
    def _inner(self) -> Array:
        """[cells, 1 + k, 1 + k] J'MJ."""
        return np.einsum("cpi,pq,cqj->cij", self.rows, self.inverse, self.rows, optimize=True)

    @property
    def _arm_rows(self) -> Array:
        """[cells, A, 1 + k] the arm means' rows of MJ."""
        return np.einsum("ap,cpi->cai", self.inverse[: self.arms], self.rows)

    def _adjusted(self) -> tuple[Array, Array, Array]:
        """[C, 1 + k, 1 + k] root of the mean cluster's weighted products; (I - N)^-1/2 and (I - N)^-1, N its leverage."""
        size = self.clusters.clusters[self.used]
        root = _power(self.z * (self.weight / size)[:, None, None], 0.5)
        leverage = root @ self._inner[self.cell] @ root
        values, vectors = np.linalg.eigh(leverage)
        left = np.where(values < 1 - NOTHING, 1 - values, np.inf)
        half, whole = (np.einsum("cik,ck,cjk->cij", vectors, left**-power, vectors) for power in (0.5, 1.0))
        return root, half, whole

    def influence(self) -> Array:
        """What every record adds to the arm means: [C, A, V] of the cluster that it is; [C, A, V, D] per unit of its totals where it is many."""
        value = self._of_totals() if self.clusters.square is not None else self._of_records()
        every = np.zeros((len(self.clusters.arm), *value.shape[1:]))
        every[self.used] = value
        return every

    def _of_records(self) -> Array:
        weight = self.weight[:, None, None]
        residual = self.zy - self.z @ np.einsum("cpi,pv->civ", self.rows, self.beta)[self.cell]
        root, half, _ = self._adjusted()
        score = root @ half @ _power(self.z * weight, -0.5) @ (residual * weight)
        return np.einsum("cai,civ->cav", self._arm_rows[self.cell], score) + self._sampled(self.z[:, 0, :])

    def _sampled(self, totals: Array) -> Array:
        """[C, A, V] what sampled strata and covariates add, of totals [C, 1 + k] of (1, x): those predicted in arm a less their mean."""
        strata, everyone = len(self.rows) // self.arms, self.z[:, 0, 0].sum()
        own = [self.rows[a * strata + self.cell % strata] for a in range(self.arms)]
        away = [np.einsum("cpi,pv->civ", r, self.beta) for r in own]
        for a, part in enumerate(away):
            part[:, 0] -= self.beta[a]
        return np.stack([np.einsum("ci,civ->cv", totals, part) for part in away], axis=1) / everyone

    def _of_totals(self) -> Array:
        k, size = self.z.shape[1] - 1, self.clusters.clusters[self.used]
        leverage = self._inner[self.cell][:, 0, 0] * self.z[:, 0, 0] * self.weight / size
        factor = self._arm_rows[self.cell][:, :, 0] * (self.weight / np.sqrt(1 - leverage))[:, None]
        fitted = np.einsum("cpi,pv->cvi", self.rows, self.beta)[self.cell]
        ones = [np.broadcast_to(row, (len(size), 1 + k)) for row in np.eye(1 + k)]
        moved = np.stack([self._sampled(one) for one in ones], axis=3) - factor[:, :, None, None] * fitted[:, None]
        slope = moved[..., 1:] / self.scale
        number = moved[..., 0] - np.einsum("cavk,ck->cav", slope, self.centre)
        every = np.zeros((*number.shape, self.clusters.at(len(self.clusters.variables)).start))
        for i, v in enumerate(self.columns):
            first = self.clusters.at(v).start
            every[:, :, i, first + 1], every[:, :, i, first + 2] = number[:, :, i], factor
            every[:, :, i, first + 3 : first + 3 + k] = slope[:, :, i]
        return every

    def freedom(self) -> Array:
        """[A, A] degrees of freedom of the difference of two arms."""
        root, half, whole = self._adjusted()
        found = np.full((self.arms, self.arms), np.inf)
        for a, b in combinations(range(self.arms), 2):
            contrast = (self._arm_rows[:, a] - self._arm_rows[:, b])[self.cell]
            found[a, b] = found[b, a] = self._freedom(contrast, root, half, whole)
        return found

    def _freedom(self, contrast: Array, root: Array, half: Array, whole: Array) -> float:
        """``contrast`` [C, 1 + k] is J'M c; G'G = diag(q) - B M B' with q = a'a, B = X'a."""
        size = self.clusters.clusters[self.used]
        inside = np.einsum("cij,cj->ci", root, contrast)
        square = np.einsum("ci,cij,cj->c", inside, whole, inside)
        own = np.einsum("cij,cjk,ck->ci", root, half, inside)
        lost = np.einsum("ci,cij,cj->c", own, self._inner[self.cell], own)
        cells = np.zeros((len(self.rows), *self.z.shape[1:]))
        np.add.at(cells, self.cell, size[:, None, None] * own[:, :, None] * own[:, None, :])
        together = np.einsum("cpi,cij,cqj->pq", self.rows, cells, self.rows, optimize=True) @ self.inverse
        trace = float(size @ (square - lost))
        squares = float(size @ (square**2 - 2 * square * lost) + np.einsum("pq,qp->", together, together))
        return max(trace**2 / squares, 1.0) if squares > 0 else 1.0


def _centred(
    clusters: Clusters, used: Whole, columns: list[int], k: int, stratum: Whole
) -> tuple[Array, Array, Array, Array]:
    """Products of (1, x) with itself and with y, x less its mean over the stratum's units and scaled; that mean and scale."""
    v = columns[0]
    n, x, y = clusters.count[used, v], clusters.x[used, v, :k], clusters.y[used][:, columns]
    total = np.zeros((stratum.max() + 1, k))
    np.add.at(total, stratum, x)
    centre = (total / np.bincount(stratum, n)[:, None])[stratum]
    cross = x[:, :, None] * centre[:, None, :]
    xx = (
        clusters.xx[used, v, :k, :k]
        - cross
        - cross.swapaxes(1, 2)
        + n[:, None, None] * centre[:, :, None] * centre[:, None]
    )
    xy = clusters.xy[used][:, columns, :k].swapaxes(1, 2) - centre[:, :, None] * y[:, None, :]
    spread = np.einsum("ckk->k", xx)
    scale = np.sqrt(np.where(spread > 0, spread, n.sum()) / n.sum())
    z = np.zeros((len(used), 1 + k, 1 + k))
    z[:, 0, 0] = n
    z[:, 0, 1:] = z[:, 1:, 0] = (x - n[:, None] * centre) / scale
    z[:, 1:, 1:] = xx / np.outer(scale, scale)
    return z, np.concatenate([y[:, None, :], xy / scale[:, None]], axis=1), centre, scale


def _rows(share: Array, arms: int, k: int, *, one_slope: bool) -> Array:
    """[A x S, p, 1 + k] columns: an arm each, a stratum each but one (centred), slopes per arm or one set."""
    strata = len(share)
    slopes = k if one_slope else arms * k
    rows = np.zeros((arms, strata, arms + strata - 1 + slopes, 1 + k))
    for a in range(arms):
        rows[a, :, a, 0] = 1
        rows[a, :, arms : arms + strata - 1, 0] = np.eye(strata)[:, 1:] - share[1:]
        first = arms + strata - 1 + (0 if one_slope else a * k)
        rows[a, :, first : first + k, 1:] = np.eye(k)
    return rows.reshape(arms * strata, -1, 1 + k)


def _solved(rows: Array, cell: Whole, weight: Array, z: Array, zy: Array) -> tuple[Array, Array]:
    """M and the coefficients; covariates that say the same twice share a slope."""
    inner, right = np.zeros((len(rows), *z.shape[1:])), np.zeros((len(rows), *zy.shape[1:]))
    np.add.at(inner, cell, weight[:, None, None] * z)
    np.add.at(right, cell, weight[:, None, None] * zy)
    products = np.einsum("cpi,cij,cqj->pq", rows, inner, rows, optimize=True)
    bread = inverse(products)
    return bread, bread @ np.einsum("cpi,civ->pv", rows, right)


def _power(matrices: Array, power: float) -> Array:
    """[C, m, m] powers of positive semidefinite matrices, within their range."""
    values, vectors = np.linalg.eigh(matrices)
    keep = values > NOTHING * values[:, -1:]
    raised = np.where(keep, np.where(keep, values, 1.0) ** power, 0.0)
    return np.einsum("cik,ck,cjk->cij", vectors, raised, vectors)
