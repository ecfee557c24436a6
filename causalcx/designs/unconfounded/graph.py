"""A causal graph in DOT as plain edges: ``digraph { tenure -> support; tenure -> churn; support -> churn }``."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from causalcx.core.errors import CannotAnswer

Edges = tuple[tuple[str, str], ...]
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^\s*#[^\n]*", re.DOTALL | re.MULTILINE)
_ATTRIBUTES = re.compile(r"\[[^\]]*\]")
_BODY = re.compile(r"^\s*(?:strict\s+)?(?:digraph|dag)\b[^{]*\{(.*)\}\s*$", re.DOTALL)
_NAME = r'"[^"]*"|[^\s";{}\[\]<>=,-]+(?:-(?!>)[^\s";{}\[\]<>=,-]+)*'
_TERM = re.compile(rf"\s*(?:\{{([^{{}}]*)\}}|({_NAME}))\s*")
_SETTING = re.compile(r"^\s*(graph|node|edge|rankdir|label)\b\s*(=|$)")


def read_graph(text: str, folder: Path | None) -> tuple[frozenset[str], Edges]:
    """Nodes and edges of a DOT text, or of a file that holds one. Raises CannotAnswer where it is no directed graph."""
    if not _BODY.match(_COMMENT.sub(" ", text)) and folder is not None and (folder / text.strip()).is_file():
        text = (folder / text.strip()).read_text(encoding="utf-8")
    body = _BODY.match(_ATTRIBUTES.sub(" ", _COMMENT.sub(" ", text)))
    if body is None:
        raise _unreadable(text)
    nodes: dict[str, None] = {}
    edges: dict[tuple[str, str], None] = {}
    for statement in re.split(r";|\n(?!\s*->)", body.group(1)):
        if statement.strip() and not _SETTING.match(statement):
            steps = [_names(part, statement) for part in statement.split("->")]
            nodes |= dict.fromkeys(name for step in steps for name in step)
            edges |= dict.fromkeys((a, b) for left, right in pairwise(steps) for a in left for b in right)
    return frozenset(nodes), tuple(edges)


def _names(part: str, statement: str) -> list[str]:
    """One name, or several in braces."""
    match = _TERM.fullmatch(part)
    if match is None:
        raise _unreadable(statement)
    inside = match.group(1) if match.group(1) is not None else match.group(2)
    return [name.strip('"') for name in re.findall(_NAME, inside)]


def _unreadable(text: str) -> CannotAnswer:
    return CannotAnswer(
        "`design.graph` cannot be read as a directed graph in DOT (a digraph of statements like a -> b): {text}",
        text=" ".join(text.split())[:120],
    )  # fmt: skip
