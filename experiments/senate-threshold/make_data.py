"""Turn rdrobust's Senate elections into data.parquet: ``python experiments/senate-threshold/make_data.py rdrobust_senate.csv [OUT]``. Another file is refused by its SHA-256."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "def1fc6b8ae5af273f2140aa449c81b3ecfe1d0f325aa80ceccb0d9638a2ad44"


def races(csv: Path) -> pa.Table:
    """One row per race with both a margin and a vote six years later; ``race`` is a row number added here."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    table = pc.read_csv(csv).select(["state", "year", "margin", "vote"]).drop_null()
    return table.add_column(0, "race", pa.array(range(1, table.num_rows + 1), pa.int32()))


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(races(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
