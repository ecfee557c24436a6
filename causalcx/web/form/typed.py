"""What was typed, box by box; nothing is interpreted here, so nothing is lost."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from causalcx.web.form.fields import GROUPS, SINGLES, Group

MOST_ROWS = 60
"""Rows of one group; a form that claims more was not made by the page."""
LONGEST_NUMBER = 6
"""Digits."""

UNSEEN = ("Cc", "Cs", "Co", "Cn")
"""Unicode categories: controls, surrogates, private use, unassigned."""

Row = dict[str, str]


@dataclass(frozen=True)
class Typed:
    """The texts of the form."""

    singles: dict[str, str] = field(default_factory=dict)
    """By box name, for example ``title.en``."""
    rows: dict[str, list[Row]] = field(default_factory=dict)
    """By group, then by box name within the row."""

    @classmethod
    def blank(cls) -> Typed:
        """A form as it is first shown."""
        return cls(rows={name: [{} for _ in range(group.rows)] for name, group in GROUPS.items()})

    @classmethod
    def posted(cls, form: Mapping[str, str]) -> Typed:
        """What a browser sent."""
        boxes = [box for single in SINGLES for box in single.boxes]
        return cls(
            _filled({box: form.get(box, "") for box in boxes}),
            {name: [_row(form, group, i) for i in range(_count(form, name))] for name, group in GROUPS.items()},
        )

    def text(self, box: str) -> str:
        """The text of a single box."""
        return self.singles.get(box, "")

    def with_row(self, group: str) -> Typed:
        """One more empty row."""
        return self._changed(group, [*self.rows.get(group, []), {}][:MOST_ROWS])

    def without_row(self, group: str, index: int) -> Typed:
        """One row fewer."""
        return self._changed(group, [row for i, row in enumerate(self.rows.get(group, [])) if i != index])

    def _changed(self, group: str, rows: list[Row]) -> Typed:
        return Typed(self.singles, self.rows | {group: rows})


def _row(form: Mapping[str, str], group: Group, i: int) -> Row:
    return _filled({box: form.get(f"{group.name}.{i}.{box}", "") for part in group.fields for box in part.boxes})


def _filled(texts: Mapping[str, str]) -> Row:
    cleaned = {box: _clean(text) for box, text in texts.items()}
    return {box: text for box, text in cleaned.items() if text}


def _count(form: Mapping[str, str], group: str) -> int:
    return min(row_number(form.get(f"rows.{group}", "0")) or 0, MOST_ROWS)


def row_number(text: str) -> int | None:
    """A number of a row, or of rows; None for what no page sends."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else None


def _clean(text: str) -> str:
    """Without the characters that no keyboard makes and no YAML keeps: other line ends become one, controls go."""
    lines = "\n".join(text.replace("\r\n", "\n").splitlines())
    return "".join(
        character for character in lines if character in "\n\t" or unicodedata.category(character) not in UNSEEN
    ).strip()
