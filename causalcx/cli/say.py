"""The command line's own sentences, from its catalogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from causalcx import words

CATALOGUES = Path(__file__).parent / "catalogues"


def say(code: str, language: str, **facts: Any) -> str:
    """A sentence of the command line in the reader's language."""
    return words.sentence(code, facts, language, folders=(CATALOGUES,))
