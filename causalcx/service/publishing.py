"""Business cases as pages: written to files, or put into the portal."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from causalcx import words
from causalcx.core.case import Valuation
from causalcx.core.errors import CannotAnswer, UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.readout import Readout
from causalcx.core.seal import canonical_plan
from causalcx.service.analysis import SEED, fit, stored_fit, value
from causalcx.service.experiments import Source, existing_registry_of, load, registry_of, sealed_plan
from causalcx.service.files import write_whole
from causalcx.service.places import registry_file, states_key, workspace_of


def report(*, experiment: Source, out: Path | str | None = None, seed: int = SEED) -> list[Path]:
    """Write every case as self-contained pages, one per arm and language; returns the files.

    Default folder: reports/gallery/KEY in the workspace, else report/ beside the experiment file.
    """
    loaded = load(experiment)
    folder = Path(out) if out else _default_folder(loaded)
    readout, valuation = results(loaded, seed)
    pages = render_pages(loaded, readout, valuation, shell="standalone")
    files = []
    for arm, languages in pages.items():
        for language, html in languages.items():
            name = "case" if len(pages) == 1 else f"case-{slug(arm)}"
            files.append(write_whole(folder / f"{name}.{language}.html", html))
    return files


def publish(*, experiment: Source, seed: int = SEED, now: dt.datetime | None = None) -> list[str]:
    """Put the case into the portal of the workspace; returns the addresses of its pages within the portal."""
    loaded = load(experiment)
    registry, file = registry_of(loaded), _published_as(loaded)
    if registry is not None and not registry.writable:
        raise UsageError("The folder of the registry is read-only, so `{key}` cannot be published.", key=loaded.key)
    readout, valuation = results(loaded, seed)
    if registry is None or readout.provenance is None or readout.provenance.run is None:
        raise CannotAnswer("`{key}` came from no file, so there is no portal to publish it in.", key=loaded.key)
    pages = render_pages(loaded, readout, valuation, shell="portal")
    plan, published_at = canonical_plan(loaded), now or dt.datetime.now(dt.UTC)
    registry.publish(readout.provenance.run, loaded, plan, pages, published_at, readout=readout, file=file)
    return [f"/cases/{loaded.key}" + (f"?{urlencode({'arm': arm})}" if len(pages) > 1 else "") for arm in pages]


def _published_as(experiment: Experiment) -> str | None:
    """The experiment file as seen from its workspace; refused where another file has published a case of this key."""
    if experiment.file is None:
        return None
    registry, home = existing_registry_of(experiment), registry_file(experiment.file.parent).parent.parent
    file = os.path.relpath(experiment.file.resolve(), home)
    earlier = registry.published_from(experiment.key) if registry else None
    if earlier not in (None, file) and (home / earlier).is_file() and states_key(home / earlier, experiment.key):
        raise UsageError(
            "`{key}` is published from {earlier} already; give the experiment in {file} another key.",
            key=experiment.key, earlier=earlier, file=file,
        )  # fmt: skip
    return file


def results(experiment: Experiment, seed: int) -> tuple[Readout, Valuation | None]:
    """The stored readout of plan and data, or a new one; and its money where the file prices anything."""
    readout = stored_fit(experiment=experiment, seed=seed) or fit(experiment=experiment, seed=seed)
    return readout, value(experiment=experiment, seed=seed) if experiment.value else None


def render_pages(
    experiment: Experiment, readout: Readout, valuation: Valuation | None, *, shell: Literal["standalone", "portal"]
) -> dict[str, dict[str, str]]:
    """HTML per treated arm and language."""
    from causalcx import reports

    workspace = workspace_of(experiment.folder) if experiment.folder else None
    control = getattr(experiment.design, "control", None)
    arms = dict.fromkeys(e.comparison.removesuffix(f" vs {control}") for e in readout.headlines)
    return {
        arm: {
            language: reports.render_case(
                experiment, readout, valuation, arm=arm, sealed=sealed_plan(experiment), language=language, shell=shell,
                folders=[workspace / "reports"] if workspace else [],
            )
            for language in words.LANGUAGES
        }
        for arm in arms
    }  # fmt: skip


def slug(text: str) -> str:
    """An arm label as part of a file name; Chinese characters stay."""
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "arm"


def _default_folder(experiment: Experiment) -> Path:
    folder = experiment.folder or Path.cwd()
    workspace = workspace_of(folder)
    return workspace / "reports" / "gallery" / experiment.key if workspace else folder / "report"
