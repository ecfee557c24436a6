"""From a history, recorded or made from what is stated, to the world that a design is tried on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from causalcx.core.experiment import Experiment
from causalcx.core.need import EVERYONE, Frame, Need
from causalcx.designs.planning.made import Setting
from causalcx.designs.planning.panel_worlds import courses, roll_out, sites
from causalcx.designs.planning.row_worlds import nudged, threshold, unassigned
from causalcx.designs.planning.slot_worlds import switching
from causalcx.designs.planning.worlds import World, rows_of
from causalcx.designs.values import in_units

FROM_START = ("synthetic-control", "interrupted-time-series")
LEARNT = ("cohort", "cluster", "treatment", "instrument")
"""Keys of a design whose columns a history may have, and tell more if it does."""
MOST_HISTORY = 20_000
"""Rows of single units that worlds are drawn from; of a longer history, as many by lot."""


def drawable(experiment: Experiment) -> Experiment:
    """What worlds are drawn of: the headline effects, of all outcomes but durations."""
    kept = [o for o in experiment.outcomes if o.kind != "duration"]
    rest = {"interference": "none", "segments": [], "negative_controls": None, "looks": None}
    return experiment.model_copy(update={"outcomes": kept} | rest)


def history_need(experiment: Experiment, columns: Collection[str], module: Any) -> Need:
    """What the design's module asks of its data, without who was treated; of what a history may lack, what it has."""
    design: Any = experiment.design
    asked: Need = module.needs(experiment, dt.date.max)
    told = [str(getattr(design, key)) for key in LEARNT if getattr(design, key, None)]
    numbers = [n for n in asked.numbers if n in columns or n == getattr(design, "running", None)]
    labels = [c for c in told if c in columns or c == getattr(design, "cluster", None)]
    return replace(
        asked, treatment=EVERYONE, control=EVERYONE, planned=None, threshold=None, labels=tuple(labels), numbers=tuple(numbers),
        entered=None, as_of=None,
    )  # fmt: skip


def world_of(experiment: Experiment, frame: Frame, setting: Setting, seed: int, *, own: bool) -> World:
    """The world of a design; ``own`` where the history is the plan's own data, so that its last part may be treated."""
    kind = experiment.design.kind
    experiment, frame = _as_scores(experiment), _in_units(experiment, frame)
    if kind == "staggered":
        both = (setting.sites or 0) + (setting.untouched or 0)
        share = (setting.sites or 0) / both if setting.sites and setting.untouched else None
        return roll_out(experiment, frame, share, seed)
    if kind in FROM_START:
        return {"synthetic-control": sites, "interrupted-time-series": courses}[kind](experiment, frame, whole=not own)
    if kind == "switchback":
        return switching(experiment, frame)
    frame = _some_rows(frame, seed)
    if kind == "discontinuity":
        return threshold(experiment, frame, setting.moved, seed)
    return (
        nudged(experiment, frame, setting.moved, seed) if kind == "instrument" else unassigned(experiment, frame, seed)
    )


def _as_scores(experiment: Experiment) -> Experiment:
    """NPS as points, so that deviations can be moved from one row to another."""
    outcomes = [o.model_copy(update={"kind": "score"}) if o.kind == "nps" else o for o in experiment.outcomes]
    return experiment.model_copy(update={"outcomes": outcomes})


def _in_units(experiment: Experiment, frame: Frame) -> Frame:
    return replace(frame, outcomes={o.key: in_units(o, frame.outcomes[o.key]) for o in experiment.outcomes})


def _some_rows(frame: Frame, seed: int) -> Frame:
    n = len(frame.arm)
    return (
        frame
        if n <= MOST_HISTORY
        else rows_of(frame, np.random.default_rng(seed).choice(n, MOST_HISTORY, replace=False))
    )
