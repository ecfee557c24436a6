"""Arm labels compare by value: 0, 0.0, false and "0" are one arm, shown as ``0``."""

from __future__ import annotations

import re
from typing import Any

_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?")
_BOOLEAN = {"true": "1", "false": "0"}


def _number(text: str) -> str:
    """One spelling per number; whole ones keep every digit, however many."""
    whole, _, fraction = text.partition(".")
    if fraction.strip("0"):
        return repr(float(text))
    return "0" if whole in ("-0", "+0") else whole.removeprefix("+")


def canonical(value: Any) -> str:
    """The one spelling of an arm label; equal labels have equal spellings."""
    if hasattr(value, "item"):  # numpy scalars
        value = value.item()
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    text = str(value).strip()
    if text.lower() in _BOOLEAN:
        return _BOOLEAN[text.lower()]
    if _NUMBER.fullmatch(text):
        return _number(text)
    return text
