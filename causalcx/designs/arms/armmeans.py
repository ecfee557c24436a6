"""Arm means of all variables with their joint covariance, adjusted for covariates and strata, from moments alone.

With arm a, stratum s of weight w_s = n_s / n, covariates x centred at their stratum mean over all arms:

    mean_a = sum_s w_s [ybar_as - beta_a' (xbar_as - xbar_s)]

and beta_a the slopes within strata of arm a (interacted: Lin 2013, Annals of Applied Statistics 7: 295-318, eq. 3-5), of
all arms together (cuped: Deng et al. 2013, WSDM, eq. 4-6), or 0 (none). Its covariance over variables i, j and arms a, b:

    [a = b] sum_s w_si w_sj n_ijas / (n_ias n_jas) C_ijas              residual products, pairwise over units with both
    + sum_s w_s beta_ai' S_xs beta_bj n_ijs / (n_is n_js / w)          covariates are a sample too (Lin's second term)
    + sum_s w_s (m_ias - m_ia)(m_jbs - m_jb) / n                        strata shares are a sample too

so a difference of two arms has sum residual variance / n_arm + (beta_1 - beta_0)' S_x (beta_1 - beta_0) / n.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer
from causalcx.core.linear import NOTHING, inverse, rank
from causalcx.core.moments import Array, Moments
from causalcx.core.need import ANSWERED_BY, COVARIATE, TAKEN
from causalcx.designs.features import repeated

SPARE_UNITS = 3
"""Answers per covariate that an arm needs beyond its strata before its slopes are worth estimating."""
ROUNDING = 1e-14
"""Share of a mean below which a standard deviation is the rounding of equal values."""
LEAST_UNITS = 2
"""Answers an arm needs within a stratum before it has a variance."""


@dataclass(frozen=True)
class ArmMeans:
    """Adjusted means, [A arms, V variables], and what an interval needs."""

    arms: tuple[str, ...]
    variables: tuple[str, ...]
    mean: Array
    covariance: Array
    """[A, V, A, V]."""
    part: Array
    """[A, S, V, V] residual covariance of a stratum's means times its weights: the parts of the degrees of freedom."""
    freedom: Array
    """[A, S, V] degrees of freedom of each part."""
    answered: Array
    """[A, V] units with a value, in the strata used."""
    counted: Array
    """[A, V] what a mean counts: those units, or clusters where these count equally."""
    scatter: Array
    """[A, V, V] plain covariance of the variables within the arm."""
    notices: tuple[Notice, ...] = ()
    adjusted: tuple[bool, ...] = ()
    """[V] whether covariates were used."""
    pairs: Array | None = None
    """[A, A, V] degrees of freedom of the difference of two arms, where clusters were randomised; ``part`` is then empty."""


def arm_means(moments: Moments, outcomes: tuple[str, ...], adjustment: str) -> ArmMeans:
    """Adjusted arm means of the named variables. Raises CannotAnswer where no stratum holds every arm twice."""
    sums, notices = _Sums.of(moments, outcomes, with_covariates=adjustment != "none")
    _refuse_flat(sums, outcomes)
    enough, dropped = sums.enough_units(outcomes)
    slopes = (sums.total_slopes() if adjustment == "cuped" else sums.own_slopes()) * enough[:, None]
    lost = enough * (sums.ranks() if adjustment == "interacted" else np.zeros(1))
    by_stratum = np.where(sums.used, sums.mean - np.einsum("avk,asvk->asv", slopes, sums.x_away), 0.0)
    mean = np.einsum("sv,asv->av", sums.weight, by_stratum)
    residual = _residual_products(sums, slopes)
    _refuse_determined(sums, residual, outcomes)
    joint, part, freedom = _residuals(sums, residual, lost)
    answered = (sums.answers * sums.used).sum(axis=1)
    return ArmMeans(
        moments.arms, outcomes, mean, joint + _sampled(sums, slopes, by_stratum - mean[:, None]), part, freedom,
        answered=answered, counted=answered, scatter=plain_scatter(moments, sums.positions),
        notices=(*notices, *dropped), adjusted=tuple(enough.tolist()),
    )  # fmt: skip


@dataclass(frozen=True)
class _Sums:
    """Moments by outcome variable. Axes: A arms, S strata, V variables, k covariates (among the variable's answerers)."""

    positions: list[int]
    used: np.ndarray
    """[S, V] strata in which every arm has enough answers."""
    answers: Array
    """[A, S, V]"""
    both: Array
    """[A, S, V, V] units with both values."""
    mean: Array
    """[A, S, V]"""
    yy: Array
    """[A, S, V, V]"""
    xy: Array
    """[A, S, V, k]"""
    xx: Array
    """[A, S, V, k, k]"""
    x_mean: Array
    """[A, S, V, k]"""

    @classmethod
    def of(cls, moments: Moments, outcomes: tuple[str, ...], *, with_covariates: bool) -> tuple[_Sums, list[Notice]]:
        y = [moments.index(v) for v in outcomes]
        x = [covariates_of(moments, v) if with_covariates else [] for v in outcomes]
        answers = moments.count[:, :, y, y]
        used, notices = _usable(moments, outcomes, answers)
        stack = partial(np.stack, axis=2)
        return cls(
            positions=y, used=used, answers=answers,
            both=moments.count[:, :, y][:, :, :, y], mean=moments.mean[:, :, y, y], yy=moments.product[:, :, y][:, :, :, y],
            xy=stack([moments.product[:, :, i, own] for i, own in zip(y, x, strict=True)]),
            xx=stack([moments.product[:, :, own][:, :, :, own] for own in x]),
            x_mean=stack([moments.mean[:, :, own, i] for i, own in zip(y, x, strict=True)]),
        ), notices  # fmt: skip

    @property
    def covariates(self) -> int:
        """Number of covariates, k."""
        return self.xy.shape[3]

    @property
    def weight(self) -> Array:
        """[S, V] share of each used stratum among all answerers."""
        total = self.answers.sum(axis=0) * self.used
        return total / total.sum(axis=0, keepdims=True)

    @property
    def x_centre(self) -> Array:
        """[S, V, k] covariate means of all arms together."""
        total = np.maximum(self.answers.sum(axis=0), 1)
        return np.einsum("asv,asvk->svk", self.answers, self.x_mean) / total[..., None]

    @property
    def x_away(self) -> Array:
        """[A, S, V, k] an arm's covariate means less those of all arms."""
        return self.x_mean - self.x_centre

    def enough_units(self, outcomes: tuple[str, ...]) -> tuple[np.ndarray, list[Notice]]:
        """[V] whether every arm has answers enough to estimate its slopes; where not, covariates are dropped and it is said."""
        spare = ((self.answers * self.used).sum(axis=1) - self.used.sum(axis=0)).min(axis=0)
        enough = spare >= SPARE_UNITS * (self.covariates + 1)
        if not self.covariates:
            return np.zeros_like(enough), []
        few = {name.split("|")[0]: int(n) for name, n, ok in zip(outcomes, spare, enough, strict=True) if not ok}
        facts = [
            {"outcome": o, "reason": "few-units", "units": n, "covariates": self.covariates} for o, n in few.items()
        ]
        return enough, [Notice(code="adjustment-dropped", facts=f) for f in facts]

    def ranks(self) -> Array:
        """[A, V] slopes that an arm's covariates can tell apart: those that repeat or stand still count for none."""
        products = np.einsum("asvkl,sv->avkl", self.xx, self.used.astype(float))
        return rank(products).astype(float) if self.covariates else np.zeros(1)

    def own_slopes(self) -> Array:
        """[A, V, k] slopes within the strata of each arm."""
        keep = self.used.astype(float)
        return _solve(np.einsum("asvkl,sv->avkl", self.xx, keep), np.einsum("asvk,sv->avk", self.xy, keep))

    def total_slopes(self) -> Array:
        """[A, V, k] one slope for all arms, from all units of a stratum together."""
        keep, y_centre = (
            self.used.astype(float),
            (self.answers * self.mean).sum(axis=0) / np.maximum(self.answers.sum(axis=0), 1),
        )
        away = self.mean - y_centre
        xx = self.xx + np.einsum("asv,asvk,asvl->asvkl", self.answers, self.x_away, self.x_away)
        xy = self.xy + np.einsum("asv,asvk,asv->asvk", self.answers, self.x_away, away)
        slopes = _solve(np.einsum("asvkl,sv->vkl", xx, keep), np.einsum("asvk,sv->vk", xy, keep))
        return np.broadcast_to(slopes, (len(self.answers), *slopes.shape)).copy()

    @property
    def x_covariance(self) -> Array:
        """[S, V, k, k] covariance of the covariates within a stratum, all arms together."""
        spread = self.xx.sum(axis=0) + np.einsum("asv,asvk,asvl->svkl", self.answers, self.x_away, self.x_away)
        return spread / np.maximum(self.answers.sum(axis=0) - 1, 1)[..., None, None]

    @property
    def rarer(self) -> np.ndarray:
        """[V, V] which of two variables has fewer answers; its covariates stand for the pair."""
        total = self.answers.sum(axis=(0, 1))
        first = np.arange(len(total))
        return np.where(total[:, None] <= total[None, :], first[:, None], first[None, :])


def covariates_of(moments: Moments, variable: str) -> list[int]:
    """Positions of the covariates among those who answered the variable's outcome."""
    suffix = ANSWERED_BY + variable.split("|")[0].removeprefix(TAKEN + ANSWERED_BY)
    own = [i for i, name in enumerate(moments.variables) if name.startswith(COVARIATE) and name.endswith(suffix)]
    every = [i for i, name in enumerate(moments.variables) if name.startswith(COVARIATE) and ANSWERED_BY not in name]
    return own or every


def _usable(moments: Moments, outcomes: tuple[str, ...], answers: Array) -> tuple[np.ndarray, list[Notice]]:
    used = (answers >= LEAST_UNITS).all(axis=0)
    notices = []
    for v, variable in enumerate(outcomes):
        name = variable.split("|")[0]
        if not used[:, v].any():
            raise CannotAnswer(
                "Outcome {outcome}: no stratum has {least} answers in every arm, so its effect has no standard error.",
                outcome=name, least=LEAST_UNITS,
            )  # fmt: skip
        lost = [s for s, ok in zip(moments.strata, used[:, v], strict=True) if not ok]
        if lost and not variable.endswith("|detractors"):
            units = int(answers[:, ~used[:, v], v].sum())
            facts = {"strata": ", ".join(lost[:10]), "count": len(lost), "units": units, "outcome": name}
            notices.append(Notice(code="strata-left-out", facts=facts))
    return used, notices


def _solve(xx: Array, xy: Array) -> Array:
    """Least squares on scaled covariates, so that collinear ones share a slope instead of failing."""
    return np.einsum("...kl,...l->...k", inverse(xx), xy)


def _residuals(sums: _Sums, residual: Array, lost: Array) -> tuple[Array, Array, Array]:
    """``lost`` [A, V] degrees of freedom. Covariance of the residual means [A, V, A, V]; parts [A, S, V, V] and their degrees of freedom [A, S, V]."""
    base = np.where(sums.used, sums.answers - 1, 0.0)
    total = base.sum(axis=1, keepdims=True)
    lost = np.atleast_2d(lost)[:, None]
    inflate = np.sqrt(total / np.maximum(total - lost, 1.0))
    variance = residual / np.maximum(sums.both - 1, 1)
    scale = np.where(sums.used, sums.weight / np.maximum(sums.answers, 1), 0.0) * inflate
    part = variance * sums.both * scale[:, :, :, None] * scale[:, :, None, :]
    arms, many = part.shape[0], part.shape[2]
    joint = np.zeros((arms, many, arms, many))
    for a in range(arms):
        joint[a, :, a, :] = part[a].sum(axis=0)
    freedom = np.maximum(base * (1 - lost / np.maximum(total, 1)), 1.0)
    return joint, part, freedom


def _refuse_flat(sums: _Sums, outcomes: tuple[str, ...]) -> None:
    """An outcome that stands still within every arm and stratum has no standard error, however its means differ."""
    deviation = np.sqrt(np.einsum("asvv->asv", sums.yy) / np.maximum(sums.answers, 1))
    varies = ((deviation > ROUNDING * np.abs(sums.mean)) & sums.used).any(axis=(0, 1))
    names = [variable.split("|")[0] for variable in outcomes]
    for name in dict.fromkeys(names):
        if not any(varies[v] for v, own in enumerate(names) if own == name):
            if len(sums.used) > 1:
                raise CannotAnswer(
                    "Outcome {outcome} does not vary within any arm and stratum, so its effect has no standard error.",
                    outcome=name,
                )
            raise CannotAnswer(
                "Outcome {outcome} does not vary within any arm, so its effect has no standard error.", outcome=name
            )


def _refuse_determined(sums: _Sums, residual: Array, outcomes: tuple[str, ...]) -> None:
    left, whole = (np.einsum("asvv,sv->av", products, sums.used.astype(float)) for products in (residual, sums.yy))
    same = (left <= NOTHING * whole).all(axis=0) & (whole > 0).any(axis=0)
    if same.any():
        raise repeated(outcomes[int(same.argmax())].split("|")[0])


def _residual_products(sums: _Sums, slopes: Array) -> Array:
    """[A, S, V, V] products of y - beta'x over units with both: S_ij - b_i'S_xj - S_ix b_j + b_i'S_xx b_j."""
    answers = np.maximum(sums.answers, 1)
    xy, xx = sums.xy / answers[..., None], sums.xx / answers[..., None, None]
    cross = np.einsum("aik,asjk->asij", slopes, xy)
    square = np.einsum("aik,asijkl,ajl->asij", slopes, xx[:, :, sums.rarer], slopes)
    return sums.yy + sums.both * (square - cross - np.swapaxes(cross, 2, 3))


def _sampled(sums: _Sums, slopes: Array, away: Array) -> Array:
    """[A, V, A, V] what the sampled covariates and stratum shares add to the covariance."""
    both = sums.both.sum(axis=0) * (sums.used[:, :, None] & sums.used[:, None, :])
    total = (sums.answers.sum(axis=0) * sums.used).sum(axis=0)
    overlap = both / (total[None, :, None] * total[None, None, :])
    away = np.where(sums.used, away, 0.0)
    joint = np.einsum("asi,bsj,sij->aibj", away, away, overlap)
    return joint + np.einsum("aik,sijkl,bjl,sij->aibj", slopes, sums.x_covariance[:, sums.rarer], slopes, overlap)


def plain_scatter(moments: Moments, y: list[int]) -> Array:
    """Plain covariance within arms; a deviation at the rounding of the mean is none."""
    pooled = moments.pooled()
    count, product = (part[:, 0, y][:, :, y] for part in (pooled.count, pooled.product))
    scatter = product / np.maximum(count - 1, 1)
    flat = np.sqrt(np.maximum(np.einsum("avv->av", scatter), 0)) <= ROUNDING * np.abs(pooled.mean[:, 0, y, y])
    return np.where(flat[:, :, None] | flat[:, None, :], 0.0, scatter)
