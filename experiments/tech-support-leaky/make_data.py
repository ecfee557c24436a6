"""Join the satisfaction score to the telco sample: ``python experiments/tech-support-leaky/make_data.py STATUS.csv [OUT]``.

The input is the table *Telco customer churn: status* (11.1.3+) of the same fictional sample as CSV: 7,043 rows, 11 columns;
another file is refused by its SHA-256. The other columns are those of ``../tech-support-and-churn/data.parquet``.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "d9490cea22ddba9d05317662ab16e997e395336969fe4b89595e783839e48814"
COLUMN, KEY = "Satisfaction Score", "Customer ID"


def joined(status: Path, base: Path) -> pa.Table:
    """The base columns and the score, in the order of the base file."""
    if hashlib.sha256(status.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{status} is not the published file: its SHA-256 differs")
    found = pc.read_csv(status).select([KEY, COLUMN]).to_pydict()
    score = dict(zip(found[KEY], found[COLUMN], strict=True))
    table = pq.read_table(base)
    return table.append_column(
        "SatisfactionScore", pa.array([score[i] for i in table["customerID"].to_pylist()], pa.int8())
    )


if __name__ == "__main__":
    here = Path(__file__).parent
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else here / "data.parquet"
    pq.write_table(
        joined(Path(sys.argv[1]), here.parent / "tech-support-and-churn" / "data.parquet"),
        out,
        compression="zstd",
        compression_level=19,
    )
    print(out)
