"""Where the folders that ship with the package are: templates, styles, translations."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def packaged(name: str) -> Path:
    """The shipped copy of a workspace folder: inside the installed package, else at the root of the repository."""
    inside = _PACKAGE / "_packaged" / name
    return inside if inside.is_dir() else _PACKAGE.parent / name
