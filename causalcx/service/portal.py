"""What the portal reads and the one thing it writes: published cases, experiments under way, drafts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causalcx.core.errors import CausalcxError, ExperimentError, UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import METRICS, load_experiment, parse_experiment, plain, read_metrics, read_yaml
from causalcx.registry import PublishedCase, Registry
from causalcx.service.files import write_whole
from causalcx.service.places import EXPERIMENT_FILE, registry_file

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
"""A key names a folder, so it holds no path."""

__all__ = [
    "Draft", "DraftExists", "PublishedCase", "Underway", "check_draft", "latest_run", "metrics", "published_case",
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
    """State, time and failure of the newest run of a key."""
    opened = _existing(workspace, registry)
    return _closing(opened, lambda r: r.latest_run(key)) if opened else None


def sealed_on(*, workspace: Path, key: str, registry: Path | None = None) -> str | None:
    """ISO date of the newest seal of a key."""
    opened = _existing(workspace, registry)
    sealed = _closing(opened, lambda r: r.sealed(key)) if opened else None
    return sealed.sealed_on.isoformat() if sealed else None


def under_way(*, workspace: Path, registry: Path | None = None) -> list[Underway]:
    """Experiment files of the workspace that have no published case, sealed ones first."""
    opened = _existing(workspace, registry)
    listed, published = _closing(opened, lambda r: (r.experiments(), r.published())) if opened else ([], [])
    seals, shown = {row["key"]: row for row in listed}, {case.key for case in published}
    files = sorted((workspace / "experiments").glob(f"*/{EXPERIMENT_FILE}"))
    found = [
        _underway(file, seals) for file in files if KEY.fullmatch(file.parent.name) and file.parent.name not in shown
    ]
    return sorted(found, key=lambda u: (u.sealed_on is None, u.key))


def _underway(file: Path, seals: dict[str, Any]) -> Underway:
    seal = seals.get(file.parent.name, {})
    title, problems = _title_of(file)
    return Underway(file.parent.name, seal.get("title") or title, seal.get("sealed_on"), seal.get("last_run"), problems)


def _title_of(file: Path) -> tuple[Any, int]:
    try:
        return load_experiment(file).title, 0
    except ExperimentError as error:
        return _stated_title(file) or file.parent.name, len(error.problems)


def _stated_title(file: Path) -> Any:
    """The title of a file that is otherwise wrong; None where it has none."""
    try:
        stated = plain(read_yaml(file.read_text(encoding="utf-8-sig"), file))
    except (OSError, UnicodeDecodeError, ExperimentError):
        return None
    title = stated.get("title") if isinstance(stated, dict) else None
    languages = isinstance(title, dict) and title and all(isinstance(text, str) for text in title.values())
    return title if languages or (isinstance(title, str) and title) else None


def metrics(*, workspace: Path) -> dict[str, dict[str, Any]]:
    """Definitions of the workspace's metrics.yaml; empty where there is none."""
    file = workspace / "experiments" / METRICS
    return read_metrics(file) if file.is_file() else {}


def check_draft(*, workspace: Path, text: str) -> Draft:
    """The text with every problem of it, as the command line would find them."""
    try:
        return Draft(text, parse_experiment(text, metrics=metrics(workspace=workspace)))
    except ExperimentError as error:
        return Draft(text, error=error)


def read_draft(*, workspace: Path, key: str) -> str | None:
    """The text of the experiment file of a key."""
    file = draft_file(workspace, key)
    return file.read_text(encoding="utf-8-sig") if file.is_file() else None


def save_draft(*, workspace: Path, key: str, text: str, replace: bool = False) -> Path:
    """Write ``experiments/KEY/experiment.yaml`` whole or not at all; an existing one only when ``replace`` says so."""
    file = draft_file(workspace, key)
    try:
        write_whole(file, text, replace=replace)
    except FileExistsError as error:
        raise DraftExists(
            "There is a file experiments/{key}/experiment.yaml already; nothing was written.", key=key
        ) from error
    except OSError as error:
        raise UsageError("The draft cannot be written: {reason}.", reason=error.strerror or str(error)) from error
    return file


def draft_file(workspace: Path, key: str) -> Path:
    """Where the draft of a key stands; refuses a key that would lead out of the workspace's experiments."""
    home = (workspace / "experiments").resolve()
    file = home / key / EXPERIMENT_FILE
    if not KEY.fullmatch(key) or key.endswith(".") or not file.resolve().is_relative_to(home):
        raise UsageError(
            "`{key}` cannot be a key: expected letters, digits, `.`, `_` or `-`, beginning with a letter or digit.",
            key=key,
        )
    return file


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
