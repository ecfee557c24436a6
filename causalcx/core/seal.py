"""The sealed plan: a canonical form of the experiment file and its SHA-256."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from causalcx.core.experiment import Experiment


class SealedPlan(BaseModel):
    """What was registered, when, and its fingerprint."""

    model_config = ConfigDict(frozen=True)

    key: str
    hash: str
    """``sha256:`` and the digest of the canonical form."""
    sealed_on: dt.date
    clock: Literal["wall", "story"] = "wall"
    """``story`` where the data are simulated and the date belongs to the story."""
    plan: dict[str, Any]
    """The canonical form."""


def canonical_plan(experiment: Experiment) -> dict[str, Any]:
    """The file without comments, order and defaults, so that a re-formatted file is the same plan."""
    return experiment.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def plan_hash(experiment: Experiment) -> str:
    """SHA-256 of the canonical form as JSON with sorted keys."""
    text = json.dumps(canonical_plan(experiment), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def seal(experiment: Experiment, sealed_on: dt.date, clock: Literal["wall", "story"] = "wall") -> SealedPlan:
    """Seal the plan on this date."""
    return SealedPlan(
        key=experiment.key,
        hash=plan_hash(experiment),
        sealed_on=sealed_on,
        clock=clock,
        plan=canonical_plan(experiment),
    )


def differences(sealed: dict[str, Any], now: dict[str, Any]) -> list[dict[str, Any]]:
    """What changed since the seal, field by field: ``{field, sealed, now}``; null where a side has nothing."""
    before, after = dict(_leaves(sealed)), dict(_leaves(now))
    return [
        {"field": field, "sealed": before.get(field), "now": after.get(field)}
        for field in sorted(before.keys() | after.keys())
        if before.get(field) != after.get(field)
    ]


def _leaves(node: Any, path: str = "") -> list[tuple[str, Any]]:
    if isinstance(node, dict) and node:
        return [leaf for key, value in node.items() for leaf in _leaves(value, f"{path}.{key}" if path else str(key))]
    if isinstance(node, list) and any(isinstance(item, (dict, list)) for item in node):
        return [leaf for i, value in enumerate(node) for leaf in _leaves(value, f"{path}[{i}]")]
    return [(path, node)]


def sealed_days_before_data(sealed_on: dt.date, experiment: Experiment, seen_on: dt.date | None = None) -> int:
    """Days from the seal to the data; negative when sealed after.

    The data begin with the period. Where effects had been estimated before the seal, on ``seen_on``, the data were there
    by then, whatever the period says.
    """
    begin = (experiment.period.start - sealed_on).days
    return begin if seen_on is None else min(begin, (seen_on - sealed_on).days, 0)
