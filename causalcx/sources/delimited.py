"""How a CSV or TSV file is to be read."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

SEPARATORS = ",;\t|"
TYPES = ["BIGINT", "DOUBLE", "DATE", "TIMESTAMP", "VARCHAR"]
"""Never booleans: `yes`, `no`, `on` and `off` are words."""
LONGEST_HEADER = 1_000_000


def csv_options(path: Path) -> dict[str, Any]:
    """The first row names the columns and fixes the separator, so that a row of another length is an error; types are told from all rows."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", errors="replace") as file:
        names = re.sub('"[^"]*"', "", file.readline(LONGEST_HEADER))
    separator = max(SEPARATORS, key=names.count)
    fixed = {"delim": separator} if separator in names else {}
    return {"header": True, "skip": 0, "sample_size": -1, "auto_type_candidates": TYPES} | fixed
