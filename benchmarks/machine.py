"""What every table says of itself: machine, date, versions."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path


def described(packages: Sequence[str], *facts: str) -> str:
    """One paragraph under a title."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    lines = (
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d}. {_processor()}, {os.cpu_count()} cores, {_memory():.0f} GB, {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}. {versions}. Load average before the run: {os.getloadavg()[0]:.1f}.",
        *facts,
    )
    return "\n".join(lines)


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0] if names else platform.processor() or "unknown processor"


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    bars = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, bars, *rows))
