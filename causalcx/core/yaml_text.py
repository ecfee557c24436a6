"""YAML 1.2 from a file a person wrote: text with positions, and one sentence where it cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.reader import ReaderError

from causalcx.core.errors import ExperimentError, Message, Problem

LARGEST = 200_000
"""Bytes of a file; the largest of a person's are a tenth of it."""
DEEPEST = 50
"""Levels of keys within keys; the format has eight."""
MOST_VALUES = 50_000
"""Values of a document once its aliases are written out."""
REASONS = (
    ("'\\t'", "a tab stands where spaces are expected; indent with spaces"),
    ("maximum depth", "brackets or keys stand too deep within each other"),
    ("undefined alias", "`*name` refers to a `&name` that is nowhere above it"),
    ("another document", "a second document begins with `---`; expected one"),
    ("mapping values", "a key stands where none can; check the indentation, and quote texts that contain `: `"),
    ("expected ','", "a bracket is not closed, or a comma is missing"),
    ("<block end>", "the indentation does not agree with the lines above"),
    ("expected ':'", "a line is neither `key: value` nor a `- ` entry"),
    ("end of stream", "a quotation mark is not closed"),
    ("cannot start", "a text begins with a sign that YAML keeps for itself; put the text in quotes"),
    ("escape", "a backslash in double quotes begins no known sign; use single quotes"),
)
"""Words of the YAML reader, and what a person understands."""
OTHERWISE = "its signs or its indentation are not those of YAML"

TOO_MANY = "its aliases (`*name`) stand for too many values; write out what is meant"


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without byte order mark; raises ExperimentError where it is none."""
    try:
        require_size(path.stat().st_size, path)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _refused(path, Message("cannot be read: {reason}.", {"reason": Message(str(error.strerror))})) from error
    except UnicodeDecodeError as error:
        raise _not_utf_8(path) from error
    if "\0" in text:  # what UTF-16 looks like when its letters are English
        raise _not_utf_8(path)
    return text


def require_size(size: int, path: Path | None) -> None:
    """Raises ExperimentError where so many bytes are too many for an experiment file."""
    if size > LARGEST:
        raise _refused(path, Message("is larger than {most} kB; is it the data file?", {"most": LARGEST // 1000}))


def _not_utf_8(path: Path) -> ExperimentError:
    return _refused(path, Message("is not UTF-8 text but perhaps UTF-16 or GBK; save it as UTF-8."))


def _refused(path: Path | None, message: Message, line: int | None = None) -> ExperimentError:
    return ExperimentError((Problem("file", message, line),), path)


def read_yaml(text: str, file: Path | None) -> Any:
    """The YAML document with positions."""
    yaml = YAML(typ="rt", pure=True)
    yaml.Constructor = _Constructor
    yaml.max_depth = DEEPEST
    try:
        document = yaml.load(text)
    except _Twice as error:
        raise _refused(file, error.message, error.line) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _not_yaml(_reason(error.problem or str(error)), mark.line + 1 if mark else None, file) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise _not_yaml(f"unacceptable character U+{ord(text[error.position]):04X}", line, file) from error
    if _is_too_large(document):
        raise _not_yaml(TOO_MANY, None, file)
    return document


def _not_yaml(reason: str, line: int | None, file: Path | None) -> ExperimentError:
    return _refused(file, Message("is not valid YAML: {reason}.", {"reason": Message(reason)}), line)


def _reason(words: str) -> str:
    return next((ours for theirs, ours in REASONS if theirs in words), OTHERWISE)


def _is_too_large(document: Any) -> bool:
    """Whether aliases make the document very large, or endless; what they stand for is counted every time."""
    count, stack = 0, [document]
    while stack and count <= MOST_VALUES:
        node = stack.pop()
        count += 1
        stack.extend(node.values() if isinstance(node, dict) else node if isinstance(node, list) else ())
    return count > MOST_VALUES


class _Twice(Exception):
    """A key that stands twice."""

    def __init__(self, key: Any, first: int, line: int) -> None:
        self.message, self.line = (
            Message("`{name}` stands in line {first} already.", {"name": key, "first": first}),
            line,
        )
        super().__init__(str(self.message))


class _Constructor(RoundTripConstructor):
    """Leaves a value that is not what it seems (2026-02-30) as text, so that it is reported with its key and line."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError:
            if not isinstance(node, ScalarNode):
                raise
            return node.value

    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:  # noqa: ARG002 - ruamel's signature
        if key in mapping:
            raise _Twice(key, mapping.lc.key(key)[0] + 1, key_node.start_mark.line + 1)
        return True


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
