"""Write a text file whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(file: Path, text: str, *, replace: bool = True) -> Path:
    """Write through a file beside it, so that no reader ever sees half; its folder is made as needed.

    Without ``replace`` an existing file is refused by FileExistsError, through a link and so without a race.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-", suffix=".part")
    part = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o644)
        if replace:
            part.replace(file)
        else:
            file.hardlink_to(part)
    finally:
        part.unlink(missing_ok=True)
    return file
