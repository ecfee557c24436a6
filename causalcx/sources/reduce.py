"""From a table and a need to profile and moments: a first look that refuses, then one query in one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer, DataError
from causalcx.core.labels import canonical
from causalcx.core.need import ANSWERED_BY, COVARIATE, Need, Profile, Reduced, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.sources.assemble import assemble
from causalcx.sources.columns import (
    Variable,
    capped,
    columns_needed,
    covariate_values,
    outcome_value,
    outcome_variables,
)
from causalcx.sources.engine import Refusal, Source, dates, ibis, ir, is_label, labels_of, level, require_columns
from causalcx.sources.footer import Known

LARGEST = 1e90
"""Values beyond it would overflow in sums of cubes."""
SAMPLE = 1_000
"""Rows whose means shift the sums."""
MISSING = "(missing)"
MOST_ARMS, MOST_STRATA, MOST_SEGMENTS = 50, 2_000, 200


@dataclass(frozen=True)
class Look:
    """What the first look learnt."""

    profile: Profile
    raw_arms: Mapping[Any, str]
    missing: Mapping[str, int]
    """Missing values per column."""
    has_nan: Mapping[str, bool]


def reduce(source: Source, need: Need) -> Reduced:
    """Validate everything that the need names, then reduce to moments. Raises DataError with the first offending rows."""
    table, look = validated(source, need)
    moments, segments = _moments(source, table, need, look)
    return Reduced(look.profile, moments, segments)


def validated(source: Source, need: Need) -> tuple[ir.Table, Look]:
    """The rows that count and what a first look learnt of them. Raises DataError with the first offending rows."""
    require_columns(source, columns_needed(need))
    table, excluded, immature, notices = _rows_that_count(source, need)
    look = _first_look(source, table, need, excluded, immature, notices)
    _refuse_duplicates(source, table, need, look.profile.rows)
    return table, look


def _rows_that_count(source: Source, need: Need) -> tuple[ir.Table, dict[str, int], int, list[Notice]]:
    table, excluded, notices = source.table, {}, []
    for column, labels in need.exclude.items():
        found = labels_of(source, table, column, 10_000, "an exclusion")
        out = is_label(table[column], found, list(labels)).fill_null(False)
        excluded[column] = source.scalar(out.sum()) or 0
        table = table.filter(~out)
        notices.append(Notice(code="rows-excluded", facts={"rows": excluded[column], "column": column}))
    table, immature = _windows_over(source, table, need) if need.entered and need.as_of else (table, 0)
    if immature:
        notices.append(Notice(code="immature-left-out", facts={"rows": immature}))
    return table, excluded, immature, notices


def _windows_over(source: Source, table: ir.Table, need: Need) -> tuple[ir.Table, int]:
    """Units that entered long enough before `as_of`, and how many did not."""
    column, as_of = str(need.entered), str(need.as_of)
    entered, refusals = dates(table, column)
    for refusal in refusals:
        if source.scalar(refusal.wrong.sum()):
            refusal.refuse(source, table, need.unit)
    over = entered + ibis.interval(months=need.longest_window) <= ibis.date(as_of)
    counts = source.rows(table.aggregate(rows=table.count(), none=entered.isnull().sum(), young=(~over).sum()))[0]
    if counts["none"]:
        raise DataError("Column `{column}` (entered) is empty in {rows} rows.", column=column, rows=counts["none"])
    if counts["rows"] and counts["young"] == counts["rows"]:
        raise CannotAnswer(
            "On {as_of} the outcome windows of {months} months are over for none of the {rows} units; fit again later.",
            as_of=as_of, months=need.longest_window, rows=counts["rows"],
        )  # fmt: skip
    return table.filter(over), counts["young"] or 0


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
            refusal.refuse(source, table, need.unit)
    _refuse_infinite(source, table, need, groups, values)
    raw_arms = _arms(need, source, groups)
    return Look(
        profile=_profile(source, need, groups, raw_arms, [v.name for v in values], excluded, immature, notices),
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
    shift = _shift(source, {v.name: v.value for v in values if v.name in powered}, table)
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
    hidden = {*has_nan, *(o.column for o in need.outcomes if o.cap is not None)}
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
            Refusal(str(variable.mask), wrong, sentence, {}).refuse(source, table, need.unit)


def _values(
    source: Source, table: ir.Table, need: Need, has_nan: Mapping[str, bool]
) -> tuple[list[Variable], list[Refusal]]:
    """Outcomes (not yet capped) and covariates under their names; ``mask`` is the column behind each."""
    values: list[Variable] = []
    refusals: list[Refusal] = []
    for outcome in need.outcomes:
        column = str(outcome.column)
        value, wrong = outcome_value(source, table, outcome, has_nan=column in has_nan)
        values.append(Variable(outcome.key, value, column))
        refusals += wrong
    for column in need.covariates:
        expanded, wrong = covariate_values(source, table, column, has_nan=column in has_nan)
        values += [Variable(name, value, column) for name, value in expanded.items()]
        refusals += wrong
    return values, refusals


def _shift(source: Source, values: Mapping[str, ir.FloatingValue], table: ir.Table) -> dict[str, float]:
    """Means of a few rows: sums of differences from them lose no digits to a large common level."""
    if not values:
        return {}
    sample = table.select(**{f"v{i}": v for i, v in enumerate(values.values())}).limit(SAMPLE)
    row = source.rows(sample.aggregate(**{c: sample[c].mean() for c in sample.columns}))[0]
    means = [row[f"v{i}"] for i in range(len(values))]
    return {name: m if m is not None and math.isfinite(m) else 0.0 for name, m in zip(values, means, strict=True)}


def _arms(need: Need, source: Source, groups: list[dict[str, Any]]) -> dict[Any, str]:
    if not groups:
        raise DataError("{source} has no rows that count.", source=source.name)
    unassigned = [g for g in groups if _is_missing(g["arm"])]
    if unassigned:
        raise DataError(
            "Column `{column}` (treatment) is empty in {rows} rows; leave them out of the data, or give them an arm.",
            column=need.treatment, rows=sum(g["n"] for g in unassigned),
        )  # fmt: skip
    if len(groups) > MOST_ARMS:
        raise DataError(
            "Column `{column}` (treatment) has {found} different values; arms can be {most} at most.",
            column=need.treatment, found=len(groups), most=MOST_ARMS,
        )  # fmt: skip
    arms = {g["arm"]: canonical(g["arm"]) for g in groups}
    found = set(arms.values())
    if need.control not in found:
        raise DataError(
            "The control `{control}` does not occur in column `{column}`; it holds {found}.",
            control=need.control, column=need.treatment, found=", ".join(sorted(found)),
        )  # fmt: skip
    if len(found) == 1:
        raise DataError(
            "Column `{column}` holds only the control `{control}`; there is nothing to compare.",
            column=need.treatment,
            control=need.control,
        )
    _refuse_unplanned(need, found)
    return arms


def _is_missing(label: Any) -> bool:
    return label is None or label != label or str(label).strip() == ""


def _refuse_unplanned(need: Need, found: set[str]) -> None:
    if need.planned is None:
        return
    absent, extra = sorted(set(need.planned) - found), sorted(found - set(need.planned))
    if absent:
        raise DataError(
            "The planned arm {absent} does not occur in column `{column}`; it holds {found}.",
            absent=", ".join(absent), column=need.treatment, found=", ".join(sorted(found)),
        )  # fmt: skip
    if extra:
        raise DataError(
            "Column `{column}` holds {extra}, which `ratio` does not plan; add it to `ratio` or `exclude` it.",
            extra=", ".join(extra), column=need.treatment,
        )  # fmt: skip


def _profile(
    source: Source, need: Need, groups: list[dict[str, Any]], raw_arms: Mapping[Any, str], names: list[str],
    excluded: dict[str, int], immature: int, notices: list[Notice],
) -> Profile:  # fmt: skip
    arms = _ordered_arms(need, set(raw_arms.values()))
    of_arm = {arm: [g for g in groups if raw_arms[g["arm"]] == arm] for arm in arms}
    position = {name: i for i, name in enumerate(names)}
    answered = {o.key: {arm: sum(g[f"v{position[o.key]}"] for g in of_arm[arm]) for arm in arms} for o in need.outcomes}
    for name, counts in answered.items():
        empty = [arm for arm, n in counts.items() if n == 0]
        if empty:
            raise DataError("Outcome {outcome} has no value in arm {arm}.", outcome=name, arm=", ".join(empty))
    return Profile(
        fingerprint=source.fingerprint,
        source=source.name,
        rows=sum(g["n"] for g in groups),
        arms={arm: sum(g["n"] for g in of_arm[arm]) for arm in arms},
        answered=answered,
        range={o.key: _range(groups, position[o.key]) for o in need.outcomes},
        skewness={
            o.key: _skewness(groups, position[o.key]) for o in need.outcomes if f"ddd{position[o.key]}" in groups[0]
        },
        excluded=excluded,
        immature=immature,
        notices=(*notices, *_covariate_notices(need.covariates, groups, names)),
    )


def _ordered_arms(need: Need, found: set[str]) -> list[str]:
    planned = [a for a in need.planned or () if a != need.control]
    return [need.control, *planned, *sorted(found - {need.control, *planned})]


def _range(groups: list[dict[str, Any]], i: int) -> tuple[float, float]:
    lows, highs = ([g[f"{side}{i}"] for g in groups if g[f"{side}{i}"] is not None] for side in ("low", "high"))
    return min(lows), max(highs)


def _skewness(groups: list[dict[str, Any]], i: int) -> float:
    """Largest absolute skewness over arms."""
    return max((_skewness_of(g, i) for g in groups), key=abs)


def _skewness_of(group: dict[str, Any], i: int) -> float:
    n = group[f"v{i}"]
    if not n:
        return 0.0
    first, second, third = (group[f"{'d' * power}{i}"] / n for power in (1, 2, 3))
    variance = second - first**2
    if variance <= 1e-12 * max(second, 1e-300):
        return 0.0
    return (third - 3 * first * second + 2 * first**3) / variance**1.5


def _covariate_notices(covariates: tuple[str, ...], groups: list[dict[str, Any]], names: list[str]) -> list[Notice]:
    rows, notices = sum(g["n"] for g in groups), []
    for column in covariates:
        name = COVARIATE + column
        own = [i for i, n in enumerate(names) if n == name or n.startswith(name + "=")]
        missing = rows - sum(g[f"v{own[0]}"] for g in groups) if own else 0
        if missing:
            notices.append(Notice(code="covariate-missing", facts={"column": column, "share": missing / rows}))
        if not own or (missing < rows and names[own[0]] == name and len(set(_range(groups, own[0]))) == 1):
            notices.append(Notice(code="constant-covariate", facts={"column": column}))
    return notices


def _refuse_duplicates(source: Source, table: ir.Table, need: Need, rows: int) -> None:
    unit = table[need.unit]
    empty = source.scalar((unit.isnull() | (unit.strip() == "") if unit.type().is_string() else unit.isnull()).sum())
    if empty:
        raise DataError("Column `{column}` (unit) is empty in {rows} rows.", column=need.unit, rows=empty)
    units = source.scalar(table.select(unit=unit).distinct().count())
    if units != rows:
        repeated = table.group_by(unit=unit).aggregate(n=table.count())
        first = source.rows(repeated.filter(repeated.n > 1).order_by("unit").limit(3))
        raise DataError(
            "Column `{column}` (unit) is not unique: {rows} rows, {units} units (first: {first}). One row per unit is expected.",
            column=need.unit, rows=rows, units=units, first=", ".join(f"{r['unit']} {r['n']} times" for r in first),
        )  # fmt: skip


def _moments(source: Source, table: ir.Table, need: Need, look: Look) -> tuple[Any, dict[str, Any]]:
    variables = _variables(source, table, need, look)
    stratum = _joined(table, need.strata)
    segment = level(table[need.segment], MISSING) if need.segment else ibis.literal("")
    shift = _shift(source, {v.name: v.value for v in variables}, table)
    shifted = table.select(
        arm=table[need.treatment],
        stratum=stratum,
        segment=segment,
        **{f"x{i}": _shifted(v, shift) for i, v in enumerate(variables)},
    )
    rows = source.rows(shifted.group_by("arm", "stratum", "segment").aggregate(**_sums(shifted, variables)))
    for row in rows:
        row["arm"] = look.raw_arms[row["arm"]]
    _refuse_too_many(need, rows)
    return assemble(rows, tuple(look.profile.arms), variables, shift)


def _variables(source: Source, table: ir.Table, need: Need, look: Look) -> list[Variable]:
    found: list[Variable] = []
    for outcome in need.outcomes:
        value, _ = outcome_value(source, table, outcome, has_nan=look.has_nan.get(str(outcome.column), False))
        found += outcome_variables(outcome, value, bool(look.missing[outcome.key]))
    covariates = _covariates(source, table, need, look)
    for outcome in need.outcomes:
        if look.missing[outcome.key]:
            found += _among_answerers(outcome, found, covariates)
    return [*found, *covariates]


def _covariates(source: Source, table: ir.Table, need: Need, look: Look) -> list[Variable]:
    """Covariates without missing values: those are set to the common level and told by an indicator."""
    constant = {n.facts["column"] for n in look.profile.notices if n.code == "constant-covariate"}
    found: list[Variable] = []
    for column in need.covariates:
        values, _ = covariate_values(source, table, column, has_nan=look.has_nan.get(column, False))
        kept = {name: value for name, value in values.items() if name.removeprefix(COVARIATE) not in constant}
        shift = _shift(source, kept, table)
        missing = {name: look.missing[name] > 0 for name in kept}
        found += [Variable(n, v.fill_null(shift[n]) if missing[n] else v, None) for n, v in kept.items()]
        first = next((n for n in kept if missing[n]), None)
        if first:
            found.append(
                Variable(f"{COVARIATE}{column} is missing", values[first].isnull().cast("int8").cast("float64"), None)
            )
    return found


def _among_answerers(outcome: Outcome, found: list[Variable], covariates: list[Variable]) -> list[Variable]:
    """The covariates of those who answered, so that slopes and spreads are theirs."""
    answer = next(v for v in found if v.name in variables_of(outcome))
    return [
        Variable(
            c.name + ANSWERED_BY + outcome.key, answer.value.isnull().ifelse(ibis.null("float64"), c.value), answer.mask
        )
        for c in covariates
    ]


def _shifted(variable: Variable, shift: Mapping[str, float]) -> ir.FloatingValue:
    """Difference from the shift: sums of it lose no digits to a large common level."""
    return variable.value - shift[variable.name] if shift[variable.name] else variable.value


def _sums(table: ir.Table, variables: list[Variable]) -> dict[str, Any]:
    """Sums and products of all variables; counts and sums per pair only where a column has missing values."""
    asked: dict[str, Any] = {"n": table.count()}
    for i, one in enumerate(variables):
        x = table[f"x{i}"]
        asked[f"s{i}"] = x.sum()
        if one.mask is not None:
            asked[f"n{i}"] = x.count()
        for j in range(i, len(variables)):
            other, y = variables[j], table[f"x{j}"]
            if one.mask != other.mask and (_is_covariate(one) or _is_covariate(other)) and (one.mask or other.mask):
                continue  # a covariate among answerers meets only their answers
            asked[f"p{i}_{j}"] = (x * y).sum()
            if one.mask == other.mask or i == j:
                continue
            if one.mask is not None and other.mask is not None:
                asked[f"n{i}_{j}"] = (x.notnull() & y.notnull()).sum()
            if other.mask is not None:
                asked[f"s{i}_{j}"] = x.sum(where=y.notnull())
            if one.mask is not None:
                asked[f"s{j}_{i}"] = y.sum(where=x.notnull())
    return asked


def _is_covariate(variable: Variable) -> bool:
    return variable.name.startswith(COVARIATE)


def _joined(table: ir.Table, columns: tuple[str, ...]) -> ir.StringValue:
    text: Any = ibis.literal("")
    for i, column in enumerate(columns):
        part = level(table[column], MISSING)
        text = part if i == 0 else text + " | " + part
    return text


def _refuse_too_many(need: Need, rows: list[dict[str, Any]]) -> None:
    for what, most in (("stratum", MOST_STRATA), ("segment", MOST_SEGMENTS)):
        found = len({r[what] for r in rows})
        if found > most:
            columns = ", ".join(need.strata if what == "stratum" else [str(need.segment)])
            raise DataError(
                "{columns} make {found} {what} groups; {most} at most are possible.",
                columns=columns,
                found=found,
                what=what,
                most=most,
            )
