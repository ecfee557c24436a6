"""A command line in this process: arguments in, exit code, standard output and standard error out."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from causalcx.cli import main


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def causalcx(monkeypatch, capfd):
    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["causalcx", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capfd.readouterr()
        code = stop.value.code
        return Ran(code if isinstance(code, int) else 0 if code is None else 1, out, err)

    return run
