"""The portal: lists and shows finished cases, and registers changes. It reads results; it computes none."""

from causalcx.web.app import create_app
from causalcx.web.serving import serve

__all__ = ["create_app", "serve"]
