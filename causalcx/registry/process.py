"""Whether the process behind a run still lives, so that a run whose process was killed is not waited for."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path


def this_process() -> str:
    """Host, number and birth of this process, as JSON."""
    return json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "born": _born(os.getpid())})


def is_alive(process: str) -> bool:
    """Whether the process still exists; one of another machine is taken to."""
    found = json.loads(process)
    if found["host"] != socket.gethostname():
        return True
    try:
        os.kill(found["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return found.get("born") == _born(found["pid"])


def _born(pid: int) -> str | None:
    """Clock ticks from boot to the start of a process (Linux; None elsewhere): numbers are used again, above all in containers."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return None
