"""Heavy libraries load when used."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "dowhy", "econml", "pymc", "arviz", "scipy", "statsmodels", "sklearn", "pandas", "numpy", "matplotlib", "ibis", "duckdb", "pyarrow",
    "altair", "vl_convert", "lightgbm", "sqlmodel", "flask",
)  # fmt: skip


@pytest.mark.parametrize(
    "code",
    [
        "import causalcx",
        "import sys; sys.argv = ['causalcx', '--help']; from causalcx.cli import main\ntry: main()\nexcept SystemExit: pass",
        "from causalcx.core.experiment_file import load_experiment",
    ],
    ids=["import causalcx", "causalcx --help", "reading a file"],
)
def test_nothing_heavy_is_imported(code):
    listing = f"{code}\nimport sys\nprint('loaded', sorted({{m.split('.')[0] for m in sys.modules}} & set({HEAVY!r})))"
    ran = subprocess.run([sys.executable, "-c", listing], capture_output=True, text=True, check=True)
    assert ran.stdout.strip().splitlines()[-1] == "loaded []"
