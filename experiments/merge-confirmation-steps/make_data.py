"""Write data.parquet and truth.json again: ``python experiments/merge-confirmation-steps/make_data.py [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

from causalcx.simulate import write_company

CUSTOMERS, SEED = 40_000, 20260301

if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for path in write_company(folder, customers=CUSTOMERS, seed=SEED).values():
        print(path)
