"""A causal graph in DOT as plain edges: ``digraph { tenure -> support; tenure -> churn; support -> churn }``."""

from __future__ import annotations

import re
from collections import deque
from itertools import pairwise
from pathlib import Path

from causalcx.core.errors import ExperimentError, Message, Problem

Edges = tuple[tuple[str, str], ...]
_LETTER = r'(?!//|/\*)[^\s";,{}\[\]<>=-]'
_TOKEN = re.compile(
    rf"""(?P<gap>(?:\A|\n)\s*\#[^\n]*|\s|/\*.*?\*/|//[^\n]*)
    |(?P<name>"(?:\\.|[^"\\])*"|(?:{_LETTER})+(?:-(?!>)(?:{_LETTER})+)*)
    |(?P<sign>->|.)""",
    re.DOTALL | re.VERBOSE,
)


def wrong_graph(template: str, file: Path | None, **facts: object) -> ExperimentError:
    """What is wrong with `design.graph` of the experiment file."""
    return ExperimentError((Problem("design.graph", Message(template, facts)),), file)


def read_graph(text: str, file: Path | None) -> tuple[frozenset[str], Edges]:
    """Nodes and edges of a DOT text, or of a file beside the experiment file. Raises ExperimentError where it is no directed graph."""
    if "{" not in text and file is not None and (file.parent / text.strip()).is_file():
        text = (file.parent / text.strip()).read_text(encoding="utf-8")
    reader = _Reader(text, file)
    reader.graph()
    return frozenset(reader.nodes), tuple(reader.edges)


class _Reader:
    """Token by token; attributes and settings of the drawing are passed over."""

    def __init__(self, text: str, file: Path | None) -> None:
        self.text, self.file = text, file
        self.left = deque(m for m in _TOKEN.finditer(text) if m.lastgroup != "gap")
        self.nodes: dict[str, None] = {}
        self.edges: dict[tuple[str, str], None] = {}

    def ahead(self, place: int = 0) -> str:
        """A token to come; empty after the last."""
        return self.left[place].group().lower() if place < len(self.left) else ""

    def take(self, *words: str) -> bool:
        """Whether the next token is one of these, which is then behind."""
        found = self.ahead() in words
        if found:
            self.left.popleft()
        return found

    def name(self) -> str:
        if not self.left or self.left[0].lastgroup != "name":
            raise self.unreadable()
        word = self.left.popleft().group()
        return word[1:-1].replace('\\"', '"') if word.startswith('"') else word

    def graph(self) -> None:
        self.take("strict")
        if not self.take("digraph", "dag"):
            raise self.unreadable()
        if self.ahead() != "{":
            self.name()
        self.names()
        if self.left:
            raise self.unreadable()

    def names(self) -> list[str]:
        """Of the statements within braces."""
        if not self.take("{"):
            raise self.unreadable()
        found: list[str] = []
        while not self.take("}"):
            if not self.take(";", ","):
                found += self.statement()
        return found

    def statement(self) -> list[str]:
        if self.ahead(1) == "=":
            self.name()
            self.left.popleft()
            self.name()
            return []
        if self.ahead(1) == "[" and self.take("graph", "node", "edge"):
            self.attributes()
            return []
        steps = [self.step()]
        while self.take("->"):
            steps.append(self.step())
        self.attributes()
        self.edges |= dict.fromkeys((a, b) for left, right in pairwise(steps) for a in left for b in right)
        return [name for step in steps for name in step]

    def step(self) -> list[str]:
        """One name, or those in braces."""
        if self.take("subgraph") and self.ahead() != "{":
            self.name()
        if self.ahead() == "{":
            return self.names()
        name = self.name()
        self.nodes[name] = None
        return [name]

    def attributes(self) -> None:
        while self.take("["):
            while not self.take("]"):
                if not self.left:
                    raise self.unreadable()
                self.left.popleft()

    def unreadable(self) -> ExperimentError:
        """From the token on that cannot be read."""
        return wrong_graph(
            "cannot be read as a directed graph in DOT (a digraph of statements like a -> b): {text}",
            self.file,
            text=" ".join(self.text[self.left[0].start() if self.left else 0 :].split())[:120],
        )  # fmt: skip
