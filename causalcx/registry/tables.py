"""Tables of the registry. Only this room sees them; records of ``core`` go in and out."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import JSON, Column, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel


class Row(SQLModel, registry=registry()):
    """Base of the tables; their metadata is this room's own, apart from tables that a user's program defines."""


class ExperimentRow(Row, table=True):
    """One experiment key."""

    __tablename__ = "experiments"

    key: str = Field(primary_key=True)
    title: Any = Field(sa_column=Column(JSON, nullable=False))
    owner: str
    design: str
    file: str | None = None


class PlanRow(Row, table=True):
    """One seal. The newest of a key counts; none is ever removed, even when a plan returns to an earlier form."""

    __tablename__ = "plans"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(foreign_key="experiments.key", index=True)
    hash: str
    sealed_on: dt.date
    clock: str
    after_run: int = 0
    """Number of the newest run when the plan was sealed; 0 when nothing had been run."""
    plan: Any = Field(sa_column=Column(JSON, nullable=False))


class RunRow(Row, table=True):
    """One fit: what went in, what came out, or why it failed."""

    __tablename__ = "runs"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(index=True)
    plan_hash: str = Field(index=True)
    fingerprint: str
    seed: int
    state: str
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
    process: str
    versions: Any = Field(sa_column=Column(JSON, nullable=False))
    rows: int | None = None
    moments: Any = Field(default=None, sa_column=Column(JSON))
    readout: str | None = Field(default=None, sa_column=Column(Text))
    warnings: Any = Field(default=None, sa_column=Column(JSON))
    failure: str | None = None
    """Template of the sentence, to be told in the reader's language."""
    failure_facts: Any = Field(default=None, sa_column=Column(JSON))


class EffectRow(Row, table=True):
    """One effect of a run; the joint covariance stands in the run's readout."""

    __tablename__ = "effects"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="runs.id", index=True, ondelete="CASCADE")
    outcome: str
    comparison: str
    segment: str | None = None
    estimate: float
    std_error: float
    low: float | None = None
    high: float | None = None
    covariance: Any = Field(sa_column=Column(JSON, nullable=False))


class CaseRow(Row, table=True):
    """The valuation of a run, and the pages that were published from it."""

    __tablename__ = "cases"

    id: int | None = Field(default=None, primary_key=True)
    run_id: int = Field(foreign_key="runs.id", index=True, ondelete="CASCADE", unique=True)
    key: str = Field(index=True)
    valuation: str | None = Field(default=None, sa_column=Column(Text))
    experiment: Any = Field(default=None, sa_column=Column(JSON))
    pages: Any = Field(default=None, sa_column=Column(JSON))
    published_at: dt.datetime | None = None
    file: str | None = None
    """The experiment file, as seen from the registry's workspace."""
