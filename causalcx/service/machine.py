"""Whether this machine has what causalcx needs."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from causalcx.service.places import registry_file


def doctor(*, folder: Path | None = None) -> dict[str, Any]:
    """Each check with what was found; ``ok`` is false where a required one failed."""
    checks = [
        _check("Python 3.12 or 3.13", lambda: _supported(platform.python_version()), required=True),
        *(_check(name, lambda name=name: version(name), required=True) for name in _PACKAGES),
        _check("data engine (DuckDB through Ibis)", _engine, required=True),
        _check("registry can be written", lambda: _registry(folder or Path.cwd()), required=True),
        _check("LightGBM loads (else scikit-learn's boosting is used)", _lightgbm, required=False),
    ]
    return {"schema": 1, "ok": all(c["ok"] for c in checks if c["required"]), "checks": checks}


_PACKAGES = (
    "causalcx",
    "dowhy",
    "econml",
    "pymc",
    "arviz",
    "nutpie",
    "pandas",
    "flask",
    "sqlmodel",
    "ibis-framework",
    "duckdb",
)


def _check(name: str, look: Callable[[], str], *, required: bool) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "found": look(), "required": required}
    except Exception as error:  # whatever is wrong with the machine is the answer
        return {"name": name, "ok": False, "found": f"{type(error).__name__}: {error}", "required": required}


def _supported(found: str) -> str:
    if not (3, 12) <= sys.version_info[:2] < (3, 14):
        raise RuntimeError(found)
    return found


def _engine() -> str:
    from causalcx.sources.engine import ibis

    value = ibis.duckdb.connect().raw_sql("select 6 * 7").fetchone()
    if value != (42,):
        raise RuntimeError(f"6 x 7 = {value}")
    return "computes"


def _registry(folder: Path) -> str:
    file = registry_file(folder)
    target = next(f for f in (file.parent, *file.parents) if f.exists())
    with tempfile.TemporaryFile(dir=target):
        return str(file)


def _lightgbm() -> str:
    import lightgbm

    return str(lightgbm.__version__)
