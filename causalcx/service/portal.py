"""What the portal reads and the one thing it writes: published cases, experiments under way, drafts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causalcx.core.errors import CausalcxError, ExperimentError, Message, Problem, UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import METRICS, load_experiment, parse_experiment, read_metrics
from causalcx.core.yaml_text import plain, read_text, read_yaml, require_size
from causalcx.registry import PublishedCase, Registry
from causalcx.service.files import FileExists, write_whole
from causalcx.service.places import EXPERIMENT_FILE, file_of_key, registry_file

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""A key names a folder, so it holds no path."""

__all__ = [
    "Draft", "DraftExists", "PublishedCase", "Underway", "check_draft", "draft_place", "latest_run", "metrics", "published_case",
    "published_cases", "read_draft", "save_draft", "sealed_on", "under_way",
]  # fmt: skip


class DraftExists(UsageError):
    """A file of this key is there already, and replacing it was not asked for."""


@dataclass(frozen=True)
class Draft:
    """The text of an experiment file and what is wrong with it."""

    text: str
    experiment: Experiment | None = None
    error: ExperimentError | None = None


@dataclass(frozen=True)
class Underway:
    """An experiment of the workspace without a published case."""

    key: str
    title: Any
    sealed_on: str | None
    """ISO date of the newest seal; None for a draft."""
    last_run: str | None
    problems: int
    """Problems of the file as it stands."""


def published_cases(*, workspace: Path, registry: Path | None = None) -> list[PublishedCase]:
    """Published cases, newest first; nothing is created where no registry is."""
    opened = _existing(workspace, registry)
    return _closing(opened, lambda r: r.published()) if opened else []


def published_case(*, workspace: Path, key: str, registry: Path | None = None) -> PublishedCase | None:
    """The published case of a key."""
    opened = _existing(workspace, registry)
    return _closing(opened, lambda r: r.case(key)) if opened else None


def latest_run(*, workspace: Path, key: str, registry: Path | None = None) -> dict[str, Any] | None:
    """State, time and failure (a message to be told) of the newest run of a key."""
    opened = _existing(workspace, registry)
    return _closing(opened, lambda r: r.latest_run(key)) if opened else None


def sealed_on(*, workspace: Path, key: str, registry: Path | None = None) -> str | None:
    """ISO date of the newest seal of a key."""
    opened = _existing(workspace, registry)
    sealed = _closing(opened, lambda r: r.sealed(key)) if opened else None
    return sealed.sealed_on.isoformat() if sealed else None


def under_way(*, workspace: Path, registry: Path | None = None) -> list[Underway]:
    """Experiment files of the workspace whose key has no published case, sealed ones first."""
    opened = _existing(workspace, registry)
    listed, published = _closing(opened, lambda r: (r.experiments(), r.published())) if opened else ([], [])
    seals, shown = {row["key"]: row for row in listed}, {case.key for case in published}
    files = sorted((workspace / "experiments").glob(f"*/{EXPERIMENT_FILE}"))
    found = [_underway(file, seals) for file in files if KEY.fullmatch(file.parent.name)]
    return sorted((u for u in found if u.key not in shown), key=lambda u: (u.sealed_on is None, u.key))


def _underway(file: Path, seals: dict[str, Any]) -> Underway:
    key, title, problems = _stated(file)
    seal = seals.get(key, {})
    return Underway(key, seal.get("title") or title, seal.get("sealed_on"), seal.get("last_run"), problems)


def _stated(file: Path) -> tuple[str, Any, int]:
    """Key, title and number of problems; a file without a key goes by the name of its folder, one without a title by its key."""
    try:
        experiment = load_experiment(file)
    except ExperimentError as error:
        document = _document(file)
        key = document.get("key")
        key = key if isinstance(key, str) and KEY.fullmatch(key) else file.parent.name
        return key, _text(document.get("title")) or key, len(error.problems)
    return experiment.key, experiment.title, 0


def _document(file: Path) -> dict[str, Any]:
    """What a file states, right or wrong; nothing where it is no YAML of keys and values."""
    try:
        return _keys_and_values(read_text(file))
    except ExperimentError:
        return {}


def _keys_and_values(text: str) -> dict[str, Any]:
    try:
        document = plain(read_yaml(text, None))
    except ExperimentError:
        return {}
    return document if isinstance(document, dict) else {}


def _text(title: Any) -> Any:
    """A title in one language or several; None where it is something else."""
    languages = isinstance(title, dict) and title and all(isinstance(text, str) for text in title.values())
    return title if languages or (isinstance(title, str) and title) else None


def metrics(*, workspace: Path) -> dict[str, dict[str, Any]]:
    """Definitions of the workspace's metrics.yaml; empty where there is none."""
    file = workspace / "experiments" / METRICS
    return read_metrics(file) if file.is_file() else {}


def check_draft(*, workspace: Path, text: str) -> Draft:
    """The text with every problem of it, as the command line would find them, and what may not come through the web."""
    outside = outside_the_workspace(workspace, text)
    try:
        experiment = parse_experiment(text, metrics=metrics(workspace=workspace))
    except ExperimentError as error:
        return Draft(text, error=ExperimentError((*error.problems, *outside)))
    return Draft(text, experiment, ExperimentError(outside) if outside else None)


def outside_the_workspace(workspace: Path, text: str) -> tuple[Problem, ...]:
    """Databases, and files elsewhere, that a text names and the experiment file of its key does not name already.

    Whoever may use the portal need not be whoever may read this machine's files.
    """
    document = _keys_and_values(text)
    file = _file_of(workspace, str(document.get("key")))
    before, home = _places(_document(file)), workspace.resolve()
    named = {place: name for place, name in _places(document).items() if name != before.get(place)}
    problems = [Problem("data.connection", _DATABASE)] if "data.connection" in named else []
    return (
        *problems,
        *(
            Problem(place, _ELSEWHERE)
            for place, name in named.items()
            if place != "data.connection" and not (file.parent / name).resolve().is_relative_to(home)
        ),
    )


def _places(document: dict[str, Any]) -> dict[str, str]:
    """The database and the files that a document names; a graph may be written out instead."""
    found = {}
    for place in ("data.connection", "data.source", "design.graph", "interference.neighbours"):
        part, _, key = place.partition(".")
        within = document.get(part)
        name = within.get(key) if isinstance(within, dict) else None
        if isinstance(name, str) and not (place == "design.graph" and "{" in name):
            found[place] = name.strip()
    return found


_DATABASE = Message(
    "names a database; through the portal only a file of the workspace can be named, a database by hand."
)
_ELSEWHERE = Message("leads out of the workspace; through the portal only a file of the workspace can be named.")


def read_draft(*, workspace: Path, key: str) -> str | None:
    """The text of the experiment file of a key."""
    file = draft_file(workspace, key)
    return read_text(file) if file.is_file() else None


def save_draft(*, workspace: Path, key: str, text: str, replace: bool = False) -> Path:
    """Write the file of a key whole or not at all; an existing one only when ``replace`` says so, and none that nobody could open."""
    file, outside = draft_file(workspace, key), outside_the_workspace(workspace, text)
    if outside:
        raise ExperimentError(outside)
    require_size(len(text.encode()), None)
    try:
        return write_whole(file, text, replace=replace)
    except FileExists as error:
        raise DraftExists(
            "There is a file {file} already; nothing was written.", file=draft_place(workspace, key)
        ) from error


def draft_place(workspace: Path, key: str) -> str:
    """The file of a key as seen from the workspace, for example ``experiments/KEY/experiment.yaml``."""
    return f"experiments/{draft_file(workspace, key).parent.name}/{EXPERIMENT_FILE}"


def draft_file(workspace: Path, key: str) -> Path:
    """The file that states a key, else ``experiments/KEY/experiment.yaml``; refuses a key that would lead out of there."""
    home = (workspace / "experiments").resolve()
    file = _file_of(workspace, key)
    if not KEY.fullmatch(key) or key.endswith(".") or not file.resolve().is_relative_to(home):
        raise UsageError(
            "`{key}` cannot be a key: expected letters, digits, `.`, `_` or `-`, beginning with a letter or digit.",
            key=key,
        )
    return file


def _file_of(workspace: Path, key: str) -> Path:
    return file_of_key(workspace, key) or workspace / "experiments" / key / EXPERIMENT_FILE


def _existing(workspace: Path, registry: Path | None) -> Registry | None:
    file = registry or registry_file(workspace)
    return Registry.open(file) if file.exists() else None


def _closing(registry: Registry, ask: Any) -> Any:
    try:
        return ask(registry)
    finally:
        registry.close()


def health(*, workspace: Path, registry: Path | None = None) -> dict[str, Any]:
    """Whether the registry can be read, and how many cases it holds."""
    try:
        return {"registry": "ok", "cases": len(published_cases(workspace=workspace, registry=registry))}
    except CausalcxError as error:
        return {"registry": str(error), "cases": None}
