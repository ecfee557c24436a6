"""A stranger's folder, outside any workspace, and a shell in which to follow a page."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from doc_pages import script

CUSTOMERS = 4_000


@pytest.fixture(scope="session")
def refunds() -> str:
    """The CSV that the README's reader has: a refund within a day keeps about 3 more of 100 customers."""
    chance = random.Random(20260301)
    lines = ["customer,plan,past_orders,score,left,spent,calls"]
    for customer in range(1, CUSTOMERS + 1):
        fast, past = chance.random() < 0.5, int(chance.expovariate(0.25))
        score = max(0, min(10, round(chance.gauss(6.6 + 0.4 * fast, 2.5)))) if chance.random() < 0.3 else ""
        left = int(chance.random() < 0.15 - 0.03 * fast)
        spent = 0 if left else round(chance.gammavariate(1.5, 30) + 3 * past + 2 * fast, 2)
        calls = sum(chance.random() < 0.3 for _ in range(3))
        lines.append(f"{customer},{'fast' if fast else 'usual'},{past},{score},{left},{spent},{calls}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def follow() -> Callable[[Path, Path], subprocess.CompletedProcess[str]]:
    """Does in a folder what a page shows, with the program of this environment on the path."""

    def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        kept = {k: v for k, v in os.environ.items() if not k.startswith("CAUSALCX_") and k != "PYTHONDONTWRITEBYTECODE"}
        environment = kept | {"PATH": path}
        return subprocess.run(
            ["bash", "-c", script(page)], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )

    return run
