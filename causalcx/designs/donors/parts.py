"""What a synthetic control shows beside its headline: effects by period, pictures, an earlier start, donors left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from causalcx.core.effect import Effect
from causalcx.core.experiment import Experiment
from causalcx.core.inference import t_interval
from causalcx.core.moments import Array
from causalcx.core.picture import Picture, Series
from causalcx.designs.curves import line
from causalcx.designs.donors.panel import Comparison
from causalcx.designs.donors.spread import Placebos, Spread, placebos_of, spread_of
from causalcx.designs.donors.synthetic import Synthetic
from causalcx.designs.headline import t_part

MOST_PLACEBOS = 30
"""Placebo lines in a picture."""
LEAST_WEIGHT, MOST_DONORS = 0.01, 20
"""Donors left out in turn: those with at least this weight, the heaviest of them."""


@dataclass(frozen=True)
class Found:
    """Everything that is estimated, per outcome in file order."""

    experiment: Experiment
    comparison: Comparison
    fits: tuple[Synthetic, ...]
    placebos: Placebos
    spread: Spread
    seed: int
    effects: tuple[Effect, ...] = ()
    """Headline effects, once they are made."""

    @property
    def error(self) -> Array:
        """[K] standard errors of the mean effects."""
        return np.sqrt(np.diag(self.spread.covariance))

    def observed(self, k: int) -> Array:
        """[T] mean of the treated units."""
        return self.comparison.raw[k][self.comparison.setting.treated].mean(axis=0)


def periods(found: Found) -> tuple[Effect, ...]:
    """Primaries by treated period; each part's interval is its own."""
    return tuple(
        _period(found, k, t, effect)
        for k, effect in enumerate(found.effects)
        if effect.role == "primary"
        for t in range(found.fits[k].start, len(found.fits[k].gap))
    )


def _period(found: Found, k: int, t: int, headline: Effect) -> Effect:
    value, error = float(found.fits[k].path[t]), float(found.spread.error[k, t])
    own = {"period": found.comparison.clock.labels[t], "baseline": float(found.observed(k)[t]) - value}
    return t_part(headline, value, error, estimand=f"{headline.estimand} in the period", **own)


@dataclass(frozen=True)
class Early:
    """Effects that a start before the start would have found."""

    label: str
    """First period of the pretended change."""
    found: tuple[tuple[float, float, float] | None, ...]
    """Per outcome: effect, standard error, degrees of freedom; None where the time before is too short."""


def early_effects(found: Found) -> Early:
    """The start moved back into the time before, by as many periods as followed it, at most a third of those before."""
    setting = found.comparison.setting
    back = min(len(found.comparison.clock.at) - setting.start, setting.start // 3)
    label = found.comparison.clock.labels[setting.start - back]
    if back < 1:
        return Early(label, (None,) * len(found.fits))
    earlier = setting.earlier(setting.start - back)
    fits = [earlier.fit(k) for k in range(len(found.fits))]
    spread = spread_of(earlier, fits, placebos_of(earlier, found.seed))
    error = np.sqrt(np.diag(spread.covariance))
    return Early(label, tuple((f.effect, float(s), float(df)) for f, s, df in zip(fits, error, spread.df, strict=True)))


def without_donors(found: Found, k: int) -> dict[str, float]:
    """The effect without each donor that counts, weights made anew."""
    setting, omega = found.comparison.setting, found.fits[k].omega
    if len(omega) < 3:
        return {}
    heaviest = [j for j in np.argsort(-omega)[:MOST_DONORS] if omega[j] >= LEAST_WEIGHT]
    donors = setting.donors[heaviest]
    return {found.comparison.units[d]: setting.without_donor(int(d)).fit(k).effect for d in donors}


def pictures(found: Found) -> tuple[Picture, ...]:
    """Before and after, and the gap among placebo gaps, per primary."""
    primaries = [(k, e) for k, e in enumerate(found.effects) if e.role == "primary"]
    return tuple(p for k, e in primaries for p in (_before_after(found, k, e), _gap(found, k, e)))


def _before_after(found: Found, k: int, effect: Effect) -> Picture:
    observed, path = found.observed(k), found.fits[k].path
    low, high = _band(found, k, effect, path)
    expected = observed - path
    series = (
        line("observed", observed),
        line("expected", expected, observed - high, observed - low),
    )
    return _picture("before-after", found, effect, series)


def _gap(found: Found, k: int, effect: Effect) -> Picture:
    shown = (
        np.unique(np.linspace(0, len(found.placebos.path) - 1, MOST_PLACEBOS).astype(int))
        if len(found.placebos.path)
        else []
    )
    path = found.fits[k].path
    low, high = _band(found, k, effect, path)
    placebos = (line("placebo", found.placebos.path[b, k]) for b in shown)
    return _picture("gap", found, effect, (*placebos, line("effect", path, low, high)))


def _picture(code: str, found: Found, effect: Effect, series: tuple[Series, ...]) -> Picture:
    clock = found.comparison.clock
    return Picture(
        code=code, outcome=effect.outcome, unit=effect.unit, x=clock.column, ticks=clock.labels,
        rule=float(found.comparison.setting.start), series=series,
    )  # fmt: skip


def _band(found: Found, k: int, effect: Effect, path: Array) -> tuple[Array, Array]:
    """[T] interval around the path from the start on; NaN before, where the weights were fitted."""
    low, high = np.full((2, len(path)), np.nan)
    for t in range(found.fits[k].start, len(path)):
        low[t], high[t] = t_interval(float(path[t]), float(found.spread.error[k, t]), effect.df, effect.level)
    return low, high
