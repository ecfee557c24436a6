"""Every link of every page leads somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from doc_pages import REPOSITORY, anchors, links, pages


def broken(page: Path) -> list[str]:
    """Local links of a page without a file, or without the heading they name."""
    found = []
    for link in links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        file, _, heading = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (heading and heading not in anchors(target)):
            found.append(link)
    return found


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_between_pages_resolve(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Here\n[ok](#here) [no](#there) [gone](gone.md) `[code](x)`\n", encoding="utf-8")
    assert broken(page) == ["#there", "gone.md"]


@pytest.mark.parametrize("folder", ["tutorial", "how-to", "reference", "explanation"])
def test_the_index_lists_every_page(folder: str) -> None:
    index = (REPOSITORY / "docs" / "README.md").read_text(encoding="utf-8")
    assert all(f"({folder}/{page.name})" in index for page in (REPOSITORY / "docs" / folder).glob("*.md"))


def test_every_decision_is_listed() -> None:
    folder = REPOSITORY / "docs" / "decisions"
    listed = list(links(folder / "README.md"))
    assert sorted(listed) == sorted(p.name for p in folder.glob("0*.md"))
