"""Effects and levels of an outcome in plain words: shares as so many of every hundred, NPS in points, money as money."""

from __future__ import annotations

import math

from causalcx.core.effect import Effect
from causalcx.core.outcomes import Outcome
from causalcx.words import formats
from causalcx.words.names import Names

NPS = "NPS points"
SHARE = "share"


def per_base(*levels: float | None) -> int:
    """Of how many a share is told: 100, or more where it is small."""
    known = [abs(x) for x in levels if x is not None and math.isfinite(x) and x != 0]
    largest = max(known, default=1.0)
    return 100 if largest >= 0.005 else 1_000 if largest >= 0.0005 else 10_000


def change_text(
    x: float | None,
    unit: str,
    names: Names,
    *,
    sign: bool = False,
    base: int | None = None,
    largest: float | None = None,
) -> str:
    """A change with its unit: ``+4.1 points``, ``−1.4 of every 100``, ``+$0.77``; ``−1.4 个百分点`` in Chinese.

    ``largest`` is the largest of the figures beside it, which sets the decimals of all.
    """
    if x is None:
        return formats.NOTHING
    if unit == SHARE:
        return _share_change(x, names.language, sign, base or per_base(x), largest or abs(x))
    figure = change_figure(x, unit, names, sign=sign, largest=largest)
    return figure if formats.is_currency(unit) else _with_unit(figure, unit, names)


def change_figure(
    x: float | None,
    unit: str,
    names: Names,
    *,
    sign: bool = False,
    base: int | None = None,
    largest: float | None = None,
) -> str:
    """The change without its unit (money keeps its sign); shares are hundredths, or of ``base``."""
    if x is None:
        return formats.NOTHING
    if formats.is_currency(unit):
        return formats.money(x, unit, names.language, sign=sign)
    if unit == SHARE:
        return formats.number(x * (base or per_base(x)), decimals=_share_places(x, base or per_base(x)), sign=sign)
    beside = largest or (abs(x) if sign and abs(x) >= 0.95 else 0.0)
    places = 1 if unit == NPS else formats.places_like(beside) if beside else None
    return formats.number(x, names.language, digits=2 if abs(x) < 100 else 3, decimals=places, sign=sign)


def _share_places(x: float, base: int) -> int:
    """Decimals of a share; one beside a far larger one keeps a digit."""
    return 1 if abs(x) * base >= 0.095 or x == 0 else min(4, max(2, formats.places_like(x * base, 1)))


def _points_places(largest: float) -> int:
    """Decimals of percentage points, by the largest of the figures side by side."""
    return 1 if largest >= 0.005 or largest == 0 else 2


def _share_change(x: float, language: str, sign: bool, base: int, largest: float) -> str:
    if language == "zh":
        return formats.number(100 * x, decimals=_points_places(largest), sign=sign) + " 个百分点"
    return f"{formats.number(base * x, decimals=_share_places(x, base), sign=sign)} of every {base:,}"


def _with_unit(figure: str, unit: str, names: Names) -> str:
    if names.language == "en" and unit == NPS:
        return f"{figure} point{'' if figure.lstrip('+' + formats.MINUS) == '1' else 's'}"
    name = names.unit(unit)
    return f"{figure} {name}".rstrip()


def amount_text(x: float | None, unit: str, names: Names) -> str:
    """A level of an outcome with its unit: ``9.8%``, ``−12.0``, ``$120.50``, ``1.31``."""
    if x is None:
        return formats.NOTHING
    if unit == SHARE:
        return formats.percent(x, names.language)
    if formats.is_currency(unit):
        return formats.money(x, unit, names.language)
    return formats.number(x, names.language, decimals=1 if unit == NPS else None)


def span_text(low: float | None, high: float | None, unit: str, names: Names) -> str:
    """Two ends of a span of changes, signed: ``+1.7 to +6.5``, ``+1.7 至 +6.5 点``; an open end says so."""
    largest = max((abs(x) for x in (low, high) if x is not None), default=0.0)
    if names.language == "en":
        base = per_base(low, high)
        ends = [
            change_figure(x, unit, names, sign=True, base=base, largest=largest) if x is not None else "no limit"
            for x in (low, high)
        ]
        return " to ".join(ends)
    scale = formats.money_scale([low, high], "zh") if formats.is_currency(unit) else None
    ends = [_chinese_end(x, unit, names, largest, scale) for x in (low, high)]
    return f"{ends[0]} 至 {ends[1]}{_chinese_tail(unit, names, scale)}"


def span_with_unit(low: float | None, high: float | None, unit: str, names: Names) -> str:
    """Two ends of a span that stands alone: ``−2.0 to −0.5 of every 100``, ``+1.7 to +6.5 points``."""
    span = span_text(low, high, unit, names)
    if names.language == "zh" or formats.is_currency(unit):
        return span
    if unit == SHARE:
        return f"{span} of every {per_base(low, high):,}"
    return f"{span} {'points' if unit == NPS else names.unit(unit)}".rstrip()


def _chinese_end(x: float | None, unit: str, names: Names, largest: float, scale: formats.Scale | None) -> str:
    if x is None:
        return "不设限"
    if scale is not None:
        return formats.money_figure(x, scale, sign=True)
    if unit == SHARE:
        return formats.number(100 * x, decimals=_points_places(largest), sign=True)
    return change_figure(x, unit, names, sign=True, largest=largest)


def _chinese_tail(unit: str, names: Names, scale: formats.Scale | None) -> str:
    name = formats.money_unit(scale, unit, "zh") if scale else "个百分点" if unit == SHARE else names.unit(unit)
    return f" {name}".rstrip()


def effect_text(
    effect: Effect, outcome: Outcome | None = None, language: str = "en", *, names: Names | None = None
) -> str:
    """Estimate and interval of an effect in the outcome's own unit, for a table."""
    names = names or Names(language)
    unit = unit_of(effect, outcome)
    base = per_base(effect.estimate, effect.low, effect.high)
    largest = max(abs(x) for x in (effect.estimate, effect.low, effect.high) if x is not None)
    change = change_text(effect.estimate, unit, names, sign=True, base=base, largest=largest)
    level = formats.level_of(effect.level, language)
    span = span_text(effect.low, effect.high, unit, names)
    return f"{change}（{level}可能：{span}）" if language == "zh" else f"{change} ({level}: {span})"


def unit_of(effect: Effect, outcome: Outcome | None = None) -> str:
    """The unit of an effect, as results spell it."""
    if outcome is not None and outcome.kind == "binary":
        return SHARE
    return NPS if outcome is not None and outcome.kind == "nps" else effect.unit


def moved_well(effect: Effect, outcome: Outcome | None) -> bool:
    """Whether the estimate points in the good direction."""
    return effect.estimate * (outcome.sign if outcome else 1) > 0
