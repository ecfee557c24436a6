"""Texts that a person wrote in the experiment file: one string, or one per language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from causalcx.core.choice import chosen_by_shape

Words = Annotated[str, Field(pattern=r"\S")]
"""A text that says something."""
Text = Annotated[
    Annotated[Words, Tag("~name")] | Annotated[dict[Literal["en", "zh"], Words], Tag("~languages")],
    chosen_by_shape("a text, or one per language {en: ..., zh: ...}", {"languages": ("en", "zh")}),
]


def text_in(text: str | Mapping[Any, str], language: str) -> str:
    """The text in ``language``, else in English, else in whatever language it has."""
    if isinstance(text, str):
        return text
    return text.get(language) or text.get("en") or next(iter(text.values()), "")


def text_key(text: str | Mapping[Any, str]) -> str:
    """The spelling by which other lines of the file refer to a named thing: the English one where there are two."""
    return text_in(text, "en")
