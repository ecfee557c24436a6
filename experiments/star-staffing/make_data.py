"""Turn Project STAR's file of R's AER into data.parquet: ``python experiments/star-staffing/make_data.py STAR.csv [OUT]``. Another file is refused by its SHA-256."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as compute
import pyarrow.csv as pc
import pyarrow.parquet as pq

SHA256 = "306539f10dc20d6a7619e64ddc937f727b7a4d8cac6f2ad9ccab48059527737a"
TEACHER = ["school", "type", "experience", "ladder", "degree", "ethnicity"]
COLUMNS = {
    "schoolidk": "school", "stark": "type", "experiencek": "experience", "ladderk": "ladder", "degreek": "degree", "tethnicityk": "ethnicity",
    "readk": "read", "mathk": "math", "lunchk": "lunch",
}  # fmt: skip


def kindergarten(csv: Path) -> pa.Table:
    """One row per pupil in kindergarten with both scores. The file has no class numbers: ``classroom`` counts school, type and the teacher's traits."""
    if hashlib.sha256(csv.read_bytes()).hexdigest() != SHA256:
        raise SystemExit(f"{csv} is not the published file: its SHA-256 differs")
    table = pc.read_csv(csv).select(list(COLUMNS)).rename_columns(list(COLUMNS.values()))
    table = table.filter(compute.and_(compute.is_valid(table["read"]), compute.is_valid(table["math"])))
    rooms = list(zip(*(table[c].to_pylist() for c in TEACHER), strict=True))
    number = {room: i for i, room in enumerate(dict.fromkeys(rooms), start=1)}
    return pa.table(
        {
            "pupil": pa.array(range(1, table.num_rows + 1), pa.int32()),
            "school": table["school"].cast(pa.int16()),
            "type": table["type"],
            "classroom": pa.array([number[room] for room in rooms], pa.int16()),
            "score": compute.add(table["read"], table["math"]),
            "free_lunch": compute.equal(table["lunch"], "free").cast(pa.int8()),
        }
    )


if __name__ == "__main__":
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).with_name("data.parquet")
    pq.write_table(kindergarten(Path(sys.argv[1])), out, compression="zstd", compression_level=19)
    print(out)
