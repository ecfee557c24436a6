"""How fast the command line and the package start, against typer alone: ``python -m benchmarks.startup``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import described, table
from benchmarks.processes import Runs, interleaved

BARE = '''import typer

app = typer.Typer()


@app.command()
def one(name: str, much: bool = False) -> None:
    """A command."""


@app.command()
def two(name: str) -> None:
    """Another."""


if __name__ == "__main__":
    app()
'''
NAMES = {
    "python": "python -c pass", "typer": "a typer app of two commands, --help", "help": "causalcx --help", "import": 'python -c "import causalcx"',
}  # fmt: skip
GOAL = 1.5
"""`causalcx --help` as a multiple of the bare typer app."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder) / "app.py"
        app.write_text(BARE, encoding="utf-8")
        runs = interleaved(_commands(app), options.repeats)
    text = _document(runs, options.repeats)
    options.out.write_text(text, encoding="utf-8")
    print(text)


def _commands(app: Path) -> dict[str, list[str]]:
    return {
        "python": [sys.executable, "-c", "pass"],
        "typer": [sys.executable, str(app), "--help"],
        "help": [sys.executable, "-m", "causalcx", "--help"],
        "import": [sys.executable, "-c", "import causalcx"],
    }


def _document(runs: dict[str, Runs], repeats: int) -> str:
    typer = runs["typer"].median()
    rows = [
        [
            NAMES[name],
            f"{1000 * found.median():.0f}",
            f"{found.median() / typer:.2f}",
            f"{1000 * found.median('processor'):.0f}",
            f"{found.peak():.0f}",
        ]
        for name, found in runs.items()
    ]
    ratio = runs["help"].median() / typer
    goal = f"- {'met' if ratio <= GOAL else 'NOT met'}: causalcx --help {ratio:.2f} × typer alone; goal {GOAL} ×"
    about = described(("causalcx", "typer"), f"Medians of {repeats} interleaved runs, each in its own process.")
    head = ("what", "whole process, ms", "× typer alone", "processor, ms", "peak, MB")
    return f"# Starting\n\n`python -m benchmarks.startup`. {about}\n\n{table(head, rows)}\n\n{goal}\n"


if __name__ == "__main__":
    main()
