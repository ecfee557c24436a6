"""Small worlds with known truth, one per design: ``causalcx simulate NAME`` writes its data, its truth and an experiment file.

A world is a class with ``draw(...) -> columns`` and ``truth() -> dict``; its experiment file stands beside its module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class World:
    """Where a world is, and how it is drawn."""

    module: str
    name: str
    draw: Callable[[Any, int], Mapping[str, Any]]
    """Columns of the drawn world, given the world and a seed."""
    experiment: str
    """File beside this module."""
    pairs: bool = False
    """Whether the world has a list of neighbours."""


WORLDS = {
    "shifts": World("shifts", "Shifts", lambda world, seed: world.draw(seed), "shifts.yaml"),
    "staffing": World("staffing", "Staffing", lambda world, seed: world.draw(seed), "staffing.yaml"),
    "staffing-neighbours": World(
        "staffing", "with_neighbours", lambda world, seed: world.draw(seed), "staffing-neighbours.yaml", True
    ),
    "outage": World("outage", "Outage", lambda world, seed: world.draw(seed), "outage.yaml"),
    "chatbot": World("chatbot", "Chatbot", lambda world, seed: world.draw(seed), "chatbot.yaml"),
    "coaching": World("coaching", "Coaching", lambda world, seed: world.draw(seed), "coaching.yaml"),
    "routing": World("routing", "Routing", lambda world, seed: world.draw(seed), "routing.yaml"),
    "bill": World("bill", "Bill", lambda world, seed: world.draw(seed), "bill.yaml"),
    "city": World("city", "City", lambda world, seed: world.draw(seed), "city.yaml"),
    "nudge": World("nudge", "Nudge", lambda world, seed: world.draw(24_000, seed), "nudge.yaml"),
    "greeting": World("greeting", "Greeting", lambda world, seed: world.draw(seed), "greeting.yaml"),
    "agents": World("nudge", "Agents", lambda world, seed: world.draw(24_000, seed), "agents.yaml"),
}
"""By the name on the command line."""


def write_world(name: str, out: Path, seed: int) -> dict[str, Path]:
    """Write ``data.parquet`` and ``truth.json`` into ``out``, and ``experiment.yaml`` where none is there; the same seed, the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = WORLDS[name]
    world = getattr(import_module(f"causalcx.simulate.{found.module}"), found.name)()
    out.mkdir(parents=True, exist_ok=True)
    paths = {"data": out / "data.parquet", "truth": out / "truth.json", "experiment": out / "experiment.yaml"}
    if found.pairs:
        paths["neighbours"] = out / "neighbours.csv"
        _write_pairs(world.pairs(), paths["neighbours"])
    columns = {column: pa.array(np.asarray(values)) for column, values in found.draw(world, seed).items()}
    pq.write_table(pa.table(columns), paths["data"], compression="zstd", compression_level=19)
    paths["truth"].write_text(json.dumps(world.truth() | {"seed": seed}, indent=2) + "\n", encoding="utf-8")
    if not paths["experiment"].exists():
        text = Path(__file__).with_name(found.experiment).read_text(encoding="utf-8")
        paths["experiment"].write_text(text, encoding="utf-8")
    return paths


def _write_pairs(pairs: Mapping[str, Any], file: Path) -> None:
    rows = zip(*pairs.values(), strict=True)
    lines = [",".join(pairs), *(",".join(map(str, row)) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
