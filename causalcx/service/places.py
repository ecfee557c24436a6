"""Where things are: the workspace around an experiment file, its registry, the file behind a key."""

from __future__ import annotations

import re
from pathlib import Path

from causalcx.core.errors import Message, UsageError

EXPERIMENT_FILE = "experiment.yaml"
STATE = ".causalcx"


def is_workspace(folder: Path) -> bool:
    """A workspace has a folder of experiments, and one of reports or a registry."""
    return (folder / "experiments").is_dir() and ((folder / "reports").is_dir() or (folder / STATE).is_dir())


def workspace_of(path: Path) -> Path | None:
    """The nearest workspace at or above a path."""
    path = path.resolve()
    return next((folder for folder in (path, *path.parents) if is_workspace(folder)), None)


def registry_file(folder: Path) -> Path:
    """`.causalcx/registry.sqlite` in the workspace around a folder, else in the folder itself."""
    return (workspace_of(folder) or folder.resolve()) / STATE / "registry.sqlite"


def experiment_file(name: str | Path, start: Path | None = None) -> Path:
    """The experiment file behind a path, a folder, or a key of the workspace around ``start``."""
    path = Path(name)
    if path.is_dir() and (path / EXPERIMENT_FILE).is_file():
        return path / EXPERIMENT_FILE
    if path.is_file():
        return path
    workspace = workspace_of(start or Path.cwd())
    if workspace and (workspace / "experiments" / str(name) / EXPERIMENT_FILE).is_file():
        return workspace / "experiments" / str(name) / EXPERIMENT_FILE
    named = file_of_key(workspace, str(name)) if workspace else None
    if named is not None:
        return named
    if path.is_dir():
        raise UsageError("The folder {name} has no {file}.", name=str(name), file=EXPERIMENT_FILE)
    where = Message("; workspace: {workspace}", {"workspace": str(workspace)}) if workspace else ""
    raise UsageError("There is no experiment file or key `{name}`{where}.", name=str(name), where=where)


def file_of_key(workspace: Path, key: str) -> Path | None:
    """The experiment file that states this key: in the folder of that name, else in whatever folder."""
    files = sorted((workspace / "experiments").glob(f"*/{EXPERIMENT_FILE}"), key=lambda f: (f.parent.name != key, f))
    return next((file for file in files if states_key(file, key)), None)


def states_key(file: Path, key: str) -> bool:
    """Whether an experiment file has this key; its text is searched, so that a file with mistakes is found too."""
    line = re.compile(rf"^key:\s*[\"']?{re.escape(key)}[\"']?\s*(#.*)?$", re.MULTILINE)
    return line.search(file.read_text(encoding="utf-8", errors="replace")) is not None
