"""Roll-outs in waves over large panels, against moderndid and csdid: ``python -m benchmarks.panel``.

First, 100,000 units over 24 periods: every program reads the same Parquet file and makes all group-time effects and the group
aggregation with analytic errors. *Reading and estimating* leaves out the start of the process and its imports. Then 100 million
unit-days, a million units over 100 days: ``causalcx fit --json`` as it is, in a process of its own, with its peak memory.
moderndid and csdid are no dependencies: PEER_MODERNDID_PYTHON and PEER_CSDID_PYTHON name the interpreters of environments that have them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

from benchmarks.machine import described, table  # noqa: E402
from benchmarks.peers import interpreters  # noqa: E402
from benchmarks.processes import Run, Runs, interleaved, run  # noqa: E402

GAIN, GOAL, MOST_MEMORY = 1.0, 1.0, 2_000
"""The true effect; time as a multiple of the faster peer's; MB."""
FILE = """
key: panel
title: A roll-out in waves
intervention: other
owner: a@example.com
hypothesis: It helps.
period: {start: 2026-01-01, end: 2026-12-31}
interference: none
data: {source: rows.parquet}
design: {kind: staggered, unit: unit, time: day, cohort: cohort}
outcomes: [{name: y, kind: amount, column: y, role: primary, unit: units}]
"""
ROWS = """
copy (
    select u as unit, d as day, cohort, 10 + (u % 101) / 50 + sin(d / 7) + (case when cohort > 0 and d >= cohort then 1 else 0 end)
        + 2 * (hash(u * 1000 + d) % 1000000) / 1e6 as y
    from (select range as u, case range % 4 when 0 then 0 else ((range % 4 + 1) * {periods}) // 5 end as cohort from range({units})),
        (select range + 1 as d from range({periods}))
) to '{file}' (format parquet)
"""
"""Four waves of one size, of which one is never treated; numbers by hashing, so that the file is the same every time."""


def write(folder: Path, units: int, periods: int) -> Path:
    """The panel and its plan."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    duckdb.connect().execute(ROWS.format(units=units, periods=periods, file=folder / "rows.parquet"))
    (folder / "experiment.yaml").write_text(FILE, encoding="utf-8")
    return folder / "rows.parquet"


def causalcx(file: str) -> tuple[float, float]:
    """The source's reduction, every group-time effect, and the group aggregation."""
    from causalcx.core.experiment_file import parse_experiment
    from causalcx.designs import staggered
    from causalcx.sources.cohorts import rows_or_sums
    from causalcx.sources.engine import open_file

    experiment = parse_experiment(FILE)
    data = rows_or_sums(open_file(Path(file)), staggered.needs(experiment, experiment.period.end))
    found = staggered.estimated(experiment, data, seed=1)
    return float(found.value[0]), float(found.covariance[0, 0] ** 0.5)


def moderndid(file: str) -> tuple[float, float]:
    """As it comes, without bootstrap."""
    import polars as pl
    from moderndid import aggte, att_gt

    data = pl.read_parquet(file)
    found = aggte(
        att_gt(data, yname="y", tname="day", idname="unit", gname="cohort", base_period="universal"), type="group"
    )
    return float(found.overall_att), float(found.overall_se)


def csdid(file: str) -> tuple[float, float]:
    """As it comes, without bootstrap."""
    import pandas as pd
    from csdid.att_gt import ATTgt

    found = ATTgt(
        yname="y", tname="day", idname="unit", gname="cohort", data=pd.read_parquet(file), control_group="nevertreated"
    )
    found = found.fit(est_method="reg", base_period="universal", bstrap=False).aggte(
        typec="group", bstrap=False, cband=False
    )
    return float(found.atte["overall_att"]), float(found.atte["overall_se"])


WORKERS = {"causalcx": causalcx, "moderndid": moderndid, "csdid": csdid}


def work(name: str, file: str, small: str) -> None:
    """One run: a first small one is left out."""
    WORKERS[name](small)
    begin = time.perf_counter()
    estimate, error = WORKERS[name](file)
    print(json.dumps({"alone": time.perf_counter() - begin, "estimate": estimate, "error": error}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=100_000)
    parser.add_argument("--periods", type=int, default=24)
    parser.add_argument("--many-units", type=int, default=1_000_000, help="of 100 days each; 0 leaves this part out")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker)
    pythons, missing = interpreters(("moderndid", "csdid"))
    with tempfile.TemporaryDirectory() as folder:
        runs = interleaved(_commands(Path(folder), options, pythons), options.repeats)
        many = _many(Path(folder) / "many", options.many_units) if options.many_units else None
    text = _document(options, runs, many, missing)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return None


def _commands(folder: Path, options: argparse.Namespace, pythons: dict[str, str]) -> dict[str, list[str]]:
    file, small = write(folder / "panel", options.units, options.periods), write(folder / "small", 400, options.periods)
    alone = {
        name: [python, "-m", "benchmarks.panel", "--worker", name, str(file), str(small)]
        for name, python in pythons.items()
    }
    return alone | {"causalcx fit": [sys.executable, "-m", "causalcx", "fit", str(folder / "panel"), "--json"]}


def _many(folder: Path, units: int) -> Run:
    write(folder, units, 100)
    return run([sys.executable, "-m", "causalcx", "fit", str(folder), "--json"])


def _document(options: argparse.Namespace, runs: dict[str, Runs], many: Run | None, missing: list[str]) -> str:
    rows = [_row(name, found) for name, found in runs.items()]
    facts = f"{options.units:,} units × {options.periods} periods, three waves and units never treated, true effect {GAIN:g}; medians of {options.repeats} interleaved runs."
    about = " ".join(described(("causalcx", "numpy", "duckdb"), facts).splitlines())
    head = ("what", "reading and estimating, s", "fastest–slowest", "whole process, s", "peak, MB", "estimate (error)")
    lines = "\n".join([*_goals(runs), *missing])
    return f"# Roll-outs over large panels\n\n`python -m benchmarks.panel`. {about}\n\n{table(head, rows)}\n\n{lines}\n{_told(options, many)}"


def _row(name: str, found: Runs) -> list[str]:
    whole, peak = f"{found.median():.2f}", f"{found.peak():.0f}"
    if "alone" not in found.every[0].printed:
        return [name, "", "", whole, peak, ""]
    answer = f"{found.median('estimate'):.5f} ({found.median('error'):.5f})"
    return [name, f"{found.median('alone'):.2f}", found.span("alone"), whole, peak, answer]


def _goals(runs: dict[str, Runs]) -> list[str]:
    ours = runs["causalcx"].median("alone")
    return [
        f"- {'met' if ours / runs[name].median('alone') <= GOAL else 'NOT met'}: {ours / runs[name].median('alone'):.2f} × the time of {name}; goal below {GOAL:g} ×"
        for name in ("moderndid", "csdid")
        if name in runs
    ]


def _told(options: argparse.Namespace, many: Run | None) -> str:
    if many is None:
        return ""
    verdict = "met" if many.peak < MOST_MEMORY else "NOT met"
    rows = options.many_units * 100
    return f"- {verdict}: `causalcx fit` of {rows:,} unit-days ({options.many_units:,} units × 100 days) took {many.wall:.0f} s and {many.peak:.0f} MB at its peak; goal below {MOST_MEMORY:,} MB\n"


if __name__ == "__main__":
    main()
