"""Write data.parquet, neighbours.csv and truth.json again: ``python experiments/peak-staffing/make_data.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from causalcx.simulate.worlds import write_world

WORLD, SEED = "staffing-neighbours", 2

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in write_world(WORLD, folder, SEED).values():
        print(path)
