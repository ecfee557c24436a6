"""How a CSV or TSV file is to be read, and in plain words why one cannot be."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterable, Iterator
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from causalcx.core.errors import DataError, Message

SEPARATORS = ",;\t|"
TYPES = ["BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "VARCHAR"]
"""Never booleans: `yes`, `no`, `on` and `off` are words."""
START, BLOCK = 2**16, 2**20
"""Bytes that tell what a file holds; bytes read at a time."""
SIGNATURES = {b"PAR1": "Parquet", b"PK\x03\x04": "Excel / zip", b"\x1f\x8b": "gzip", b"\xd0\xcf\x11\xe0": "Excel"}
WIDE = (b"\xff\xfe", b"\xfe\xff")
"""What UTF-16 starts with."""


def csv_options(path: Path) -> dict[str, Any]:
    """The first row names the columns and fixes the separator, so that a row of another length is an error; types are told from all rows.

    Raises DataError where the file holds something else than text in UTF-8, or names a column twice.
    """
    start = _start(path)
    _refuse_other_content(path, start)
    separator = _separator(start)
    _refuse_repeated_names(path, _fields(start.decode("utf-8-sig", errors="replace").splitlines(), separator))
    fixed = {"delim": separator} if separator else {}
    return {"header": True, "skip": 0, "sample_size": -1, "auto_type_candidates": TYPES} | fixed


def why_unreadable(path: Path, otherwise: str) -> DataError:
    """The first line that is not in UTF-8 or has more or fewer values than the header; where there is none, the engine's reason."""
    try:
        _refuse_broken_rows(path)
    except DataError as found:
        return found
    except csv.Error as error:
        otherwise = str(error)
    return unreadable(path, otherwise)


def unreadable(path: Path, reason: str | None) -> DataError:
    """A file that cannot be read, with the reason of whoever tried."""
    shown = str(reason).strip().splitlines()[0][:200]
    return DataError("The data file {path} cannot be read: {reason}", path=str(path), reason=Message(shown))


def _refuse_broken_rows(path: Path) -> None:
    separator = _separator(_start(path))
    rows = csv.reader(_decoded(path), delimiter=separator or ",")
    expected = len(next(rows, []))
    for row in rows:
        if row and len(row) != expected:
            raise DataError(
                "Line {line} of {path} has {found} values where the header names {expected} columns; leave a missing value empty "
                "between its separators, and put one that holds `{separator}` into double quotes.",
                line=rows.line_num, path=str(path), found=len(row), expected=expected, separator=separator or ",",
            )  # fmt: skip


def _opened(path: Path) -> BufferedIOBase:
    return gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb")


def _start(path: Path) -> bytes:
    """The first bytes; a gzip file is read to its end, since engines take one that was cut off for whole."""
    try:
        with _opened(path) as file:
            start = file.read(START)
            while path.suffix.lower() == ".gz" and file.read(BLOCK):
                pass
    except (gzip.BadGzipFile, EOFError) as error:
        raise DataError(
            "The data file {path} ends in .gz but is no whole gzip file; compress it again, or drop the ending where it is not "
            "compressed.",
            path=str(path),
        ) from error  # fmt: skip
    return start


def _refuse_other_content(path: Path, start: bytes) -> None:
    if not start.strip():
        raise DataError("The data file {path} is empty.", path=str(path))
    known = next((name for signature, name in SIGNATURES.items() if start.startswith(signature)), None)
    if known:
        raise DataError(
            "The data file {path} is in the format {format}, not text in columns; save it as CSV, or give a Parquet or gzip file the ending "
            ".parquet or .csv.gz.",
            path=str(path), format=known,
        )  # fmt: skip
    if start.startswith(WIDE):
        raise _other_encoding(path, 1, "UTF-16")
    if b"\0" in start:
        raise DataError("The data file {path} is not text; save it as CSV in UTF-8.", path=str(path))


def _other_encoding(path: Path, line: int, encoding: str) -> DataError:
    return DataError(
        "The data file {path} is not encoded in UTF-8 (line {line}; perhaps {encoding}); save it as `CSV UTF-8`.",
        path=str(path), line=line, encoding=encoding,
    )  # fmt: skip


def _decoded(path: Path) -> Iterator[str]:
    with _opened(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise _other_encoding(path, number, "GBK / Latin-1") from error


def _separator(start: bytes) -> str | None:
    """The separator that the first line holds most often outside quotes."""
    names = re.sub('"[^"]*"', "", start.decode("utf-8-sig", errors="replace")).lstrip().partition("\n")[0]
    return max(SEPARATORS, key=names.count) if any(s in names for s in SEPARATORS) else None


def _fields(lines: Iterable[str], separator: str | None) -> list[str]:
    return next(csv.reader(lines, delimiter=separator or ","), [])


def _refuse_repeated_names(path: Path, names: list[str]) -> None:
    twice = [n for i, n in enumerate(names) if n.strip() and n in names[:i]]
    if twice:
        raise DataError(
            "The data file {path} has more than one column named `{column}`; give each a name of its own.",
            path=str(path), column="`, `".join(dict.fromkeys(twice)),
        )  # fmt: skip
