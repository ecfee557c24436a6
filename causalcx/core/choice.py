"""Unions whose branch is chosen by the shape of the value, so that a mistake is reported once, for the branch meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import Discriminator

MARK = "~"
"""Union tags start with it, so that the place of a problem can leave them out."""


def chosen_by_shape(expected: str, spans: dict[str, tuple[str, ...]] | None = None) -> Discriminator:
    """Choose ``~number``, ``~name`` or, for a mapping, the entry of ``spans`` that shares most keys with it."""
    return Discriminator(
        _chooser(spans or {}),
        custom_error_type="shape",
        custom_error_message="expected {expected}",
        custom_error_context={"expected": expected},
    )


def _chooser(spans: dict[str, tuple[str, ...]]) -> Callable[[Any], str | None]:
    def choose(value: Any) -> str | None:
        if isinstance(value, str):
            return MARK + "name"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return MARK + "number"
        keys = (
            set(value)
            if isinstance(value, dict)
            else set(type(value).model_fields)
            if hasattr(type(value), "model_fields")
            else set()
        )
        shared = {name: len(keys & set(wanted)) for name, wanted in spans.items()}
        best = max(shared, key=shared.__getitem__, default=None)
        return MARK + best if best and shared[best] else None

    return choose
