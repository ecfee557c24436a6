"""Who gets which arm: a lot that anybody can draw again from the unit's name, the plan's key and a salt.

Within a stratum of n units, ordered by SHA-256(key, salt, unit), the unit in place i gets the arm in whose part of the cumulated
shares (i + start) / n lies; the start, between 0 and 1, comes from SHA-256(key, salt, stratum). So every arm has its share
of every stratum, rounded up or down, and every unit has the planned chance of every arm. Where groups are drawn as one, they take the
place of the units; pairs of what is alike are strata of two.
"""

from __future__ import annotations

import hashlib
import json
import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np

from causalcx.checks.randomisation import balance
from causalcx.core.design_keys.randomised import Randomised
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.experiment import Experiment
from causalcx.core.moments import Array, Whole, moments_of_columns
from causalcx.core.need import EVERYONE, Frame, Need
from causalcx.designs.planning.columns import filled_covariates, names_of_rows, stratum_of_rows
from causalcx.designs.planning.split import Split
from causalcx.designs.values import clusters_of

TRIES = 20
"""Lots drawn, in multiples of those expected, before a balanced one is given up."""
MOST_PAIRED = 2_000


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
    pairs: tuple[str, ...] | None = None
    """The pair of every unit, where pairs were made."""


@dataclass(frozen=True)
class Drawn:
    """What is drawn: units, or groups of them."""

    names: tuple[str, ...]
    strata: tuple[str, ...]
    columns: Mapping[str, Array]
    """Covariates; of a group their means."""
    of: Whole
    """[n] which of them each row of the file belongs to."""


def units_need(experiment: Experiment, design: Randomised, unit: str, *, with_covariates: bool) -> Need:
    """The unit, its group, its strata and, for a balance, its covariates; nothing that could be an outcome."""
    group = [design.cluster] if design.cluster and design.cluster != unit else []
    return Need(
        unit=unit, treatment=EVERYONE, control=EVERYONE, outcomes=(),
        covariates=tuple(design.covariates) if with_covariates else (), labels=(unit, *group, *design.strata),
        exclude={c: tuple(v) for c, v in experiment.exclude.items()},
    )  # fmt: skip


def drawn_of(frame: Frame, design: Randomised, unit: str) -> Drawn:
    """Every row, or every group. Raises DataError where a group lies in two strata, or a row in no group."""
    strata, columns = stratum_of_rows(frame, design.strata), filled_covariates(frame)
    if not design.cluster or design.cluster == unit:
        return Drawn(names_of_rows(frame.labels[unit]), strata, columns, np.arange(len(strata)))
    groups = np.array(frame.labels[design.cluster].names)[clusters_of(frame, design.cluster)]
    names, first, of = np.unique(groups, return_index=True, return_inverse=True)
    own = np.array(strata)[first]
    crossed = np.flatnonzero(own[of] != np.array(strata))
    if len(crossed):
        raise DataError(
            "{column} {name} lies in more than one stratum of {strata}; what is drawn as one belongs to one.",
            column=design.cluster, name=str(names[of[crossed[0]]]), strata=", ".join(design.strata),
        )  # fmt: skip
    means = {name: np.bincount(of, x) / np.bincount(of) for name, x in columns.items()}
    return Drawn(tuple(names.tolist()), tuple(own.tolist()), means, of)


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


def assigned(
    key: str, salt: str, frame: Frame, design: Randomised, split: Split, accept: float | None, *, unit: str = "", pairs: bool = False
) -> Lot:  # fmt: skip
    """One lot; with ``accept``, the first whose covariates are balanced as in the best ``accept`` of all lots; with ``pairs``, one of
    each pair that is alike.

    Re-randomised lots take the salts salt#1, salt#2 ... (Morgan & Rubin 2012, Annals of Statistics 40: 1263-1282). Raises
    CannotAnswer where no covariate can be balanced, or no lot is balanced enough.
    """
    unit = unit or design.unit
    units, what = names_of_rows(frame.labels[unit]), drawn_of(frame, design, unit)
    pair = alike(what, split) if pairs else None
    what = what if pair is None else replace(what, strata=pair)
    one = _lot(key, salt, what, split, accept)
    arms, strata = (tuple(part[i] for i in what.of.tolist()) for part in (one.arms, one.strata))
    return replace(one, units=units, arms=arms, strata=strata, pairs=strata if pairs else None)


def _lot(key: str, salt: str, what: Drawn, split: Split, accept: float | None) -> Lot:
    if accept is None:
        return Lot(what.names, draw_lot(key, salt, what.names, what.strata, split), what.strata, salt)
    for i in range(math.ceil(TRIES / accept)):
        own = f"{salt}#{i}" if i else salt
        arms = draw_lot(key, own, what.names, what.strata, split)
        p = _balance(arms, what.columns, what.strata, split.control)
        if p >= 1 - accept:
            return Lot(what.names, arms, what.strata, own, i + 1, p)
    raise CannotAnswer(
        "None of {tries} lots was balanced as well as the best {accept} of all; there are too few units, raise --rerandomise.",
        tries=math.ceil(TRIES / accept), accept=accept,
    )  # fmt: skip


def alike(what: Drawn, split: Split) -> tuple[str, ...]:
    """The pair of each: within strata the two that are closest become one, then the next closest; an odd one stays alone.

    Distances are Euclidean between covariates of mean 0 and standard deviation 1, a greedy match (Imai, King & Nall 2009, Statistical
    Science 24: 29-53, pair optimally; the greedy match is near it and the same on any machine).
    """
    _refuse_pairs(what, split)
    order = np.argsort(np.array(what.names))
    x = np.column_stack([(y - y.mean()) / y.std() for y in what.columns.values()])
    pair = np.full(len(order), -1)
    for stratum in dict.fromkeys(what.strata):
        own = order[[what.strata[i] == stratum for i in order]]
        apart = ((x[own][:, None] - x[own][None]) ** 2).sum(axis=2)
        one, other = np.triu_indices(len(own), 1)
        for k in np.argsort(apart[one, other], kind="stable"):
            both = own[[one[k], other[k]]]
            if (pair[both] < 0).all():
                pair[both] = pair.max() + 1
        for alone in own[pair[own] < 0]:
            pair[alone] = pair.max() + 1
    return tuple(f"pair {p + 1}" for p in pair.tolist())


def _refuse_pairs(what: Drawn, split: Split) -> None:
    if len(set(split.shares.values())) != 1 or len(split.shares) != 2:
        raise CannotAnswer(
            "Pairs are for two arms of equal size; `design.ratio` plans {arms}.", arms=", ".join(split.shares)
        )
    if not what.columns:
        raise CannotAnswer("Nothing tells which are alike: name `design.covariates` that differ between them.")
    if len(what.names) > MOST_PAIRED:
        raise CannotAnswer(
            "{count} are too many to pair one by one ({most} at most); take strata, or --rerandomise.", count=len(what.names), most=MOST_PAIRED
        )  # fmt: skip


def _balance(arms: Sequence[str], columns: Mapping[str, Array], strata: Sequence[str], control: str) -> float:
    check = balance(moments_of_columns(arms, columns, strata, control)) if columns else None
    if check is None or check.value is None:
        raise CannotAnswer("There is nothing to balance: name `design.covariates` that differ between units.")
    return check.value
