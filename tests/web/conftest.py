"""A workspace with published cases made by hand, and the portal on it."""

from __future__ import annotations

import datetime as dt
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from causalcx.core.seal import canonical_plan, plan_hash, seal
from causalcx.registry import Registry
from causalcx.web import create_app

ROOT = Path(__file__).resolve().parents[2]
NOW = dt.datetime(2026, 5, 4, 9, 30, tzinfo=dt.UTC)
PUBLISHED = {
    "merge-steps": "base",
    "merge-two-arms": "several-arms",
    "uneven-groups": "failed-ratio",
    "no-price": "unpriced",
}
"""Key to the sample that is published under it."""


def load_samples() -> ModuleType:
    """The coherent results that the tests of the case page use."""
    spec = importlib.util.spec_from_file_location(
        "case_samples", ROOT / "tests" / "unit" / "reports" / "case_samples.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["case_samples"] = module
    spec.loader.exec_module(module)
    return module


def publish_sample(registry: Registry, key: str, sample: Any, pages: dict[str, dict[str, str]] | None = None) -> None:
    """Seal, run, value and publish a sample under a key, as the service would."""
    experiment = sample.experiment.model_copy(update={"key": key})
    plan, readout = plan_hash(experiment), sample.readout.model_copy(update={"experiment": key})
    if sample.sealed is not None:
        registry.register(seal(experiment, sample.sealed.sealed_on, sample.sealed.clock), experiment)
    with registry.run(
        key=key, plan_hash=plan, fingerprint="sha256:1", seed=1, versions={"causalcx": "0.1.0"}, now=NOW
    ) as run:
        run.finish(readout, None)
    if sample.valuation is not None:
        registry.save_valuation(run.id, sample.valuation.model_copy(update={"experiment": key}))
    arms = dict.fromkeys(e.comparison.split(" vs ")[0] for e in readout.headlines)
    stored = pages or {
        arm: {
            lang: f'<article class="case" lang="{lang}"><h1>{key} {arm} {lang}</h1></article>' for lang in ("en", "zh")
        }
        for arm in arms
    }
    registry.publish(run.id, experiment, canonical_plan(experiment), stored, NOW)


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    return load_samples()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for folder in ("experiments", "reports", ".causalcx"):
        (tmp_path / folder).mkdir()
    return tmp_path


@pytest.fixture
def full(workspace: Path, samples: ModuleType) -> Path:
    """A workspace with published cases."""
    registry = Registry.open(workspace / ".causalcx" / "registry.sqlite")
    for key, name in PUBLISHED.items():
        publish_sample(registry, key, samples.SAMPLES[name]())
    registry.close()
    return workspace


def portal(workspace: Path, **config: Any) -> Flask:
    """The portal of a workspace; a fault is raised, not turned into a page."""
    app = create_app(workspace)
    app.config.update({"WTF_CSRF_ENABLED": False, "PROPAGATE_EXCEPTIONS": True} | config)
    return app


@pytest.fixture
def client(full: Path) -> Iterator[FlaskClient]:
    with portal(full).test_client() as opened:
        yield opened


@pytest.fixture
def empty(workspace: Path) -> Iterator[FlaskClient]:
    with portal(workspace).test_client() as opened:
        yield opened
