"""Run commands each in its own process, interleaved, and keep time and peak memory of each run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Run:
    """One process."""

    wall: float
    """Seconds from start to exit."""
    processor: float
    """Seconds of processor time over all cores; less shaken by a busy machine."""
    peak: float
    """Peak resident memory, MB."""
    printed: Mapping[str, Any]
    """The JSON document that the process wrote last."""


@dataclass
class Runs:
    """All runs of one command."""

    every: list[Run] = field(default_factory=list)

    def median(self, key: str = "wall") -> float:
        """Median of a field, or of a number that the process printed."""
        return statistics.median(self._values(key))

    def span(self, key: str = "wall") -> str:
        """Fastest to slowest: the noise."""
        values = self._values(key)
        return f"{min(values):.2f}–{max(values):.2f}"

    def peak(self) -> float:
        """Largest peak memory, MB."""
        return max(run.peak for run in self.every)

    def _values(self, key: str) -> list[float]:
        return [float(run.printed[key]) if key in run.printed else getattr(run, key) for run in self.every]


def run(command: Sequence[str]) -> Run:
    """Start, wait, measure. Raises RuntimeError with the process's words when it fails."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen([*command], stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(f"{' '.join(command)} exited {process.returncode}: {err.read().decode()[-2000:]}")
        return Run(wall, usage.ru_utime + usage.ru_stime, _megabytes(usage.ru_maxrss), _document(out.read().decode()))


def _megabytes(peak: int) -> float:
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _document(text: str) -> Mapping[str, Any]:
    last = text.strip().splitlines()[-1:] or [""]
    return json.loads(last[0]) if last[0].startswith("{") and last[0].endswith("}") else {}


def interleaved(commands: Mapping[str, Sequence[str]], repeats: int) -> dict[str, Runs]:
    """Every command once, then every command again: what shakes the machine shakes all of them."""
    found = {name: Runs() for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            found[name].every.append(run(command))
            print(f"{name}: {found[name].every[-1].wall:.2f} s", file=sys.stderr)
    return found
