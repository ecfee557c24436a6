"""causalcx links customer-experience changes to ROI: register, check, fit, value, publish.

    >>> import causalcx as cx                                   # doctest: +SKIP
    >>> e = cx.load("experiments/merge-confirmation-steps")     # doctest: +SKIP
    >>> readout = cx.fit(e)                                     # doctest: +SKIP
    >>> valuation = cx.value(e, readout)                        # doctest: +SKIP

Nothing heavy is imported before a verb is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import causalcx.value  # noqa: F401 - the room, before the verb of the same name below takes its place

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from pathlib import Path

    from causalcx.core.case import Valuation
    from causalcx.core.check import Check
    from causalcx.core.experiment import Experiment
    from causalcx.core.readout import Readout
    from causalcx.core.seal import SealedPlan

__all__ = ["check", "fit", "load", "plan", "register", "report", "value"]


def load(experiment: str | Path) -> Experiment:
    """Read an experiment file (a path, a folder, or a key of the workspace around the current folder)."""
    from causalcx import service

    return service.load(experiment)


def register(experiment: Experiment | str | Path) -> SealedPlan:
    """Seal the plan of an experiment file today."""
    from causalcx import service

    return service.register(experiment=experiment)


def plan(
    experiment: Experiment | str | Path, *, history: str | Path | None = None, baseline: Mapping[str, float] | None = None,
    spread: Mapping[str, float] | None = None, answering: Mapping[str, float] | None = None, alike: Mapping[str, float] | None = None,
    cluster_size: float | None = None, size: int | None = None, per_month: float | None = None, sites: int | None = None,
    untouched: int | None = None, periods: int | None = None, moved: float | None = None, splits: int | None = None, seed: int = 1,
    workers: int = 1, language: str = "en",
) -> dict[str, Any]:  # fmt: skip
    """The plan in canonical form, its hash, whether it is still the sealed one, and its ``sizing``: units needed, effects that can be
    seen, and how often the decision rule errs. ``history`` is a file with the outcomes' columns from before; designs without a formula
    are simulated on it, or on what the plan's own data hold of the time before. In its place ``baseline``, ``spread``, ``answering`` and
    ``alike`` say by outcome what is known. Every other keyword is the option of the command that has its name; ``workers`` are processes."""
    from causalcx import service

    return service.plan(
        experiment=experiment, history=history, baseline=baseline, spread=spread, answering=answering, alike=alike, cluster_size=cluster_size,
        size=size, per_month=per_month, sites=sites, untouched=untouched, periods=periods, moved=moved, splits=splits, seed=seed,
        workers=workers, language=language,
    )  # fmt: skip


def check(experiment: Experiment | str | Path, data: Any = None, *, seed: int = 1) -> tuple[Check, ...]:
    """Verdicts on design and data, before any effect is seen. ``data`` replaces the file's data."""
    from causalcx import service

    return service.check(experiment=experiment, data=data, seed=seed)


def fit(
    experiment: Experiment | str | Path,
    data: Any = None,
    *,
    seed: int = 1,
    look: int | None = None,
    as_of: dt.date | None = None,
) -> Readout:
    """Effects on all outcomes. ``data`` (pandas, Polars, Arrow, Ibis) replaces the file's data; then nothing is written. ``look`` names the
    planned look that this is, where the data do not tell; ``as_of`` replaces the file's date of the data."""
    from causalcx import service

    return service.fit(experiment=experiment, data=data, seed=seed, look=look, as_of=as_of)


def value(experiment: Experiment | str | Path, readout: Readout | None = None, *, seed: int = 1) -> Valuation:
    """What each arm is worth; fits first when no readout is given and no stored run matches plan and data."""
    from causalcx import service

    return service.value(experiment=experiment, readout=readout, seed=seed)


def report(experiment: Experiment | str | Path, out: str | Path | None = None) -> list[Path]:
    """Write the business case as self-contained pages in English and Chinese; returns the files."""
    from causalcx import service

    return service.report(experiment=experiment, out=out)
