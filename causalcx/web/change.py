"""*Register a change*: the experiment model as a form, its YAML beside it, saved as a draft in the workspace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError

from causalcx import words
from causalcx.core.errors import CausalcxError, ExperimentError
from causalcx.core.text import text_in
from causalcx.core.yaml_text import plain, read_yaml
from causalcx.service import portal
from causalcx.web import form
from causalcx.web.language import current_language, say, use_language
from causalcx.web.pages import here

bp = Blueprint("change", __name__)
BAD, CONFLICT, WRONG = 400, 409, 422
_ROW = re.compile(r"^(\[\d+\]|\.[^.]+)\.?")
"""A row's place within that of its group."""
ASKED: dict[str, Any] = {"period": {}}
"""Parts whose missing keys are named one by one, even where nothing of them was typed."""


@dataclass(frozen=True)
class Checked:
    """A form with the file it makes and everything that is wrong with it."""

    typed: form.Typed
    text: str
    key: str
    complaints: tuple[form.Complaint, ...]


def check(typed: form.Typed) -> Checked:
    """What the command line would say of the file that the form makes."""
    stated = form.document_of(typed)
    text = form.write_yaml(stated.document)
    draft = portal.check_draft(workspace=current_app.config["WORKSPACE"], text=form.write_yaml(ASKED | stated.document))
    complaints = form.in_reading_order(
        [*stated.complaints, *form.complaints_of(draft.error, stated.where, stated.explained)]
    )
    return Checked(typed, text, typed.text("key"), tuple(complaints))


@bp.get("/register")
def new() -> str:
    """An empty form."""
    return _page(check(form.Typed.blank()))


@bp.get("/register/<key>")
def again(key: str) -> Any:
    """The form filled from an experiment file of the workspace."""
    text = _text_of(key)
    try:
        document = plain(read_yaml(text, None))
    except ExperimentError:
        return redirect(url_for("change.saved", key=key))
    return _page(check(form.typed_of(document if isinstance(document, dict) else {})))


@bp.post("/register")
def post() -> Any:
    """Whatever button was pressed; what was typed comes back with every answer."""
    typed, (verb, _, rest) = form.Typed.posted(request.form), request.form.get("do", "check").partition(":")
    if verb == "language":
        use_language(rest)
        return _page(check(typed))
    if verb in ("add", "remove"):
        return _page(check(_with_rows(typed, verb, rest)))
    checked = check(typed)
    if verb in ("save", "unfinished", "replace"):
        return _save(checked, unfinished=verb == "unfinished" or rest == "unfinished", replace=verb == "replace")
    return _page(checked, shown=True)


@bp.post("/register/preview")
def preview() -> Any:
    """The YAML of the form as it stands, for the script that keeps it up to date."""
    checked = check(form.Typed.posted(request.form))
    return jsonify({"text": checked.text, "state": _state(checked)})


@bp.get("/drafts/<key>")
def saved(key: str) -> str:
    """A saved draft, what is still open, and what comes next."""
    text = _text_of(key)
    draft = portal.check_draft(workspace=current_app.config["WORKSPACE"], text=text)
    problems = [(c.key, _told(c)["sentence"]) for c in form.complaints_of(draft.error, {})]
    title = text_in(draft.experiment.title, current_language()) if draft.experiment else key
    sealed = portal.sealed_on(**here(), key=key)
    place = portal.draft_place(current_app.config["WORKSPACE"], key)
    switched = draft.experiment is not None and draft.experiment.design.kind == "switchback"
    return render_template(
        "draft.html", key=key, place=place, title=title, text=text, problems=problems, sealed=sealed, switched=switched
    )


def _text_of(key: str) -> str:
    try:
        text = portal.read_draft(workspace=current_app.config["WORKSPACE"], key=key)
    except ExperimentError as error:
        page = render_template("error.html", kind="400", sentence=words.say(error, current_language()))
        abort(make_response(page, WRONG))
    except CausalcxError:
        text = None
    return text if text is not None else abort(404)


def _with_rows(typed: form.Typed, verb: str, rest: str) -> form.Typed:
    group, _, text = rest.partition(".")
    index = form.row_number(text)
    if group in form.GROUPS and verb == "add":
        return typed.with_row(group)
    return typed.without_row(group, index) if group in form.GROUPS and index is not None else abort(BAD)


def _save(checked: Checked, *, unfinished: bool, replace: bool) -> Any:
    """Saved when nothing is wrong, or when the owner saves it unfinished; never over another file unless told to."""
    if checked.complaints and not unfinished:
        return _page(checked, shown=True), WRONG
    comment = (
        say("form.file.unfinished", count=len(checked.complaints)) if checked.complaints else say("form.file.comment")
    )
    text = form.write_yaml(form.document_of(checked.typed).document, comment)
    try:
        portal.save_draft(workspace=current_app.config["WORKSPACE"], key=checked.key, text=text, replace=replace)
    except portal.DraftExists:
        return _page(checked, shown=unfinished, exists="unfinished" if unfinished else "whole"), CONFLICT
    except CausalcxError as error:
        return _page(checked, shown=True, refused=words.say(error, current_language())), WRONG
    return redirect(url_for("change.saved", key=checked.key), 303)


@bp.app_errorhandler(CSRFError)
def stale(_error: CSRFError) -> Any:
    """A form from before a restart: nothing is done, nothing that was typed is lost."""
    if request.endpoint == "change.post":
        return _page(check(form.Typed.posted(request.form)), refused=say("form.stale")), BAD
    return render_template("error.html", kind="400", sentence=say("form.stale")), BAD


def _page(checked: Checked, *, shown: bool = False, exists: str | None = None, refused: str | None = None) -> str:
    """The form; complaints only once they were asked for."""
    complaints = [_told(c) for c in checked.complaints] if shown else []
    beside: dict[str, list[str]] = {}
    for told in complaints:
        if told["box"]:
            beside.setdefault(told["box"], []).append(told["sentence"])
    sealed = portal.sealed_on(**here(), key=checked.key) if exists else None
    place = portal.draft_place(current_app.config["WORKSPACE"], checked.key) if exists else None
    return render_template(
        "change.html", sections=form.SECTIONS, groups=form.GROUPS, typed=checked.typed, text=checked.text, key=checked.key, place=place,
        complaints=complaints, beside=beside, shown=shown, state=_state(checked), exists=exists, sealed=sealed, refused=refused,
        suggestions=_suggestions(checked.typed), anchor=_anchor(), is_group=lambda part: isinstance(part, form.Group), is_date=form.is_date,
    )  # fmt: skip


def _state(checked: Checked) -> str:
    return say("form.state.open", count=len(checked.complaints)) if checked.complaints else say("form.state.whole")


def _told(complaint: form.Complaint) -> dict[str, Any]:
    language = current_language()
    if complaint.message is None:
        sentence = say(complaint.code, **complaint.facts)
    else:
        sentence = words.say(complaint.message, language)
        if complaint.nearest:
            sentence = f"{sentence} {say('form.nearest', nearest=complaint.nearest)}"
    further = _further(complaint)
    return {
        "box": complaint.box,
        "sentence": f"`{further}` {sentence}" if further else sentence,
        "label": _label(complaint),
    }


def _further(complaint: form.Complaint) -> str:
    """The key that a complaint about a row, a group or the box of further keys is about; empty where it is about all of it."""
    group, _, row = (complaint.box or "").partition(".")
    if group == "extra":
        return complaint.key
    place = form.PLACES.get(group, group)
    if group not in form.GROUPS or "." in row or not complaint.key.startswith(place):
        return ""
    inside = complaint.key.removeprefix(place)
    return _ROW.sub("", inside) if row else inside.removeprefix(".")


def _label(complaint: form.Complaint) -> str:
    """What the form calls the box: its group with the number of the row, and the field."""
    if complaint.box is None:
        return complaint.key
    first, _, rest = complaint.box.partition(".")
    if first not in form.GROUPS:
        return say(f"form.{complaint.box.removesuffix('.en')}.label")
    index, _, box = rest.partition(".")
    row = say(f"form.{first}.row", number=int(index) + 1) if index else say(f"form.{first}.title")
    return f"{row} · {say(f'form.{first}.{box.removesuffix(".en")}.label')}" if box else row


def _anchor() -> str | None:
    """The row that was added last, so that the page opens there."""
    return request.form.get("do", "").removeprefix("add:") if request.form.get("do", "").startswith("add:") else None


def _suggestions(typed: form.Typed) -> dict[str, list[str]]:
    """Names to choose from while typing."""
    try:
        known = sorted(portal.metrics(workspace=current_app.config["WORKSPACE"]))
    except CausalcxError:
        known = []
    return {
        "outcomes": _names(typed, "outcomes"), "assumptions": _names(typed, "assumptions"), "metrics": known,
        "currencies": ["CNY", "USD", "EUR", "GBP", "HKD", "JPY"], "agreed": ["finance", "proposed"],
        "rules": ["P(npv > 0) >= 0.9", "P(npv > 0) <= 0.2", "P(roi > 0.5) >= 0.8", "P(payback_months <= 12) >= 0.8"],
    }  # fmt: skip


def _names(typed: form.Typed, group: str) -> list[str]:
    named = [row.get("name.en") or row.get("name.zh") for row in typed.rows.get(group, [])]
    return [name for name in dict.fromkeys(named) if name]
