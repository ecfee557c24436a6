"""The one module that knows Ibis: opens tables, reads columns by their meaning, and reduces them in the engine."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dtypes
import ibis.expr.types as ir

from causalcx.core.errors import DataError, Message, UsageError
from causalcx.core.labels import canonical
from causalcx.sources.delimited import csv_options, unreadable, why_unreadable
from causalcx.sources.fingerprint import fingerprint_arrow, fingerprint_file, fingerprint_words
from causalcx.sources.footer import Known, known_columns

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
BROKEN = (duckdb.InvalidInputException, duckdb.SerializationException)
"""What the engine raises when a file turns out to be damaged while it is read."""
ENGINE_MEMORY = "512MB"
"""DuckDB's own limit; the environment variable CAUSALCX_ENGINE_MEMORY overrides it."""
DECIMAL_COMMA = r"^[+-]?\d+,\d+$"
SAMPLE = 1_000
"""Rows whose means shift the sums."""
SHOWN = 3
"""Offending rows shown in an error."""

Column = Any
"""An Ibis column expression; Ibis's own annotations know too few of its methods."""


@dataclass(frozen=True)
class Source:
    """A table, how pages name it, and its fingerprint."""

    table: ir.Table
    connection: ibis.BaseBackend
    name: str
    fingerprint: str
    known: Mapping[str, Known] = field(default_factory=dict)
    """What a Parquet footer tells of complete numeric columns."""
    path: Path | None = None
    """The file behind the table, where it is one."""

    @property
    def is_text(self) -> bool:
        """Whether the table is a text file, whose types the engine tells from its values."""
        return self.path is not None and self.path.name.lower().endswith(TEXT)

    def arrow(self, expression: Any) -> Any:
        """The result of a query as Arrow. Raises DataError where the file turns out to be damaged."""
        try:
            return self.connection.to_pyarrow(expression)
        except duckdb.Error as error:
            self._refuse_damaged(error)
            raise

    def _refuse_damaged(self, error: duckdb.Error) -> None:
        if self.path and (isinstance(error, BROKEN) or type(error) is duckdb.Error):
            raise _damaged(self.path) from error

    def batches(self, expression: ir.Table, rows: int) -> Iterator[Any]:
        """The result of a query as Arrow batches of about so many rows, never whole in memory."""
        engine: Any = self.connection
        try:
            if engine.name == "duckdb":  # Ibis asks for it by a name that DuckDB gives up
                yield from engine.raw_sql(engine.compile(expression)).to_arrow_reader(rows)
            else:
                yield from engine.to_pyarrow_batches(expression, chunk_size=rows)
        except duckdb.Error as error:
            self._refuse_damaged(error)
            raise

    def rows(self, expression: ir.Table) -> list[dict[str, Any]]:
        """The result of a (small) query as records."""
        return self.arrow(expression).to_pylist()

    def scalar(self, expression: Column) -> Any:
        """One value."""
        return self.arrow(expression).as_py()


def open_file(path: Path) -> Source:
    """A Parquet file, or a CSV or TSV, also gzipped."""
    if path.is_dir():
        raise DataError("{path} is a folder; name the file in it that holds the data.", path=str(path))
    if not path.is_file():
        raise DataError("The data file {path} does not exist.", path=str(path))
    if not path.name.lower().endswith(PARQUET + TEXT):
        raise DataError(
            "The data file {path} is of no known kind; known: {known}.", path=str(path), known=", ".join(PARQUET + TEXT)
        )
    try:
        fingerprint = fingerprint_file(path)
    except OSError as error:
        raise unreadable(path, error.strerror) from error
    connection = _duckdb()
    if path.name.lower().endswith(TEXT):
        return Source(_read_csv(connection, path), connection, path.name, fingerprint, path=path)
    try:
        table, known = connection.read_parquet(path), known_columns(path)
    except Exception as error:  # whatever the reader raises, the sentence is the same
        raise _damaged(path) from error
    return Source(table, connection, path.name, fingerprint, known, path)


def _read_csv(connection: ibis.BaseBackend, path: Path, **types: str) -> ir.Table:
    """``types`` of columns where they must not be told from the values."""
    options: dict[str, Any] = csv_options(path) | ({"types": types} if types else {})
    try:
        return connection.read_csv(path, **options)
    except duckdb.Error as error:
        raise why_unreadable(path, str(error)) from error


def _damaged(path: Path) -> DataError:
    return DataError(
        "The data file {path} is damaged, cut off, or no {kind} file; write or copy it again.",
        path=str(path), kind=path.suffix,
    )  # fmt: skip


def with_whole_units(source: Source, unit: str) -> Source:
    """The source with a unit column of text where a CSV's ids were taken for floating-point numbers, which hold 15 digits."""
    if not source.is_text:
        return source
    if unit not in source.table.columns or not source.table[unit].type().is_floating():
        return source
    return replace(source, table=as_written(source, [unit]))


def as_written(source: Source, columns: Iterable[str]) -> ir.Table:
    """The table of a text file, with these columns as they are written there."""
    assert source.path is not None
    return _read_csv(source.connection, source.path, **dict.fromkeys(columns, "VARCHAR"))


def _duckdb() -> ibis.BaseBackend:
    """An engine that spills to disk instead of growing."""
    memory = os.environ.get("CAUSALCX_ENGINE_MEMORY", ENGINE_MEMORY)
    try:
        return ibis.duckdb.connect(memory_limit=memory)
    except duckdb.Error as error:
        raise wrong_variable(name="CAUSALCX_ENGINE_MEMORY", value=memory, example="2GB") from error


def wrong_variable(*, name: str, value: str, example: str) -> UsageError:
    """An environment variable that is no amount of memory."""
    return UsageError(
        "The environment variable {name} is `{value}`, which is no amount of memory; write for example {example}.",
        name=name, value=value, example=example,
    )  # fmt: skip


def open_connection(url: str, table: str, folder: Path | None = None) -> Source:
    """A table behind an Ibis connection URL; a database file is looked for in ``folder`` and only read."""
    shown = url.split("@")[-1] if "@" in url else url
    file = _database_file(url, folder)
    if file is not None and not file.is_file():
        raise DataError("The database {path} does not exist.", path=str(file))
    try:
        connection = (
            ibis.duckdb.connect(file, read_only=True) if file and url.startswith("duckdb") else ibis.connect(url)
        )
        found = connection.table(table)
        rows = connection.to_pyarrow(found.count()).as_py()
    except Exception as error:
        reason = str(error).strip().splitlines()[0][:200]
        raise DataError(
            "The table {table} at {url} cannot be read: {reason}", table=table, url=shown, reason=reason
        ) from error
    return Source(found, connection, table, fingerprint_words(connection.name, table, found.schema(), rows))


def _database_file(url: str, folder: Path | None) -> Path | None:
    """The file behind a DuckDB URL, None for other engines and for databases in memory or in the cloud."""
    scheme, _, rest = url.partition("://")
    path = rest.partition("?")[0]
    if scheme != "duckdb" or path in ("", ":memory:") or path.startswith("md:"):
        return None
    return (folder or Path.cwd()) / path


def open_frame(data: Any) -> Source:
    """A pandas, Polars, Arrow or Ibis table in memory."""
    if isinstance(data, ir.Table):
        connection = data.get_backend()
        rows = connection.to_pyarrow(data.count()).as_py()
        return Source(data, connection, "frame", fingerprint_words("expression", ibis.to_sql(data), rows))
    arrow = _with_types(_as_arrow(data))
    if not arrow.num_rows or not arrow.num_columns:
        raise DataError(
            "`data` is empty: {rows} rows, {columns} columns.", rows=arrow.num_rows, columns=arrow.num_columns
        )
    connection = _duckdb()
    return Source(connection.create_table("frame", arrow, temp=True), connection, "frame", fingerprint_arrow(arrow))


def _as_arrow(data: Any) -> Any:
    import pyarrow as pa

    if isinstance(data, pa.Table | pa.RecordBatch):
        return data if isinstance(data, pa.Table) else pa.Table.from_batches([data])
    if hasattr(data, "collect_schema"):  # Polars, lazy or not
        return (data.collect() if hasattr(data, "collect") else data).to_arrow()
    if hasattr(data, "iloc") and hasattr(data, "columns"):
        columns = [_pandas_column(data.iloc[:, i]) for i in range(data.shape[1])]
        return pa.Table.from_arrays(columns, names=[str(c) for c in data.columns])
    raise DataError(
        "`data` is a {kind}; expected a pandas, Polars or Arrow table, or an Ibis expression.", kind=type(data).__name__
    )


def _with_types(table: Any) -> Any:
    """The table, with a type for columns that hold nothing; two columns of one name are refused."""
    import pyarrow as pa

    names = table.column_names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError("The data have more than one column named `{column}`.", column="`, `".join(twice))
    for i, kind in enumerate(table.schema.types):
        if pa.types.is_null(kind):
            table = table.set_column(i, names[i], table.column(i).cast(pa.float64()))
    return table


def _pandas_column(column: Any) -> Any:
    import pyarrow as pa

    try:
        return pa.Array.from_pandas(column)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # mixed types, such as 0 and "control"
        return pa.array([None if v is None or v != v else canonical(v) for v in column])


def require_columns(source: Source, wanted: Iterable[str]) -> None:
    """Every column exists; otherwise one error names all that do not, with the nearest present one."""
    present = list(source.table.columns)
    missing = [c for c in dict.fromkeys(wanted) if c not in present]
    if missing:
        near = dict.fromkeys(n for c in missing for n in difflib.get_close_matches(c, present, 1))
        facts = {"source": source.name, "missing": ", ".join(missing), "present": ", ".join(present[:40])}
        if near:
            raise DataError(
                "{source} has no column {missing}; did you mean {near}? Present: {present}.", near=", ".join(near), **facts
            )  # fmt: skip
        raise DataError("{source} has no column {missing}; present: {present}.", **facts)


def refuse_nested(source: Source, wanted: Iterable[str]) -> None:
    """No column holds lists, records or bytes."""
    for column in wanted:
        kind = source.table[column].type()
        if kind.is_nested() or kind.is_binary():
            raise DataError(
                "Column `{column}` is of type {type}; one number, word or date per row is expected.",
                column=column, type=str(kind),
            )  # fmt: skip


@dataclass(frozen=True)
class Refusal:
    """Rows that may not exist; counted in the first look, shown when there are any."""

    column: str
    wrong: Column
    template: str
    """English sentence with the gaps ``column``, ``rows`` and those of ``facts``."""
    facts: dict[str, Any]

    def refuse(self, source: Source, table: ir.Table, unit: str) -> None:
        """Raise with the first offending rows."""
        shown = {"unit": table[unit], "value": table[self.column]}
        rows = source.rows(table.filter(self.wrong).select(**shown).limit(SHOWN))
        text = ", ".join(f"{unit} {r['unit']}: {_shown(r['value'])}" for r in rows)
        raise DataError(self.template, column=self.column, rows=text, **self.facts)


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str | float) else str(value)


def number(table: ir.Table, column: str, *, has_nan: bool = True) -> tuple[Column, list[Refusal]]:
    """The column as float64 with NaN as null; text is accepted where every non-blank value is a number."""
    value = table[column]
    kind = value.type()
    if kind.is_floating():
        value = value.cast("float64")
        return (value.isnan().ifelse(ibis.null(dtypes.float64), value) if has_nan else value), []
    if kind.is_boolean():
        return value.cast("int8").cast("float64"), []
    if kind.is_numeric() or kind.is_null():
        return value.cast("float64"), []
    if kind.is_string():
        text = value.strip().nullif("")
        parsed = text.try_cast("float64")
        wrong, comma = text.notnull() & parsed.isnull(), text.re_search(DECIMAL_COMMA)
        sentence = "Column `{column}` holds text where numbers are expected ({rows})."
        with_comma = "Column `{column}` writes numbers with a decimal comma ({rows}); write a point instead, as in 1.5."
        refusals = [Refusal(column, wrong & comma, with_comma, {}), Refusal(column, wrong, sentence, {})]
        return (parsed.isnan().ifelse(ibis.null(dtypes.float64), parsed) if has_nan else parsed), refusals
    raise DataError("Column `{column}` is of type {type}; expected numbers.", column=column, type=str(kind))


def labels_of(source: Source, table: ir.Table, column: str, most: int, what: Message) -> dict[Any, str]:
    """Raw values of a column with their canonical labels; null is left out."""
    values = distinct_values(source, table, column, most)
    if len(values) > most:
        raise DataError(
            "Column `{column}` has more than {most} different values; as {what} it can have {most} at most.",
            column=column, most=most, what=what,
        )  # fmt: skip
    return {v: canonical(v) for v in values}


def distinct_values(source: Source, table: ir.Table, column: str, most: int) -> list[Any]:
    """The values of a column without missing ones and blanks; when there are more than ``most``, one more than that."""
    found = source.rows(table.filter(table[column].notnull()).select(value=table[column]).distinct().limit(most + 1))
    return [r["value"] for r in found if r["value"] == r["value"] and str(r["value"]).strip() != ""]


def is_empty(value: Column) -> Column:
    """Whether a column's value is missing or blank."""
    kind = value.type()
    if kind.is_string():
        return value.isnull() | (value.strip() == "")
    return value.isnull() | value.isnan() if kind.is_floating() else value.isnull()


def is_label(value: Column, labels: Mapping[Any, str], wanted: Sequence[str]) -> Column:
    """Whether a column's value has one of the wanted labels."""
    raw = [v for v, label in labels.items() if label in wanted]
    return value.isin(raw) if raw else value.notnull() & ibis.literal(False)


def level(value: Column, missing: str) -> Column:
    """A column as text for grouping, missing values as a level of their own."""
    return value.cast("string").fill_null(missing)


def sample_means(source: Source, table: ir.Table, values: Mapping[str, Column]) -> dict[str, float]:
    """Means of a few rows: sums of differences from them lose no digits to a large common level."""
    return means(source, table, values, SAMPLE)


def means(source: Source, table: ir.Table, values: Mapping[str, Column], rows: int | None = None) -> dict[str, float]:
    """Means of all rows, or of the first ``rows``; 0 where there is none."""
    if not values:
        return {}
    sample = table.select(**{f"v{i}": v for i, v in enumerate(values.values())}).limit(rows)
    row = source.rows(sample.aggregate(**{c: sample[c].mean() for c in sample.columns}))[0]
    found = [row[f"v{i}"] for i in range(len(values))]
    return {name: m if m is not None and math.isfinite(m) else 0.0 for name, m in zip(values, found, strict=True)}
