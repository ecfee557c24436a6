"""Read an experiment file: YAML 1.2 with positions, so that every problem names its key and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from causalcx.core.consistency import Inconsistent, problems_between
from causalcx.core.errors import ExperimentError, Message, Problem
from causalcx.core.experiment import Experiment
from causalcx.core.file_problems import disagreements, nearest, problems_of
from causalcx.core.outcomes import Metric
from causalcx.core.yaml_text import plain, read_text, read_yaml

METRICS = "metrics.yaml"


def load_experiment(path: Path | str) -> Experiment:
    """Read, complete with metrics.yaml, validate; raises :class:`ExperimentError` with every problem at once."""
    path = Path(path)
    return parse_experiment(read_text(path), file=path, metrics=_metrics_near(path))


def parse_experiment(
    text: str, *, file: Path | None = None, metrics: dict[str, dict[str, Any]] | None = None
) -> Experiment:
    """Validate the text of an experiment file."""
    document = read_yaml(text, file)
    if not isinstance(document, CommentedMap):
        raise ExperimentError((Problem("file", Message("expected keys and values, like `key: my-change`.")),), file)
    raw = plain(document)
    problems = [*_expand_metrics(raw, metrics or {})]
    try:
        experiment = Experiment.model_validate(raw)
    except ValidationError as error:
        problems += problems_of(error)
        if not any(isinstance((e.get("ctx") or {}).get("error"), Inconsistent) for e in error.errors()):
            problems += disagreements(problems_between(_partly_valid(raw)))
    if file is not None:
        problems += _graph_problems(raw.get("design"), file.parent)
    if problems:
        found = sorted({_located(p, document): None for p in problems}, key=lambda p: p.line or 0)
        raise ExperimentError(tuple(found), file)
    return experiment.from_file(file)


def _metrics_near(path: Path) -> dict[str, dict[str, Any]]:
    for folder in list(path.resolve().parents)[:2]:
        if (folder / METRICS).is_file():
            return read_metrics(folder / METRICS)
    return {}


def read_metrics(file: Path) -> dict[str, dict[str, Any]]:
    """Definitions of metrics.yaml by name; each one is checked."""
    document = read_yaml(read_text(file), file)
    metrics = plain(document or {})
    entries = metrics.get("metrics") if isinstance(metrics, dict) else None
    if not isinstance(entries, list):
        raise ExperimentError((Problem("metrics", Message("expected a list of metrics.")),), file)
    problems = [p for i, entry in enumerate(entries) for p in _metric_problems(entry, i)]
    if problems:
        raise ExperimentError(tuple(_located(p, document) for p in problems), file)
    return {entry["name"]: entry for entry in entries}


def _metric_problems(entry: Any, i: int) -> list[Problem]:
    try:
        Metric.model_validate(entry)
    except ValidationError as error:
        return list(problems_of(error, ("metrics", i)))
    return []


def _graph_problems(design: Any, folder: Path) -> Iterator[Problem]:
    graph = design.get("graph") if isinstance(design, dict) else None
    if isinstance(graph, str) and "{" not in graph and not (folder / graph.strip()).is_file():
        message = Message(
            "is neither a graph (`digraph {{a -> b}}`) nor a file beside this one; found {given}.", {"given": graph}
        )
        yield Problem("design.graph", message)


def _expand_metrics(raw: dict[str, Any], metrics: dict[str, dict[str, Any]]) -> Iterator[Problem]:
    outcomes = raw.get("outcomes")
    outcomes = outcomes if isinstance(outcomes, list) else []
    for i, outcome in enumerate(outcomes):
        name = outcome.get("metric") if isinstance(outcome, dict) else None
        if name is None:
            continue
        if name not in metrics:
            message = Message("metrics.yaml beside the experiments defines no metric `{name}`.", {"name": name})
            yield Problem(f"outcomes[{i}].metric", message, nearest=nearest(str(name), metrics))
            outcome.setdefault("name", name)
            outcome.setdefault("kind", "amount")
            outcome.setdefault("column", name)
            continue
        defined = {k: v for k, v in metrics[name].items() if k not in ("name", "label", "owner")}
        outcomes[i] = defined | {"name": metrics[name].get("label") or name} | outcome


def _partly_valid(raw: dict[str, Any]) -> SimpleNamespace:
    """The parts of the file that are valid by themselves; the others are None."""
    parts: dict[str, Any] = {}
    for name, field in Experiment.model_fields.items():
        if name not in raw:
            parts[name] = None if field.is_required() else field.get_default(call_default_factory=True)
            continue
        try:
            parts[name] = TypeAdapter(field.rebuild_annotation()).validate_python(raw[name])
        except ValidationError:
            parts[name] = None
    return SimpleNamespace(**parts)


def _located(problem: Problem, document: Any) -> Problem:
    """The problem with the line of the deepest part of its place that the document has."""
    line, node = None, document
    for part in re.findall(r"[^.\[\]]+", problem.key):
        try:
            key: Any = int(part) if isinstance(node, CommentedSeq) else part
            line = (node.lc.item(key) if isinstance(node, CommentedSeq) else node.lc.key(key))[0] + 1
            node = node[key]
        except (KeyError, IndexError, AttributeError, TypeError, ValueError):
            break
    return replace(problem, line=line)
