"""Start the portal on this machine."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from causalcx import words
from causalcx.core.errors import Message, UsageError
from causalcx.service.places import workspace_of
from causalcx.web.app import create_app
from causalcx.web.remote import ALLOW_REMOTE, is_loopback, remote_allowed

THREADS = 4
LAST_PORT = 65_535


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
    with _listening(host, port) as opened:
        server = create_server(app, sockets=[opened], threads=THREADS, ident=None)
        where = address(host, opened.getsockname()[1])
        print(
            words.sentence("serve.address", {"address": where}, language, folders=_translations()),
            file=sys.stderr,
            flush=True,
        )
        try:
            server.run()
        finally:
            server.close()


def _listening(host: str, port: int) -> socket.socket:
    if not 0 <= port <= LAST_PORT:
        raise UsageError("There is no port {port}; a port is a number from 0 to 65535.", port=port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host.strip("[]"), port), family=family)
    except OSError as error:
        raise UsageError(
            "The portal cannot listen on {host}:{port}: {reason}.",
            host=host,
            port=port,
            reason=Message(str(error.strerror)),
        ) from error


def address(host: str, port: int) -> str:
    """What to open in a browser."""
    return f"http://{_in_address(host)}:{port}/"


def _in_address(host: str) -> str:
    return f"[{host.strip('[]')}]" if ":" in host else host


def _translations() -> list[Path]:
    from causalcx.core.packaged import packaged

    return [packaged("web") / "translations"]
