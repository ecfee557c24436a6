"""The check `selected-on-outcome` of designs that see units before the start: who was chosen, after what, and what to expect of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from causalcx.checks import selection as verdicts
from causalcx.core.check import Check, Notice, Verdict
from causalcx.core.experiment import Experiment
from causalcx.core.inference import holm
from causalcx.core.moments import Array, Whole
from causalcx.core.picture import Picture
from causalcx.designs.donors.panel import Comparison
from causalcx.designs.headline import unit_of
from causalcx.designs.roll_out.waves import Waves
from causalcx.designs.selection.own_past import (
    Chosen,
    Dip,
    LeftAlone,
    before_and_after,
    comes_back,
    dips,
    left_alone,
    picture,
)

ORDER = ("pass", "warn", "fail")


@dataclass(frozen=True)
class Selected:
    """The strongest sign that units were chosen by their own outcome."""

    check: Check
    dip: Dip | None = None
    alone: LeftAlone | None = None

    def told(self, experiment: Experiment) -> tuple[tuple[Notice, ...], tuple[Picture, ...]]:
        """What the careless reading would claim, and the picture of it; nothing unless the check fails."""
        if self.dip is None or self.check.verdict != "fail":
            return (), ()
        unit = unit_of(experiment, experiment.outcome(self.dip.outcome))
        before, after = before_and_after(self.dip)
        facts = {
            "outcome": self.dip.outcome, "unit": unit, "before": before, "after": after, "naive": after - before,
            "expected": None if self.alone is None else self.alone.change,
        }  # fmt: skip
        notice = Notice(code="naive-selected" if self.alone else "naive-selected-new", facts=facts)
        return (notice,), (picture(self.dip, self.alone, unit),)


def of_waves(experiment: Experiment, found: Waves) -> Selected:
    """Every wave against those who were not treated by its start; of repeated cross-sections, the clusters' means."""
    if found.time is not None and len(np.unique(found.cluster)) == len(found.cluster):
        return Selected(verdicts.nothing_seen("once"))
    cohort, values = _units(found, len(experiment.outcomes))
    groups = [
        Chosen(found.cohorts[g], int(found.first[g]), cohort == g, found.first[cohort] > found.first[g])
        for g in np.flatnonzero(found.treated).tolist()
    ]
    wide = {o.key: values[:, :, v] for v, o in enumerate(experiment.outcomes)}
    return _strongest(experiment, dips(wide, groups))


def _units(found: Waves, outcomes: int) -> tuple[Whole, Array]:
    """[U] cohorts and [U, T, V] values of the units, or of the clusters of rows that occur once."""
    values = found.values[:, :, :outcomes]
    if found.time is None:
        return found.cohort, values
    clusters, first = np.unique(found.cluster, return_index=True)
    total, seen = (np.zeros((len(clusters), found.periods, outcomes)) for _ in range(2))
    np.add.at(total, (found.cluster, found.time), np.nan_to_num(values[:, 0]))
    np.add.at(seen, (found.cluster, found.time), ~np.isnan(values[:, 0]))
    with np.errstate(invalid="ignore", divide="ignore"):
        return found.cohort[first], total / seen


def of_sites(experiment: Experiment, found: Comparison) -> Selected:
    """The treated sites against the donors, each in its own spread: sites differ in size."""
    setting = found.setting
    place = np.arange(len(found.units))
    group = Chosen("", setting.start, np.isin(place, setting.treated), np.isin(place, setting.donors))
    wide = {o.key: y for o, y in zip(experiment.outcomes, found.raw, strict=True)}
    return _strongest(experiment, dips(wide, [group], scaled=True))


def _strongest(experiment: Experiment, found: Sequence[Dip]) -> Selected:
    if not found:
        return Selected(verdicts.nothing_seen("short"))
    adjusted = holm([d.p for d in found])
    judged = [_judged(d, p) for d, p in zip(found, adjusted, strict=True)]
    at = max(range(len(found)), key=lambda i: (ORDER.index(judged[i]), -adjusted[i]))
    dip, alone = found[at], left_alone(found[at])
    facts = _facts(dip, alone, unit_of(experiment, experiment.outcome(dip.outcome)))
    return Selected(verdicts.selected(judged[at], facts, adjusted[at], dip.chance), dip, alone)


def _judged(dip: Dip, p: float) -> Verdict:
    size = abs(dip.dip) / dip.spread
    back = dip.chance < verdicts.SURELY and comes_back(dip, left_alone(dip), verdicts.LARGE)
    return verdicts.verdict_of(p, dip.chance, size, comes_back=back)


def _facts(dip: Dip, alone: LeftAlone | None, unit: str) -> dict[str, Any]:
    treated, among = int(dip.group.treated.sum()), int(dip.rows.sum())
    side = "low" if dip.sign < 0 else "high"
    return {
        "outcome": dip.outcome, "unit": unit, "cohort": dip.group.name or None, "periods": dip.width, "treated": treated, "among": among,
        "extreme": dip.lowest, "by_chance": treated * treated / among, "dip": dip.dip,
        "expected": None if alone is None else alone.change, "expected_std_error": None if alone is None else alone.std_error,
        "side": side if alone else f"{side}-new",
    }  # fmt: skip
