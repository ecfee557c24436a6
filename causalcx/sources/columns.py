"""Outcomes and covariates as engine expressions, with the refusals that a first look can make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from causalcx.core.errors import DataError, Message
from causalcx.core.need import COVARIATE, TAKEN, Need, variables_of
from causalcx.core.outcomes import Outcome
from causalcx.sources.engine import Column, Refusal, Source, distinct_values, ibis, ir, is_label, labels_of, number

MOST_LEVELS = 30
"""Levels that a text covariate may have."""

FILLERS = (
    "na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", ".", "?", "missing", "unknown", "缺失", "无", "空",
)  # fmt: skip
"""Words that stand for a missing number, in small letters."""


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
    if outcome.kind == "ratio":
        return _numerator(table, outcome)
    if outcome.kind == "duration":
        return _time_seen(table, outcome, has_nan=has_nan)
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


def _numerator(table: ir.Table, outcome: Outcome) -> tuple[Column, list[Refusal]]:
    """The numerator where there is a denominator; of units whose denominator is 0 an empty one is 0 too."""
    value, wrong = number(table, str(outcome.numerator))
    below, also = denominator_of(table, outcome)
    sentence = "Column `{column}` (denominator of {outcome}) holds values below 0 ({rows})."
    negative = Refusal(str(outcome.denominator), below < 0, sentence, {"outcome": outcome.key})
    filled = (below == 0).ifelse(value.fill_null(0.0), value)
    return below.notnull().ifelse(filled, ibis.null("float64")), [*wrong, *also, negative]


def denominator_of(table: ir.Table, outcome: Outcome) -> tuple[Column, list[Refusal]]:
    """The denominator of a ratio per row, and what is wrong with it."""
    return number(table, str(outcome.denominator))


def _time_seen(table: ir.Table, outcome: Outcome, *, has_nan: bool) -> tuple[Column, list[Refusal]]:
    """The time until a unit left or was last seen; a unit has both a time and an event, or neither."""
    column, facts = str(outcome.column), {"outcome": outcome.key, "event": str(outcome.event)}
    time, wrong = number(table, column, has_nan=has_nan)
    left, also = event_value(table, outcome)
    negative = "Column `{column}` (outcome {outcome}) holds times below 0 ({rows})."
    unknown = "Column `{event}` (event of {outcome}) is empty where `{column}` has a time ({rows}); write 1 if the unit left then, 0 if it was last seen then."
    untimed = "Column `{column}` (outcome {outcome}) is empty where `{event}` says whether the unit left ({rows}); write until when it was seen."
    return time, [
        *wrong,
        *also,
        Refusal(column, time < 0, negative, {"outcome": outcome.key}),
        Refusal(column, time.notnull() & left.isnull(), unknown, facts),
        Refusal(column, time.isnull() & left.notnull(), untimed, facts),
    ]


def event_value(table: ir.Table, outcome: Outcome) -> tuple[Column, list[Refusal]]:
    """Whether a duration ended in the event, 0 or 1, and the rows that say something else."""
    left, wrong = number(table, str(outcome.event))
    sentence = "Column `{column}` (event of {outcome}) holds values other than 0 and 1 ({rows})."
    return left, [*wrong, Refusal(str(outcome.event), (left != 0) & (left != 1), sentence, {"outcome": outcome.key})]


def _yes_or_no(source: Source, table: ir.Table, outcome: Outcome) -> Column:
    column = str(outcome.column)
    labels = labels_of(source, table, column, 100, Message("a binary outcome"))
    found = ", ".join(sorted(set(labels.values()))[:10]) or Message("nothing")
    yes = outcome.true_when or "1"
    if outcome.true_when is not None and yes not in labels.values():
        raise DataError(
            "Column `{column}` never holds `{yes}` (true_when); it holds {found}.", column=column, yes=yes, found=found
        )
    if outcome.key == TAKEN and not set(labels.values()) <= {"0", "1"}:
        raise DataError(
            "Column `{column}` (received) holds {found}; write 1 where the offer was taken and 0 where it was not.", column=column, found=found
        )  # fmt: skip
    if outcome.true_when is None and not set(labels.values()) <= {"0", "1"}:
        raise DataError(
            "Column `{column}` holds {found}; say which value counts as yes with `true_when`.",
            column=column,
            found=found,
        )
    return _indicator(table[column], labels, yes)


def position_of(value: Column, labels: Mapping[Any, str], positions: Mapping[str, int]) -> Column:
    """The position of the value's label among the labels; missing stays missing."""
    result: Any = ibis.null("float64")
    for label, position in positions.items():
        result = is_label(value, labels, [label]).ifelse(float(position), result)
    return result


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
        received = "Column `{column}` (received) holds values other than 0 and 1 ({rows})."
        other = "Column `{column}` (outcome {outcome}) holds values other than 0 and 1 ({rows})."
        text = received if outcome.key == TAKEN else other
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
    mask = " / ".join(outcome.columns) if missing else None
    if outcome.kind == "nps":
        parts = ((value >= 9).cast("int8"), (value <= 6).cast("int8"))
        return [Variable(n, p.cast("float64"), mask) for n, p in zip(variables_of(outcome), parts, strict=True)]
    return [Variable(outcome.key, value if outcome.cap is None else capped(value, outcome.cap), mask)]


def ratio_variables(table: ir.Table, outcome: Outcome, numerator: Column, missing: bool) -> list[Variable]:
    """Numerator and denominator of the units that have both."""
    below, mask = denominator_of(table, outcome)[0], " / ".join(outcome.columns) if missing else None
    both = numerator.notnull().ifelse(below, ibis.null("float64"))
    return [Variable(n, v, mask) for n, v in zip(variables_of(outcome), (numerator, both), strict=True)]


def duration_variables(table: ir.Table, outcome: Outcome, missing: bool) -> list[Variable]:
    """Pseudo-values of the share at the horizon and of the restricted time, which the table has by then."""
    mask = " / ".join(outcome.columns) if missing else None
    return [Variable(name, table[name], mask) for name in variables_of(outcome)]


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
    labels = levels_of(source, table, column)
    levels = sorted(set(labels.values()))
    return {f"{COVARIATE}{column}={name}": _indicator(table[column], labels, name) for name in levels[1:]}, []


def levels_of(source: Source, table: ir.Table, column: str) -> dict[Any, str]:
    """Raw values of a text covariate with their labels. Raises DataError where numbers were meant, with words for missing ones."""
    values = distinct_values(source, table, column, MOST_LEVELS)
    if len(values) > MOST_LEVELS:  # words may hide behind so many numbers
        text = table.filter(table[column].strip().try_cast("float64").isnull())
        values += distinct_values(source, text, column, MOST_LEVELS)
    words = [v for v in values if not _is_number(v)]
    if len(words) < len(values) and words and {w.strip().lower() for w in words} <= set(FILLERS):
        raise DataError(
            "Column `{column}` (covariate) holds numbers and {words}; leave these cells empty, so that they count as missing.",
            column=column, words=", ".join(f"`{w}`" for w in sorted(set(words))),
        )  # fmt: skip
    return labels_of(source, table, column, MOST_LEVELS, Message("a covariate"))


def _is_number(value: Any) -> bool:
    try:
        return float(value) == float(value)
    except ValueError:
        return False


def columns_needed(need: Need) -> list[str]:
    """Every column that the need names."""
    columns = [
        need.unit,
        need.treatment,
        *(c for o in need.outcomes for c in o.columns),
        *need.covariates,
        *need.strata,
        *need.exclude,
    ]
    single = (need.segment, need.cluster, need.entered, need.time, need.threshold[0] if need.threshold else None)
    return [c for c in (*columns, *need.factors, *need.labels, *need.numbers, *single) if c and c not in need.derived]
