"""Write files whole or not at all; what a disk or a folder refuses becomes one sentence."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from causalcx.core.errors import Message, UsageError


class FileExists(UsageError):
    """A file is there already, and replacing it was not asked for."""


@contextmanager
def writing_to(place: Path) -> Generator[None]:
    """Whatever goes wrong while a file or folder of the user's choice is written is told as a matter of that place."""
    try:
        yield
    except OSError as error:
        reason = Message(error.strerror or str(error))
        raise UsageError("{file} cannot be written: {reason}.", file=str(place), reason=reason) from error


def write_whole(file: Path, text: str, *, replace: bool = True) -> Path:
    """Write through a file beside it, so that no reader ever sees half; its folder is made as needed.

    Without ``replace`` an existing file is refused by :class:`FileExists`, through a link and so without a race.
    """
    with writing_to(file):
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
                _link(part, file)
        finally:
            part.unlink(missing_ok=True)
    return file


def _link(part: Path, file: Path) -> None:
    try:
        file.hardlink_to(part)
    except FileExistsError as error:
        raise FileExists("{file} exists already; choose another key, or edit it.", file=str(file)) from error
