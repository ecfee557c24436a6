"""Turn the weekly share prices of tfcausalimpact's notebook into data.parquet: ``python experiments/volkswagen-shock/make_data.py volks_data.csv [OUT]``. Another file is refused by its SHA-256."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "4ddec52de5b9b5f19b0d40980dd10b7cbfd6ae0efc5ffa79bc449ae522d05355"


def weekly(csv: Path) -> pa.Table:
    """One row per week: ``week``, ``volkswagen``, ``bmw``, ``allianz``."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    table = pc.read_csv(csv, convert_options=pc.ConvertOptions(column_types={"Date": pa.date32()}))
    return table.rename_columns(["week", "volkswagen", "bmw", "allianz"])


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(weekly(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
