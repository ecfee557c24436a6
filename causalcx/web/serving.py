"""Start the portal on this machine."""

from __future__ import annotations

import ipaddress
import sys
from pathlib import Path

from causalcx import words
from causalcx.core.errors import UsageError
from causalcx.service.places import workspace_of
from causalcx.web.app import ALLOW_REMOTE, create_app, remote_allowed

THREADS = 4


def serve(workspace: Path, host: str = "127.0.0.1", port: int = 8000, language: str = "en") -> None:
    """Serve the portal of the workspace around a folder until interrupted; the address goes to standard error.

    There are no accounts, so a host that other machines can reach is refused unless ``CAUSALCX_ALLOW_REMOTE=1``.
    """
    if not is_loopback(host) and not remote_allowed():
        raise UsageError(
            "The portal has no accounts, so it does not listen on {host}, which other machines can reach. "
            "Use 127.0.0.1, or set {variable}=1 and put a login in front of it.",
            host=host, variable=ALLOW_REMOTE,
        )  # fmt: skip
    from waitress import create_server

    app = create_app(workspace_of(workspace) or workspace, language=language)
    try:
        server = create_server(app, host=host, port=port, threads=THREADS, ident=None)
    except OSError as error:
        raise UsageError("The portal cannot listen on {host}:{port}: {reason}.", host=host, port=port, reason=error.strerror) from error
    print(words.sentence("serve.address", {"address": address(host, port)}, language, folders=_translations()), file=sys.stderr, flush=True)
    try:
        server.run()
    finally:
        server.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the host."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def address(host: str, port: int) -> str:
    """What to open in a browser."""
    return f"http://[{host}]:{port}/" if ":" in host.strip("[]") else f"http://{host}:{port}/"


def _translations() -> list[Path]:
    from causalcx.core.packaged import packaged

    return [packaged("web") / "translations"]
