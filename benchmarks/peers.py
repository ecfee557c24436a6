"""Interpreters of peers that need an environment of their own, named by environment variables."""

from __future__ import annotations

import os
import sys


def variable(peer: str) -> str:
    """``tfcausalimpact`` is looked for in PEER_TFCAUSALIMPACT_PYTHON."""
    return f"PEER_{peer.upper().replace('-', '_')}_PYTHON"


def interpreters(peers: tuple[str, ...]) -> tuple[dict[str, str], list[str]]:
    """Interpreter of each peer that is there, and a line for each that is missing."""
    found = {peer: os.environ[variable(peer)] for peer in peers if os.environ.get(variable(peer))}
    missing = [
        f"- not run: {peer}; {variable(peer)} names the interpreter of an environment that has it"
        for peer in peers
        if peer not in found
    ]
    return {"causalcx": sys.executable} | found, missing
