"""Unions whose branch is chosen by the shape of the value, so that a mistake is reported once, for the branch meant."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from pydantic import Discriminator
from pydantic_core import PydanticCustomError

MARK = "~"
"""Union tags start with it, so that the place of a problem can leave them out."""


def wrong_shape(expected: str) -> PydanticCustomError:
    """The error of a value that is nothing of what is expected."""
    return PydanticCustomError("shape", "expected {expected}", {"expected": expected})


def chosen_by_shape(
    expected: str, spans: dict[str, tuple[str, ...]] | None = None, names: Collection[str] | None = None
) -> Discriminator:
    """Choose ``~number``, ``~name`` (where only some are possible: one of ``names``) or, for a mapping, the entry of ``spans`` that shares most keys with it."""
    return chosen_by(expected, _chooser(spans or {}, names))


def chosen_by(expected: str, chooser: Callable[[Any], str | None]) -> Discriminator:
    """Choose the branch that ``chooser`` names; None is a value of the wrong shape."""
    return Discriminator(
        chooser,
        custom_error_type="shape",
        custom_error_message="expected {expected}",
        custom_error_context={"expected": expected},
    )


def _chooser(spans: dict[str, tuple[str, ...]], names: Collection[str] | None) -> Callable[[Any], str | None]:
    def choose(value: Any) -> str | None:
        if isinstance(value, str):
            return MARK + "name" if names is None or value in names else None
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
