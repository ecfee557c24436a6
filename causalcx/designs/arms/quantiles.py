"""Quantile effects: the difference of an outcome's quantiles between arms, with intervals from the values around them.

The share of answers below a quantile q_a of share p has a standard error s_a, from strata and clusters as any other mean has. Woodruff
(1952, Journal of the American Statistical Association 47: 635-646) carries it over: the limits of q_a are the values at p - z s_a and
p + z s_a, and its standard error is their distance over 2 z. The limits of the difference are d -+ the root of the squared distances
of each quantile to the limit on that side (Zou & Donner 2008, Statistics in Medicine 27: 1693-1702), which keeps skew and jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.core import inference
from causalcx.core.check import Notice
from causalcx.core.effect import QUANTILE, Effect
from causalcx.core.tails import WIDTH, Quantile, Tails
from causalcx.designs.arms.armmeans import ArmMeans
from causalcx.designs.arms.clustermeans import means
from causalcx.designs.headline import PLAIN

METHOD = "difference of quantiles (Woodruff 1952, Zou & Donner 2008)"
TIED = 0.05
"""Share of equal answers from which a quantile moves in jumps."""


@dataclass(frozen=True)
class Quantiles:
    """Effects on quantiles, and what has to be known of them."""

    effects: tuple[Effect, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True)
class Limits:
    """A quantile with the values within which it lies."""

    low: float
    at: float
    high: float

    @property
    def width(self) -> float:
        """From the lower to the upper limit."""
        return self.high - self.low


def quantile_effects(tails: Tails | None, headlines: tuple[Effect, ...]) -> Quantiles:
    """Every quantile that the plan names, every arm against the control; one that too few answers surround is left out and said."""
    if tails is None or not tails.quantiles:
        return Quantiles()
    names = tuple(dict.fromkeys(q.variable for q in tails.quantiles))
    found = means(tails.moments, names, "none")
    of_arm = {(q.variable, q.arm): q for q in tails.quantiles}
    control, effects, notices = found.arms[0], [], []
    for name in names:
        for arm in found.arms[1:]:
            treated, base = of_arm[name, arm], of_arm[name, control]
            headline = next(
                e for e in headlines if e.outcome == treated.outcome and e.comparison == f"{arm} vs {control}"
            )
            effect = _effect(found, treated, base, headline)
            effects += [effect] if effect else []
            notices += [] if effect else [_left_out(treated, headline)]
        notices += [_tied(q) for (v, _), q in of_arm.items() if v == name and q.tied > TIED]
    return Quantiles(tuple(effects), tuple(notices))


def _left_out(quantile: Quantile, headline: Effect) -> Notice:
    n = min(headline.n_treated, headline.n_control)
    return Notice(code="quantile-left-out", facts=_facts(quantile) | {"comparison": headline.comparison, "n": n})


def _tied(quantile: Quantile) -> Notice:
    facts = {"arm": quantile.arm, "tied": quantile.tied, "at": quantile.at}
    return Notice(code="quantile-tied", facts=_facts(quantile) | facts)


def _facts(quantile: Quantile) -> dict[str, Any]:
    return {"outcome": quantile.outcome, "quantile": quantile.share}


def _effect(found: ArmMeans, treated: Quantile, base: Quantile, headline: Effect) -> Effect | None:
    a, c, v = found.arms.index(treated.arm), found.arms.index(base.arm), found.variables.index(treated.variable)
    df = None if found.pairs is None else float(found.pairs[a, c, v])
    t = inference.quantile((1 + headline.level) / 2, df)
    one, other = (_limits(found, q, i, v, t) for q, i in ((treated, a), (base, c)))
    if one is None or other is None:
        return None
    joint = found.covariance[:, v, :, v]
    r = float(joint[a, c] / np.sqrt(joint[a, a] * joint[c, c])) if joint[a, a] > 0 and joint[c, c] > 0 else 0.0
    estimate = one.at - other.at
    error = _root(one.width, other.width, r) / (2 * t)
    return headline.model_copy(
        update=PLAIN | {
            "aggregation": f"{QUANTILE} {treated.share:g}", "estimand": "difference of quantiles", "estimate": estimate, "std_error": error, "df": df,
            "low": estimate - _root(one.at - one.low, other.high - other.at, r),
            "high": estimate + _root(one.high - one.at, other.at - other.low, r),
            "p_value": inference.two_sided_p(estimate, error, df) if error > 0 else None, "baseline": other.at, "method": METHOD,
        }
    )  # fmt: skip


def _root(x: float, y: float, r: float) -> float:
    """Of the variance of a difference whose parts have these errors and correlation."""
    return float(np.sqrt(max(x**2 + y**2 - 2 * r * x * y, 0.0)))


def _limits(found: ArmMeans, quantile: Quantile, a: int, v: int, t: float) -> Limits | None:
    """The values at the share less and plus t standard errors; None where no answers are left on a side."""
    p, n = quantile.share, float(found.answered[a, v])
    spread, variance = float(found.scatter[a, v, v]), float(found.covariance[a, v, a, v])
    inflation = variance * n / spread if spread > 0 else 1.0
    steps = t * np.sqrt(inflation) / WIDTH
    low, high = (_beside(quantile, side, steps) for side in (quantile.below, quantile.above))
    reach = steps * WIDTH * np.sqrt(p * (1 - p) / n)
    if low is None or high is None or reach >= min(p, 1 - p):
        return None
    return Limits(low, quantile.at, high)


def _beside(quantile: Quantile, values: tuple[float | None, ...], steps: float) -> float | None:
    """The value this many steps away, between those that were read; beyond the last it goes on at its mean slope."""
    known = [(s, x) for s, x in zip(quantile.steps, values, strict=True) if x is not None]
    if not known:
        return None
    at, value = zip((0.0, quantile.at), *known, strict=True)
    if steps > at[-1]:
        return value[0] + (value[-1] - value[0]) * steps / at[-1]
    return float(np.interp(steps, at, value))
