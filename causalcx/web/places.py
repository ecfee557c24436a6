"""Where templates, styles and translations are looked up: the workspace first, then the packaged copy."""

from __future__ import annotations

from pathlib import Path

from causalcx.core.packaged import packaged


def folders(workspace: Path, name: str) -> list[Path]:
    """The workspace's own folder, where it has one, and the packaged one."""
    return list(dict.fromkeys(folder.resolve() for folder in (workspace / name, packaged(name)) if folder.is_dir()))
