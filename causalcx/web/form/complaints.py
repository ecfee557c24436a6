"""What is wrong, beside the box it is about."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from causalcx.core.errors import ExperimentError, Message, Problem

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


def complaints_of(error: ExperimentError | None, where: Mapping[str, str]) -> list[Complaint]:
    """The problems of a file, each with its box."""
    found = [Complaint(box_of(p, where), p.message, p.nearest, key=p.key) for p in (error.problems if error else ())]
    return list({(c.box, str(c.message)): c for c in found}.values())


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
