"""What is wrong, beside the box it is about."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from causalcx.core.errors import ExperimentError, Message, Problem
from causalcx.web.form.fields import GROUPS, SECTIONS, Field

_QUOTED = re.compile(r"`([\w.]+)`")
_PARENT = re.compile(r"(\[\d+\]|\.[^.\[]+)$")


@dataclass(frozen=True)
class Complaint:
    """A sentence and the box, row or group it stands beside; without one it stands at the top only."""

    box: str | None
    message: Message | None = None
    """The sentence of the file's own validation."""
    nearest: str | None = None
    code: str = ""
    """Else the code of a sentence of the form."""
    facts: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    """Place in the file."""


def complaints_of(
    error: ExperimentError | None, where: Mapping[str, str], explained: Collection[str] = ()
) -> list[Complaint]:
    """The problems of a file, each with its box; those that the form has explained itself are left out."""
    problems = [p for p in (error.problems if error else ()) if p.key not in explained]
    found = [Complaint(box_of(p, where), p.message, p.nearest, key=p.key) for p in problems]
    return list({(c.box or c.key, str(c.message)): c for c in found}.values())


def box_of(problem: Problem, where: Mapping[str, str]) -> str | None:
    """The box of a problem: that of its place, of a part that its sentence names, or of the nearest place around it."""
    named = (f"{problem.key}.{name}" for name in _QUOTED.findall(str(problem.message)))
    inside = next((where[place] for place in named if place in where), None)
    if problem.key in where:
        is_container = any(place.startswith((problem.key + ".", problem.key + "[")) for place in where)
        return inside if inside and is_container else where[problem.key]
    return inside or _first_within(problem.key, where) or _around(problem.key, where)


def _first_within(key: str, where: Mapping[str, str]) -> str | None:
    return next((box for place, box in where.items() if place.startswith((key + ".", key + "["))), None)


def _around(key: str, where: Mapping[str, str]) -> str | None:
    while key:
        shorter = _PARENT.sub("", key)
        key = "" if shorter == key else shorter
        if key in where:
            return where[key]
    return None


def in_reading_order(complaints: Iterable[Complaint]) -> list[Complaint]:
    """As the boxes stand on the page; what has no box comes last."""
    return sorted(complaints, key=lambda c: _position(c.box))


def _position(box: str | None) -> tuple[int, ...]:
    if box is None:
        return (len(_PARTS),)
    group, _, rest = box.partition(".")
    if group not in GROUPS:
        return (_PARTS.get(box, len(_PARTS)),)
    index, _, name = rest.partition(".")
    names = [each for part in GROUPS[group].fields for each in part.boxes]
    return (_PARTS[group], int(index or -1), names.index(name) if name in names else -1)


_BOXES = [
    name
    for section in SECTIONS
    for part in section.parts
    for name in (part.boxes if isinstance(part, Field) else (part.name,))
]
_PARTS = {name: i for i, name in enumerate(_BOXES)}
