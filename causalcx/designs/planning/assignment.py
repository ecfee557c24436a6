"""Who gets which arm: a lot that anybody can draw again from the unit's name, the plan's key and a salt.

Within a stratum of n units, ordered by SHA-256(key, salt, unit), the unit in place i gets the arm in whose part of the cumulated
shares (i + start) / n lies; the start, between 0 and 1, comes from SHA-256(key, salt, stratum). So every arm has its share
of every stratum, rounded up or down, and every unit has the planned chance of every arm.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from causalcx.checks.randomisation import balance
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, moments_of_columns
from causalcx.core.need import EVERYONE, Frame, Need
from causalcx.designs.planning.columns import filled_covariates, names_of_rows, stratum_of_rows
from causalcx.designs.planning.split import Split

TRIES = 20
"""Lots drawn, in multiples of those expected, before a balanced one is given up."""


@dataclass(frozen=True)
class Lot:
    """An assignment: the arm of every unit."""

    units: tuple[str, ...]
    arms: tuple[str, ...]
    strata: tuple[str, ...]
    salt: str
    """The salt that draws the same again."""
    tries: int = 1
    """Lots drawn until one was balanced enough."""
    balance: float | None = None
    """p-value of the balance of covariates; null without re-randomisation."""


def units_need(experiment: Experiment, design: Randomised, *, with_covariates: bool) -> Need:
    """The unit, its strata and, for a balance, its covariates; nothing that could be an outcome."""
    return Need(
        unit=design.unit, treatment=EVERYONE, control=EVERYONE, outcomes=(),
        covariates=tuple(design.covariates) if with_covariates else (), labels=(design.unit, *design.strata),
        exclude={c: tuple(v) for c, v in experiment.exclude.items()},
    )  # fmt: skip


def draw_lot(key: str, salt: str, units: Sequence[str], strata: Sequence[str], split: Split) -> tuple[str, ...]:
    """The arm of every unit, in the order of ``units``."""
    arms, ends = tuple(split.shares), list(accumulate(split.shares.values()))[:-1]
    members: dict[str, list[int]] = {}
    for i, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(i)
    drawn = [""] * len(units)
    for stratum, places in members.items():
        start = int.from_bytes(_hash(key, salt, "stratum", stratum)[:8]) / 2**64
        order = sorted(places, key=lambda i: _hash(key, salt, "unit", units[i]))
        for rank, i in enumerate(order):
            drawn[i] = arms[bisect_right(ends, (rank + start) / len(order))]
    return tuple(drawn)


def _hash(*words: str) -> bytes:
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).digest()


def assigned(key: str, salt: str, frame: Frame, design: Randomised, split: Split, accept: float | None) -> Lot:
    """One lot; with ``accept``, the first whose covariates are balanced as in the best ``accept`` of all lots.

    Re-randomised lots take the salts salt#1, salt#2 ... (Morgan & Rubin 2012, Annals of Statistics 40: 1263-1282). Raises
    CannotAnswer where no covariate can be balanced, or no lot is balanced enough.
    """
    units = names_of_rows(frame.labels[design.unit])
    strata = stratum_of_rows(frame, design.strata)
    if accept is None:
        return Lot(units, draw_lot(key, salt, units, strata, split), strata, salt)
    columns = filled_covariates(frame)
    for i in range(math.ceil(TRIES / accept)):
        own = f"{salt}#{i}" if i else salt
        arms = draw_lot(key, own, units, strata, split)
        p = _balance(arms, columns, strata, split.control)
        if p >= 1 - accept:
            return Lot(units, arms, strata, own, i + 1, p)
    raise CannotAnswer(
        "None of {tries} lots was balanced as well as the best {accept} of all; there are too few units, raise --rerandomise.",
        tries=math.ceil(TRIES / accept), accept=accept,
    )  # fmt: skip


def _balance(arms: Sequence[str], columns: Mapping[str, Array], strata: Sequence[str], control: str) -> float:
    check = balance(moments_of_columns(arms, columns, strata, control)) if columns else None
    if check is None or check.value is None:
        raise CannotAnswer("There is nothing to balance: name `design.covariates` that differ between units.")
    return check.value
