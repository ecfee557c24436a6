"""Quantiles and trimming cuts in the engine: values are counted once per arm, and a few places in their order are read off.

Answers weigh as in the means: within strata by the stratum's share of everybody, and each cluster as one where clusters count equally.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

from causalcx.checks.answers import missing_by_arm
from causalcx.core.need import Need
from causalcx.core.outcomes import Outcome
from causalcx.core.tails import NEAR, WIDTH, Quantile, Trim
from causalcx.sources.columns import Variable, capped, outcome_value, position_of
from causalcx.sources.engine import Column, Source, ibis, ir, level
from causalcx.sources.first_look import Look

STEPS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Neighbours of a quantile where the errors of strata and clusters are not known yet; of a simple sample, 1 is enough."""
BOUNDED = ("nps", "binary", "amount", "count", "score")
"""Kinds whose answers can be put in order unit by unit."""


@dataclass(frozen=True)
class Ordered:
    """An outcome's values per arm in their order."""

    source: Source
    values: ir.Table
    """arm (position), y, w (weight of the answers that equal y), upto (weight up to them)."""
    units: tuple[float, ...]
    """Weight of all units, per arm."""
    answered: tuple[float, ...]
    """Weight of those who answered."""
    number: tuple[int, ...]
    """Answers."""

    def reads(self, asked: dict[str, Column]) -> dict[str, Any]:
        """Several places of the order, in one query."""
        return self.source.rows(self.values.aggregate(**asked))[0]

    def reached(self, arm: int, weight: float) -> Column:
        """The value up to which this weight lies."""
        return self._first(arm, self.values.upto >= weight * (1 - NEAR))

    def beyond(self, arm: int, weight: float) -> Column:
        """The first value up to which more than this weight lies."""
        return self._first(arm, self.values.upto > weight * (1 + NEAR))

    def _first(self, arm: int, where: Column) -> Column:
        return self.values.y.min(where=(self.values.arm == arm) & where)

    def tied(self, arm: int, weight: float) -> Column:
        """The weight of the answers that share the value at this weight."""
        of_arm, here = self.values.arm == arm, self.values.upto >= weight * (1 - NEAR)
        return self.values.upto.min(where=of_arm & here) - self.values.upto.max(where=of_arm & ~here).fill_null(0.0)


def in_units(outcome: Outcome, value: Column) -> Column:
    """The outcome as its effect counts it: capped; -100, 0 and 100 for NPS."""
    if outcome.kind == "nps":
        return 100.0 * ((value >= 9).cast("float64") - (value <= 6).cast("float64"))
    return value if outcome.cap is None else capped(value, outcome.cap)


def bounded(need: Need, look: Look) -> tuple[Outcome, ...]:
    """Outcomes that one arm answered more often than another, as far as units taken singly tell."""
    if not need.bounds:
        return ()
    uneven = {c.facts["outcome"] for c in missing_by_arm(look.profile) if c.verdict != "pass"}
    return tuple(o for o in need.outcomes if o.key in uneven and o.kind in BOUNDED)


def quantiles_of(source: Source, table: ir.Table, need: Need, look: Look) -> tuple[Quantile, ...]:
    """The quantiles that the plan asks for, arm by arm."""
    return tuple(q for o in need.outcomes if o.quantiles for q in _quantiles(source, table, need, look, o))


def _quantiles(source: Source, table: ir.Table, need: Need, look: Look, outcome: Outcome) -> list[Quantile]:
    rows = _rows(source, table, need, look, outcome)
    found = _ordered(source, rows.filter(rows.y.notnull()), need, len(look.profile.arms))
    steps = STEPS if need.strata or need.cluster else (1.0,)
    places = list(product(outcome.quantiles or (), range(len(look.profile.arms))))
    asked = {f"q{i}_{name}": x for i, at in enumerate(places) for name, x in _around(found, *at, steps).items()}
    row = found.reads(asked)
    arms = tuple(look.profile.arms)
    return [
        _quantile(outcome.key, share, arms[a], found.answered[a], steps, partial(_named, row, i))
        for i, (share, a) in enumerate(places)
    ]


def _named(row: dict[str, Any], i: int, name: str) -> Any:
    return row.get(f"q{i}_{name}")


def _around(found: Ordered, share: float, arm: int, steps: Sequence[float]) -> dict[str, Column]:
    """What is read of one quantile."""
    total, one = found.answered[arm], WIDTH * (share * (1 - share) / found.number[arm]) ** 0.5
    asked = {name: read(arm, share * total) for name, read in (("at", found.reached), ("next", found.beyond), ("tied", found.tied))}  # fmt: skip
    for j, step in enumerate(steps):
        low, high = share - step * one, share + step * one
        asked |= {f"low{j}": found.reached(arm, low * total)} if low > 0 else {}
        asked |= {f"high{j}": found.beyond(arm, high * total)} if high < 1 else {}
    return asked


def _quantile(outcome: str, share: float, arm: str, total: float, steps: Sequence[float], read: Any) -> Quantile:
    beside = read("next")
    return Quantile(
        outcome, share, arm, at=(read("at") + (read("at") if beside is None else beside)) / 2, tied=read("tied") / total,
        steps=tuple(steps), below=tuple(read(f"low{j}") for j in range(len(steps))),
        above=tuple(read(f"high{j}") for j in range(len(steps))),
    )  # fmt: skip


def trims_of(source: Source, table: ir.Table, need: Need, look: Look) -> tuple[Trim, ...]:
    """The cuts of every outcome that one arm answered more often, every arm against the control."""
    return tuple(t for o in bounded(need, look) for t in _trims(source, table, need, look, o))


def _trims(source: Source, table: ir.Table, need: Need, look: Look, outcome: Outcome) -> list[Trim]:
    arms = tuple(look.profile.arms)
    found = _ordered(source, _rows(source, table, need, look, outcome), need, len(arms))
    rate = [answered / units for answered, units in zip(found.answered, found.units, strict=True)]
    pairs = [(a, a if rate[a] >= rate[0] else 0) for a in range(1, len(arms))]
    asked = {}
    for i, (a, trimmed) in enumerate(pairs):
        kept = min(rate[a], rate[0]) * found.units[trimmed]
        asked[f"low{i}"] = found.reached(trimmed, kept)
        asked[f"high{i}"] = found.beyond(trimmed, found.answered[trimmed] - kept)
    row = found.reads(asked)
    return [
        Trim(outcome.key, arms[a], arms[0], arms[trimmed], row[f"low{i}"], row[f"high{i}"])
        for i, (a, trimmed) in enumerate(pairs)
    ]


def _rows(source: Source, table: ir.Table, need: Need, look: Look, outcome: Outcome) -> ir.Table:
    """arm, y, and what the weights need."""
    value, _ = outcome_value(source, table, outcome)
    text: Any = ibis.literal("")
    for column in need.strata:
        text = text + " | " + level(table[column], "")
    cluster = {"cluster": table[need.cluster]} if need.cluster else {}
    return table.select(arm=arm_of(table, need, look), y=in_units(outcome, value), stratum=text, **cluster)


def arm_of(table: ir.Table, need: Need, look: Look) -> Column:
    """The position of the arm."""
    return position_of(table[need.treatment], look.raw_arms, {arm: i for i, arm in enumerate(look.profile.arms)})


def _ordered(source: Source, rows: ir.Table, need: Need, arms: int) -> Ordered:
    rows = _weighted(rows, need, arms)
    answered = rows.y.notnull()
    totals = source.rows(
        rows.group_by("arm").aggregate(units=rows.w.sum(), answered=rows.w.sum(where=answered), n=answered.sum())
    )
    of_arm = {int(t["arm"]): t for t in totals}
    counted = rows.filter(answered).group_by("arm", "y").aggregate(w=rows.w.sum())
    upto = counted.w.sum().over(ibis.cumulative_window(group_by="arm", order_by="y"))
    units, weight, number = ([of_arm[a][name] for a in range(arms)] for name in ("units", "answered", "n"))
    return Ordered(source, counted.mutate(upto=upto), tuple(units), tuple(weight), tuple(int(n) for n in number))


def _weighted(rows: ir.Table, need: Need, arms: int) -> ir.Table:
    """The rows with their weight ``w``; strata that lack an arm tell nothing and are left out."""
    if need.equal_clusters:
        size = rows.group_by("cluster").aggregate(w=1.0 / rows.count())
        rows = rows.join(size, "cluster")
    else:
        rows = rows.mutate(w=ibis.literal(1.0))
    if not need.strata:
        return rows
    cells = rows.group_by("stratum", "arm").aggregate(own=rows.w.sum())
    strata = cells.group_by("stratum").aggregate(every=cells.own.sum(), arms=cells.count())
    share = cells.join(strata.filter(strata.arms == arms), "stratum")
    share = share.select("stratum", "arm", factor=share.every / share.own)
    joined = rows.join(share, ["stratum", "arm"])
    return joined.mutate(w=joined.w * joined.factor)


def variables_of_tails(
    source: Source, table: ir.Table, need: Need, look: Look, quantiles: Sequence[Quantile], trims: Sequence[Trim]
) -> list[Variable]:
    """Columns whose means per arm tell how sure the quantiles are, and what the trimmed means are."""
    arm, outcomes = arm_of(table, need, look), {o.key: o for o in need.outcomes}
    value = {k: in_units(outcomes[k], outcome_value(source, table, outcomes[k])[0]) for k in {x.outcome for x in (*quantiles, *trims)}}  # fmt: skip
    arms, found = list(look.profile.arms), {}
    for q in quantiles:
        y = value[q.outcome]
        here = ((y < q.at).cast("float64") + (y <= q.at).cast("float64")) / 2
        mask = str(outcomes[q.outcome].column) if look.missing[q.outcome] else None
        before = found[q.variable].value if q.variable in found else ibis.null("float64")
        found[q.variable] = Variable(q.variable, (arm == arms.index(q.arm)).ifelse(here, before), mask)
    return [*found.values(), *(v for t in trims for v in _trimmed(t, value[t.outcome]))]


def _trimmed(trim: Trim, y: Column) -> list[Variable]:
    """The variables of a trim, 0 where nobody answered."""
    answered = y.notnull().cast("float64")
    lacks, beyond = (y < trim.low).ifelse(trim.low - y, 0.0), (y > trim.high).ifelse(y - trim.high, 0.0)
    parts = (answered, y - trim.low, lacks + 1, beyond + 1)
    return [Variable(n, y.isnull().ifelse(0.0, p), None) for n, p in zip(trim.variables, parts, strict=True)]
