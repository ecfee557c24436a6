"""How often the randomised readout's 95 % interval holds the truth: ``python -m benchmarks.coverage``.

Each run simulates a company with known truth (``causalcx.simulate``), reduces it to moments and estimates every outcome
under every adjustment. Over the runs: bias, the spread of the estimates against the standard error reported, coverage
with the band in which chance alone would leave a correct interval, and the correlations between outcomes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # processes share the cores, so each keeps to one

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from scipy import special, stats  # noqa: E402

from causalcx.core.inference import t_interval  # noqa: E402
from causalcx.core.moments import Array, Moments  # noqa: E402
from causalcx.core.need import ANSWERED_BY, COVARIATE, variables_of  # noqa: E402
from causalcx.core.outcomes import Outcome  # noqa: E402
from causalcx.designs.arms.armmeans import arm_means  # noqa: E402
from causalcx.designs.contrasts import contrasts  # noqa: E402
from causalcx.simulate import Effects, Population, draw_customers, truth_of  # noqa: E402

EFFECTS = {"merged": Effects(mood=0.3, leaving=-0.2, spend=0.1, calling=-0.2)}
"""Large, and different for different customers, so that an interval right only under no effect would show."""
COVARIATES = {"none": (), "interacted": ("tenure_months", "prior_spend"), "cuped": ("prior_spend",)}
Columns = dict[str, NDArray[Any]]
LEVEL, BAND = 0.95, 0.999
CAP = 1000.0
POPULATIONS = {
    "everyone answers": Population(answering_rate=1.0),
    "a fifth answers": Population(answering_rate=0.2),
    "skewed bills": Population(answering_rate=1.0, spend_spread=1.1),
}


@dataclass(frozen=True)
class Kind:
    """An outcome as it is measured here."""

    outcome: Outcome
    column: str
    truth: str
    """Its name among the closed forms."""
    label: str
    population: str = "everyone answers"

    @property
    def among(self) -> bool:
        """Whether some do not answer, so that covariates count among those who do."""
        return self.population == "a fifth answers"

    @property
    def paired(self) -> bool:
        """Whether its correlations with the others are shown; those of one column with itself are not."""
        return self.outcome.cap is None and self.population != "skewed bills"


def _kind(kind: str, column: str, truth: str, label: str, cap: float | None = None, **more: str) -> Kind:
    outcome = Outcome.model_validate({"name": label, "kind": kind, "column": column, "role": "primary", "cap": cap})
    return Kind(outcome, column, truth, label, **more)


KINDS = (
    _kind("nps", "score", "nps_everyone", "nps, everyone answers"),
    _kind("nps", "score", "nps_answerers", "nps, 20 % answer at random", population="a fifth answers"),
    _kind("score", "satisfaction", "satisfaction_everyone", "score, 1 to 5"),
    _kind("binary", "churned_90d", "churn", "binary, churn"),
    _kind("amount", "revenue_90d", "revenue", "amount, revenue"),
    _kind("amount", "revenue_90d", "revenue_capped", "amount, revenue capped", cap=CAP),
    _kind("amount", "revenue_90d", "revenue", "amount, very skewed", population="skewed bills"),
    _kind("count", "calls_90d", "calls", "count, calls"),
)


@dataclass(frozen=True)
class Runs:
    """Results of one sample size and adjustment over R runs and the K kinds."""

    estimate: Array
    """[R, K]"""
    covariance: Array
    """[R, K, K]"""
    holds: NDArray[np.bool_]
    """[R, K] whether the interval holds the truth."""


def moments_of_arrays(arm: NDArray[np.str_], arms: Sequence[str], columns: dict[str, Array]) -> Moments:
    """Moments without strata of columns [n] that are NaN where missing."""
    names, values = list(columns), np.column_stack(list(columns.values())).astype(float)
    level = np.nanmean(values, axis=0)
    seen = ~np.isnan(values)
    shifted = np.where(seen, values - level, 0.0)
    rows = [arm == label for label in arms]
    count = np.stack([seen[r].T.astype(float) @ seen[r] for r in rows])
    away = np.stack([shifted[r].T @ seen[r] for r in rows]) / np.maximum(count, 1)
    product = np.stack([shifted[r].T @ shifted[r] for r in rows]) - count * away * np.swapaxes(away, 1, 2)
    mean = np.where(count > 0, away + level[:, None], 0.0)
    units = np.array([[float(r.sum())] for r in rows])
    return Moments(tuple(arms), ("",), tuple(names), units, count[:, None], mean[:, None], product[:, None])


def columns_of(tables: dict[str, Columns], covariates: Sequence[str]) -> dict[str, Array]:
    """The variables of all kinds, and the covariates, also among those who answered."""
    found: dict[str, Array] = {}
    known = {c: tables[KINDS[0].population][c].astype(float) for c in covariates}
    for kind in KINDS:
        value = tables[kind.population][kind.column].astype(float)
        found |= _variables(kind.outcome, value)
        if kind.among:
            among = {c: np.where(np.isnan(value), np.nan, x) for c, x in known.items()}
            found |= {f"{COVARIATE}{c}{ANSWERED_BY}{kind.outcome.key}": x for c, x in among.items()}
    return found | {f"{COVARIATE}{c}": x for c, x in known.items()}


def _variables(outcome: Outcome, value: Array) -> dict[str, Array]:
    if outcome.kind == "nps":
        shares = (np.where(np.isnan(value), np.nan, test) for test in (value >= 9, value <= 6))
        return dict(zip(variables_of(outcome), shares, strict=True))
    return {outcome.key: value if outcome.cap is None else np.minimum(value, outcome.cap)}


def one_run(seed: int, customers: int) -> dict[str, tuple[Array, Array, NDArray[np.bool_]]]:
    """Estimates, covariance and whether the truth is held, per adjustment; the same customers in every population."""
    tables = {name: draw_customers(customers, seed, EFFECTS, population=p) for name, p in POPULATIONS.items()}
    return {adjustment: _fit(tables, adjustment) for adjustment in COVARIATES}


@cache
def truths() -> Array:
    """[K] true effects, from their closed forms."""
    found = {name: truth_of(EFFECTS, population=p, cap=CAP)["effects"] for name, p in POPULATIONS.items()}
    return np.array([found[kind.population]["merged vs today"][kind.truth] for kind in KINDS])


def _fit(tables: dict[str, Columns], adjustment: str) -> tuple[Array, Array, NDArray[np.bool_]]:
    outcomes = [kind.outcome for kind in KINDS]
    columns = columns_of(tables, COVARIATES[adjustment])
    moments = moments_of_arrays(tables[KINDS[0].population]["variant"], ("today", "merged"), columns)
    means = arm_means(moments, tuple(v for o in outcomes for v in variables_of(o)), adjustment)
    estimates = contrasts(means, outcomes, "today", adjustment)
    error = np.sqrt(np.diag(estimates.covariance))
    spans = [
        t_interval(float(value), float(std_error), df, LEVEL)
        for value, std_error, df in zip(estimates.value, error, estimates.df, strict=True)
    ]
    holds = [low <= truth <= high for (low, high), truth in zip(spans, truths(), strict=True)]
    return estimates.value, estimates.covariance, np.array(holds)


def all_runs(runs: int, customers: int, seed: int, processes: int) -> dict[str, Runs]:
    """The runs of one sample size, per adjustment; run r uses the seed ``seed x 1,000,000 + r``."""
    seeds = range(seed * 1_000_000, seed * 1_000_000 + runs)
    job = partial(one_run, customers=customers)
    if processes == 1:
        results = [job(s) for s in seeds]
    else:
        with get_context("spawn").Pool(processes) as pool:
            results = pool.map(job, seeds, chunksize=50)
    return {a: Runs(*(np.array(part) for part in zip(*(r[a] for r in results), strict=True))) for a in COVARIATES}


def coverage_band(runs: int) -> tuple[float, float]:
    """Coverage that a correct interval shows in 99.9 % of such experiments (binomial quantiles)."""
    low, high = stats.binom.ppf([(1 - BAND) / 2, (1 + BAND) / 2], runs, LEVEL) / runs
    return float(low), float(high)


def rows_of(customers: int, adjustment: str, runs: Runs) -> list[str]:
    """Table rows, one per kind."""
    many, spread = len(runs.estimate), runs.estimate.std(axis=0, ddof=1)
    bias = runs.estimate.mean(axis=0) - truths()
    reported = np.sqrt(np.diagonal(runs.covariance, axis1=1, axis2=2)).mean(axis=0)
    low, high = coverage_band(many)
    return [
        f"| {kind.label} | {adjustment} | {customers:,} | {truths()[k]:.4g} | {bias[k]:+.2g} "
        f"({bias[k] / spread[k] * np.sqrt(many):+.1f}) | {spread[k]:.4g} | {reported[k]:.4g} | {spread[k] / reported[k]:.3f} | "
        f"{runs.holds[:, k].mean():.4f} | {'yes' if low <= runs.holds[:, k].mean() <= high else 'no'} |"
        for k, kind in enumerate(KINDS)
    ]


def correlation_row(customers: int, adjustment: str, runs: Runs) -> str:
    """The pair of outcomes whose reported correlation is furthest from that of the estimates, in Monte Carlo errors."""
    paired = [k for k, kind in enumerate(KINDS) if kind.paired]
    seen = np.corrcoef(runs.estimate[:, paired].T)
    covariance = runs.covariance[:, paired][:, :, paired]
    error = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    reported = (covariance / (error[:, :, None] * error[:, None, :])).mean(axis=0)
    upper = np.triu_indices(len(paired), 1)
    apart = (np.arctanh(seen[upper]) - np.arctanh(reported[upper])) * np.sqrt(len(runs.estimate) - 3)
    worst = int(np.abs(apart).argmax())
    i, j = (axis[worst] for axis in upper)
    names = " and ".join(KINDS[paired[k]].label.replace(",", ":") for k in (i, j))
    return f"| {adjustment} | {customers:,} | {names} | {seen[i, j]:.3f} | {reported[i, j]:.3f} | {apart[worst]:+.1f} |"


def report(results: dict[int, dict[str, Runs]], *, runs: int, seed: int, date: dt.date, took: str) -> str:
    """The page as Markdown."""
    low, high = coverage_band(runs)
    paired = sum(kind.paired for kind in KINDS)
    pairs = paired * (paired - 1) // 2
    limit = special.ndtri(1 - (1 - BAND) / 2 / pairs)
    rows = [row for n, by in results.items() for a, r in by.items() for row in rows_of(n, a, r)]
    correlations = [correlation_row(n, a, r) for n, by in results.items() for a, r in by.items()]
    return "\n".join(
        [
            "# Coverage of the randomised readout",
            "",
            f"{runs:,} runs per row, seed {seed}, {date.isoformat()}, {took}; {machine()}. Made by",
            f"`python -m benchmarks.coverage --runs {runs} --seed {seed} --out benchmarks/coverage.md`.",
            "",
            "Two equal arms of a simulated company whose effects are known in closed form (`causalcx/simulate`). `customers` is",
            "both arms together; interacted adjusts for two covariates, cuped for one. **Bias** stands beside its distance from 0 in",
            "Monte Carlo standard errors. **Spread** is the standard deviation of the estimates over the runs, **reported** the mean",
            f"of the standard errors that the readout states. A correct 95 % interval shows a coverage from {low:.4f} to {high:.4f} in",
            "99.9 % of such experiments; **in band** says whether it did.",
            "",
            "| outcome | adjustment | customers | truth | bias (z) | spread | reported | spread / reported | coverage | in band |",
            "|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
            *rows,
            "",
            "## Outcomes together",
            "",
            "Money is drawn from the joint law of all outcomes, so their correlations must be right too. Per row, the pair whose",
            f"reported correlation is furthest from that of the estimates, in Monte Carlo standard errors; the largest of {pairs} stays",
            f"below {limit:.1f} in 99.9 % of such experiments if all are right.",
            "",
            "| adjustment | customers | furthest pair | of the estimates | reported | z |",
            "|---|---:|---|---:|---:|---:|",
            *correlations,
            "",
        ]
    )


def machine() -> str:
    """What it ran on."""
    model = next(
        (line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, numpy {np.__version__}"


def _cpuinfo() -> list[str]:
    file = Path("/proc/cpuinfo")
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument(
        "--customers", type=int, nargs="+", default=[2000, 400], help="sample sizes, both arms together"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="Markdown file; default: standard output")
    asked = parser.parse_args()
    start = dt.datetime.now(dt.UTC)
    results = {n: all_runs(asked.runs, n, asked.seed, asked.processes) for n in asked.customers}
    now = dt.datetime.now(dt.UTC)
    text = report(results, runs=asked.runs, seed=asked.seed, date=now.date(), took=f"{(now - start).seconds} s")
    if asked.out:
        asked.out.write_text(text, encoding="utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
