"""Outcomes and covariates as engine expressions, with the refusals that a first look can make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causalcx.core.errors import DataError
from causalcx.core.need import COVARIATE, Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.sources.engine import Column, Refusal, Source, ibis, ir, is_label, labels_of, number

MOST_LEVELS = 30
"""Levels that a text covariate may have."""


@dataclass(frozen=True)
class Variable:
    """One column of the moments: an expression, and the column whose missing values it shares."""

    name: str
    value: Column
    mask: str | None
    """Name of the column whose missing values leave this variable out; None when it is never missing."""


def outcome_value(
    source: Source, table: ir.Table, outcome: Outcome, *, has_nan: bool = True
) -> tuple[Column, list[Refusal]]:
    """The outcome as a number per row, missing as null, not yet capped or split; and the rows that its kind refuses."""
    column = str(outcome.column)
    if outcome.kind == "binary" and (outcome.true_when is not None or table[column].type().is_string()):
        return _yes_or_no(source, table, outcome), []
    value, refusals = number(table, column, has_nan=has_nan)
    whole = table[column].type().is_integer() or table[column].type().is_boolean()
    found = [
        Refusal(column, wrong, text, {"outcome": outcome.key} | facts)
        for wrong, text, facts in _rules(outcome, value, whole)
    ]
    return value, refusals + found


def _yes_or_no(source: Source, table: ir.Table, outcome: Outcome) -> Column:
    column = str(outcome.column)
    labels = labels_of(source, table, column, 100, "a binary outcome")
    found = ", ".join(sorted(set(labels.values()))[:10]) or "nothing"
    yes = outcome.true_when or "1"
    if outcome.true_when is not None and yes not in labels.values():
        raise DataError(
            "Column `{column}` never holds `{yes}` (true_when); it holds {found}.", column=column, yes=yes, found=found
        )
    if outcome.true_when is None and not set(labels.values()) <= {"0", "1"}:
        raise DataError(
            "Column `{column}` holds {found}; say which value counts as yes with `true_when`.",
            column=column,
            found=found,
        )
    return _indicator(table[column], labels, yes)


def _indicator(value: Column, labels: dict[Any, str], wanted: str) -> Column:
    known = is_label(value, labels, sorted(set(labels.values())))
    return known.ifelse(is_label(value, labels, [wanted]).cast("int8").cast("float64"), ibis.null("float64"))


def _rules(outcome: Outcome, value: Column, whole: bool) -> list[tuple[Any, str, dict[str, Any]]]:
    rules: list[tuple[Any, str, dict[str, Any]]] = []
    fraction = ibis.literal(False) if whole else value % 1 != 0  # floor would fail on NaN
    if outcome.kind == "nps":
        text = "Column `{column}` (outcome {outcome}) holds scores that are no whole numbers from 0 to 10 ({rows})."
        rules.append(((value < 0) | (value > 10) | fraction, text, {}))
    if outcome.kind == "binary":
        text = "Column `{column}` (outcome {outcome}) holds values other than 0 and 1 ({rows})."
        rules.append(((value != 0) & (value != 1), text, {}))
    if outcome.kind == "count":
        text = "Column `{column}` (outcome {outcome}) holds values that are no whole numbers from 0 up ({rows})."
        rules.append(((value < 0) | fraction, text, {}))
    if outcome.kind == "score" and outcome.scale:
        low, high = outcome.scale
        text = "Column `{column}` (outcome {outcome}) holds scores outside {low} to {high} ({rows})."
        rules.append(((value < low) | (value > high), text, {"low": low, "high": high}))
    return rules


def outcome_variables(outcome: Outcome, value: Column, missing: bool) -> list[Variable]:
    """The outcome's variables: promoter and detractor shares for NPS, the capped value otherwise."""
    mask = str(outcome.column) if missing else None
    if outcome.kind == "nps":
        parts = ((value >= 9).cast("int8"), (value <= 6).cast("int8"))
        return [Variable(n, p.cast("float64"), mask) for n, p in zip(variables_of(outcome), parts, strict=True)]
    return [Variable(outcome.key, value if outcome.cap is None else capped(value, outcome.cap), mask)]


def capped(value: Column, cap: float) -> Column:
    """Values above the cap as the cap; missing stays missing."""
    return (value > cap).ifelse(cap, value)


def covariate_values(
    source: Source, table: ir.Table, column: str, *, has_nan: bool = True
) -> tuple[dict[str, Column], list[Refusal]]:
    """A covariate as numbers: itself, or one indicator per level but the first of a text column."""
    if not table[column].type().is_string():
        value, refusals = number(table, column, has_nan=has_nan)
        return {COVARIATE + column: value}, refusals
    labels = labels_of(source, table, column, MOST_LEVELS, "a covariate")
    levels = sorted(set(labels.values()))
    return {f"{COVARIATE}{column}={name}": _indicator(table[column], labels, name) for name in levels[1:]}, []


def columns_needed(need: Need) -> list[str]:
    """Every column that the need names."""
    columns = [
        need.unit,
        need.treatment,
        *(str(o.column) for o in need.outcomes),
        *need.covariates,
        *need.strata,
        *need.exclude,
    ]
    return [*columns, *([need.segment] if need.segment else []), *([need.entered] if need.entered else [])]
