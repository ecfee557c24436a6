"""Turn Card's extract of the National Longitudinal Survey into data.parquet: ``python experiments/card-nudge/make_data.py card.csv [OUT]``. Another file is refused by its SHA-256."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "6e8ec8cd4827a03c4104bb81f82f3187038dc43807b9dcb03489b0e9ce77fc13"
COLLEGE = 13
REGIONS = [f"reg{i}" for i in range(662, 670)]
KEPT = ["id", "nearc4", "educ", "lwage", "exper", "expersq", "black", "smsa", "south", "smsa66", *REGIONS]


def men(csv: Path) -> pa.Table:
    """One row per man; ``college``: 13 years of school or more."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    table = pc.read_csv(csv)
    college = pa.array([int(years >= COLLEGE) for years in table["educ"].to_pylist()], pa.int8())
    return table.select(KEPT).append_column("college", college)


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(men(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
