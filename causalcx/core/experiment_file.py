"""Read an experiment file: YAML 1.2 with positions, so that every problem names its key and line."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.reader import ReaderError

from causalcx.core.choice import MARK
from causalcx.core.consistency import Inconsistent, problems_between
from causalcx.core.design_keys import KINDS
from causalcx.core.errors import ExperimentError, Message, Problem
from causalcx.core.experiment import Experiment
from causalcx.core.money_rules import Place
from causalcx.core.outcomes import Metric

METRICS = "metrics.yaml"
UNKNOWN = "is not a known key here."
_DATE, _MAPPING = "a date like 2026-03-01", "keys and values"
EXPECTED = {
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), _DATE),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _MAPPING),
    "list_type": "a list",
    "string_type": "a text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "invalid_key": "a text as key",
    "too_short": "one entry or more",
}
"""What a person understands, for kinds of problem whose own words are those of a program."""


def load_experiment(path: Path | str) -> Experiment:
    """Read, complete with metrics.yaml, validate; raises :class:`ExperimentError` with every problem at once."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        message = Message("cannot be read: {reason}.", {"reason": reason})
        raise ExperimentError((Problem("file", message),), path) from error
    return parse_experiment(text, file=path, metrics=_metrics_near(path))


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
        problems += _problems(error)
        if not any(isinstance((e.get("ctx") or {}).get("error"), Inconsistent) for e in error.errors()):
            between = problems_between(_partly_valid(raw))
            problems += [
                Problem(dotted(place), Message("{text}.", {"text": text.rstrip(".")})) for place, text in between
            ]
    if problems:
        found = sorted({_located(p, document): None for p in problems}, key=lambda p: p.line or 0)
        raise ExperimentError(tuple(found), file)
    return experiment.in_folder(file.parent if file else None)


def read_yaml(text: str, file: Path | None) -> Any:
    """The YAML document with positions."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    try:
        return yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, reason = mark.line + 1 if mark else None, error.problem or "unreadable"
        raise _not_yaml(reason, line, file) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _not_yaml(f"unacceptable character U+{ord(text[error.position]):04X}", line, file) from error


def _not_yaml(reason: str, line: int | None, file: Path | None) -> ExperimentError:
    return ExperimentError(
        (Problem("file", Message("is not valid YAML: {reason}.", {"reason": reason.strip()}), line),), file
    )


class _Constructor(RoundTripConstructor):
    """Leaves a date that no calendar has as text, so that it is reported with its key and line."""

    def construct_yaml_timestamp(self, node: Any, values: Any = None) -> Any:
        try:
            return super().construct_yaml_timestamp(node, values)
        except ValueError:
            return node.value


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_timestamp)


def plain(node: Any) -> Any:
    """The document as plain dictionaries, lists and scalars."""
    if isinstance(node, dict):
        return {k if isinstance(k, str) else plain(k): plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(v) for v in node]
    for scalar in (bool, int, float, str):
        if isinstance(node, scalar):
            return scalar(node)
    return node


def _metrics_near(path: Path) -> dict[str, dict[str, Any]]:
    for folder in list(path.resolve().parents)[:2]:
        if (folder / METRICS).is_file():
            return read_metrics(folder / METRICS)
    return {}


def read_metrics(file: Path) -> dict[str, dict[str, Any]]:
    """Definitions of metrics.yaml by name; each one is checked."""
    document = read_yaml(file.read_text(encoding="utf-8-sig"), file)
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
        return list(_problems(error, ("metrics", i)))
    return []


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


def _problems(error: ValidationError, prefix: Place = ()) -> Iterator[Problem]:
    for e in error.errors():
        place = prefix + tuple(p for i, p in enumerate(e["loc"]) if not _is_tag(e["loc"], i))
        if e["type"].startswith("union_tag"):
            place = (*place, "kind")
        cause = (e.get("ctx") or {}).get("error")
        found = cause.problems if isinstance(cause, Inconsistent) else [(place, "")]
        for where, text in found:
            message = Message("{text}.", {"text": text}) if text else _message(e, place)
            yield Problem(dotted(where), message, nearest=_nearest(e, place))


def _is_tag(loc: tuple[str | int, ...], i: int) -> bool:
    part = loc[i]
    return isinstance(part, str) and (part.startswith(MARK) or (i == 1 and loc[0] == "design" and part in KINDS))


def _message(e: Any, place: Place) -> Message:
    ctx, given = e.get("ctx") or {}, _shown(e.get("input"))
    match e["type"]:
        case "missing" | "union_tag_not_found":
            return Message("is required and missing.")
        case "extra_forbidden":
            return _foreign(place)
        case "union_tag_invalid":
            return Message(
                "expected one of {expected}; found {given}.",
                {"expected": ", ".join(KINDS), "given": _shown(ctx.get("tag"))},
            )
        case "literal_error":
            return Message("expected {expected}; found {given}.", {"expected": ctx["expected"], "given": given})
        case "value_error":
            return Message("{text}.", {"text": str(ctx["error"]).rstrip(".")})
        case "shape":
            return Message("expected {expected}; found {given}.", {"expected": ctx["expected"], "given": given})
        case "string_pattern_mismatch" if place[-1] == "key":
            return Message("expected letters, digits, `.`, `_` or `-`; found {given}.", {"given": given})
        case _:
            expected = f"expected {EXPECTED[e['type']]}" if e["type"] in EXPECTED else _plain_english(e["msg"])
            return Message("{expected}; found {given}.", {"expected": expected, "given": given})


def _plain_english(text: str) -> str:
    text = text.removeprefix("Input should be ").removeprefix("a valid ")
    return f"expected {text}" if text else "is not valid"


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _foreign(place: Place) -> Message:
    key = str(place[-1])
    kinds = [kind for kind, model in KINDS.items() if key in model.model_fields] if place[0] == "design" else []
    if kinds:
        return Message("does not belong to this design kind, but to {kinds}.", {"kinds": ", ".join(kinds)})
    if place[0] == "design" and key in Experiment.model_fields:
        return Message("belongs to the top level of the file, not under `design`.")
    if len(place) == 1 and any(key in model.model_fields for model in KINDS.values()):
        return Message("belongs under `design`, not at the top level of the file.")
    return Message(UNKNOWN)


def _nearest(e: Any, place: Place) -> str | None:
    if e["type"] == "extra_forbidden":
        return nearest(str(place[-1]), known_keys(place[:-1])) if _foreign(place).template == UNKNOWN else None
    if e["type"] in ("literal_error", "union_tag_invalid"):
        options = list(KINDS) if e["type"] == "union_tag_invalid" else re.findall(r"'([^']+)'", e["ctx"]["expected"])
        return nearest(str(e["ctx"].get("tag", e.get("input"))), options)
    return None


def nearest(word: str, options: Iterable[str]) -> str | None:
    """The most similar of the known words, if any is similar; of equally similar ones that with the same first letter."""
    close = difflib.get_close_matches(word, list(options), 3, 0.6)
    alike = [(difflib.SequenceMatcher(None, m, word).ratio(), m[:1] == word[:1], m) for m in close if m != word]
    return max(alike)[2] if alike else None


def known_keys(place: Place) -> list[str]:
    """The keys that the file format knows at this place."""
    models: list[Any] = [Experiment]
    for part in place:
        if isinstance(part, str):
            models = [m for model in models for m in _models_in(model, part)]
    return sorted({field.alias or name for model in models for name, field in model.model_fields.items()})


def _models_in(model: Any, key: str) -> list[Any]:
    if key not in model.model_fields:
        return [model]
    found: list[Any] = []
    stack = [model.model_fields[key].annotation]
    while stack:
        item = stack.pop()
        if isinstance(item, type) and issubclass(item, BaseModel):
            found.append(item)
        stack.extend(get_args(item))
    return found


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


def dotted(place: Place) -> str:
    """``("outcomes", 0, "kind")`` as ``outcomes[0].kind``."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


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
