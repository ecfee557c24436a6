"""Every case of the gallery, fitted from its file: ``python -m benchmarks.gallery``.

``causalcx fit CASE --json`` in a process of its own on a copy of the folder: reading, checks, estimates, pictures and registry, interpreter started anew.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import described, table
from benchmarks.processes import Runs, interleaved

CASES = Path(__file__).parents[1] / "experiments"
GOAL = 30.0
"""Seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = interleaved(_commands(Path(folder)), options.repeats)
    text = _document(runs, options.repeats)
    options.out.write_text(text, encoding="utf-8")
    print(text)


def _commands(folder: Path) -> dict[str, list[str]]:
    shutil.copytree(CASES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".causalcx", "_template"))
    cases = sorted(file.parent for file in folder.glob("*/experiment.yaml"))
    return {case.name: [sys.executable, "-m", "causalcx", "fit", str(case), "--json"] for case in cases}


def _document(runs: dict[str, Runs], repeats: int) -> str:
    rows = [
        [name, f"{found.median():.1f}", f"{found.median('processor'):.1f}", f"{found.peak():.0f}"]
        for name, found in runs.items()
    ]
    slowest = max(runs, key=lambda name: runs[name].median())
    seconds = runs[slowest].median()
    goal = f"- {'met' if seconds < GOAL else 'NOT met'}: the slowest, {slowest}, took {seconds:.1f} s; goal under {GOAL:g} s"
    about = " ".join(described(("causalcx", "numpy"), f"Medians of {repeats} interleaved runs.").splitlines())
    head = ("case", "seconds", "processor, s", "peak, MB")
    return f"# The gallery\n\n`python -m benchmarks.gallery`. {about}\n\n{table(head, rows)}\n\n{goal}\n"


if __name__ == "__main__":
    main()
