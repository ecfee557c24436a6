"""From a table and a need to moments: a first look that refuses, then one query in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from causalcx.core.errors import DataError, Message
from causalcx.core.moments import Moments
from causalcx.core.need import ANSWERED_BY, COVARIATE, IS_MISSING, TAKEN, Need, Reduced, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.core.tails import Tails
from causalcx.sources.assemble import assemble
from causalcx.sources.clusters import clusters_of
from causalcx.sources.columns import (
    Variable,
    covariate_values,
    duration_variables,
    outcome_value,
    outcome_variables,
    position_of,
    ratio_variables,
)
from causalcx.sources.durations import with_pseudo_values
from causalcx.sources.engine import Column, Source, ibis, ir, level, means, sample_means
from causalcx.sources.first_look import Look, validated
from causalcx.sources.tails import quantiles_of, trims_of, variables_of_tails

MISSING = "(missing)"
MOST_STRATA, MOST_SEGMENTS = 2_000, 200


def reduce(source: Source, need: Need) -> Reduced:
    """Validate everything that the need names, then reduce to moments. Raises DataError with the first offending rows."""
    table, look = validated(source, need)
    if any(o.kind == "duration" for o in need.outcomes):
        cell = _joined(table, (*need.strata, *((need.segment,) if need.segment else ())))
        table, look = with_pseudo_values(source, table, need, look, cell)
    moments, segments = moments_of(source, table, need, look)
    return Reduced(look.profile, moments, segments, _tails(source, table, need, look))


def _tails(source: Source, table: ir.Table, need: Need, look: Look) -> Tails | None:
    """Quantiles and trimming cuts with the moments of the variables that they make; None where nothing asks for them."""
    quantiles, trims = quantiles_of(source, table, need, look), trims_of(source, table, need, look)
    if not quantiles and not trims:
        return None
    variables = variables_of_tails(source, table, need, look, quantiles, trims)
    moments, _ = _summed(source, table, replace(need, segment=None), look, variables)
    return Tails(quantiles, trims, moments)


def moments_of(source: Source, table: ir.Table, need: Need, look: Look) -> tuple[Moments, dict[str, Moments]]:
    """Moments of the rows that count, over strata and per segment, from one query."""
    return _summed(source, table, need, look, _variables(source, table, need, look))


def _summed(
    source: Source, table: ir.Table, need: Need, look: Look, variables: list[Variable]
) -> tuple[Moments, dict[str, Moments]]:
    stratum = _joined(table, need.strata)
    segment = level(table[need.segment], MISSING) if need.segment else ibis.literal("")
    shift = sample_means(source, table, {v.name: v.value for v in variables})
    shifted = table.select(
        arm=table[need.treatment],
        stratum=stratum,
        segment=segment,
        **({"cluster": table[need.cluster]} if need.cluster else {}),
        **{f"x{i}": _shifted(v, shift) for i, v in enumerate(variables)},
    )
    rows = source.rows(shifted.group_by("arm", "stratum", "segment").aggregate(**_sums(shifted, variables)))
    for row in rows:
        row["arm"] = look.raw_arms[row["arm"]]
    _refuse_too_many(need, rows)
    moments, segments = assemble(rows, tuple(look.profile.arms), variables, shift)
    if need.cluster is None:
        return moments, segments
    positions = {arm: i for i, arm in enumerate(look.profile.arms)}
    placed = shifted.mutate(arm=position_of(shifted.arm, look.raw_arms, positions))

    def with_clusters(part: Moments, rows: ir.Table) -> Moments:
        return replace(part, clusters=clusters_of(source, rows, need, variables, shift, part.strata))

    parts = {level: with_clusters(part, placed.filter(placed.segment == level)) for level, part in segments.items()}
    return with_clusters(moments, placed), parts


def _variables(source: Source, table: ir.Table, need: Need, look: Look) -> list[Variable]:
    found: list[Variable] = []
    for outcome in need.outcomes:
        missing = bool(look.missing[outcome.key])
        if outcome.kind == "duration":
            found += duration_variables(table, outcome, missing)
            continue
        value, _ = outcome_value(source, table, outcome, has_nan=look.has_nan.get(str(outcome.column), False))
        found += (
            ratio_variables(table, outcome, value, missing)
            if outcome.kind == "ratio"
            else outcome_variables(outcome, value, missing)
        )
    covariates = _covariates(source, table, need, look)
    known = [*covariates, *(v for v in found if v.name == TAKEN)]
    for outcome in need.outcomes:
        if look.missing[outcome.key]:
            found += _among_answerers(outcome, found, known)
    return [*found, *covariates]


def _covariates(source: Source, table: ir.Table, need: Need, look: Look) -> list[Variable]:
    """Covariates without missing values: those are set to the average and told by an indicator."""
    constant = {n.facts["column"] for n in look.profile.notices if n.code == "constant-covariate"}
    found: list[Variable] = []
    for column in need.covariates:
        values, _ = covariate_values(source, table, column, has_nan=look.has_nan.get(column, False))
        kept = {name: value for name, value in values.items() if name.removeprefix(COVARIATE) not in constant}
        average = means(source, table, {n: v for n, v in kept.items() if look.missing[n]})
        found += [Variable(n, v.fill_null(average[n]) if n in average else v, None) for n, v in kept.items()]
        first = next(iter(average), None)
        if first:
            indicator = values[first].isnull().cast("int8").cast("float64")
            found.append(Variable(f"{COVARIATE}{column}{IS_MISSING}", indicator, None))
    return found


def _among_answerers(outcome: Outcome, found: list[Variable], known: list[Variable]) -> list[Variable]:
    """What is known of everybody, of those who answered: so that slopes, spreads and take-up are theirs."""
    answer = next(v for v in found if v.name in variables_of(outcome))
    return [
        Variable(
            c.name + ANSWERED_BY + outcome.key, answer.value.isnull().ifelse(ibis.null("float64"), c.value), answer.mask
        )
        for c in known
    ]


def _shifted(variable: Variable, shift: Mapping[str, float]) -> Column:
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


def _joined(table: ir.Table, columns: tuple[str, ...]) -> Column:
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
                what=Message(what),
                most=most,
            )
