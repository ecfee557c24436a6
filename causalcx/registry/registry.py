"""The registry's verbs: register, run, find, save, publish."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, or_
from sqlmodel import Session, col, select

from causalcx.core.case import Valuation
from causalcx.core.errors import CannotAnswer, CausalcxError, Message
from causalcx.core.experiment import Experiment
from causalcx.core.looks import LookRecord
from causalcx.core.readout import Readout
from causalcx.core.seal import SealedPlan, differences
from causalcx.registry.database import is_writable, open_database, writing
from causalcx.registry.process import is_alive, this_process
from causalcx.registry.tables import CaseRow, EffectRow, ExperimentRow, PlanRow, RunRow


@dataclass(frozen=True)
class StoredRun:
    """A run that is done."""

    id: int
    readout: Readout
    moments: dict[str, Any] | None
    day: dt.date
    """On which it began, by this machine's calendar."""


@dataclass
class Run:
    """A run under way; :meth:`finish` keeps its result when the ``with`` block ends."""

    id: int
    readout: Readout | None = None
    moments: dict[str, Any] | None = None

    def finish(self, readout: Readout, moments: dict[str, Any] | None) -> None:
        """The result, and the moments it can be made from again."""
        self.readout, self.moments = readout, moments


@dataclass(frozen=True)
class PublishedCase:
    """A row of the portal's list."""

    key: str
    title: Any
    experiment: dict[str, Any]
    """The plan that was fitted, in canonical form."""
    readout: Readout
    valuation: Valuation | None
    pages: dict[str, dict[str, str]]
    """Rendered pages: arm, then language."""
    published_at: dt.datetime


class Registry:
    """A registry file. Every method is one transaction."""

    def __init__(self, engine: Engine, *, writable: bool = True) -> None:
        self.writable = writable
        self._engine = engine
        self._writing = writing(engine)

    @classmethod
    def open(cls, file: Path) -> Registry:
        """Open or make a registry file."""
        return cls(open_database(file), writable=is_writable(file))

    def close(self) -> None:
        """Let go of the file; no connection is held between transactions, so this is a courtesy."""
        self._engine.dispose()

    def register(self, plan: SealedPlan, experiment: Experiment, *, allow_change: bool = False) -> SealedPlan:
        """Keep a seal. The same plan again returns its first seal; a changed one needs ``allow_change``."""
        with Session(self._writing) as session, session.begin():
            newest = _newest_plan(session, plan.key)
            if newest and newest.hash == plan.hash:
                return _sealed(newest)
            if newest and not allow_change:
                fields = ", ".join(d["field"] for d in differences(newest.plan, plan.plan))
                raise CannotAnswer(
                    "`{key}` was sealed on {date} with another plan; changed since: {fields}. "
                    "Use another key, or seal the change openly with --change.",
                    key=plan.key, date=newest.sealed_on.isoformat(), fields=fields,
                )  # fmt: skip
            session.merge(_experiment_row(experiment))
            session.flush()
            session.add(PlanRow(**plan.model_dump(), after_run=_newest_run(session)))
        return plan

    def sealed(self, key: str) -> SealedPlan | None:
        """The newest seal of a key."""
        with Session(self._engine) as session:
            row = _newest_plan(session, key)
            return _sealed(row) if row else None

    def seen_before_seal(self, key: str, fingerprint: str) -> dt.datetime | None:
        """When effects were first estimated under this key, or on these data, before its newest seal; None if never.

        The day of a story's seal belongs to the story, so nothing comes before it.
        """
        with Session(self._engine) as session:
            seal = _newest_plan(session, key)
            if seal is None or seal.clock == "story":
                return None
            same = or_(col(RunRow.key) == key, col(RunRow.fingerprint) == fingerprint)
            where = (same, col(RunRow.state) == "done", col(RunRow.id) <= seal.after_run)
            return session.exec(select(RunRow.started_at).where(*where).order_by(col(RunRow.id))).first()

    def experiments(self) -> list[dict[str, Any]]:
        """Registered experiments with their seal and latest run, newest seal first."""
        with Session(self._engine) as session:
            rows = session.exec(
                select(PlanRow, ExperimentRow).join(ExperimentRow).order_by(col(PlanRow.id).asc())
            ).all()
            newest = {plan.key: (plan, experiment) for plan, experiment in rows}
            by_seal = sorted(newest.values(), key=lambda pair: -int(pair[0].id or 0))
            return [_listed(session, plan, experiment) for plan, experiment in by_seal]

    def latest_run(self, key: str) -> dict[str, Any] | None:
        """State, time and failure (a :class:`Message`) of the newest run of a key."""
        with Session(self._engine) as session:
            return _latest_run(session, key)

    @contextmanager
    def run(
        self, *, key: str, plan_hash: str, fingerprint: str, seed: int, versions: Mapping[str, str], now: dt.datetime
    ) -> Generator[Run]:
        """A run: kept whole when the block ends, marked failed with its sentence when anything raises."""
        began = time.monotonic()

        def ended() -> dt.datetime:
            return now + dt.timedelta(seconds=time.monotonic() - began)

        with Session(self._writing) as session, session.begin():
            row = RunRow(
                key=key, plan_hash=plan_hash, fingerprint=fingerprint, seed=seed, state="running", started_at=now,
                process=this_process(), versions=dict(versions),
            )  # fmt: skip
            session.add(row)
            session.flush()
            run = Run(id=int(row.id or 0))
        try:
            yield run
            if run.readout is None:
                raise CausalcxError("Run {run} ended without a result.", run=run.id)
            self._keep(run.id, run.readout, run.moments, ended())
        except BaseException as error:
            self._fail(run.id, _message_of(error), ended())
            raise

    def _fail(self, run_id: int, message: Message, ended: dt.datetime) -> None:
        with Session(self._writing) as session, session.begin():
            row = session.get_one(RunRow, run_id)
            row.state, row.finished_at = "failed", ended
            row.failure, row.failure_facts = message.template, _as_json(message.facts)

    def _keep(self, run_id: int, readout: Readout, moments: dict[str, Any] | None, ended: dt.datetime) -> None:
        """Store the result; runs of the same plan and data that it replaces go, stale failures with them."""
        with Session(self._writing) as session, session.begin():
            row = session.get_one(RunRow, run_id)
            row.state, row.finished_at = "done", ended
            row.readout, row.moments = readout.model_dump_json(), moments
            row.rows = readout.provenance.data.rows if readout.provenance else None
            row.warnings = [n.model_dump() for n in readout.warnings]
            session.add_all(_effect_rows(run_id, readout))
            self._replace_older(session, row)

    def _replace_older(self, session: Session, row: RunRow) -> None:
        same = (col(RunRow.key) == row.key, col(RunRow.plan_hash) == row.plan_hash, col(RunRow.id) < row.id)
        for older in session.exec(select(RunRow).where(*same)).all():
            if _is_replaced(session, older, row):
                session.delete(older)

    def find_run(self, plan_hash: str, fingerprint: str | None, seed: int) -> StoredRun | None:
        """The newest finished run of a plan on data of this fingerprint (any data when None)."""
        where = [col(RunRow.plan_hash) == plan_hash, col(RunRow.seed) == seed, col(RunRow.state) == "done"]
        if fingerprint is not None:
            where.append(col(RunRow.fingerprint) == fingerprint)
        with Session(self._engine) as session:
            row = session.exec(select(RunRow).where(*where).order_by(col(RunRow.id).desc())).first()
            if row is None or row.readout is None:
                return None
            day = row.started_at.astimezone().date()
            return StoredRun(int(row.id or 0), Readout.model_validate_json(row.readout), row.moments, day)

    def looks(self, key: str, before: int | None = None) -> list[LookRecord]:
        """What every finished run of a key kept of its look, oldest first; only runs older than ``before``."""
        where = [col(RunRow.key) == key, col(RunRow.state) == "done"]
        if before is not None:
            where.append(col(RunRow.id) < before)
        with Session(self._engine) as session:
            kept = session.exec(select(RunRow.readout).where(*where).order_by(col(RunRow.id))).all()
        found = [json.loads(readout).get("looks") for readout in kept if readout]
        return [LookRecord.model_validate(record) for record in found if record]

    def save_valuation(self, run_id: int | str, valuation: Valuation) -> None:
        """Keep the money of a run; a newer valuation replaces it."""
        with Session(self._writing) as session, session.begin():
            row = _case_row(session, int(run_id), valuation.experiment)
            row.valuation = valuation.model_dump_json()

    def publish(
        self,
        run_id: int | str,
        experiment: Experiment,
        plan: dict[str, Any],
        pages: dict[str, dict[str, str]],
        now: dt.datetime,
        readout: Readout | None = None,
        file: str | None = None,
    ) -> None:
        """Put the pages of a run into the portal, in place of the key's earlier ones.

        ``readout`` is the run's readout as the pages show it: a seal between fit and publication changes its grade, and
        list and page must agree. ``file`` is the experiment file, as seen from the workspace.
        """
        with Session(self._writing) as session, session.begin():
            for earlier in session.exec(select(CaseRow).where(col(CaseRow.key) == experiment.key)).all():
                earlier.pages, earlier.published_at = None, None
            row = _case_row(session, int(run_id), experiment.key)
            row.experiment, row.pages, row.published_at, row.file = plan, pages, now, file
            if readout is not None:
                session.get_one(RunRow, int(run_id)).readout = readout.model_dump_json()

    def published_from(self, key: str) -> str | None:
        """The experiment file of the published case of a key, as seen from the workspace; None where none is known."""
        with Session(self._engine) as session:
            row = session.exec(_PUBLISHED.where(col(CaseRow.key) == key)).first()
            return row[0].file if row else None

    def published(self) -> list[PublishedCase]:
        """What the portal lists, newest first."""
        with Session(self._engine) as session:
            return [_published(*row) for row in session.exec(_PUBLISHED).all()]

    def case(self, key: str) -> PublishedCase | None:
        """The published case of a key."""
        with Session(self._engine) as session:
            row = session.exec(_PUBLISHED.where(col(CaseRow.key) == key)).first()
            return _published(*row) if row else None


_PUBLISHED = (
    select(CaseRow, RunRow)
    .where(col(CaseRow.published_at).is_not(None), CaseRow.run_id == RunRow.id)
    .order_by(col(CaseRow.published_at).desc())
)


def _newest_plan(session: Session, key: str) -> PlanRow | None:
    return session.exec(select(PlanRow).where(col(PlanRow.key) == key).order_by(col(PlanRow.id).desc())).first()


def _newest_run(session: Session) -> int:
    return session.exec(select(func.max(RunRow.id))).one() or 0


def _sealed(row: PlanRow) -> SealedPlan:
    return SealedPlan.model_validate(row.model_dump(exclude={"id", "after_run"}))


def _message_of(error: BaseException) -> Message:
    return error.message if isinstance(error, CausalcxError) else Message(str(error) or type(error).__name__)


def _as_json(facts: Mapping[str, Any]) -> Any:
    """Facts as JSON keeps them: a phrase with its own facts, and of what JSON does not know the text."""
    return json.loads(json.dumps(facts, default=lambda fact: asdict(fact) if isinstance(fact, Message) else str(fact)))


def _facts_of(kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """The same facts back from JSON."""
    return {gap: Message(**fact) if isinstance(fact, dict) else fact for gap, fact in (kept or {}).items()}


def _experiment_row(experiment: Experiment) -> ExperimentRow:
    title = dict(experiment.title) if isinstance(experiment.title, dict) else experiment.title
    return ExperimentRow(
        key=experiment.key, title=title, owner=experiment.owner, design=experiment.design.kind,
        file=str(experiment.folder) if experiment.folder else None,
    )  # fmt: skip


def _listed(session: Session, plan: PlanRow, experiment: ExperimentRow) -> dict[str, Any]:
    run = _latest_run(session, plan.key)
    return {
        "key": plan.key, "title": experiment.title, "owner": experiment.owner, "design": experiment.design,
        "sealed_on": plan.sealed_on.isoformat(), "hash": plan.hash, "last_run": run["state"] if run else None,
    }  # fmt: skip


def _latest_run(session: Session, key: str) -> dict[str, Any] | None:
    row = session.exec(select(RunRow).where(col(RunRow.key) == key).order_by(col(RunRow.id).desc())).first()
    if row is None:
        return None
    state = "abandoned" if _is_abandoned(row) else row.state
    finished = row.finished_at.isoformat(timespec="seconds") if row.finished_at else None
    return {
        "run": row.id,
        "state": state,
        "finished_at": finished,
        "seed": row.seed,
        "failure": Message(row.failure, _facts_of(row.failure_facts)) if row.failure else None,
        "plan": row.plan_hash,
    }


def _is_abandoned(run: RunRow) -> bool:
    return run.state == "running" and not is_alive(run.process)


def _is_replaced(session: Session, older: RunRow, by: RunRow) -> bool:
    """Failures and dead runs always; a result only by one on the same data and seed, unless it is published or shows
    that its data were seen before a seal."""
    if older.state != "done":
        return older.state == "failed" or _is_abandoned(older)
    if (older.fingerprint, older.seed) != (by.fingerprint, by.seed):
        return False
    case = session.exec(select(CaseRow).where(col(CaseRow.run_id) == older.id)).first()
    seal = session.exec(select(PlanRow).where(col(PlanRow.after_run) >= older.id)).first()
    return (case is None or case.published_at is None) and seal is None


def _case_row(session: Session, run_id: int, key: str) -> CaseRow:
    row = session.exec(select(CaseRow).where(col(CaseRow.run_id) == run_id)).first() or CaseRow(run_id=run_id, key=key)
    session.add(row)
    return row


def _effect_rows(run_id: int, readout: Readout) -> list[EffectRow]:
    of_headline = dict(zip(readout.covariance.labels, readout.covariance.matrix, strict=True))
    names = ("outcome", "comparison", "segment", "estimate", "std_error", "low", "high")
    return [
        EffectRow(
            run_id=run_id,
            covariance=list(of_headline.get(e.label, ())) if e.headline else [],
            **{name: getattr(e, name) for name in names},
        )
        for e in readout.effects
    ]


def _published(case: CaseRow, run: RunRow) -> PublishedCase:
    assert run.readout is not None
    assert case.published_at is not None
    return PublishedCase(
        key=case.key, title=case.experiment["title"], experiment=case.experiment, readout=Readout.model_validate_json(run.readout),
        valuation=Valuation.model_validate_json(case.valuation) if case.valuation else None,
        pages=case.pages, published_at=case.published_at,
    )  # fmt: skip
