"""A structural time series until mean and limits are right to 2 %, against peers: ``python -m benchmarks.series``.

The course is CausalImpact's vignette (70 periods before, 30 after, one covariate). Every tool answers with its own model and prior, so each is held
against a long run of itself: its draws are raised until the mean effect and both limits are within 2 % of the effect of that run, in every round. Ours has
no draws; its long run is a grid six times as fine in either direction. Imports are left out. Each run has its own process, and rounds are interleaved.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

from benchmarks.machine import described, table  # noqa: E402
from benchmarks.peers import interpreters  # noqa: E402
from benchmarks.processes import Run, Runs, interleaved, run  # noqa: E402

COURSE = Path(__file__).parents[1] / "tests" / "reference" / "data" / "causalimpact_vignette.parquet"
START, CLOSE = 70, 0.02
AHEAD, SHOWN = ("causalpy", "tfcausalimpact"), "bsts-causalimpact"
"""Peers that ours must be ahead of, and one that is shown."""
SETTINGS: dict[str, tuple[str, ...]] = {
    "causalcx": ("grid", "fine grid"), "causalpy": ("250", "1000", "4000"), "tfcausalimpact": ("vi", "hmc"),
    SHOWN: ("250", "1000", "4000", "100000"),
}  # fmt: skip
"""Draws or method, the last one for the long run."""
Answer = tuple[float, float, float]
"""Mean effect and its limits."""


def causalcx(y: Any, x: Any, setting: str, seed: int) -> Answer:  # noqa: ARG001 - nothing is random here
    """Our model on our grid, or on a fine one."""
    import numpy as np

    from causalcx.designs.course.found import mean_of
    from causalcx.models import structural

    if setting == "fine grid":
        structural.LEVELS = np.geomspace(0.0005, 20, 6 * len(structural.LEVELS))
        structural.LASTING = np.linspace(0, structural.LONGEST, 6 * len(structural.LASTING), endpoint=False)
    mean = mean_of(structural.Series(y, x[:, None], START))
    return mean.value, *mean.interval


def causalpy(y: Any, x: Any, setting: str, seed: int) -> Answer:
    """A regression without a level that drifts: the peer's plainest model."""
    import causalpy as cp
    import numpy as np
    import pandas as pd

    sampling = {"draws": int(setting), "chains": 4, "cores": 2, "progressbar": False, "random_seed": seed}
    model = cp.pymc_models.LinearRegression(sample_kwargs=sampling)
    found = cp.InterruptedTimeSeries(pd.DataFrame({"y": y, "x": x}), START, formula="y ~ 1 + x", model=model)
    draws = found.post_impact.mean("obs_ind").to_numpy().ravel()
    return float(draws.mean()), *map(float, np.quantile(draws, (0.025, 0.975)))


def tfcausalimpact(y: Any, x: Any, setting: str, seed: int) -> Answer:  # noqa: ARG001 - it takes no seed
    """Its default, variational, or Hamiltonian draws."""
    import pandas as pd
    from causalimpact import CausalImpact

    frame, ends = pd.DataFrame({"y": y, "x": x}), ([0, START - 1], [START, len(y) - 1])
    found = CausalImpact(frame, *ends, model_args={"fit_method": setting}).summary_data["average"]
    return found["abs_effect"], found["abs_effect_lower"], found["abs_effect_upper"]


def bsts(y: Any, x: Any, setting: str, seed: int) -> Answer:
    """A Gibbs sampler in Rust."""
    import pandas as pd
    from causal_impact import CausalImpact

    frame, ends = pd.DataFrame({"y": y, "x": x}), ([0, START - 1], [START, len(y) - 1])
    found = CausalImpact(frame, *ends, model_args={"niter": int(setting), "seed": seed}).summary_stats
    return found["point_effect_mean"], found["ci_lower"], found["ci_upper"]


WORKERS = {"causalcx": causalcx, "causalpy": causalpy, "tfcausalimpact": tfcausalimpact, SHOWN: bsts}


def work(name: str, file: str, setting: str, seed: int) -> None:
    """One run: prints seconds and the answer; modules are loaded by a first import."""
    import numpy as np

    warnings.simplefilter("ignore")
    y, x = np.loadtxt(file, delimiter=",").T
    for module in {
        "causalcx": ("scipy.special", "causalcx.designs.course.found"),
        SHOWN: ("causal_impact", "pandas"),
    }.get(name, ("causalpy" if name == "causalpy" else "causalimpact",)):
        __import__(module)
    begin = time.perf_counter()
    answer = WORKERS[name](y, x, setting, seed)
    print(json.dumps({"seconds": time.perf_counter() - begin, "mean": answer[0], "low": answer[1], "high": answer[2]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--worker", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        name, file, setting, seed = options.worker
        return work(name, file, setting, int(seed))
    pythons, missing = interpreters((*AHEAD, SHOWN))
    with tempfile.TemporaryDirectory() as folder:
        text = _document(_measured(pythons, _course(Path(folder)), options.repeats), missing, options.repeats)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return None


def _course(folder: Path) -> Path:
    import numpy as np
    import pyarrow.parquet as pq

    rows, file = pq.read_table(COURSE), folder / "course.csv"
    np.savetxt(file, np.column_stack([rows["y"].to_numpy(), rows["x1"].to_numpy()]), delimiter=",")
    return file


def _measured(pythons: dict[str, str], file: Path, repeats: int) -> dict[str, tuple[str, Run, Runs]]:
    """Per tool: the setting that is close enough (or the last but one), the long run, and its interleaved rounds."""

    def command(name: str, setting: str, seed: int) -> list[str]:
        return [pythons[name], "-m", "benchmarks.series", "--worker", name, str(file), setting, str(seed)]

    long = {name: run(command(name, SETTINGS[name][-1], 0)) for name in pythons}
    chosen = {name: _enough(name, long[name], command) for name in pythons}
    runs = {name: Runs() for name in pythons}
    for seed in range(repeats):
        once = interleaved({name: command(name, chosen[name], seed + 2) for name in pythons}, 1)
        for name, found in once.items():
            runs[name].every += found.every
    return {name: (chosen[name], long[name], runs[name]) for name in pythons}


def _enough(name: str, long: Run, command: Any) -> str:
    """The first setting of which one run is close."""
    *tried, last = SETTINGS[name][:-1]
    return next((s for s in tried if _off([run(command(name, s, 1))], long) <= CLOSE), last)


def _off(runs: Sequence[Run], long: Run) -> float:
    """Furthest of mean and limits from the long run's, as a share of its effect."""
    parts = ("mean", "low", "high")
    return max(abs(one.printed[p] - long.printed[p]) for one in runs for p in parts) / abs(long.printed["mean"])


def _document(found: dict[str, tuple[str, Run, Runs]], missing: list[str], repeats: int) -> str:
    ours = found["causalcx"][2].median("seconds")
    rows = [_row(name, *one, ours) for name, one in found.items()]
    goals = [
        f"- {'met' if ours < found[p][2].median('seconds') else 'NOT met'}: ahead of {p}, {found[p][2].median('seconds') / ours:,.0f} × its speed"
        for p in AHEAD
        if p in found
    ]
    facts = f"Medians of {repeats} interleaved rounds after one long run each, every run in its own process, imports left out."
    about = " ".join(described(("causalcx", "numpy", "scipy"), facts).splitlines())
    head = (
        "what",
        "draws or method",
        "seconds",
        "fastest–slowest",
        "× ours",
        "furthest from its long run",
        "mean (limits)",
        "peak, MB",
    )
    lines = "\n".join([*goals, *missing])
    return f"# A structural time series\n\n`python -m benchmarks.series`. {about}\n\n{_told()}\n\n{table(head, rows)}\n\n{lines}\n"


def _told() -> str:
    assert __doc__
    return " ".join(__doc__.split("\n\n", 1)[1].split())


def _row(name: str, setting: str, long: Run, runs: Runs, ours: float) -> list[str]:
    off = _off(runs.every, long)
    mean, low, high = (runs.median(part) for part in ("mean", "low", "high"))
    seconds = runs.median("seconds")
    return [
        name, setting, f"{seconds:.3f}", runs.span("seconds"), f"{seconds / ours:,.1f}", f"{off:.1%}{'' if off <= CLOSE else ' (not close)'}",
        f"{mean:.2f} ({low:.2f} to {high:.2f})", f"{runs.peak():.0f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
