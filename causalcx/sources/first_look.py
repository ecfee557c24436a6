"""The first look: which rows count, and everything that must be refused before an effect is computed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from causalcx.core.check import Notice
from causalcx.core.errors import DataError
from causalcx.core.need import CELL, EACH_ROW, EVERYONE, NUMBER, SIDE, TREATED, UNTREATED, Need, Profile
from causalcx.sources.assigned import held_against
from causalcx.sources.columns import Variable, capped, columns_needed, covariate_values, denominator_of, outcome_value
from causalcx.sources.dates import refuse_two_ways
from causalcx.sources.engine import (
    Column,
    Refusal,
    Source,
    ibis,
    ir,
    is_empty,
    number,
    refuse_nested,
    require_columns,
    sample_means,
    with_whole_units,
)
from causalcx.sources.factors import refuse_empty_cells, with_cells
from causalcx.sources.footer import Known
from causalcx.sources.kept import rows_that_count
from causalcx.sources.profile import arms_in, profile_of

LARGEST = 1e90
"""Values beyond it would overflow in sums of cubes."""
BEFORE_AND_AFTER = 0.5
"""Share of the units in more than one arm from which the arms look like two times of the same units."""


@dataclass(frozen=True)
class Look:
    """What the first look learnt."""

    profile: Profile
    raw_arms: Mapping[Any, str]
    missing: Mapping[str, int]
    """Missing values per column."""
    has_nan: Mapping[str, bool]


def validated(source: Source, need: Need, *, once: bool = True) -> tuple[ir.Table, Look]:
    """The rows that count and what a first look learnt of them. Raises DataError with the first offending rows.

    ``once`` asks whether every unit (in a panel, every unit and period) occurs once.
    """
    require_columns(source, columns_needed(need))
    refuse_nested(source, columns_needed(need))
    refuse_two_ways(source, columns_needed(need))
    source = with_whole_units(source, need.unit)
    source, need = with_cells(source, need) if need.factors else (source, need)
    source = replace(source, table=_with_derived(source.table, need))
    table, excluded, immature, notices = rows_that_count(source, need)
    refuse_empty_cells(source, table, need)
    look = _first_look(source, table, need, excluded, immature, notices)
    _refuse_empty_units(source, table, need)
    if once:
        _refuse_duplicates(source, table, need, look.profile.rows)
    if need.assignment:
        held = held_against(source, table, need, need.assignment)
        look = replace(look, profile=replace(look.profile, assigned=held))
    return table, look


def _with_derived(table: ir.Table, need: Need) -> ir.Table:
    """The table with the columns that the need derives: everybody's arm, a number per row, the side of a cutoff."""
    made: dict[str, Column] = {EVERYONE: ibis.literal(EVERYONE), EACH_ROW: ibis.row_number()}
    if need.threshold:
        column, cutoff = need.threshold
        running, _ = number(table, column)
        side = (running >= cutoff).ifelse(TREATED, UNTREATED)
        made[SIDE] = running.isnull().ifelse(ibis.null("string"), side)
    return table.mutate(**{name: made[name] for name in need.derived if name != CELL}) if need.derived else table


def _first_look(
    source: Source, table: ir.Table, need: Need, excluded: dict[str, int], immature: int, notices: list[Notice]
) -> Look:
    has_nan: dict[str, bool] = {}
    groups, values, refusals = _ask(source, table, need, has_nan)
    not_a_number = _columns_with_nan(groups, values)
    if not_a_number:  # only now do NaN guards cost anything
        has_nan = dict.fromkeys(not_a_number, True)
        groups, values, refusals = _ask(source, table, need, has_nan)
    for i, refusal in enumerate(refusals):
        if any(g[f"bad{i}"] for g in groups):
            refusal.refuse(source, table, need.row_name)
    _refuse_infinite(source, table, need, groups, values)
    raw_arms = arms_in(need, source, groups)
    return Look(
        profile=profile_of(source, need, groups, raw_arms, [v.name for v in values], excluded, immature, notices),
        raw_arms=raw_arms,
        missing={v.name: sum(g["n"] - g[f"v{i}"] for g in groups) for i, v in enumerate(values)},
        has_nan=has_nan,
    )


def _ask(
    source: Source, table: ir.Table, need: Need, has_nan: Mapping[str, bool]
) -> tuple[list[dict[str, Any]], list[Variable], list[Refusal]]:
    """Counts, extremes, powers and refused rows per arm, in one query."""
    values, refusals = _values(source, table, need, has_nan)
    powered = {o.key: o.cap for o in need.outcomes if o.kind in ("amount", "count")}
    shift = sample_means(source, table, {v.name: v.value for v in values if v.name in powered})
    footer = _footer(source, need, values, has_nan)
    asked: dict[str, Any] = {"n": table.count()}
    for i, variable in enumerate(values):
        value = variable.value
        if variable.name not in footer:
            asked |= {f"v{i}": value.count(), f"low{i}": value.min(), f"high{i}": value.max()}
        elif variable.name not in powered:
            asked[f"d{i}"] = value.sum()  # a NaN shows in it
        if variable.name in powered:
            cap = powered[variable.name]
            away = (value if cap is None else capped(value, cap)) - shift[variable.name]
            asked |= {f"d{i}": away.sum(), f"dd{i}": (away * away).sum(), f"ddd{i}": (away * away * away).sum()}
    asked |= {f"bad{i}": r.wrong.fill_null(False).sum() for i, r in enumerate(refusals)}
    groups = source.rows(table.group_by(arm=table[need.treatment]).aggregate(**asked))
    return [_with_footer(g, values, footer) for g in groups], values, refusals


def _footer(source: Source, need: Need, values: list[Variable], has_nan: Mapping[str, bool]) -> dict[str, Known]:
    """Ends of the variables of which the file's footer knows that no value is missing; nothing where rows are left out.

    A capped outcome is asked itself: its cap would hide a NaN.
    """
    if need.exclude or need.entered:
        return {}
    hidden = {*has_nan, *(c for o in need.outcomes if o.cap is not None or o.kind == "ratio" for c in o.columns)}
    return {v.name: source.known[str(v.mask)] for v in values if v.mask in source.known and v.mask not in hidden}


def _with_footer(group: dict[str, Any], values: list[Variable], footer: Mapping[str, Known]) -> dict[str, Any]:
    """The answer as if everything had been asked; a sum that is no number stands for a NaN among the values."""
    for i, variable in enumerate(values):
        if ends := footer.get(variable.name):
            nan = group[f"d{i}"] != group[f"d{i}"]
            group |= {f"v{i}": group["n"], f"low{i}": ends.low, f"high{i}": math.nan if nan else ends.high}
    return group


def _columns_with_nan(groups: list[dict[str, Any]], values: list[Variable]) -> list[str]:
    """NaN is the largest value in the engines' order, so the maximum tells."""
    ends = [[g[f"{side}{i}"] for g in groups for side in ("low", "high")] for i in range(len(values))]
    return [str(v.mask) for v, found in zip(values, ends, strict=True) if any(x is not None and x != x for x in found)]


def _refuse_infinite(
    source: Source, table: ir.Table, need: Need, groups: list[dict[str, Any]], values: list[Variable]
) -> None:
    sentence = "Column `{column}` holds infinite values, or some too large to be squared ({rows})."
    for i, variable in enumerate(values):
        if any(abs(g[f"{side}{i}"] or 0.0) > LARGEST for g in groups for side in ("low", "high")):
            wrong = variable.value.abs() > LARGEST
            Refusal(str(variable.mask), wrong, sentence, {}).refuse(source, table, need.row_name)


def _values(
    source: Source, table: ir.Table, need: Need, has_nan: Mapping[str, bool]
) -> tuple[list[Variable], list[Refusal]]:
    """Outcomes (not yet capped), covariates and numbers under their names; ``mask`` is the column behind each."""
    values: list[Variable] = []
    refusals: list[Refusal] = []
    for outcome in need.outcomes:
        column = outcome.columns[0]
        value, wrong = outcome_value(source, table, outcome, has_nan=column in has_nan)
        values.append(Variable(outcome.key, value, column))
        refusals += wrong
        if outcome.kind == "ratio":
            below = str(outcome.denominator)
            values.append(Variable(NUMBER + below, denominator_of(table, outcome)[0], below))
    for column in need.covariates:
        expanded, wrong = covariate_values(source, table, column, has_nan=column in has_nan)
        values += [Variable(name, value, column) for name, value in expanded.items()]
        refusals += wrong
    for column in need.numbers:
        value, wrong = number(table, column, has_nan=column in has_nan)
        values.append(Variable(NUMBER + column, value, column))
        refusals += wrong
    return values, refusals


def _refuse_empty_units(source: Source, table: ir.Table, need: Need) -> None:
    empty = source.scalar(is_empty(table[need.unit]).sum())
    if empty:
        raise DataError(
            "Column `{column}` (unit) is empty in {rows} rows; name these units, or leave the rows out.",
            column=need.unit, rows=empty,
        )  # fmt: skip
    time = source.scalar(table[need.time].isnull().sum()) if need.time else 0
    if time:
        raise DataError(
            "Column `{column}` (time) is empty in {rows} rows; give them a period, or leave them out.",
            column=str(need.time),
            rows=time,
        )


def _refuse_duplicates(source: Source, table: ir.Table, need: Need, rows: int) -> None:
    unit = table[need.unit]
    if need.time:
        refuse_repeated_periods(source, table, need, rows)
        return
    units = source.scalar(table.select(unit=unit).distinct().count())
    if units != rows:
        repeated = table.group_by(unit=unit).aggregate(n=table.count())
        first = source.rows(repeated.filter(repeated.n > 1).order_by("unit").limit(3))
        facts = {"rows": rows, "units": units, "first": ", ".join(f"{r['unit']} × {r['n']}" for r in first)}
        both = _in_several_arms(source, table, need)
        if both > BEFORE_AND_AFTER * units:
            raise DataError(
                "Column `{column}` (unit) is not unique: {rows} rows, {units} units (first: {first}), and {both} of them stand in more than one arm "
                "of `{treatment}`. Before and after of the same units are no two groups: units that were picked for a bad spell recover by "
                "themselves. Name a column of `time` and use `kind: staggered` beside units without the change, or draw by lot who gets it.",
                column=need.unit, treatment=need.treatment, both=both, **facts,
            )  # fmt: skip
        raise DataError(
            "Column `{column}` (unit) is not unique: {rows} rows, {units} units (first: {first}). One row per unit is expected.",
            column=need.unit, **facts,
        )  # fmt: skip


def _in_several_arms(source: Source, table: ir.Table, need: Need) -> int:
    """Units with rows of more than one arm; 0 where the arms are made here."""
    if need.treatment in need.derived:
        return 0
    pairs = table.select(unit=table[need.unit], arm=table[need.treatment]).distinct()
    arms = pairs.group_by("unit").aggregate(n=pairs.count())
    return source.scalar(arms.filter(arms.n > 1).count())


def refuse_repeated_periods(source: Source, table: ir.Table, need: Need, rows: int) -> None:
    """No unit has two rows of one period."""
    time = table[str(need.time)]
    places = table.select(unit=table[need.unit], time=time)
    found = source.scalar(places.distinct().count())
    if found != rows:
        repeated = places.group_by("unit", "time").aggregate(n=places.count())
        first = source.rows(repeated.filter(repeated.n > 1).order_by("unit", "time").limit(3))
        raise DataError(
            "{rows} rows for {places} unit-periods (`{unit}` × `{time}`; first: {first}). One row per unit and period is expected.",
            rows=rows, places=found, unit=need.unit, time=str(need.time),
            first=", ".join(f"{r['unit']} · {r['time']} × {r['n']}" for r in first),
        )  # fmt: skip
