"""A sharp discontinuity on a million rows against rdrobust: ``python -m benchmarks.discontinuity``.

Both read the same file of doubles and find the MSE-optimal bandwidth, the conventional estimate and the robust interval. *Estimator alone* leaves out
imports and reading; *whole process* does not. The last line is ``causalcx fit --json`` on a Parquet file of the same rows, with its checks and pictures.
rdrobust (GPL) is no dependency: PEER_RDROBUST_PYTHON names the interpreter of an environment that has it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402

from benchmarks.machine import described, table  # noqa: E402
from benchmarks.peers import interpreters  # noqa: E402
from benchmarks.processes import Runs, interleaved  # noqa: E402

JUMP, SEED, GOAL = 0.5, 1, 1.1
"""The true jump; time allowed as a multiple of the peer's."""
FILE = """
key: million
title: A million rows
intervention: other
owner: a@example.com
hypothesis: It jumps.
period: {start: 2026-01-01, end: 2026-01-31}
data: {source: rows.parquet}
design: {kind: discontinuity, unit: id, running: x, cutoff: 0}
outcomes: [{name: y, kind: amount, column: y, role: primary, unit: units}]
"""


def drawn(rows: int) -> Any:
    """[2, rows] a running variable, and a curved outcome that jumps at 0."""
    rng = np.random.default_rng(SEED)
    x = rng.normal(size=rows)
    return np.stack([x, np.sin(2 * x) + 0.3 * x**2 + JUMP * (x >= 0) + rng.normal(size=rows)])


def causalcx(x: Any, y: Any) -> tuple[float, float, float]:
    """Sorting, bandwidths, estimate and robust error; answers with estimate, low and high."""
    from causalcx.designs.cutoff.local_polynomial import Rows, jump, widths

    order = np.argsort(x, kind="stable")
    rows = Rows("y", x[order], y[order])
    found = jump(rows, widths(rows))
    half = 1.959964 * found.error
    return found.value, found.corrected - half, found.corrected + half


def rdrobust(x: Any, y: Any) -> tuple[float, float, float]:
    """The authors' own, as it comes."""
    from rdrobust import rdrobust as fit

    found = fit(y, x)
    low, high = found.ci.iloc[2]
    return float(found.coef.iloc[0, 0]), float(low), float(high)


WORKERS = {"causalcx": causalcx, "rdrobust": rdrobust}


def work(name: str, file: str) -> None:
    """One run: prints the estimator's seconds, a first small run left out, and its answer."""
    x, y = np.load(file)
    WORKERS[name](x[:2_000], y[:2_000])
    begin = time.perf_counter()
    estimate, low, high = WORKERS[name](x, y)
    print(json.dumps({"alone": time.perf_counter() - begin, "estimate": estimate, "low": low, "high": high}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker)
    pythons, missing = interpreters(("rdrobust",))
    with tempfile.TemporaryDirectory() as folder:
        text = _document(interleaved(_commands(Path(folder), options.rows, pythons), options.repeats), missing, options)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return None


def _commands(folder: Path, rows: int, pythons: dict[str, str]) -> dict[str, list[str]]:
    """Both estimators on one file, and the whole program on the same rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    values = drawn(rows)
    np.save(folder / "rows.npy", values)
    pq.write_table(pa.table({"id": np.arange(rows), "x": values[0], "y": values[1]}), folder / "rows.parquet")
    (folder / "experiment.yaml").write_text(FILE, encoding="utf-8")
    worker = ["-m", "benchmarks.discontinuity", "--worker"]
    alone = {name: [python, *worker, name, str(folder / "rows.npy")] for name, python in pythons.items()}
    return alone | {"causalcx fit": [sys.executable, "-m", "causalcx", "fit", str(folder), "--json"]}


def _document(runs: dict[str, Runs], missing: list[str], options: argparse.Namespace) -> str:
    rows = [_row(name, found) for name, found in runs.items()]
    facts = f"{options.rows:,} rows, true jump {JUMP:g}; medians of {options.repeats} interleaved runs, each in its own process."
    about = " ".join(described(("causalcx", "numpy"), facts).splitlines())
    head = (
        "what",
        "estimator alone, s",
        "fastest–slowest",
        "whole process, s",
        "peak, MB",
        "estimate (robust interval)",
    )
    lines = "\n".join([*_goals(runs), *missing])
    return f"# A discontinuity on many rows\n\n`python -m benchmarks.discontinuity`. {about}\n\n{table(head, rows)}\n\n{lines}\n"


def _row(name: str, found: Runs) -> list[str]:
    whole, peak = f"{found.median():.2f}", f"{found.peak():.0f}"
    if "alone" not in found.every[0].printed:
        return [name, "", "", whole, peak, ""]
    estimate, low, high = (found.median(part) for part in ("estimate", "low", "high"))
    return [
        name,
        f"{found.median('alone'):.2f}",
        found.span("alone"),
        whole,
        peak,
        f"{estimate:.4f} ({low:.4f} to {high:.4f})",
    ]


def _goals(runs: dict[str, Runs]) -> list[str]:
    if "rdrobust" not in runs:
        return []
    ours, peer = runs["causalcx"], runs["rdrobust"]
    told = (
        ("estimator alone", ours.median("alone") / peer.median("alone"), GOAL),
        ("whole process", ours.median() / peer.median(), GOAL),
        ("peak memory", ours.peak() / peer.peak(), 1.0),
    )
    return [
        f"- {'met' if r <= goal else 'NOT met'}: {what} {r:.2f} × rdrobust's; goal {goal:g} ×" for what, r, goal in told
    ]


if __name__ == "__main__":
    main()
