"""Change an experiment file as its owner would."""

from __future__ import annotations

import re
from pathlib import Path


def edited(folder: Path, pattern: str, replacement: str) -> None:
    """The experiment file of a folder with what the pattern finds replaced; it must find something."""
    file = folder / "experiment.yaml"
    text = file.read_text("utf-8")
    assert re.search(pattern, text)
    file.write_text(re.sub(pattern, replacement, text), encoding="utf-8")
