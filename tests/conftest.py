"""A small randomised trial for every folder of tests, open to change."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import pytest

TODAY = dt.date(2026, 6, 1)
TRIAL: dict[str, Any] = {
    "key": "small-trial",
    "title": "A small trial",
    "intervention": "other",
    "owner": "ana@example.com",
    "hypothesis": "It helps.",
    "period": {"start": "2026-01-01", "end": "2026-02-01"},
    "data": {"source": "data.csv"},
    "design": {"kind": "randomised", "unit": "id", "treatment": "arm", "control": "a"},
    "interference": "none",
    "outcomes": [{"name": "y", "kind": "amount", "column": "y", "role": "primary"}],
}


def outcome(kind: str, column: str, **keys: Any) -> dict[str, Any]:
    """An outcome entry named like its column; primary unless told otherwise."""
    return {"name": column, "kind": kind, "column": column, "role": "primary"} | keys


def changed(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The trial's document with dotted keys set; None takes a key away."""
    document = copy.deepcopy(TRIAL)
    for dotted, value in (changes or {}).items():
        *parents, last = dotted.split(".")
        node = document
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = value
        if value is None:
            del node[last]
    return document


def built(changes: Mapping[str, Any] | None = None) -> Any:
    """The validated experiment."""
    from causalcx.core.experiment import Experiment

    return Experiment.model_validate(changed(changes))


def reduced(experiment: Any, source: Any) -> Any:
    """The data, reduced as the randomised design asks; ``source`` is a Source or anything that fit takes as data."""
    from causalcx.designs.randomised import needs
    from causalcx.sources.engine import Source, open_frame
    from causalcx.sources.reduce import reduce

    return reduce(source if isinstance(source, Source) else open_frame(source), needs(experiment, TODAY))


def fitted(changes: Mapping[str, Any] | None, source: Any) -> Any:
    """The readout of the trial with these changes on these data."""
    from causalcx.designs.randomised import fit

    experiment = built(changes)
    return fit(experiment, reduced(experiment, source), seed=1)


@pytest.fixture(scope="session")
def trial() -> Callable[..., Any]:
    """``trial({"design.strata": ["site"]})``: the experiment with dotted keys changed."""
    return built


@pytest.fixture(scope="session")
def reduce_trial() -> Callable[..., Any]:
    """``reduce_trial(experiment, data)``."""
    return reduced


@pytest.fixture(scope="session")
def fit_trial() -> Callable[..., Any]:
    """``fit_trial(changes, data)``."""
    return fitted


@pytest.fixture(scope="session")
def measure() -> Callable[..., dict[str, Any]]:
    """``measure("nps", "score")``: an outcome entry."""
    return outcome
