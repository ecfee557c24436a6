"""The first steps of a user: a workspace, a commented experiment file, the schema for the editor."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from causalcx.core.design_keys import KINDS
from causalcx.core.errors import UsageError
from causalcx.core.experiment import Experiment
from causalcx.core.experiment_file import parse_experiment, read_metrics
from causalcx.core.packaged import packaged
from causalcx.service.files import write_whole, writing_to
from causalcx.service.places import EXPERIMENT_FILE, STATE, workspace_of

PROPOSED = {
    "staffing": ("nps", "churn_90d", "calls_90d"),
    "behavioural": ("nps", "churn_90d", "revenue_90d", "calls_90d"),
    "digital-migration": ("calls_90d", "nps", "churn_90d"),
    "compensation": ("churn_90d", "revenue_90d", "nps"),
    "routing": ("nps", "churn_90d", "calls_90d"),
    "outreach": ("conversion", "revenue_90d", "churn_90d"),
    "recovery": ("churn_90d", "nps", "complaints_90d"),
}
"""Metrics that a kind of intervention usually moves; the first is proposed as primary."""
USUAL = ("nps", "churn_90d", "revenue_90d")
OF_A_PLACE = {"nps": {"kind": "score", "unit": "NPS points"}, "binary": {"kind": "score", "unit": "share"}}
"""Single answers as figures of a place and period, which a synthetic control follows: their mean, their share."""
HEADER = 2_000
"""Characters of a data file's first line that are shown."""


def schema() -> dict[str, Any]:
    """JSON Schema of the experiment file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Experiment.model_json_schema(by_alias=True)


def init_workspace(*, folder: Path) -> list[Path]:
    """Make the folders of a workspace; what exists stays as it is. Returns what was made."""
    with writing_to(folder):
        made = [file for name in ("experiments", "reports", "web") for file in _shipped(name, folder / name)]
        (folder / STATE).mkdir(exist_ok=True)
    return made


def _shipped(name: str, target: Path) -> list[Path]:
    """The files that a folder of a workspace begins with, copied where they are not there yet."""
    target.mkdir(parents=True, exist_ok=True)
    made = []
    for file in ("README.md", "metrics.yaml", "_template/experiment.yaml"):
        source = packaged(name) / file
        if source.is_file() and not (target / file).exists():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            made.append(Path(shutil.copyfile(source, target / file)))
    return made


def init_experiment(
    *,
    folder: Path,
    key: str,
    title: str,
    intervention: str,
    owner: str,
    hypothesis: str,
    design: str = "randomised",
    data: str = "data.csv",
) -> Path:
    """Write a commented experiment file with metrics proposed by kind of intervention; refuses to overwrite."""
    if design not in KINDS:
        raise UsageError("There is no design `{design}`; known: {known}.", design=design, known=", ".join(KINDS))
    workspace = workspace_of(folder)
    target = (workspace / "experiments" if workspace else folder) / key / EXPERIMENT_FILE
    found = next((f for f in (target.parent / data, Path(data)) if f.is_file()), None)
    text = _draft(
        key=key, title=title, intervention=intervention, owner=owner, hypothesis=hypothesis, design=design,
        data=_beside(found, target.parent) if found else data, columns=_columns(found),
    )  # fmt: skip
    parse_experiment(text, file=target, metrics=read_metrics(packaged("experiments") / "metrics.yaml"))
    return write_whole(target, text, replace=False)


def _beside(file: Path, folder: Path) -> str:
    """The path of a data file as the experiment file in ``folder`` has to write it."""
    return Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()


def _columns(file: Path | None) -> str:
    """The header of a CSV or TSV, so that its names can be copied into the plan; empty for any other file."""
    if file is None or file.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return ""
    with file.open(encoding="utf-8-sig", errors="replace") as stream:
        header = stream.readline(HEADER).strip()
    return f"\n# Its first line: {header}" if header.isprintable() or "\t" in header else ""


def _draft(
    *, key: str, title: str, intervention: str, owner: str, hypothesis: str, design: str, data: str, columns: str
) -> str:
    """The commented file; outcomes are spelled out, so that it also works without metrics.yaml beside it."""
    metrics = read_metrics(packaged("experiments") / "metrics.yaml")
    proposed = [metrics[name] for name in PROPOSED.get(intervention, USUAL) if name in metrics]
    if design == "synthetic-control":
        proposed = [metric | OF_A_PLACE.get(metric["kind"], {}) for metric in proposed]
    templates = packaged("experiments") / "_template"
    template = (templates / "draft.yaml").read_text(encoding="utf-8")
    filled = {
        "design": (templates / f"design-{design}.yaml").read_text(encoding="utf-8").rstrip(),
        "key": _scalar(key), "title": _scalar(title), "intervention": _scalar(intervention), "owner": _scalar(owner),
        "hypothesis": _scalar(hypothesis),
        "data": _scalar(data), "columns": columns, "outcomes": "\n".join(_outcome(m, i) for i, m in enumerate(proposed)),
    }  # fmt: skip
    for name, value in filled.items():
        template = template.replace(f"<<{name}>>", value)
    return template


def _outcome(metric: dict[str, Any], position: int) -> str:
    kept = {k: metric[k] for k in ("name", "kind", "column", "better", "unit", "window_months", "cap") if k in metric}
    kept["role"] = "primary" if position == 0 else "secondary"
    lines = [f"{k}: {v if not isinstance(v, (str, dict)) else _scalar(v)}" for k, v in kept.items()]
    return "  - " + "\n    ".join(lines)


def _scalar(value: Any) -> str:
    """A value as YAML flow: JSON is YAML."""
    import json

    return json.dumps(value, ensure_ascii=False)
