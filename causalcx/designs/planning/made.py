"""A history made from what a person knows: outcomes as far apart as stated, each row on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole
from causalcx.core.need import EVERYONE, Frame, Labels, Profile
from causalcx.core.outcomes import Outcome
from causalcx.core.panel import Clock, Panel
from causalcx.designs.planning.spreads import Stated, known_outcomes

ROWS = 5_000
OVER_TIME = ("staggered", "synthetic-control", "interrupted-time-series", "switchback")


@dataclass(frozen=True)
class Setting:
    """What a person knows of a plan beside its outcomes."""

    sites: int | None = None
    """Units that are to get it."""
    untouched: int | None = None
    """Units that are not."""
    periods: int | None = None
    """Periods, or slots, before."""
    moved: float | None = None
    """Share whom a nudge, or a cutoff, moves to take it."""


def made_history(experiment: Experiment, stated: Stated, setting: Setting, seed: int) -> tuple[Experiment, Frame]:
    """The plan with the outcomes whose spread is stated, and their history. Raises CannotAnswer where its shape is not told."""
    rng, design = np.random.default_rng(seed), experiment.design
    known = known_outcomes(experiment, stated)
    units, periods = _shape(experiment, setting)
    n = units * periods
    panel = _panel(str(getattr(design, "time", "")), units, periods) if design.kind in OVER_TIME else None
    frame = Frame(
        profile=Profile("", None, n, {EVERYONE: n}, {}, {}, {}), arm=np.zeros(n, np.int64),
        outcomes={o.key: _values(o, stated, n, rng) for o in known},
        covariates={c: rng.standard_normal(n) for c in getattr(design, "covariates", [])},
        labels=_labels(design, units, periods), numbers=_numbers(design, n, rng), panel=panel,
    )  # fmt: skip
    return experiment.model_copy(update={"outcomes": list(known)}), frame


def _shape(experiment: Experiment, setting: Setting) -> tuple[int, int]:
    kind = experiment.design.kind
    if kind not in OVER_TIME:
        return ROWS, 1
    sites = {"interrupted-time-series": 1, "synthetic-control": len(getattr(experiment.design, "treated", []))}.get(
        kind, setting.sites
    )
    others = 0 if kind in ("interrupted-time-series", "switchback") else setting.untouched
    if not sites or others is None or not setting.periods:
        asked = {
            "staggered": "--sites, --untouched, --periods",
            "switchback": "--sites, --periods",
            "synthetic-control": "--untouched, --periods",
        }
        raise CannotAnswer(
            "Stated spreads alone do not tell how many units and periods there are; give {options}, or a --history.",
            options=asked.get(kind, "--periods"),
        )  # fmt: skip
    return sites + others, setting.periods


def _panel(column: str, units: int, periods: int) -> Panel:
    clock = Clock(column, tuple(str(t) for t in range(1, periods + 1)), "number", np.arange(1.0, periods + 1))
    return Panel(
        clock,
        np.tile(np.arange(periods), units),
        np.repeat(np.arange(units), periods),
        tuple(str(u) for u in range(units)),
    )


def _labels(design: Any, units: int, periods: int) -> dict[str, Labels]:
    """Every unit its own cluster, where the plan names one."""
    cluster = getattr(design, "cluster", None)
    return (
        {cluster: Labels(np.repeat(np.arange(units), periods), tuple(str(u) for u in range(units)))} if cluster else {}
    )


def _numbers(design: Any, n: int, rng: np.random.Generator) -> dict[str, Array]:
    """A running variable that is evenly spread about the cutoff."""
    return {design.running: design.cutoff + rng.uniform(-1, 1, n)} if design.kind == "discontinuity" else {}


def _values(outcome: Outcome, stated: Stated, n: int, rng: np.random.Generator) -> Array:
    """Values as a source would give them."""
    base, spread = stated.baseline.get(outcome.key, 0.0), stated.spread.get(outcome.key, 0.0)
    if outcome.kind == "nps":
        values = np.array([10.0, 8.0, 0.0])[_drawn(_answers(outcome.key, base, spread), n, rng)]
    elif outcome.kind == "binary" and outcome.key in stated.baseline:
        values = (rng.random(n) < base).astype(float)
    else:
        values = base + spread * rng.standard_normal(n)
    return np.where(rng.random(n) < stated.answering.get(outcome.key, 1.0), values, np.nan)


def _drawn(shares: Sequence[float], n: int, rng: np.random.Generator) -> Whole:
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(n), side="right")


def _answers(name: str, score: float, spread: float) -> tuple[float, float, float]:
    """Shares of promoters, passives and detractors with this NPS and this spread."""
    extreme = (spread**2 + score**2) / 100**2
    promoters, detractors = (extreme + score / 100) / 2, (extreme - score / 100) / 2
    if min(promoters, detractors, 1 - extreme) < 0:
        raise CannotAnswer(
            "No answers give {outcome} an NPS of {score} and a spread of {spread} points; the spread lies between {least} and {most}.",
            outcome=name, score=f"{score:g}", spread=f"{spread:g}", least=f"{np.sqrt(abs(score) * (100 - abs(score))):.0f}",
            most=f"{np.sqrt(100**2 - score**2):.0f}",
        )  # fmt: skip
    return promoters, 1 - extreme, detractors
