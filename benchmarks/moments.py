"""A randomised readout over many rows against the bare scan and tea-tasting: ``python -m benchmarks.moments``.

Ten outcomes and one or three covariates in a Parquet file, every run in its own process, all of them interleaved:

- *bare scan*: DuckDB alone computes by arm the same sums as our moments (n, every y, x, y·y, y·x, x·x);
- *moments query*: our one query through Ibis, imports and the first look left out;
- *whole process*: ``causalcx fit --json``: validation, unique units, moments, effects, registry;
- *tea-tasting* on Ibis and DuckDB: the ten metrics with CUPED (it takes one covariate), query and whole process.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.machine import described, table
from benchmarks.processes import Runs, interleaved

OUTCOMES, COVARIATES, SEED = 10, 3, 7
GOALS = {"moments": 1.2, "whole": 2.0, "start": 5.0, "memory": 1024.0}
"""Moments query and whole process as multiples of the bare scan, seconds allowed for starting, MB."""


def main() -> None:
    options = _options()
    if options.child:
        print(json.dumps(CHILDREN[options.child](options.data, options.covariates[0])))
        return
    data = made(options.folder, options.rows)
    commands = {
        f"{name} {k}": command for k in options.covariates for name, command in _commands(data, k).items()
    }  # fmt: skip
    runs = interleaved(commands, options.repeats)
    text = _document(options, runs)
    options.out.write_text(text, encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--covariates", type=int, nargs="+", default=[1, COVARIATES])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "causalcx-bench")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--child", choices=sorted(CHILDREN), help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def made(folder: Path, rows: int) -> Path:
    """The Parquet file, made once per number of rows; its values are hashes of row and column, the same everywhere."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{rows}.parquet"
    if not file.exists():
        part = file.with_suffix(".part")
        outcomes = ", ".join(f"{_uniform(i)} + {i + 1} * {_uniform(100 + i)} AS y{i}" for i in range(OUTCOMES))
        covariates = ", ".join(f"{_uniform(i)} + {_uniform(200 + i)} AS x{i}" for i in range(COVARIATES))
        arm = f"CASE WHEN {_uniform(300)} < 0.5 THEN 'a' ELSE 'b' END AS arm"
        select = f"SELECT range AS unit, {arm}, {outcomes}, {covariates} FROM range({int(rows)})"
        duckdb.sql(f"COPY ({select}) TO '{part}' (FORMAT parquet, COMPRESSION zstd)")
        part.rename(file)
    return file


def _uniform(column: int) -> str:
    return f"(hash(range, {SEED * 1000 + column}) / 18446744073709551616.0)"


def _commands(data: Path, covariates: int) -> dict[str, list[str]]:
    here = [sys.executable, "-m", "benchmarks.moments", "--data", str(data), "--covariates", str(covariates), "--child"]
    file = data.with_name(f"{data.stem}-{covariates}.yaml")
    file.write_text(_experiment(data, covariates), encoding="utf-8")
    whole = [sys.executable, "-m", "causalcx", "fit", str(file), "--json"]
    peers = {"tea-tasting": [*here, "tea-tasting"]} if covariates == 1 else {}
    return {"bare": [*here, "bare"], "moments": [*here, "moments"], "whole": whole} | peers


def _experiment(data: Path, covariates: int) -> str:
    outcomes = "".join(
        f"  - {{name: y{i}, kind: amount, column: y{i}, role: {'primary' if i == 0 else 'secondary'}}}\n"
        for i in range(OUTCOMES)
    )
    names = ", ".join(f"x{i}" for i in range(covariates))
    return (
        f"key: bench-{covariates}\ntitle: bench\nintervention: other\nowner: bench@example.com\nhypothesis: none\n"
        f"period: {{start: 2026-01-01, end: 2026-01-31}}\ndata: {{source: {data.name}}}\n"
        f"design: {{kind: randomised, unit: unit, treatment: arm, control: a, ratio: {{a: 1, b: 1}}, covariates: [{names}]}}\n"
        f"outcomes:\n{outcomes}"
    )


def _bare(data: Path, covariates: int) -> dict[str, float]:
    import duckdb

    names = [*(f"y{i}" for i in range(OUTCOMES)), *(f"x{i}" for i in range(covariates))]
    sums = [f"sum({a})" for a in names] + [f"sum({a} * {b})" for i, a in enumerate(names) for b in names[i:]]
    engine = duckdb.connect()
    start = time.perf_counter()
    engine.execute(f"SELECT arm, count(*), {', '.join(sums)} FROM read_parquet('{data}') GROUP BY arm").fetchall()
    return {"query": time.perf_counter() - start}


def _moments(data: Path, covariates: int) -> dict[str, float]:
    import datetime as dt

    from causalcx.core.experiment_file import load_experiment
    from causalcx.designs.randomised import needs
    from causalcx.sources.engine import open_file
    from causalcx.sources.first_look import validated
    from causalcx.sources.reduce import moments_of

    source = open_file(data)
    need = needs(load_experiment(data.with_name(f"{data.stem}-{covariates}.yaml")), dt.date(2026, 2, 1))
    table_, look = validated(source, need)
    start = time.perf_counter()
    moments_of(source, table_, need, look)
    return {"query": time.perf_counter() - start}


def _tea_tasting(data: Path, covariates: int) -> dict[str, float]:
    import ibis
    import tea_tasting as tt

    assert covariates == 1
    frame = ibis.duckdb.connect().read_parquet(data)
    experiment = tt.Experiment({f"y{i}": tt.Mean(f"y{i}", covariate="x0") for i in range(OUTCOMES)}, variant="arm")
    start = time.perf_counter()
    experiment.analyze(frame, control="a")
    return {"query": time.perf_counter() - start}


CHILDREN = {"bare": _bare, "moments": _moments, "tea-tasting": _tea_tasting}
NAMES = {
    "bare": "DuckDB, bare scan of the same sums", "moments": "causalcx, moments query alone", "whole": "causalcx fit --json, whole process",
    "tea-tasting": "tea-tasting, 10 metrics with CUPED",
}  # fmt: skip


def _document(options: argparse.Namespace, runs: dict[str, Runs]) -> str:
    rows = [row for k in options.covariates for row in _rows(runs, k)]
    head = (
        "covariates", "what", "query, s", "fastest–slowest", "× bare query", "whole process, s", "fastest–slowest", "processor, s", "peak, MB",
    )  # fmt: skip
    facts = f"{options.rows:,} rows, {OUTCOMES} outcomes, seed {SEED}; medians of {options.repeats} interleaved runs, each in its own process."
    smaller = (
        "tea-tasting's question is the smaller one: with one covariate it takes 32 sums per arm (of every metric alone and with the "
        "covariate), the other rows 77, since the products of every two outcomes give the joint covariance that money is drawn from."
    )
    goals = "\n".join(line for k in options.covariates for line in _goals(runs, k))
    about = described(("causalcx", "duckdb", "ibis-framework", "tea-tasting"), facts)
    return f"# A randomised readout over many rows\n\n`python -m benchmarks.moments`. {about}\n\n{table(head, rows)}\n\n{smaller}\n\n{goals}\n"


def _rows(runs: dict[str, Runs], k: int) -> list[list[str]]:
    bare = runs[f"bare {k}"].median("query")
    return [
        [
            str(k), NAMES[name], *_query(runs[f"{name} {k}"], bare), f"{runs[f'{name} {k}'].median():.2f}", runs[f"{name} {k}"].span(),
            f"{runs[f'{name} {k}'].median('processor'):.2f}", f"{runs[f'{name} {k}'].peak():.0f}",
        ]
        for name in NAMES if f"{name} {k}" in runs
    ]  # fmt: skip


def _query(runs: Runs, bare: float) -> list[str]:
    if "query" not in runs.every[0].printed:
        return ["", "", ""]
    seconds = runs.median("query")
    return [f"{seconds:.2f}", runs.span("query"), f"{seconds / bare:.2f}"]


def _goals(runs: dict[str, Runs], k: int) -> list[str]:
    bare, moments, whole = (
        runs[f"bare {k}"].median("query"),
        runs[f"moments {k}"].median("query"),
        runs[f"whole {k}"].median(),
    )
    allowed = GOALS["whole"] * bare + GOALS["start"]
    peak = runs[f"whole {k}"].peak()
    lines = [
        _goal(
            f"{k} covariates: moments query {moments / bare:.2f} × bare; goal {GOALS['moments']} ×",
            moments <= GOALS["moments"] * bare,
        ),
        _goal(f"{k} covariates: whole process {whole:.2f} s; goal 2 × bare + 5 s = {allowed:.2f} s", whole <= allowed),
        _goal(f"{k} covariates: peak {peak:.0f} MB; goal under {GOALS['memory']:.0f} MB", peak < GOALS["memory"]),
    ]
    if peer := runs.get(f"tea-tasting {k}"):
        seconds = peer.median("query")
        lines.append(
            _goal(
                f"{k} covariates: moments query {moments:.2f} s, tea-tasting's {seconds:.2f} s; goal: ahead",
                moments < seconds,
            )
        )
    return lines


def _goal(text: str, met: bool) -> str:
    return f"- {'met' if met else 'NOT met'}: {text}"


if __name__ == "__main__":
    main()
