"""Turn GeoLift's test data into data.parquet: ``python experiments/geolift-campaign/make_data.py GeoLift_Test.csv [OUT]``. Another file is refused by its SHA-256."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "7ca784f8e9cadf235e75844a14398875357d27eb01f2672c12d02c0e8c23f57b"


def daily(csv: Path) -> pa.Table:
    """One row per city and day: ``location``, ``date``, ``figure``."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    table = pc.read_csv(csv, convert_options=pc.ConvertOptions(column_types={"Y": pa.int32(), "date": pa.date32()}))
    return table.select(["location", "date", "Y"]).rename_columns(["location", "date", "figure"])


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(daily(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
