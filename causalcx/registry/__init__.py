"""Keeps experiments, sealed plans, runs, effects and cases; computes nothing."""

from causalcx.registry.registry import PublishedCase, Registry, Run, StoredRun

__all__ = ["PublishedCase", "Registry", "Run", "StoredRun"]
