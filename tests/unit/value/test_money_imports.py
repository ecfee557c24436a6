"""The room can be reached without loading numbers."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_room_loads_no_heavy_library() -> None:
    code = "import sys, causalcx.value; print(sorted({'numpy', 'scipy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
