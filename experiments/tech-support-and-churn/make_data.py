"""Turn IBM's sample of a fictional telco into data.parquet: ``python experiments/tech-support-and-churn/make_data.py CHURN.csv [OUT]``.

The input is ``data/Telco-Customer-Churn.csv`` of the GitHub repository IBM/telco-customer-churn-on-icp4d at commit
d5371f5d83a446ad5673cbcca3b814b926491f8a: 7,043 rows, 21 columns, 970,457 bytes. Another file is refused by its SHA-256.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "16320c9c1ec72448db59aa0a26a0b95401046bef5d02fd3aeb906448e3055e91"
SMALL = {"SeniorCitizen": pa.int8(), "tenure": pa.int8(), "MonthlyCharges": pa.float64()}


def published(csv: Path) -> pa.Table:
    """All rows and columns of the file in small types, but ``TotalCharges`` (tenure times charges; blank in 11 rows)."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    return pc.read_csv(csv, convert_options=pc.ConvertOptions(column_types=SMALL)).drop_columns(["TotalCharges"])


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(published(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
