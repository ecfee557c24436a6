"""A registry in a folder that does not exist yet."""

from __future__ import annotations

from pathlib import Path

import pytest

from causalcx.registry import Registry


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".causalcx" / "registry.sqlite"


@pytest.fixture
def registry(file: Path) -> Registry:
    return Registry.open(file)
