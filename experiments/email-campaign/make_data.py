"""Turn Kevin Hillstrom's file into data.parquet: ``python experiments/email-campaign/make_data.py HILLSTROM.csv [OUT]``.

The input is the file of the MineThatData E-Mail Analytics And Data Mining Challenge, published on 2008-03-20 on
blog.minethatdata.com: 64,000 rows, 12 columns, 3,964,977 bytes. Another file is refused by its SHA-256.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "0e5893329d8b93cefecc571777672028290ab69865718020c78c7284f291aece"
SMALL = {"recency": pa.int8(), "history": pa.float64(), "spend": pa.float64()} | dict.fromkeys(
    ("mens", "womens", "newbie", "visit", "conversion"), pa.int8()
)


def numbered(csv: Path) -> pa.Table:
    """All columns of the file in small types, after ``customer``: the row number, 1 to 64,000, as the unit."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    table = pc.read_csv(csv, convert_options=pc.ConvertOptions(column_types=SMALL))
    return table.add_column(0, "customer", pa.array(range(1, table.num_rows + 1), pa.int32()))


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(numbered(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
