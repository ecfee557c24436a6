"""Load, register, list and show experiments."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal

from causalcx import words
from causalcx.core.errors import DataError, UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import load_experiment
from causalcx.core.seal import SealedPlan, canonical_plan, differences, plan_hash, seal
from causalcx.core.yaml_text import plain, read_text, read_yaml
from causalcx.registry import Registry
from causalcx.service.looking import kept_looks
from causalcx.service.places import experiment_file, registry_file

Source = Experiment | str | Path
JOURNEYS = "journeys.yaml"


def load(experiment: Source) -> Experiment:
    """The experiment behind a path, a folder or a key of the workspace; an experiment is returned as it is."""
    if isinstance(experiment, Experiment):
        return experiment
    if not isinstance(experiment, str | Path):
        raise UsageError(
            "Expected the path of an experiment file, its folder, its key, or an experiment; found a {kind}.",
            kind=type(experiment).__name__,
        )  # fmt: skip
    return load_experiment(experiment_file(experiment))


def registry_of(experiment: Experiment) -> Registry | None:
    """The registry of an experiment that came from a file; None for one that did not."""
    return Registry.open(registry_file(experiment.folder)) if experiment.folder else None


def existing_registry_of(experiment: Experiment) -> Registry | None:
    """The same, but nothing is created."""
    known = experiment.folder is not None and registry_file(experiment.folder).exists()
    return registry_of(experiment) if known else None


def known_journeys(experiment: Experiment) -> list[str]:
    """Names in journeys.yaml beside the experiments (a list of names, or of entries with a `name`); empty without the file."""
    folders = [experiment.folder, experiment.folder.resolve().parent] if experiment.folder else []
    file = next((f / JOURNEYS for f in folders if (f / JOURNEYS).is_file()), None)
    if file is None:
        return []
    document = plain(read_yaml(read_text(file), file))
    entries = document.get("journeys", []) if isinstance(document, dict) else document or []
    return [str(entry["name"] if isinstance(entry, dict) else entry) for entry in entries]


def register(
    *,
    experiment: Source,
    today: dt.date | None = None,
    clock: Literal["wall", "story"] = "wall",
    allow_change: bool = False,
) -> SealedPlan:
    """Seal the plan. The same plan again returns its first seal; a changed one is refused unless ``allow_change``."""
    loaded = load(experiment)
    registry = registry_of(loaded)
    if registry is None:
        raise DataError("An experiment that came from no file cannot be registered; save it first.")
    return registry.register(seal(loaded, today or dt.date.today(), clock), loaded, allow_change=allow_change)


def sealed_plan(experiment: Experiment) -> SealedPlan | None:
    """The latest seal of an experiment's key, whether or not the plan is still the same."""
    registry = existing_registry_of(experiment)
    return registry.sealed(experiment.key) if registry else None


def changes_since_seal(experiment: Experiment) -> list[dict[str, Any]]:
    """What changed since the seal, field by field; empty when never sealed or unchanged. At planned looks `as_of` moves on."""
    sealed = sealed_plan(experiment)
    if sealed is None or sealed.hash == plan_hash(experiment):
        return []
    changes = differences(sealed.plan, canonical_plan(experiment))
    return [c for c in changes if c["field"] != "as_of"] if experiment.looks else changes


def sealed_facts(loaded: Experiment) -> dict[str, Any]:
    """The plan in canonical form, its hash, and what the registry knows of it."""
    sealed = sealed_plan(loaded)
    return {
        "schema": 1,
        "experiment": loaded.key,
        "hash": plan_hash(loaded),
        "sealed_on": sealed.sealed_on.isoformat() if sealed else None,
        "sealed_hash": sealed.hash if sealed else None,
        "changes": changes_since_seal(loaded),
        "plan": canonical_plan(loaded),
    }


def list_experiments(*, folder: Path | None = None) -> list[dict[str, Any]]:
    """Everything registered in the workspace around a folder, newest first, as plain records."""
    file = registry_file(folder or Path.cwd())
    return Registry.open(file).experiments() if file.exists() else []


def show(*, experiment: Source, language: str = "en") -> dict[str, Any]:
    """What is known of an experiment: who, which design, its seal, its latest run, with what it said if it failed."""
    loaded = load(experiment)
    registry = existing_registry_of(loaded)
    latest = registry.latest_run(loaded.key) if registry else None
    planned = sealed_facts(loaded)
    return {
        "schema": 1,
        "experiment": loaded.key,
        "title": loaded.title,
        "owner": loaded.owner,
        "design": loaded.design.kind,
        "sealed_on": planned["sealed_on"],
        "hash": planned["hash"],
        "changes": planned["changes"],
        "looks": [look.model_dump(mode="json") for look in kept_looks(registry, loaded.key)],
        "last_run": latest and latest | {"failure": latest["failure"] and words.say(latest["failure"], language)},
    }
