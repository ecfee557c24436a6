"""What a text box holds: text to a value of the experiment file, and back. A text that is no such value stays a text, so that
the file's own validation says what was expected."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from causalcx.core.errors import ExperimentError
from causalcx.core.labels import canonical
from causalcx.core.yaml_text import plain, read_yaml

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(\D|$))")
_COMMA = re.compile(r"[,，、\n]")
_PERCENT = re.compile(r"(.+?)\s*%")
_SPANS: tuple[tuple[re.Pattern[str], str, tuple[str, ...]], ...] = (
    (re.compile(r"(.+?)\s*/\s*(.+?)\s*/\s*(.+)"), " / ", ("low", "mode", "high")),
    (re.compile(r"(.+?)\s*(?:±|\+-|\+/-)\s*(.+)"), " ± ", ("mean", "sd")),
    (re.compile(r"(.+?)\s*(?:…|\.\.\.?)\s*(.+)"), " … ", ("p5", "p95")),
)


@dataclass(frozen=True)
class Kind:
    """How one kind of box is read and written."""

    read: Callable[[str], Any]
    write: Callable[[Any], str | None]
    """None where the box cannot show the value."""


def number_in(text: str) -> int | float | None:
    """The number a person wrote: ``12,000``, ``35%``, full-width digits; None where it is none."""
    plain_text = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text).replace("\u2212", "-").strip())
    percent = _PERCENT.fullmatch(plain_text)
    try:
        number = Decimal(percent[1]) / 100 if percent else Decimal(plain_text)
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number) > Decimal("1e300"):
        return None
    return int(number) if number == number.to_integral_value() and "e" not in plain_text.lower() else float(number)


def _number(text: str) -> Any:
    number = number_in(text)
    return text if number is None else number


def _write_number(value: Any) -> str | None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return repr(value) if is_number else None


def quantity_in(text: str) -> Any:
    """A number, a span (``0.31 / 0.35 / 0.38``, ``4000 ± 500``, ``3 … 9``, or in braces), or the name of an assumption."""
    number = number_in(text)
    if number is not None:
        return number
    if text.startswith("{"):
        return yaml_in(text, text)
    for pattern, _, names in _SPANS:
        parts = pattern.fullmatch(unicodedata.normalize("NFC", text))
        numbers = [number_in(part) for part in parts.groups()] if parts else [None]
        if None not in numbers:
            return dict(zip(names, numbers, strict=True))
    return text


def _write_quantity(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        for _, joint, names in _SPANS:
            if tuple(value) == names and all(_write_number(v) for v in value.values()):
                return joint.join(repr(v) for v in value.values())
        return None
    return _write_number(value)


def yaml_in(text: str, otherwise: Any = None) -> Any:
    """The plain value of a YAML text; ``otherwise`` where it is not valid."""
    try:
        return plain(read_yaml(text, None))
    except ExperimentError:
        return otherwise


def _date(text: str) -> Any:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else text
    except ValueError:
        return text


def is_date(text: str) -> bool:
    """Whether a text is a calendar day such as 2026-03-01."""
    return isinstance(_date(text), dt.date)


def _columns(text: str) -> list[str]:
    return [part.strip() for part in _COMMA.split(text) if part.strip()]


def _write_columns(value: Any) -> str | None:
    listed = [value] if isinstance(value, str) else value
    return ", ".join(listed) if isinstance(listed, list) and all(isinstance(v, str) for v in listed) else None


def _labels(text: str) -> list[str]:
    return [canonical(part) for part in _columns(text)]


def _write_labels(value: Any) -> str | None:
    listed = value if isinstance(value, list) else [value]
    return ", ".join(canonical(v) for v in listed) if all(isinstance(v, (str, int, float)) for v in listed) else None


def _pair(text: str) -> Any:
    parts = [
        number_in(p) for p in re.split(r"\s*(?:…|\.\.|/|至|\bto\b)\s*|\s*[,，]\s+", unicodedata.normalize("NFC", text))
    ]
    return parts if len(parts) == 2 and None not in parts else text


def _write_pair(value: Any) -> str | None:
    two = isinstance(value, (list, tuple)) and len(value) == 2 and all(_write_number(v) for v in value)
    return " … ".join(repr(v) for v in value) if two else None


def _margin(text: str) -> Any:
    if unicodedata.normalize("NFKC", text).endswith("%") and number_in(text) is not None:
        return {"relative": number_in(text)}
    return _number(text)


def _write_margin(value: Any) -> str | None:
    if isinstance(value, dict) and tuple(value) == ("relative",) and _write_number(value["relative"]):
        return f"{(Decimal(repr(value['relative'])) * 100).normalize():f}%"
    return _write_number(value)


def _seasons(text: str) -> Any:
    """``7`` or ``7, 30.4``: lengths of what repeats."""
    numbers = [number_in(part) for part in _columns(text)]
    if None in numbers:
        return yaml_in(text, text)
    return numbers[0] if len(numbers) == 1 else numbers


def _write_seasons(value: Any) -> str | None:
    listed = value if isinstance(value, list) else [value]
    written = [_write_number(v) for v in listed]
    return ", ".join(map(str, written)) if written and None not in written else None


_TIMES = {"months": ("month", "months", "mo", "个月", "月"), "days": ("day", "days", "d", "天", "日")}
_TIME = re.compile(r"(.+?)\s*([A-Za-z月个天日]+)")


def _horizon(text: str) -> Any:
    """``12 months``, ``90 days``, or a number in the unit of the column."""
    parts = _TIME.fullmatch(unicodedata.normalize("NFKC", text))
    number = number_in(parts[1] if parts else text)
    unit = next((unit for unit, words in _TIMES.items() if parts and parts[2].lower() in words), None)
    if number is None or (parts and unit is None):
        return yaml_in(text, text)
    return {unit: number} if unit else number


def _write_horizon(value: Any) -> str | None:
    if isinstance(value, dict) and len(value) == 1:
        (unit, number), *_ = value.items()
        return f"{number!r} {unit}" if unit in _TIMES and _write_number(number) else None
    return _write_number(value)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


KINDS: dict[str, Kind] = {
    "text": Kind(str, _text),
    "long": Kind(str, _text),
    "choice": Kind(str, _text),
    "yesno": Kind(
        lambda t: {"true": True, "false": False}.get(t, t), lambda v: str(v).lower() if isinstance(v, bool) else None
    ),
    "label": Kind(canonical, lambda v: canonical(v) if isinstance(v, (str, int, float)) else None),
    "labels": Kind(_labels, _write_labels),
    "columns": Kind(_columns, _write_columns),
    "date": Kind(_date, lambda v: v.isoformat() if isinstance(v, dt.date) and not isinstance(v, dt.datetime) else None),
    "number": Kind(_number, _write_number),
    "quantity": Kind(quantity_in, _write_quantity),
    "pair": Kind(_pair, _write_pair),
    "margin": Kind(_margin, _write_margin),
    "seasons": Kind(_seasons, _write_seasons),
    "horizon": Kind(_horizon, _write_horizon),
}
"""Kinds of one box. ``both`` has two boxes, one per language, and ``yaml`` holds further keys: see ``document``."""
