"""Bounds where the change moved who answers: the effect on those who would answer in either arm (Lee 2009).

Where arm t answered more often than arm o, and nobody answers in o alone (monotonicity), the answers of t are those of the always
answering and of others, r_o / r_t and the rest. The mean of the always answering in t lies between that of the lowest and that of the
highest such share of its answers; in o everybody who answered is one of them (Lee 2009, Review of Economic Studies 76: 1071-1102,
Proposition 1a). With s for answered, and cuts l and h at those shares,

    lowest = l - E[s (l - y)+] / r_o,   highest = h + E[s (y - h)+] / r_o,

which counts answers that tie at a cut in part, as tossing for them would on average, and whose slope in the cut is 0: so errors follow
from the joint law of plain means by the delta method, with strata and clusters as everywhere. The interval holds the effect, which
lies between the bounds, with the stated probability (Imbens & Manski 2004, Econometrica 72: 1845-1857).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from causalcx.core.check import HIDES_ONE, Check, Notice
from causalcx.core.effect import LEE_LOWER, LEE_UPPER, Effect
from causalcx.core.moments import Array
from causalcx.core.tails import Tails, Trim
from causalcx.designs.arms.armmeans import ArmMeans
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.headline import PLAIN


@dataclass(frozen=True)
class Bounds:
    """Lower and upper bounds as parts, and what they rest on."""

    effects: tuple[Effect, ...] = ()
    assumes: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Trimmed:
    """Lowest and highest mean in the trimmed arm, the mean in the other; with their gradients in the means of the variables."""

    value: Array
    """[3]"""
    slope: Array
    """[3, A, 4]"""
    kept: float
    """Share of the trimmed arm's answers that is kept."""
    share: float
    """Share of everybody who would answer in either arm."""


def bounds(tails: Tails | None, checks: Iterable[Check], headlines: tuple[Effect, ...]) -> Bounds:
    """Of every outcome that the arms answered unequally, as the check `missing-by-arm` tells."""
    uneven = {c.facts["outcome"] for c in checks if c.name == HIDES_ONE and c.verdict in ("warn", "fail")}
    trims = [t for t in tails.trims if t.outcome in uneven] if tails else []
    if tails is None or not trims:
        return Bounds()
    of = {(e.outcome, e.comparison): e for e in headlines}
    pairs = [(t, of[t.outcome, f"{t.treated} vs {t.control}"]) for t in trims]
    effects = tuple(
        e for t, headline in pairs for e in _bounded(t, means(tails.moments, t.variables, "none"), headline)
    )
    return Bounds(effects, tuple(_assumed(t) for t in trims))


def told(checks: Iterable[Check], effects: Iterable[Effect]) -> tuple[Check, ...]:
    """The checks; one that hides an effect says where bounds stand in its place."""
    bounded = {e.outcome for e in effects}
    return tuple(
        c.model_copy(update={"facts": c.facts | {"shape": "bounded"}}) if c.name == HIDES_ONE and c.facts["outcome"] in bounded else c
        for c in checks
    )  # fmt: skip


def _assumed(trim: Trim) -> Notice:
    return Notice(code="lee-monotonicity", facts={"outcome": trim.outcome, "fewer": trim.other, "more": trim.trimmed})


def _bounded(trim: Trim, found: ArmMeans, headline: Effect) -> tuple[Effect, ...]:
    trimmed = trimmed_means(trim, found)
    treated = trim.trimmed == trim.treated
    weights = np.array([[1, 0, -1], [0, 1, -1]] if treated else [[0, -1, 1], [-1, 0, 1]], float)
    slope = np.einsum("ij,jav->iav", weights, trimmed.slope).reshape(2, -1)
    joint = found.covariance.reshape(slope.shape[1], -1)
    value, error = weights @ trimmed.value, np.sqrt(np.maximum(np.diag(slope @ joint @ slope.T), 0.0))
    df = (
        None
        if found.pairs is None
        else float(found.pairs[found.arms.index(trim.treated), found.arms.index(trim.control), 0])
    )
    reach = imbens_manski(float(value[1] - value[0]), float(error.max()), df, headline.level) * error
    part = PLAIN | {
        "applies_to": "always answering", "share": trimmed.share, "df": df, "p_value": None,
        "low": float(value[0] - reach[0]), "high": float(value[1] + reach[1]), "baseline": float(trimmed.value[2]) if treated else None,
        "method": f"Lee (2009) bounds, {1 - trimmed.kept:.2%} of the answers of {trim.trimmed} trimmed; Imbens-Manski (2004) interval",
    }  # fmt: skip
    return tuple(
        headline.model_copy(update=part | {"aggregation": name, "estimand": f"{side} bound of the ATE of the always answering", "estimate": float(value[i]), "std_error": float(error[i])})
        for i, (name, side) in enumerate(((LEE_LOWER, "lower"), (LEE_UPPER, "upper")))
    )  # fmt: skip


def trimmed_means(trim: Trim, found: ArmMeans) -> Trimmed:
    """The three means from those of the variables of :class:`~causalcx.core.tails.Trim`."""
    t, o = found.arms.index(trim.trimmed), found.arms.index(trim.other)
    answered, answer, low, high = range(4)
    rate = found.mean[o, answered]
    lacks, beyond = (float(found.mean[t, x] - found.mean[t, answered]) for x in (low, high))
    other = found.mean[o, answer] / rate
    slope = np.zeros((3, len(found.arms), 4))
    slope[0, t, low], slope[0, t, answered], slope[0, o, answered] = -1 / rate, 1 / rate, lacks / rate**2
    slope[1, t, high], slope[1, t, answered], slope[1, o, answered] = 1 / rate, -1 / rate, -beyond / rate**2
    slope[2, o, answer], slope[2, o, answered] = 1 / rate, -other / rate
    value = np.array([trim.low - lacks / rate, trim.high + beyond / rate, trim.low + other])
    return Trimmed(value, slope, float(min(rate / found.mean[t, answered], 1.0)), float(rate))


def imbens_manski(width: float, error: float, df: float | None, level: float) -> float:
    """Standard errors by which the bounds are widened: P(-c <= T <= c + width / error) = level."""
    if error == 0:
        return 0.0

    def below(x: float) -> float:
        return float(special.ndtr(x) if df is None else special.stdtr(df, x))

    return float(optimize.brentq(lambda c: below(c + width / error) - below(-c) - level, 0.0, 1e3))
