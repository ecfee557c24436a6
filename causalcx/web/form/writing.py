"""A document as YAML that a person likes to read: short parts on one line, long ones below each other."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

WIDTH = 4096
"""Lines are not broken; the page and the editor wrap them."""
INDICATORS = tuple("?:-,[]{}#&*!|>'\"%@`")
"""What may open another thing than a text in YAML; such a text is quoted."""
ONE_LINE = 84
"""Longest part that stands on one line."""


def write_yaml(document: dict[str, Any], comment: str = "") -> str:
    """The text of an experiment file; every line of ``comment`` stands at its head."""
    head = "".join(f"# {line}\n" for line in comment.splitlines())
    return head + (dump(document) if document else "")


def dump(document: dict[str, Any]) -> str:
    """The YAML text."""
    yaml = YAML(typ="rt", pure=True)
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    stream = io.StringIO()
    yaml.dump(_laid_out(document, top=True), stream)
    return stream.getvalue()


def _laid_out(node: Any, *, top: bool = False) -> Any:
    if isinstance(node, dict):
        laid = CommentedMap((key, _laid_out(value)) for key, value in node.items())
        if not top and _fits(node):
            laid.fa.set_flow_style()
        return laid
    if isinstance(node, list):
        sequence = CommentedSeq(_laid_out(value) for value in node)
        if not any(isinstance(value, dict) for value in node):
            sequence.fa.set_flow_style()
        return sequence
    if isinstance(node, str) and _is_lines(node):
        return LiteralScalarString(node)
    return DoubleQuotedScalarString(node) if isinstance(node, str) and node.startswith(INDICATORS) else node


def _fits(node: dict[str, Any]) -> bool:
    flat = all(
        isinstance(v, (str, int, float, bool, dt.date)) and not (isinstance(v, str) and "\n" in v)
        for v in node.values()
    )
    return flat and 0 < len(node) <= 4 and sum(len(str(k)) + len(str(v)) + 4 for k, v in node.items()) <= ONE_LINE


def _is_lines(text: str) -> bool:
    """Several lines that a literal block gives back unchanged."""
    lines = text.split("\n")
    return (
        len(lines) > 1 and text == text.strip() and all(line == line.rstrip() and line.isprintable() for line in lines)
    )
