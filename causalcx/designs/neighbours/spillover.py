"""Own effect, spill-over and total effect of a roll-out, as weighted sums of outcomes with a joint law.

The own effect of a wave in a period is that on its units where no neighbour has the change; the spill-over is what units
with the change would feel from neighbours who all got it together with them; the total is their sum. Errors are those of
groups of units: each group's weighted residuals are one independent value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.effect import OWN, SPILLOVER
from causalcx.core.errors import CannotAnswer
from causalcx.core.linear import inverse
from causalcx.core.moments import Array, Flags, Whole
from causalcx.designs.neighbours.imputation import Records, Untreated
from causalcx.designs.neighbours.nearby import Exposure, Nearby, exposure, forms

ENOUGH = 8
"""Units with neighbours, with and without the change, per feature that is told apart."""
RANK = 1e-8
"""Smallest eigenvalue of the features' products, relative to the largest, at which their effects are told apart."""
SPILL, TOTAL, ROLLED, UNTREATED = SPILLOVER, "total", "as-rolled-out", "spillover-untreated"
"""Names of what is estimated over all waves; own and total come by wave too."""
Key = tuple[str, int | None]
"""A name and a wave; None: all waves, by their units."""


@dataclass(frozen=True)
class Weights:
    """How every estimate is made of outcomes. N units, T periods."""

    records: Records
    exposure: Exposure
    untreated: Untreated
    of: dict[Key, Array]
    """[N, T] each."""
    assumed: bool
    """Whether what the treated feel was taken to be what the untreated feel, since the data do not tell it."""

    def residuals(self, y: Array) -> Array:
        """[N, T] what is left of outcomes, stretched by what the means and slopes took."""
        free, rest = ~self.records.now, self.untreated.rest(y)
        treated = within_cells(rest[:, :, None], self.records)[:, :, 0]
        treated -= within_cells(self.exposure.felt, self.records) @ self._slopes(y, rest)
        return np.where(free, rest, treated) * _stretch(self.records, self.exposure.felt)[:, None]

    def without_neighbours(self, y: Array) -> Array:
        """[N, T] outcomes less what units felt from their neighbours."""
        felt, free = self.exposure.felt, ~self.records.now
        return y - np.where(free, felt @ self.untreated.slopes(y), felt @ self._slopes(y, self.untreated.rest(y)))

    def _slopes(self, y: Array, rest: Array) -> Array:
        """[q] what the treated feel."""
        if self.assumed:
            return self.untreated.slopes(y)
        felt = within_cells(self.exposure.felt, self.records)
        return _slopes(felt) @ np.einsum("ntq,nt->q", felt, rest)


def _stretch(records: Records, felt: Array) -> Array:
    """[N] square root of n / (n - k): the treated lose their wave's mean and slopes, the others what a period is like."""
    size = _sizes(records)
    waiting = records.first[records.wave] < felt.shape[1]
    lost = np.where(waiting, 1, records.z.shape[1])
    own = within_cells(felt, records)
    leverage = np.einsum("ntq,qr,ntr->n", own, _slopes(own), own)
    return np.sqrt(size / np.maximum(size - lost, 1)) / np.maximum(1 - leverage, 0.5)


def within_cells(x: Array, records: Records) -> Array:
    """[N, T, q] differences from the mean of the unit's wave in treated periods; 0 elsewhere."""
    found = np.zeros_like(x)
    for g, start in enumerate(records.first.tolist()):
        own = records.wave == g
        found[own, start:] = x[own, start:] - x[own, start:].mean(axis=0) if start < x.shape[1] else 0.0
    return found


def _slopes(felt: Array) -> Array:
    """[q, q] inverse of the features' products."""
    return inverse(np.einsum("ntq,ntr->qr", felt, felt))


def weights(nearby: Nearby, wave: Whole, first: Whole, covariates: Array, *, everyone: bool) -> Weights:
    """By the richest form that the data can tell.

    Raises CannotAnswer where what units feel cannot be told from the change itself or from the periods.
    """
    periods, possible = nearby.share.shape[1], forms(nearby, first[wave], nearby.share.shape[1])
    z = np.column_stack([np.ones(len(wave)), covariates - covariates.mean(axis=0)])
    for form in possible:
        x = exposure(nearby, first[wave], form)
        found = _weights(Records(wave, first, z, x.felt, everyone), x, last=form == possible[-1])
        if found and (form == possible[-1] or _enough(nearby, first[wave] < periods, x)):
            return found
    raise CannotAnswer(
        "What units feel from their neighbours cannot be told from the change itself or from the course of time: in every period those "
        "compared feel the same. Compare with units that are far from the change, or randomise whole neighbourhoods with `cluster`."
    )


def _enough(nearby: Nearby, treated: Flags, x: Exposure) -> bool:
    """Whether as many units feel something as the form has features, on either side."""
    feels = (nearby.share > 0).any(axis=1)
    return min((feels & treated).sum(), (feels & ~treated).sum()) >= ENOUGH * x.felt.shape[2]


def _weights(records: Records, x: Exposure, *, last: bool) -> Weights | None:
    """None where the form asks for more than the data tell; with ``last`` the treated may be taken to feel what the untreated do."""
    untreated, (units, periods, q) = Untreated.of(records), x.felt.shape
    nothing = np.zeros((units, periods))
    seen = (np.abs(np.where(records.now[:, :, None], 0.0, x.felt)) > 0).any()
    of_untreated = [untreated.weights(nothing, k) for k in range(q)] if seen else [None] * q
    felt = within_cells(x.felt, records)
    values = np.linalg.eigvalsh(np.einsum("ntq,ntr->qr", felt, felt))
    told = values[0] > RANK * max(values[-1], 1e-12) and (felt != 0).any()
    known = [w for w in of_untreated if w is not None]
    if (seen and len(known) < q) or (not told and not (last and known)):
        return None
    slopes = np.moveaxis(felt @ _slopes(felt), 2, 0)
    d = [w for k in range(q) if (w := untreated.weights(slopes[k])) is not None] if told else known
    of = _by_wave(records, x, untreated, d) if len(d) == q else None
    if of is None:
        return None
    if known:
        of[UNTREATED, None] = np.tensordot(_mean_full(records, x), np.array(known), 1)
    return Weights(records, x, untreated, of, not told)


def _mean_full(records: Records, x: Exposure) -> Array:
    """[q] what the treated would feel, had all their neighbours the change too."""
    shares = sum(_share(records, g)[:, :, None] * x.full for g in _treated(records))
    return np.asarray(shares).sum(axis=(0, 1))


def _treated(records: Records) -> list[int]:
    return np.flatnonzero(records.first < records.felt.shape[1]).tolist()


def _share(records: Records, g: int) -> Array:
    """[N, T] weights of a wave's part in the mean over all waves: by its units, evenly over its periods."""
    start, own = int(records.first[g]), records.wave == g
    everybody = np.isin(records.wave, _treated(records)).sum()
    found = np.zeros(records.now.shape)
    found[own, start:] = 1.0 / (everybody * (records.now.shape[1] - start))
    return found


def _by_wave(records: Records, x: Exposure, untreated: Untreated, d: list[Array]) -> dict[Key, Array] | None:
    """Own effects and totals by wave and over all, with the slopes ``d`` of the treated; None where one is not known."""
    found: dict[Key, Array] = {}
    everybody = np.isin(records.wave, _treated(records)).sum()
    for g in _treated(records):
        mean = _share(records, g) * everybody / (records.wave == g).sum()
        whole = untreated.weights(mean)
        if whole is None:
            return None
        felt, full = (np.einsum("nt,ntq->q", mean, part) for part in (x.felt, x.full))
        found[ROLLED, g] = whole
        found[OWN, g] = whole - np.tensordot(felt, np.array(d), 1)
        found[TOTAL, g] = found[OWN, g] + np.tensordot(full, np.array(d), 1)
    size = np.bincount(records.wave, minlength=len(records.first)) / everybody
    for name in (OWN, TOTAL, ROLLED):
        found[name, None] = np.asarray(sum(size[g] * found[name, g] for g in _treated(records)))
    found[SPILL, None] = found[TOTAL, None] - found[OWN, None]
    return found


@dataclass(frozen=True)
class Asked:
    """Some estimates of one outcome."""

    weights: Weights
    units: Whole
    """Positions of the units among all of which the groups are known."""
    y: Array
    """[N, T]"""
    keys: tuple[Key, ...]


@dataclass(frozen=True)
class Joint:
    """K values with their joint covariance and degrees of freedom."""

    value: Array
    covariance: Array
    df: Array


def joint(asked: list[Asked], group: Whole) -> Joint:
    """The estimates of every outcome asked for, one after another.

    ``group`` [all units] is what counts as one independent value. A wave of one unit is taken to vary as the others do.
    Degrees of freedom by Satterthwaite, as if all units varied alike.
    """
    parts = [_of(a, key, group) for a in asked for key in a.keys]
    added = np.array([p.added for p in parts])
    covariance = added @ added.T
    if len({p.alone.shape for p in parts}) == 1 and parts[0].alone.size:
        alone = np.array([p.alone for p in parts])
        covariance += np.einsum("kij,lij->kl", alone, alone) / alone.shape[2]
    return Joint(np.array([p.value for p in parts]), covariance, np.array([p.df for p in parts]))


@dataclass(frozen=True)
class _Part:
    value: float
    added: Array
    """[groups] what each adds to the error."""
    alone: Array
    """[waves of one unit, other units] what that unit would add if it varied as the other does."""
    df: float


def _of(asked: Asked, key: Key, group: Whole) -> _Part:
    w, rest, own = asked.weights.of[key], asked.weights.residuals(asked.y), group[asked.units]
    groups, size = int(group.max()) + 1, _sizes(asked.weights.records)
    square = (w**2).sum(axis=1)
    spread = np.bincount(own, square, groups)
    few = np.bincount(own, square / np.maximum(size - 1, 1), groups)
    return _Part(
        value=float((w * asked.y).sum()),
        added=np.bincount(own, (w * rest).sum(axis=1), groups),
        alone=w[size == 1] @ rest[size > 1].T,
        df=float(max(spread.sum() ** 2 / (spread**2 + spread * few).sum(), 1.0)),
    )


def _sizes(records: Records) -> Whole:
    """[N] units of the unit's wave."""
    return np.bincount(records.wave, minlength=len(records.first))[records.wave]
