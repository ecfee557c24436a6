"""Plan by simulation: the history is opened, worlds are drawn from it, and what the estimator makes of them becomes sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, cast

from causalcx import words
from causalcx.core.check import Notice
from causalcx.core.errors import CannotAnswer, CausalcxError, DataError
from causalcx.core.experiment import Experiment
from causalcx.service.kinds import module_of

if TYPE_CHECKING:
    from causalcx.core.need import Frame
    from causalcx.designs.planning.made import Setting
    from causalcx.designs.planning.simulated import Simulated
    from causalcx.designs.planning.spreads import Stated

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """How a plan is to be simulated."""

    stated: Stated
    setting: Setting
    history: Path | None
    size: int | None
    splits: int | None
    seed: int
    workers: int
    progress: Progress | None
    language: str


@dataclass(frozen=True)
class Outcome:
    """What the simulation gave, or why it gave nothing."""

    found: Simulated | None
    rows: int = 0
    source: Literal["history", "stated"] | None = None
    notices: tuple[Notice, ...] = ()


def simulate_plan(experiment: Experiment, asked: Asked) -> Outcome:
    """The design's own estimator on worlds without an effect. Raises what is wrong with a history that was named."""
    from causalcx.designs.planning.histories import drawable, world_of
    from causalcx.designs.planning.simulated import simulated

    own, told, planned = asked.history is None, asked.stated.anything, drawable(experiment)
    if not planned.outcomes:
        return Outcome(None)
    design = _estimator(experiment.design.kind)
    try:
        planned, frame = _history(planned, asked, design)
        if frame is None or not planned.outcomes:
            return Outcome(None)
        world = world_of(planned, frame, asked.setting, asked.seed, own=own and not told)
        found = simulated(
            planned, world, asked.size, asked.splits, asked.seed,
            design=design.__name__, workers=asked.workers, progress=asked.progress,
        )  # fmt: skip
    except CannotAnswer as error:
        return _not_simulated(error, asked)
    except DataError as error:
        if not own:
            raise
        return _not_simulated(error, asked)
    unknown = tuple(o.key for o in experiment.outcomes if o.key not in {p.key for p in planned.outcomes})
    code = "plan-stated-rows" if told else "plan-own-history"
    notices = (Notice(code=code, facts={"source": experiment.data.source}),) if own else ()
    return Outcome(replace(found, unknown=unknown), len(frame.arm), "stated" if told else "history", notices)


def _estimator(kind: str) -> ModuleType:
    """The module of the design: ours, or one that was brought. Raises CannotAnswer where it cannot be tried on worlds."""
    module = cast(ModuleType, module_of(kind))
    if not hasattr(module, "estimated"):
        raise CannotAnswer(
            "`plan` tries a design on worlds without an effect, and {design} has no function `estimated` for them.",
            design=module.__name__,
        )  # fmt: skip
    return module


def _not_simulated(error: CausalcxError, asked: Asked) -> Outcome:
    return Outcome(
        None, notices=(Notice(code="plan-cannot-simulate", facts={"reason": words.say(error, asked.language)}),)
    )


def _history(experiment: Experiment, asked: Asked, design: Any) -> tuple[Experiment, Frame | None]:
    """The plan's outcomes that are known of, and their history; None where there is none."""
    from causalcx.designs.planning.histories import history_need
    from causalcx.designs.planning.made import made_history
    from causalcx.sources.pull import pull

    if asked.stated.anything:
        return made_history(experiment, asked.stated, asked.setting, asked.seed)
    source = _source(experiment, asked.history)
    return experiment, pull(source, history_need(experiment, source.table.columns, design)) if source else None


def _source(experiment: Experiment, history: Path | None):
    """The history, else the plan's own data where they are there already."""
    from causalcx.sources import engine

    data = experiment.data
    if history is not None:
        return engine.open_file(history)
    if data.connection is not None:
        return engine.open_connection(data.connection, str(data.table), experiment.folder)
    file = experiment.folder / data.source if experiment.folder and data.source else None
    return engine.open_file(file) if file and file.is_file() else None
