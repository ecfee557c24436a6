"""Customers of the simulated company: one table, randomly assigned, with the truth beside it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from causalcx.simulate.population import (
    BASES,
    LATENTS,
    REGIONS,
    SATISFACTION_CUTS,
    SCORE_CUTS,
    SEGMENTS,
    Answering,
    Array,
    Effects,
    Population,
)
from causalcx.simulate.truth import UNITS, population_means

if TYPE_CHECKING:
    import pyarrow as pa

Columns = dict[str, NDArray[Any]]

CONTROL = "today"
MERGED: dict[str, Effects] = {"merged": Effects(mood=0.08, leaving=-0.075, spend=0.005)}
"""The story of the gallery: a smoother step lifts the mood a little, and fewer leave at the first bill."""
PERIOD = (dt.date(2026, 3, 1), dt.date(2026, 4, 15))
CAP = 1000.0
"""USD; the registered cap on 90-day revenue."""


def simulate(
    customers: int,
    seed: int,
    effects: Mapping[str, Effects] | None = None,
    *,
    control: str = CONTROL,
    population: Population | None = None,
    cap: float | None = CAP,
    period: tuple[dt.date, dt.date] = PERIOD,
) -> tuple[Columns, dict[str, Any]]:
    """A randomised company and its exact truth: :func:`draw_customers` and :func:`truth_of`."""
    columns = draw_customers(customers, seed, effects, control=control, population=population, period=period)
    return columns, truth_of(effects, control=control, population=population, cap=cap)


def draw_customers(
    customers: int,
    seed: int,
    effects: Mapping[str, Effects] | None = None,
    *,
    control: str = CONTROL,
    population: Population | None = None,
    period: tuple[dt.date, dt.date] = PERIOD,
) -> Columns:
    """A randomised company of ``customers`` rows; the same seed gives the same table.

    ``effects`` holds one entry per treated arm (default: the gallery's ``merged``); each customer draws an arm with
    equal chances, independently.

    Columns, each [customers]: ``customer_id`` (1, 2, ...), ``variant``, ``entered_on`` (date in ``period``), known
    before: ``tenure_months``, ``prior_spend`` (USD in the 90 days before), ``segment``, ``region``; after: ``score``
    (0-10) and ``satisfaction`` (1-5), NaN where the customer did not answer, ``churned_90d`` (bool), ``revenue_90d``
    (USD, to the cent: a leaver pays a uniform share of what staying would have brought), ``calls_90d`` (whole).

    Raises ValueError for fewer than one customer or a control among the treated arms.
    """
    effects, population = effects or MERGED, population or Population()
    if customers < 1 or control in effects:
        raise ValueError("simulate needs at least one customer and a control that is not among the treated arms")
    rng = np.random.default_rng(seed)
    arms = {control: Effects(), **effects}
    people = _people(rng, customers, arms, period)
    normals = rng.standard_normal((len(BASES), customers))
    latents = population.loadings @ normals + _means(population, arms, people)
    return people | _covariates(normals) | _outcomes(rng, dict(zip(LATENTS, latents, strict=True)))


def truth_of(
    effects: Mapping[str, Effects] | None = None,
    *,
    control: str = CONTROL,
    population: Population | None = None,
    cap: float | None = CAP,
) -> dict[str, Any]:
    """The population's means and effects, in closed form.

    ``effects`` by comparison (``merged vs today``) and outcome; ``means`` by arm and outcome; ``by_segment`` the
    effects within each segment; ``units`` per outcome. NPS and satisfaction stand twice: ``_everyone`` (had all
    answered) and ``_answerers`` (the difference between those who answer in either arm).
    """
    population = population or Population()
    arms = {control: Effects(), **(effects or MERGED)}
    means = {arm: population_means(population, e, cap) for arm, e in arms.items()}
    return {
        "control": control,
        "effects": _differences(means, control),
        "means": means,
        "by_segment": {
            segment: _differences(
                {arm: population_means(population, e, cap, segment) for arm, e in arms.items()}, control
            )
            for segment in SEGMENTS
        },
        "units": {name: UNITS[name] for name in means[control]},
        "answering": population.answering,
        "cap": cap,
    }


def _differences(means: dict[str, dict[str, float]], control: str) -> dict[str, dict[str, float]]:
    base = means[control]
    return {
        f"{arm} vs {control}": {name: mean[name] - base[name] for name in base}
        for arm, mean in means.items()
        if arm != control
    }


def _people(rng: Generator, n: int, arms: Mapping[str, Effects], period: tuple[dt.date, dt.date]) -> Columns:
    start, end = (np.datetime64(day, "D") for day in period)
    return {
        "customer_id": np.arange(1, n + 1, dtype=np.int32),
        "variant": np.array(list(arms))[rng.integers(len(arms), size=n)],
        "entered_on": start + rng.integers(int((end - start).astype(int)) + 1, size=n),
        "segment": rng.choice(list(SEGMENTS), n, p=list(SEGMENTS.values())),
        "region": rng.choice(list(REGIONS), n, p=list(REGIONS.values())),
    }


def _means(population: Population, arms: Mapping[str, Effects], people: Columns) -> Array:
    """[latents, customers]."""
    out = np.empty((len(LATENTS), len(people["variant"])))
    for arm, effects in arms.items():
        for cell in population.cells:
            rows = (people["variant"] == arm) & (people["segment"] == cell.segment) & (people["region"] == cell.region)
            out[:, rows] = population.means(cell.segment, cell.region, effects)[:, None]
    return out


def _covariates(normals: Array) -> Columns:
    tenure, wallet = normals[BASES.index("tenure")], normals[BASES.index("wallet")]
    return {
        "tenure_months": np.rint(np.exp(2.3 + 0.7 * tenure)).astype(np.int16),
        "prior_spend": np.round(np.exp(3.9 + 0.6 * wallet), 2),
    }


def _outcomes(rng: Generator, latents: dict[str, Array]) -> Columns:
    answers, churned = latents["answering"] > 0, latents["leaving"] > 0
    stay = np.where(churned, rng.uniform(size=churned.size), 1.0)
    return {
        "score": np.where(answers, np.searchsorted(SCORE_CUTS, latents["opinion"]), np.nan),
        "satisfaction": np.where(answers, 1 + np.searchsorted(SATISFACTION_CUTS, latents["opinion"]), np.nan),
        "churned_90d": churned,
        "revenue_90d": np.round(np.exp(latents["spend"]) * stay, 2),
        "calls_90d": rng.poisson(np.exp(latents["calling"])).astype(np.int16),
    }


def table(columns: Columns) -> pa.Table:
    """The columns as an Arrow table in small types; unanswered scores are null."""
    import pyarrow as pa

    small = {"score": pa.int8(), "satisfaction": pa.int8(), "entered_on": pa.date32()}
    return pa.table(
        {name: pa.array(values, type=small.get(name), from_pandas=True) for name, values in columns.items()}
    )


def write_company(
    out: Path | str,
    *,
    customers: int,
    seed: int,
    answering: Answering = "random",
    answering_rate: float = 0.2,
    effects: Mapping[str, Effects] | None = None,
    cap: float | None = CAP,
) -> dict[str, Path]:
    """Write ``data.parquet`` and ``truth.json`` into the folder ``out``, and ``experiment.yaml`` where none is there.

    Returns the paths by the names ``data``, ``truth`` and ``experiment``. The same arguments give the same bytes.
    """
    import pyarrow.parquet as pq

    population = Population(answering=answering, answering_rate=answering_rate)
    columns, truth = simulate(customers, seed, effects, population=population, cap=cap)
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"data": folder / "data.parquet", "truth": folder / "truth.json", "experiment": folder / "experiment.yaml"}
    pq.write_table(table(columns), paths["data"], compression="zstd", compression_level=19)
    document = _rounded(truth | {"customers": customers, "seed": seed})
    paths["truth"].write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    if not paths["experiment"].exists():
        paths["experiment"].write_text(_experiment_text([CONTROL, *(effects or MERGED)]), encoding="utf-8")
    return paths


def _rounded(node: Any) -> Any:
    """Ten decimals: the last bits differ between processors."""
    if isinstance(node, dict):
        return {key: _rounded(value) for key, value in node.items()}
    return round(node, 10) if isinstance(node, float) else node


def _experiment_text(arms: list[str]) -> str:
    """The experiment file for these arms, the control first."""
    text = Path(__file__).with_name("experiment.template.yaml").read_text(encoding="utf-8")
    quoted = [json.dumps(arm, ensure_ascii=False) for arm in arms]
    return text.replace("CONTROL", quoted[0]).replace("RATIO", ", ".join(f"{arm}: 1" for arm in quoted))
