"""The application factory: folders, languages, security, error pages."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask, Response
from flask_wtf import CSRFProtect
from jinja2 import FileSystemLoader, StrictUndefined
from werkzeug.exceptions import HTTPException

from causalcx.core.errors import UsageError
from causalcx.web.change import bp as change
from causalcx.web.language import (
    LANGUAGE_TAGS,
    choose_language,
    current_language,
    known,
    remember_language,
    say,
    switch_address,
)
from causalcx.web.pages import bp as pages
from causalcx.web.pages import error_page
from causalcx.web.places import folders
from causalcx.web.remote import only_this_machine

LARGEST_FORM = 1_000_000
"""Bytes; an experiment file is a few thousand."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-cache",
}


def create_app(workspace: Path, registry_path: Path | None = None, *, language: str = "en") -> Flask:
    """The portal of a workspace. ``registry_path`` replaces the workspace's own registry; ``language`` is for readers who state none."""
    if not workspace.is_dir():
        raise UsageError(
            "There is no folder {folder}; make it with `causalcx init --workspace {folder}`, or name another one.",
            folder=str(workspace),
        )
    app = Flask("causalcx.web", static_folder=None)
    app.config.update(
        WORKSPACE=workspace.resolve(), REGISTRY=registry_path, LANGUAGE=language, MAX_CONTENT_LENGTH=LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM, SECRET_KEY=os.environ.get("CAUSALCX_SECRET") or secrets.token_hex(32), WTF_CSRF_TIME_LIMIT=None,
        SESSION_COOKIE_NAME="causalcx_session", SESSION_COOKIE_SAMESITE="Strict",
    )  # fmt: skip
    app.jinja_loader = FileSystemLoader(
        [str(folder / "templates") for folder in folders(app.config["WORKSPACE"], "web")]
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_for_every_page)
    app.before_request(choose_language)
    app.before_request(only_this_machine)
    app.after_request(_secure)
    CSRFProtect(app)
    app.register_blueprint(pages)
    app.register_blueprint(change)
    app.register_error_handler(HTTPException, error_page)
    app.register_error_handler(Exception, error_page)
    return app


def _for_every_page() -> dict[str, Any]:
    language = current_language()
    return {
        "say": say,
        "known": known,
        "language": language,
        "language_tag": LANGUAGE_TAGS[language],
        "switch": switch_address(),
    }


def _secure(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return remember_language(response)
