"""The table of known truths, a page for users: ``python -m benchmarks.trust`` writes docs/reference/trust.md.

``python -m benchmarks.trust staggered --runs 2000`` renews the tables of the designs named and leaves the others. Two designs at a time
run in processes of their own; the same seed gives the same table.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import re
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy
from scipy import stats
from threadpoolctl import threadpool_limits

from benchmarks.machine import table

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "trust.md"
NOMINAL, SURE, WIDE = 0.95, 0.999, 0.985
"""Coverage asked for, confidence of the verdict, coverage above which an interval is too wide."""
BROKEN = "broken: "
"""How the label of a case begins in which an assumption is broken on purpose."""
SLOW = {"duration": 500, "observational": 500}
"""Runs of the designs of which one takes 50 ms or more."""
RUNS = dict.fromkeys(
    ("clusters", "discontinuity", "duration", "instrument", "interference", "interrupted_time_series", "looks", "observational",
     "staggered", "switchback", "synthetic_control", "tails"), 2000,
) | SLOW  # fmt: skip
"""Per design."""
AGAIN = 5
"""Times as many runs for a row that reads BELOW: with 2,000 runs a row that covers 95 % reads so once in 2,000 times, one that covers 94 % once in ten."""
HEAD = ("case", "runs", "truth", "bias", "spread", "reported", "coverage", "power", "verdict")


def verdict(coverage: float, runs: int, broken: bool) -> str:
    """Below only if the upper end of the 99.9 % interval of the coverage (Clopper and Pearson 1934) lies under 95 %."""
    if broken:
        return "shown as wrong"
    hits = round(coverage * runs)
    upper = float(stats.beta.ppf(1 - (1 - SURE) / 2, hits + 1, runs - hits)) if hits < runs else 1.0
    return "BELOW" if upper < NOMINAL else "too wide" if coverage > WIDE else "holds"


def cells(row: Mapping[str, Any]) -> list[str]:
    """One row of the table."""
    broken = row["case"].startswith(BROKEN)
    figures = [f"{row[name]:.3g}" for name in ("truth", "bias", "spread", "std_error")]
    case = row["case"].removeprefix(BROKEN)
    said = verdict(row["coverage"], row["runs"], broken)
    return [
        f"{row['outcome']}: {case}",
        f"{row['runs']:,}",
        *figures,
        f"{row['coverage']:.3f}",
        f"{row['power']:.2f}",
        said,
    ]


def settled(module: ModuleType, i: int, row: Mapping[str, Any], seed: int) -> Mapping[str, Any]:
    """The row; where it reads BELOW and a design draws its cases one by one, the same with more runs, the first among them."""
    below = verdict(row["coverage"], row["runs"], row["case"].startswith(BROKEN)) == "BELOW"
    return module.row(i, AGAIN * row["runs"], seed) if below and hasattr(module, "row") else row


def made(name: str, runs: int, seed: int) -> str:
    """The block of one design."""
    module, start = import_module(f"benchmarks.trust.{name}"), time.perf_counter()
    rows = [settled(module, i, row, seed) for i, row in enumerate(module.rows(runs, seed))]
    about = " ".join(str(module.__doc__).split())
    took = f"{runs:,} runs a case, seed {seed}, {dt.datetime.now(dt.UTC):%Y-%m-%d}, {time.perf_counter() - start:.0f} s, numpy {numpy.__version__}."
    return f"{about}\n\n{took}\n\n{table(HEAD, [cells(row) for row in rows])}"


def replaced(page: str, name: str, block: str) -> str:
    """The page with the block of one design renewed."""
    mark = re.escape(f"<!-- trust: {name} -->")
    found, times = re.subn(
        rf"({mark}\n).*?(\n<!-- end trust -->)", lambda m: f"{m[1]}\n{block}\n{m[2]}", page, flags=re.DOTALL
    )
    if times != 1:
        raise ValueError(f"{PAGE.name} has {times} places for {name}; write <!-- trust: {name} --> once")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Known truths: bias, coverage and power of every estimator.")
    parser.add_argument("designs", nargs="*", default=[], help=f"of {', '.join(RUNS)}; all of them by default")
    parser.add_argument("--runs", type=int, help="per case; by default 2,000 where one takes under 50 ms, else 500")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    names = options.designs or list(RUNS)
    alone = partial(threadpool_limits, 1)  # the matrices are small
    with ProcessPoolExecutor(os.cpu_count(), initializer=alone) as pool:
        begun = {name: pool.submit(made, name, options.runs or RUNS[name], options.seed) for name in names}
        for name, waited in begun.items():
            block = waited.result()
            PAGE.write_text(replaced(PAGE.read_text(encoding="utf-8"), name, block), encoding="utf-8")
            print(name, flush=True)


if __name__ == "__main__":
    main()
