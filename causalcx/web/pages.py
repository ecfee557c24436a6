"""What is read: the list of cases, a case, the glossary, health, styles, error pages."""

from __future__ import annotations

import mimetypes
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.utils import safe_join

from causalcx import words
from causalcx.core.errors import CausalcxError
from causalcx.core.text import text_in
from causalcx.reports import case_css, trust_page
from causalcx.service import portal
from causalcx.web.cards import cards_of
from causalcx.web.language import current_language, say
from causalcx.web.places import folders

bp = Blueprint("pages", __name__)
TERMS = ("npv", "frequency", "payback", "irr", "freed", "nps", "guardrail", "sealed", "evidence", "exploratory")
"""Terms of the case page that the glossary explains, besides the portal's own."""
OWN_TERMS = (
    "intervention",
    "randomised",
    "observational",
    "control",
    "outcome",
    "primary",
    "matters",
    "covariate",
    "assumption",
    "span",
    "compliers",
    "spillover",
    "limits",
    "regression",
    "placebo",
)
DESIGNS = ("staggered", "switchback", "synthetic-control", "interrupted-time-series", "discontinuity", "instrument")
"""Designs that the glossary explains beside the randomised and the observational one."""
FAULT = 500


def here() -> dict[str, Any]:
    """Which workspace and registry the service reads."""
    return {"workspace": current_app.config["WORKSPACE"], "registry": current_app.config["REGISTRY"]}


@bp.get("/")
def cases() -> str:
    """The list of cases, and what is under way."""
    rows = [card for case in portal.published_cases(**here()) for card in cards_of(case, current_language())]
    return render_template("cases.html", cards=rows, under_way=portal.under_way(**here()), text_in=_text)


@bp.get("/cases")
def all_cases() -> Any:
    """The list stands at the root."""
    return redirect(url_for("pages.cases"))


@bp.get("/cases/<key>")
def case(key: str) -> str:
    """One case, as it was published."""
    found = portal.published_case(**here(), key=key) or abort(404)
    arm = request.args.get("arm", next(iter(found.pages)))
    pages = found.pages.get(arm) or abort(404)
    language = current_language()
    return render_template(
        "case_in_portal.html", case=found, arm=arm, arms=_arms(found, language), title=_text(found.title), failure=_newer_failure(key),
        body=Markup(pages.get(language) or next(iter(pages.values()))), published=words.date(found.published_at, language),
    )  # fmt: skip


def _arms(found: portal.PublishedCase, language: str) -> list[dict[str, str]]:
    names = {card.arm: card.arm_name for card in cards_of(found, language)}
    return [{"arm": arm, "name": names.get(arm, arm)} for arm in found.pages]


def _newer_failure(key: str) -> str | None:
    """What became of the newest run, where it did not end well; the page shown is then an older one."""
    run = portal.latest_run(**here(), key=key)
    if run is None or run["state"] not in ("failed", "abandoned"):
        return None
    return say(f"case.run.{run['state']}", failure=words.say(run["failure"] or "", current_language()))


def _text(text: Any) -> str:
    return text_in(text, current_language())


@bp.get("/glossary")
def glossary() -> str:
    """The terms of the pages, each in a sentence."""
    shared = [(f"term.{term}", f"term.{term}.explain") for term in TERMS]
    own = [(f"portal.term.{term}", f"portal.term.{term}.explain") for term in OWN_TERMS]
    designs = [(f"design.{kind}", f"portal.design.{kind}.explain") for kind in DESIGNS]
    terms = [(say(term), say(explained)) for term, explained in (*shared, *own, *designs)]
    return render_template("glossary.html", terms=terms)


@bp.get("/trust")
def trust() -> str:
    """How often each design's intervals held a known truth; cases link their rows here."""
    return render_template("trust.html", body=Markup(trust_page()))


@bp.get("/health")
def health() -> Response:
    """For whoever watches the process."""
    facts = portal.health(**here())
    response = jsonify({"version": version("causalcx"), **facts})
    response.status_code = 200 if facts["registry"] == "ok" else 503
    return response


@bp.get("/static/<path:name>")
def static(name: str) -> Any:
    """Styles and script: the workspace's copy, else the packaged one; ``case.css`` is that of the reports."""
    content = _static(current_app.config["WORKSPACE"], name)
    if content is None:
        abort(404)
    response = Response(content, mimetype=mimetypes.guess_type(name)[0])
    response.add_etag()
    return response.make_conditional(request)


def _static(workspace: Path, name: str) -> bytes | None:
    if name == "case.css":
        return case_css(folders(workspace, "reports")).encode()
    places = [safe_join(str(folder / "static"), name) for folder in folders(workspace, "web")]
    return next((Path(place).read_bytes() for place in places if place and Path(place).is_file()), None)


def error_page(error: Exception) -> Any:
    """An error as a page in the reader's language; what is ours to mend goes to the log."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.response
    status = error.code or FAULT if isinstance(error, HTTPException) else FAULT
    if isinstance(error, HTTPException) and status < 400:
        return error
    sentence = words.say(error, current_language()) if isinstance(error, CausalcxError) else None
    if status == FAULT:
        current_app.logger.error("request failed: %s", error, exc_info=error)
    kind = str(status) if status in (400, 404, 405, 413) else "500" if status >= FAULT else "400"
    return render_template("error.html", kind=kind, sentence=sentence), status
