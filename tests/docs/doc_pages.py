"""What a page of the documentation shows: blocks marked `<!-- run -->` and `<!-- file: NAME -->`, links, headings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
MARKED = re.compile(r"<!-- (run|file: (?P<file>[^ ]+)) -->\n```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
FENCED = re.compile(r"```.*?```", re.DOTALL)
END = "END-OF-THE-BLOCK"


@dataclass(frozen=True)
class Block:
    """A fenced block that its page asks to be run, or written to a file."""

    language: str
    text: str
    file: str | None


def blocks(page: Path) -> list[Block]:
    """The marked blocks of a page, in order."""
    found = MARKED.finditer(page.read_text(encoding="utf-8"))
    return [Block(m["language"], m["text"], m["file"]) for m in found]


def script(page: Path) -> str:
    """One shell script that does what the page shows, in its order."""
    return "set -euo pipefail\n" + "".join(map(_lines, blocks(page)))


def _lines(block: Block) -> str:
    if block.file:
        return f"mkdir -p \"$(dirname {block.file})\"\ncat > {block.file} <<'{END}'\n{block.text}{END}\n"
    return f"python - <<'{END}'\n{block.text}{END}\n" if block.language == "python" else block.text


def pages() -> list[Path]:
    """Every page a reader may open."""
    folders = ("docs", "experiments", "reports", "web", "tests", "benchmarks", "causalcx")
    inside = (file for folder in folders for file in (REPOSITORY / folder).rglob("*.md"))
    return sorted({*REPOSITORY.glob("*.md"), *inside})


def links(page: Path) -> Iterator[str]:
    """Targets of links and pictures, without those in code."""
    text = re.sub(r"`[^`\n]*`", "", FENCED.sub("", page.read_text(encoding="utf-8")))
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def anchors(page: Path) -> set[str]:
    """What a link to a heading may name, spelt as the forges spell it."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
