"""How often intervals of each design held a known truth: the committed tables as one page, and the rows nearest to a case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causalcx.core.experiment import Experiment
from causalcx.core.packaged import packaged

PLAIN = "coverage"
"""The table of the randomised readout without clusters."""
BROKEN = "shown as wrong"
"""What the table says of a world in which an assumption is broken on purpose."""
IN_BAND = {"yes": "holds", "no": "not in band"}
"""The verdict of the plain table in the words of the others."""
BY = {"randomised": "by lot", "staggered": "in waves", "observational": "by choice"}
"""How rows of durations name the designs that take them."""
NOTE = re.compile(r"<!-- trust: (\w+) -->")
RUNS = re.compile(r"([\d,]+) runs per row")


@dataclass(frozen=True)
class Known:
    """A world with a known truth: how many runs, and in which share of them the 95 % interval held it."""

    anchor: str
    table: str
    kind: str
    """Kind of outcome."""
    case: str
    runs: str
    coverage: str
    verdict: str


def trust_page() -> str:
    """Both tables as HTML; every design and every row has an anchor."""
    reader = _reader()
    return "".join(reader.renderer.render(d.tokens, reader.options, {}) for d in _documents())


def nearest(experiment: Experiment) -> list[Known]:
    """The rows of the same design and kinds of outcome in which no assumption is broken."""
    wanted = {(_table(experiment, o.kind), o.kind) for o in experiment.outcomes}
    return [row for row in rows() if (row.table, row.kind) in wanted and _alike(row, experiment)]


def rows() -> list[Known]:
    """Every row of both tables, in their order."""
    return [row for document in _documents() for row in document.rows]


def _table(experiment: Experiment, kind: str) -> str:
    design = experiment.design
    if kind == "duration":
        return "duration"
    if experiment.felt:
        return "interference"
    if design.kind != "randomised":
        return design.kind.replace("-", "_")
    return "looks" if experiment.looks else "clusters" if design.cluster else PLAIN


def _alike(row: Known, experiment: Experiment) -> bool:
    if row.verdict == BROKEN:
        return False
    if row.table == "duration":
        return f", {BY.get(experiment.design.kind)}" in row.case
    adjusted = getattr(experiment.design, "covariates", []) and getattr(experiment.design, "adjustment", "none")
    return row.table != PLAIN or f", {adjusted or 'none'}, " in row.case


def _documents() -> Iterator[Document]:
    for file in (packaged("docs") / "reference" / "trust.md", packaged("benchmarks") / f"{PLAIN}.md"):
        yield Document(file)


class Document:
    """The tokens of a page, with anchors, and the rows of its tables; notes for the maker and links to files are left out."""

    def __init__(self, file: Path) -> None:
        self.tokens: list[Any] = []
        self.rows: list[Known] = []
        self.table, self.runs, self.head, self.cells = file.stem, "", [""], [""]
        for token in _reader().parse(file.read_text(encoding="utf-8")):
            self._take(token)

    def _take(self, token: Any) -> None:
        if token.type == "html_block":
            self.table = next((name for name in NOTE.findall(token.content) if name), self.table)
            return
        self.tokens.append(token)
        if token.type == "tr_open":
            self.cells = []
        elif token.type == "inline":
            self._inline(token)
        elif token.type in ("th_open", "td_open") and token.attrs.pop("style", None):
            token.attrs["class"] = "n"
        elif token.type == "heading_close":
            self._named("heading_open", slug(self.cells[-1]))
        elif token.type == "thead_close":
            self.head = self.cells
        elif token.type == "tr_close" and self._inside("tbody"):
            self._row(dict(zip(self.head, self.cells, strict=True)))

    def _inline(self, token: Any) -> None:
        self.cells.append(token.content)
        self.runs = next(iter(RUNS.findall(token.content)), self.runs)
        token.children = [c for c in token.children if not c.type.startswith("link_")]

    def _inside(self, part: str) -> bool:
        return next(t.type for t in reversed(self.tokens) if t.type.startswith(("thead_", "tbody_"))) == f"{part}_open"

    def _named(self, opening: str, anchor: str) -> None:
        next(t for t in reversed(self.tokens) if t.type == opening).attrs["id"] = anchor

    def _row(self, cells: dict[str, str]) -> None:
        if "coverage" not in cells:
            return
        if "case" in cells:
            case, kind, runs, verdict = cells["case"], cells["case"].split(":")[0], cells["runs"], cells["verdict"]
        else:
            case = f"{cells['outcome']}, {cells['adjustment']}, {cells['customers']} customers"
            kind, runs, verdict = case.split(",")[0], self.runs, IN_BAND[cells["in band"]]
        known = Known(slug(f"{self.table} {case}"), self.table, kind, case, runs, cells["coverage"], verdict)
        self.rows.append(known)
        self._named("tr_open", known.anchor)


def _reader() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable("table")


def slug(text: str) -> str:
    """A text as the name of a place on the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
