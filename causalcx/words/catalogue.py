"""The catalogues: one .po file per language; a message's id is a code, or the English template of an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent / "catalogues"
PHRASE = "phrase"
"""Context of the entries that translate a ready-made English phrase, gaps included."""

_TOKEN = re.compile(r"\{\{|\}\}|\{(\w+)[^{}]*\}")
"""A doubled brace, which stands for itself, or a gap."""


@lru_cache(maxsize=32)
def messages(language: str, *folders: Path) -> Mapping[str, str]:
    """Code or template to text; later folders override earlier ones, the packaged catalogue comes first."""
    merged: dict[str, str] = {}
    for folder in (FOLDER, *folders):
        merged |= {str(m.id): str(m.string) for m in _entries(folder / f"{language}.po") if m.context is None}
    return merged


@lru_cache(maxsize=8)
def phrases(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns of ready-made English phrases with their translations, the longest first."""
    found = [m for m in _entries(FOLDER / f"{language}.po") if m.context == PHRASE]
    return tuple((_pattern(str(m.id)), str(m.string)) for m in sorted(found, key=lambda m: -len(m.id)))


def _entries(file: Path) -> list[Message]:
    if not file.is_file():
        return []
    with file.open("rb") as stream:
        return [m for m in read_po(stream, abort_invalid=True) if m.id and m.string]


def _pattern(template: str) -> re.Pattern[str]:
    text, end, seen = "", 0, set[str]()
    for token in _TOKEN.finditer(template):
        text += re.escape(template[end : token.start()])
        gap = token[1]
        text += re.escape(token[0][0]) if gap is None else f"(?P={gap})" if gap in seen else f"(?P<{gap}>.*?)"
        seen |= {gap} - {None}
        end = token.end()
    return re.compile(text + re.escape(template[end:]), re.DOTALL)
