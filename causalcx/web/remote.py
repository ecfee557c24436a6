"""Who may reach a portal that has no accounts: this machine, unless somebody takes it upon himself."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit

from flask import abort, request

ALLOW_REMOTE = "CAUSALCX_ALLOW_REMOTE"
BAD_REQUEST = 400


def remote_allowed() -> bool:
    """Whether ``CAUSALCX_ALLOW_REMOTE=1`` opens the portal to other machines."""
    return os.environ.get(ALLOW_REMOTE) == "1"


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def only_this_machine() -> None:
    """Refuse a request under a foreign name: a page elsewhere may have pointed its own name at this machine."""
    if not is_loopback(urlsplit(f"//{request.host}").hostname or "") and not remote_allowed():
        abort(BAD_REQUEST)
