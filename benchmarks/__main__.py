"""All benchmarks, one after the other, each writing its table beside its code: ``python -m benchmarks`` (``make bench``).

``python -m benchmarks moments startup`` runs only those named. Coverage (``python -m benchmarks.coverage``) takes longer
and is run apart.
"""

from __future__ import annotations

import subprocess
import sys

EVERY = ("startup", "moments", "observational", "synthetic", "series", "discontinuity", "panel", "gallery")


def main(names: list[str]) -> None:
    for name in names or EVERY:
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
