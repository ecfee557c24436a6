"""Synthetic difference-in-differences with its placebo standard error, against azcausal: ``python -m benchmarks.synthetic``.

Both get the same matrix of outcomes, each run in its own process and interleaved. Ours tries every donor as a placebo; azcausal draws as many
at random. azcausal needs an environment with its own pins: PEER_AZCAUSAL_PYTHON names its interpreter.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from benchmarks.machine import described, table  # noqa: E402
from benchmarks.peers import interpreters  # noqa: E402
from benchmarks.processes import Runs, interleaved  # noqa: E402

SIZES = {"20 units x 100 periods": (20, 100, 70), "39 units x 31 periods": (39, 31, 19)}
GOAL = 10.0
"""How many times as fast, with the standard error."""
Values = NDArray[Any]


def drawn(units: int, periods: int) -> Values:
    """[units, periods] levels, a common course with loads, noise; the first unit is treated."""
    rng = np.random.default_rng(1)
    course = np.cumsum(rng.normal(0, 1, periods))
    return (
        50
        + rng.normal(0, 3, (units, 1))
        + rng.uniform(0.2, 1.2, (units, 1)) * course
        + rng.normal(0, 1, (units, periods))
    )


def causalcx(values: Values, start: int) -> tuple[Callable[[], float], Callable[[], float]]:
    """Estimate, and its standard error."""
    from causalcx.designs.donors.spread import Setting, placebos_of, spread_of

    setting = Setting((values,), np.array([0]), np.arange(1, len(values)), start, "synthetic-did")

    def error() -> float:
        return float(np.sqrt(spread_of(setting, [setting.fit(0)], placebos_of(setting, 1)).covariance[0, 0]))

    return lambda: setting.fit(0).effect, error


def azcausal(values: Values, start: int) -> tuple[Callable[[], float], Callable[[], float]]:
    """The same by the peer."""
    import pandas as pd
    from azcausal.core.error import Placebo
    from azcausal.core.panel import CausalPanel
    from azcausal.estimators.panel.sdid import SDID

    treated = np.zeros(values.T.shape, int)
    treated[start:, 0] = 1
    panel = CausalPanel(data={"outcome": pd.DataFrame(values.T), "intervention": pd.DataFrame(treated)}).setup()
    estimator = SDID()

    def error() -> float:
        result = estimator.fit(panel)
        estimator.error(result, Placebo(n_samples=len(values) - 1, seed=1))
        return float(result.effect.se)

    return lambda: float(estimator.fit(panel).effect.value), error


WORKERS = {"causalcx": causalcx, "azcausal": azcausal}


def work(name: str, size: str) -> None:
    """One run: prints seconds and answers."""
    units, periods, start = SIZES[size]
    estimate, error = WORKERS[name](drawn(units, periods), start)
    (value, once), (spread, whole) = _timed(estimate), _timed(error)
    print(json.dumps({"estimate": value, "std_error": spread, "once": once, "whole": whole}))


def _timed(call: Callable[[], float]) -> tuple[float, float]:
    begin = time.perf_counter()
    return call(), time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return work(*options.worker)
    pythons, missing = interpreters(("azcausal",))
    commands = {
        f"{name}|{size}": [python, "-m", "benchmarks.synthetic", "--worker", name, size]
        for size in SIZES
        for name, python in pythons.items()
    }
    text = _document(interleaved(commands, options.repeats), missing, options.repeats)
    options.out.write_text(text, encoding="utf-8")
    print(text)
    return None


def _document(runs: dict[str, Runs], missing: list[str], repeats: int) -> str:
    rows = [[name.replace("|", ", "), *_figures(found)] for name, found in runs.items()]
    goals = [_goal(size, runs) for size in SIZES if f"azcausal|{size}" in runs] + missing
    about = described(
        ("causalcx", "numpy", "scipy"), f"Medians of {repeats} interleaved runs, each in its own process, one thread."
    )
    head = ("what", "estimate, ms", "with standard error, ms", "peak, MB", "estimate", "standard error")
    shown = "\n".join(goals)
    return f"# Synthetic difference-in-differences\n\n`python -m benchmarks.synthetic`. {about}\n\n{table(head, rows)}\n\n{shown}\n"


def _goal(size: str, runs: dict[str, Runs]) -> str:
    ratio = runs[f"azcausal|{size}"].median("whole") / runs[f"causalcx|{size}"].median("whole")
    return f"- {'met' if ratio >= GOAL else 'NOT met'}: {size}: {ratio:.0f} × as fast; goal {GOAL:g} ×"


def _figures(found: Runs) -> list[str]:
    return [
        f"{1000 * found.median('once'):.1f}", f"{1000 * found.median('whole'):.1f}", f"{found.peak():.0f}",
        f"{found.median('estimate'):.4f}", f"{found.median('std_error'):.4f}",
    ]  # fmt: skip


if __name__ == "__main__":
    main()
