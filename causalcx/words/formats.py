"""Numbers, shares, money, months and dates as a reader of either language writes them. Pure; no locale is looked up."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

LANGUAGES = ("en", "zh")
MINUS = "\u2212"
NOTHING = "\u2014"
"""Shown where there is no number."""

DENOMINATORS = (10, 20, 25, 50, 100)
MANY_DAYS = 730
"""From here on days are told in years."""
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENGLISH_COUNTS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_CHINESE_COUNTS = "一二三四五六七八九十"


def number(
    x: float | None,
    language: str = "en",  # noqa: ARG001 both languages write numbers alike; every formatter is called in one way
    *,
    digits: int = 3,
    decimals: int | None = None,
    sign: bool = False,
) -> str:
    """A plain number: ``digits`` significant ones, or a fixed count of decimals; thousands are separated."""
    if x is None or not math.isfinite(x):
        return NOTHING
    places = decimals if decimals is not None else _places(x, digits)
    text = f"{abs(x):,.{places}f}"
    if decimals is None and "." in text:
        text = text.rstrip("0").rstrip(".")
    return _signed(text, x, sign)


def whole(x: float | None, language: str = "en") -> str:
    """A count: ``24,000``; a round one in Chinese ``2.4 万``."""
    if language == "en" or x is None or abs(x) < 1e4 or round(x) % 100:
        return number(x, decimals=0)
    divisor, suffix = (1e8, "亿") if abs(x) >= 1e8 else (1e4, "万")
    return f"{number(x / divisor, digits=12)} {suffix}"


def _places(x: float, digits: int) -> int:
    return 0 if x == 0 else min(8, max(0, digits - 1 - math.floor(math.log10(abs(x)))))


def _signed(text: str, x: float, sign: bool) -> str:
    if not any(digit in text for digit in "123456789"):
        return text
    return MINUS + text if x < 0 else "+" + text if sign else text


def percent(x: float | None, language: str = "en", *, decimals: int | None = None, sign: bool = False) -> str:
    """A share between 0 and 1 as a percentage: 0.098 is 9.8%."""
    if x is None:
        return NOTHING
    places = decimals if decimals is not None else 0 if abs(x) >= 1 or _near_whole(100 * x) else 1
    return number(100 * x, language, decimals=places if abs(x) >= 0.001 or x == 0 else 2, sign=sign) + "%"


def _near_whole(x: float) -> bool:
    return abs(x) >= 1 and abs(x - round(x)) < 0.05


def places_like(largest: float, digits: int = 2) -> int:
    """Decimals that give the largest of several neighbours its digits, so that all are written alike."""
    return _places(largest, digits)


def hundredths(x: float) -> tuple[int, int]:
    """Numerator and denominator of the frequency that stands for a probability, rounded to whole hundredths."""
    hundred = math.floor(100 * x + 0.5)
    return next((hundred * d // 100, d) for d in DENOMINATORS if hundred * d % 100 == 0)


def share_of(p: float | None, language: str = "en") -> str:
    """A probability as a natural frequency: ``24 of 25``; never all and never none of them."""
    if p is None:
        return NOTHING
    if p >= 0.995:
        return {"en": "more than 99 of 100", "zh": "100 次里超过 99 次"}[language]
    if p < 0.005:
        return {"en": "fewer than 1 of 100", "zh": "100 次里不到 1 次"}[language]
    of, out_of = hundredths(p)
    return {"en": f"{of} of {out_of}", "zh": f"{out_of} 次里约有 {of} 次"}[language]


def chance(p: float | None, language: str = "en") -> str:
    """A probability in whole hundredths, for Chinese text; never 0% and never 100%."""
    if p is None:
        return NOTHING
    if p >= 0.995:
        return {"en": "more than 99%", "zh": "99% 以上"}[language]
    return {"en": "less than 1%", "zh": "不到 1%"}[language] if p < 0.005 else f"{math.floor(100 * p + 0.5)}%"


def level_of(level: float, language: str = "en") -> str:
    """The level of an interval as a frequency: 0.95 is ``19 in 20``; 0.9 in Chinese is ``九成``."""
    of, out_of = hundredths(level)
    if language == "zh":
        return (
            "九成五"
            if (of, out_of) == (19, 20)
            else f"{_CHINESE_COUNTS[of - 1]}成"
            if out_of == 10
            else f"{out_of} 次里 {of} 次"
        )
    return f"{of} in {out_of}"


@dataclass(frozen=True)
class Scale:
    """One scale for figures that stand side by side."""

    divisor: float
    suffix: str
    decimals: int


_SCALES = {
    "en": ((1e9, "B", 1e9, (2, 1, 0)), (1e6, "M", 1e6, (2, 1, 0)), (1e4, "k", 1e3, (0, 0, 0))),
    "zh": ((1e8, " 亿", 1e8, (2, 1, 0)), (1e4, " 万", 1e4, (1, 1, 0))),
}
"""From which size on, how it is called, what it divides by, decimals below 10, below 100 and from there on."""
_SYMBOLS = {"USD": "$", "CNY": "¥", "EUR": "€", "GBP": "£", "JPY": "JP¥", "HKD": "HK$"}
_CHINESE_UNITS = {"USD": "美元", "CNY": "元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元"}


def money_scale(values: Iterable[float | None], language: str = "en") -> Scale:
    """The scale for figures side by side, as coarse as their largest allows: $k, $M, 万元, 亿元."""
    known = [abs(v) for v in values if v is not None and math.isfinite(v)]
    largest = max(known, default=0.0)
    for threshold, suffix, divisor, decimals in _SCALES[language]:
        if largest >= threshold:
            return Scale(divisor, suffix, decimals[sum(largest / divisor >= bound for bound in (10, 100))])
    return Scale(1.0, "", 0 if all(float(v).is_integer() for v in known) else _cents(largest))


def money(
    x: float | None, currency: str, language: str = "en", *, scale: Scale | None = None, sign: bool = False
) -> str:
    """Money in the reader's words, to three digits: ``$1.05M``, ``105 万元``; or on the scale of its neighbours."""
    if x is None or not math.isfinite(x):
        return NOTHING
    figure, suffix = (money_figure(abs(x), scale), scale.suffix) if scale else _three_digits(abs(x), language)
    if language == "zh":
        return _signed(f"{figure}{_gap(suffix, currency)}{_chinese_unit(currency)}", x, sign)
    return _signed(f"{currency_symbol(currency)}{figure}{suffix}", x, sign)


def _three_digits(size: float, language: str) -> tuple[str, str]:
    for threshold, suffix, divisor, _ in _SCALES[language]:
        if size >= threshold:
            return number(size / divisor), suffix
    return number(size, decimals=0 if float(size).is_integer() else _cents(size)), ""


def _cents(largest: float) -> int:
    """Decimals of small money: cents, and two digits of what is less than half a cent."""
    return 0 if largest >= 1000 else _places(largest, 2) if 1e-8 <= largest < 0.005 else 2


def money_figure(x: float | None, scale: Scale, *, sign: bool = False) -> str:
    """The bare figure on a scale, for tables whose head names the unit; what is not nothing is never written as 0."""
    if x is None:
        return NOTHING
    size = x / scale.divisor
    vanishes = abs(x) >= (0.5 if scale.suffix else 1e-8) and not round(size, scale.decimals)
    return number(size, decimals=_places(size, 1) if vanishes else scale.decimals, sign=sign)


def money_span(
    low: float | None, high: float | None, currency: str, language: str = "en", *, scale: Scale | None = None
) -> str:
    """Two ends on one scale: ``$0.06M to $2.24M``, ``6 万至 224 万元``."""
    scale = scale or money_scale([low, high], language)
    if language == "zh":
        start = NOTHING if low is None else money_figure(low, scale) + scale.suffix
        return (
            f"{start}至 {money(high, currency, language, scale=scale)}"
            if scale.suffix
            else f"{start} 至 {money(high, currency, language, scale=scale)}"
        )
    return f"{money(low, currency, language, scale=scale)} to {money(high, currency, language, scale=scale)}"


def money_unit(scale: Scale, currency: str, language: str = "en") -> str:
    """The unit that a table's head names: ``$k``, ``万元``."""
    if language == "zh":
        return (scale.suffix + _chinese_unit(currency)).strip()
    return f"{currency_symbol(currency)}{scale.suffix}".strip()


def currency_symbol(currency: str) -> str:
    """The sign before an amount in English; the code where none is common."""
    return _SYMBOLS.get(currency, currency + " ")


def is_currency(unit: str | None) -> bool:
    """Whether a unit is a currency code such as USD."""
    return bool(unit) and len(str(unit)) == 3 and str(unit).isupper() and str(unit).isalpha()


def _chinese_unit(currency: str) -> str:
    return _CHINESE_UNITS.get(currency, f" {currency}")


def _gap(suffix: str, currency: str) -> str:
    return suffix or ("" if currency not in _CHINESE_UNITS else " ")


def days(x: float, language: str = "en") -> str:
    """A number of days, in years where there are many: ``14 days``, ``about 19 years``."""
    if abs(x) < MANY_DAYS:
        return f"{number(abs(x), decimals=0)} 天" if language == "zh" else counted(abs(x), "day", "days")
    years = round(abs(x) / 365.25)
    return f"约 {years} 年" if language == "zh" else f"about {years} years"


def months(x: float | None, language: str = "en") -> str:
    """A number of months, whole."""
    if x is None or not math.isfinite(x):
        return NOTHING
    whole = round(x)
    return f"{whole} 个月" if language == "zh" else f"{whole} month{'' if whole == 1 else 's'}"


def length(x: float, unit: str | None, language: str = "en") -> str:
    """A length of time in its unit: ``12 months``, ``90 天``."""
    if unit not in ("months", "days"):
        return f"{number(x, language)} {unit or ''}".rstrip()
    if language == "zh":
        return f"{number(x, 'zh')} {'个月' if unit == 'months' else '天'}"
    return f"{number(x)} {unit.removesuffix('s') if x == 1 else unit}"


def horizon(month_count: int, language: str = "en") -> str:
    """A planning horizon: ``three years`` where the months are whole years, else months."""
    years, rest = divmod(month_count, 12)
    if rest or not 1 <= years <= 10:
        return months(month_count, language)
    if language == "zh":
        return "两年" if years == 2 else f"{_CHINESE_COUNTS[years - 1]}年"
    return f"{_ENGLISH_COUNTS[years - 1]} year{'' if years == 1 else 's'}"


def date(day: dt.date | dt.datetime | str | None, language: str = "en") -> str:
    """A calendar day: ``1 Mar 2026``, ``2026-03-01``."""
    if day is None:
        return NOTHING
    day = dt.date.fromisoformat(day[:10]) if isinstance(day, str) else day
    return f"{day:%Y-%m-%d}" if language == "zh" else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def listing(items: Iterable[str], language: str = "en") -> str:
    """``a, b and c``; ``a、b、c``."""
    *head, last = [str(item) for item in items] or [NOTHING]
    if language == "zh" or not head:
        return "、".join([*head, last])
    return f"{', '.join(head)} and {last}"


def spaced(text: str) -> str:
    """Chinese text with one space between Chinese characters and Latin letters or digits, and none between Chinese ones."""
    text = _LATIN_AFTER.sub(" ", _LATIN_BEFORE.sub(" ", text))
    return _SPACE_WITHIN.sub("", text)


_LATIN_BEFORE = re.compile(r"(?<=[A-Za-z0-9%])(?=[\u4e00-\u9fff])")
_LATIN_AFTER = re.compile(r"(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9$¥€£])")
_SPACE_WITHIN = re.compile(r"(?<=[\u4e00-\u9fff，。；：（）、]) (?=[\u4e00-\u9fff，。；：（）、])")


def unbroken(text: str) -> str:
    """Text for a page that wraps: no line ends between a figure and its sign or its unit. Elsewhere text stays plain."""
    return _BEFORE_UNIT.sub("\u00a0", _AFTER_SIGN.sub("\u2060", text))


_AFTER_SIGN = re.compile(r"(?<=[+\u2212])(?=[$¥€£])")
_BEFORE_UNIT = re.compile(
    r"(?<=\d) (?=of (?:every )?\d|in \d|points?\b|[万亿元美欧英日港个天次点年月户名家通])"
    r"|(?<=\d of) (?=\d)|(?<=\d in) (?=\d)|(?<=of every) (?=\d)"
)


def counted(count: float, one: str, many: str) -> str:
    """An English count with its noun."""
    return f"{number(count, decimals=0)} {one if round(count) == 1 else many}"
