"""Draws as the few figures of a page."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from causalcx.core.case import Histogram, Irr, Month, Payback, Quantiles, Year
from causalcx.value.numbers import Array

BINS = 40
"""Bars of the histogram, about."""
FAR = 0.002
"""Draws beyond this quantile on either side are counted in the outermost bar, so that a long tail does not flatten the rest."""


def quantiles(x: Array) -> Quantiles:
    """Mean, 5 %, 50 % and 95 % quantile of the draws."""
    p5, p50, p95 = np.quantile(x, (0.05, 0.5, 0.95))
    return Quantiles(mean=float(np.mean(x)), p5=float(p5), p50=float(p50), p95=float(p95))


def undefined() -> Quantiles:
    """A quantity that does not exist."""
    return Quantiles(mean=None, p5=None, p50=None, p95=None)


def payback_summary(months: Array) -> Payback:
    """Quantiles over all draws, never = infinite, so they are months that occur; null where infinite."""
    cuts = np.quantile(months, (0.05, 0.5, 0.95), method="inverted_cdf")
    p5, p50, p95 = (_finite(x) for x in cuts)
    return Payback(mean=_finite(np.mean(months)), p5=p5, p50=p50, p95=p95, never=float(np.mean(np.isinf(months))))


def irr_summary(rates: Array) -> Irr:
    """Quantiles over the draws in which a unique rate exists."""
    known = rates[~np.isnan(rates)]
    figures = quantiles(known) if len(known) else undefined()
    return Irr(**figures.model_dump(), undefined=float(np.mean(np.isnan(rates))))


def monthly_means(benefit: Array, cost: Array) -> tuple[Month, ...]:
    """The cash flow from mean benefits and costs, each [1 + months]."""
    return tuple(
        Month(month=m, benefit=float(b), cost=float(c), net=float(b - c))
        for m, (b, c) in enumerate(zip(benefit, cost, strict=True))
    )


def yearly_means(streams: list[Array], costs: list[Array], net: Array) -> tuple[Year, ...]:
    """Sums of monthly means ([1 + months] each) by year of the plan; month 0 is year 0."""
    ends = [0, *range(1, len(net), 12), len(net)]
    return tuple(
        Year(
            year=year,
            streams=tuple(float(s[a:b].sum()) for s in streams),
            costs=tuple(float(c[a:b].sum()) for c in costs),
            net=float(net[a:b].sum()),
        )
        for year, (a, b) in enumerate(pairwise(ends))
    )


def chances(npv: Array) -> dict[str, float]:
    """P(npv > x) for x = 0 and round numbers near half the mean and the mean; keys are the thresholds in money."""
    mean = float(np.mean(npv))
    thresholds = sorted({0.0, rounded(mean / 2), rounded(mean)})
    return {f"{x:.15g}": float(np.mean(npv > x)) for x in thresholds}


def rounded(x: float) -> float:
    """To two significant digits."""
    return float(f"{x:.1e}")


def histogram(npv: Array) -> Histogram:
    """About forty bars of one round width, with an edge at 0 so that gain and loss fall apart cleanly."""
    low, high = np.quantile(npv, (FAR, 1 - FAR))
    width = _round_width(float(high - low) / BINS or abs(float(low)) / BINS or 1.0)
    first, last = math.floor(low / width), math.ceil(high / width)
    edges = width * np.arange(first, max(last, first + 1) + 1)
    counts, _ = np.histogram(np.clip(npv, edges[0], edges[-1]), bins=edges)
    return Histogram(edges=tuple(edges.tolist()), counts=tuple(counts.tolist()))


def _round_width(width: float) -> float:
    """The smallest of 1, 2, 2.5, 5, 10 times a power of ten that is at least ``width``."""
    power = 10.0 ** math.floor(math.log10(width))
    return power * next(step for step in (1, 2, 2.5, 5, 10) if step * power >= width * (1 - 1e-9))


def _finite(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None
