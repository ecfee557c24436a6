"""The reader's language: asked for in the address, then remembered, then what the browser prefers."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Response, current_app, g, request

from causalcx import words
from causalcx.web.places import folders

COOKIE = "causalcx_language"
LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
ONE_YEAR = 365 * 24 * 3600


def choose_language() -> None:
    """Settle the language of the request."""
    asked, kept = request.args.get("lang"), request.cookies.get(COOKIE)
    preferred = request.accept_languages.best_match(words.LANGUAGES)
    offered = (asked, kept, preferred, current_app.config["LANGUAGE"])
    g.language = next((language for language in offered if language in words.LANGUAGES), "en")


def use_language(language: str) -> None:
    """Change it within a request; the choice is remembered."""
    if language in words.LANGUAGES:
        g.language = g.chosen_language = language


def current_language() -> str:
    """The language of the request; the portal's own where a request failed before it was settled."""
    return g.get("language") or current_app.config["LANGUAGE"]


def remember_language(response: Response) -> Response:
    """Keep a language that was chosen, not one that was guessed."""
    chosen = g.get("chosen_language") or request.args.get("lang")
    if chosen in words.LANGUAGES:
        response.set_cookie(COOKIE, chosen, max_age=ONE_YEAR, samesite="Lax", httponly=True)
    response.headers.add("Vary", "Accept-Language, Cookie")
    return response


def switch_address() -> dict[str, str]:
    """The same page in the other language."""
    other = next(language for language in words.LANGUAGES if language != current_language())
    query = {name: value for name, value in request.args.items() if name != "lang"} | {"lang": other}
    return {"language": other, "tag": LANGUAGE_TAGS[other], "address": f"{request.path}?{urlencode(query)}"}


def say(code: str, **facts: Any) -> str:
    """A sentence of the portal, in the reader's language."""
    return words.sentence(code, facts, current_language(), folders=translations())


def known(code: str) -> bool:
    """Whether the portal has a sentence for a code."""
    return words.known(code, current_language(), *translations())


def translations() -> list[Path]:
    """Catalogue folders; the workspace's own comes last and so has the last word."""
    return [folder / "translations" for folder in reversed(folders(current_app.config["WORKSPACE"], "web"))]
