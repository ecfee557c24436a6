"""The file: made on demand, migrated in one step, shared by several, refused in one sentence."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from kept_records import experiment_of, keep_run, sealed_of
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from causalcx.core.errors import RegistryError
from causalcx.registry import Registry, database
from causalcx.registry.database import HEAD, MIGRATIONS
from causalcx.registry.tables import Row

OPENS = "import sys; from pathlib import Path; from causalcx.registry import Registry; Registry.open(Path(sys.argv[1]))"
NUMERIC = {"numpy", "pandas", "scipy", "pyarrow", "duckdb", "ibis"}


def ask(file: Path, question: str) -> list[tuple]:
    plain = sqlite3.connect(file)
    try:
        with plain:
            return plain.execute(question).fetchall()
    finally:
        plain.close()


def migrate(file: Path, verb: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with create_engine(f"sqlite:///{file}", poolclass=NullPool).begin() as connection:
        config.attributes["connection"] = connection
        verb(config, revision)


def test_the_migrated_schema_is_that_of_the_models(registry: Registry, file: Path) -> None:
    engine = create_engine(f"sqlite:///{file}", poolclass=NullPool)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []
        assert context.get_current_revision() == HEAD


def test_the_newest_revision_is_the_one_the_registry_expects() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


def test_every_migration_can_be_taken_back(registry: Registry, file: Path) -> None:
    migrate(file, command.downgrade, "base")
    assert ask(file, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("alembic_version",)]
    Registry.open(file).register(sealed_of(experiment_of()), experiment_of())


def test_a_migration_that_a_crash_cut_off_leaves_nothing_half_made(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade

    def cut_off(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise OSError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", cut_off)
        with pytest.raises(RegistryError, match="disk full"):
            Registry.open(file)
    assert ask(file, "SELECT count(*) FROM sqlite_master") == [(0,)]
    assert Registry.open(file).published() == []


def test_several_processes_may_open_a_new_registry_at_once(file: Path) -> None:
    started = [subprocess.Popen([sys.executable, "-c", OPENS, str(file)], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in started] == [b"", b"", b""]
    assert [process.returncode for process in started] == [0, 0, 0]


def test_the_journal_is_written_ahead_so_that_readers_go_on_while_one_writes(registry: Registry, file: Path) -> None:
    registry.register(sealed_of(experiment_of()), experiment_of())
    assert ask(file, "PRAGMA journal_mode") == [("wal",)]
    writer = sqlite3.connect(file, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE experiments SET owner = 'somebody'")
    assert registry.experiments()[0]["owner"] == "ana@example.com"
    writer.execute("COMMIT")
    writer.close()
    assert registry.experiments()[0]["owner"] == "somebody"


def test_two_registries_on_one_file_see_each_other(file: Path) -> None:
    one, other = Registry.open(file), Registry.open(file)
    one.register(sealed_of(experiment_of()), experiment_of())
    assert other.sealed("merge") == one.sealed("merge")
    keep_run(other, experiment_of())
    assert one.latest_run("merge")["state"] == "done"


@pytest.mark.parametrize("name", ["with space", "percent %20 and %s", "why?mode=ro", "中文"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    registry = Registry.open(tmp_path / name / "registry.sqlite")
    assert registry.experiments() == []
    assert (tmp_path / name / "registry.sqlite").is_file()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file stands where the folder should be")
    with pytest.raises(RegistryError, match=r"The registry .*taken.registry.sqlite cannot be opened: ") as refused:
        Registry.open(tmp_path / "taken" / "registry.sqlite")
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_registry_is_one_sentence_with_advice(tmp_path: Path) -> None:
    (tmp_path / "notes.sqlite").write_text("these are not the bytes of a database, whatever the name says")
    with pytest.raises(RegistryError, match=r"notes.sqlite cannot be opened: file is not a database. Put a backup"):
        Registry.open(tmp_path / "notes.sqlite")


def test_a_file_that_is_damaged_inside_is_one_sentence_whatever_is_asked(registry: Registry, file: Path) -> None:
    keep_run(registry, experiment_of())
    ask(file, "PRAGMA wal_checkpoint(TRUNCATE)")
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    with pytest.raises(RegistryError, match=r"cannot be opened: .*malformed.* Put a backup"):
        [registry.latest_run("merge"), registry.published(), registry.find_run("", None, 1), registry.experiments()]


def test_a_registry_that_another_program_holds_says_so(
    registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.1)
    patient = Registry.open(file)
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RegistryError, match="is being written by another process; try again"):
        patient.register(sealed_of(experiment_of()), experiment_of())
    other.close()


def test_a_registry_in_a_read_only_folder_is_read_and_nothing_more(
    registry: Registry, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.register(sealed_of(experiment_of()), experiment_of())
    monkeypatch.setattr(os, "access", lambda _place, mode: mode != os.W_OK)
    found = Registry.open(file)
    assert not found.writable
    assert found.sealed("merge") == sealed_of(experiment_of())
    with pytest.raises(RegistryError, match="cannot be read or written: attempt to write a readonly database"):
        keep_run(found, experiment_of())


def test_a_registry_of_the_first_schema_keeps_all_it_has(file: Path) -> None:
    file.parent.mkdir()
    ask(file, "PRAGMA user_version")
    migrate(file, command.upgrade, "0001")
    ask(file, "INSERT INTO experiments VALUES ('merge', '\"Merge\"', 'ana', 'randomised', NULL)")
    for key, day, clock in (
        ("old", "2026-04-30", "wall"),
        ("new", "2026-05-02", "wall"),
        ("told", "2026-05-02", "story"),
    ):
        ask(
            file,
            f"INSERT INTO plans (key, hash, sealed_on, clock, plan) VALUES ('merge', '{key}', '{day}', '{clock}', '{{}}')",
        )
    ask(file, "INSERT INTO runs (key, plan_hash, fingerprint, seed, state, started_at, process, versions, failure)"
        " VALUES ('merge', 'h', 'f', 1, 'failed', '2026-05-01 09:30:00.000000', '{}', '{}', 'No {rows} here.')")  # fmt: skip
    ask(
        file,
        "INSERT INTO effects (run_id, outcome, comparison, estimate, std_error, covariance) VALUES (1, 'y', 'c', 1, 1, '[]')",
    )
    ask(file, "INSERT INTO cases (run_id, key) VALUES (1, 'merge')")
    registry = Registry.open(file)
    assert ask(file, "SELECT hash, after_run FROM plans") == [("old", 0), ("new", 1), ("told", 0)]
    assert ask(file, "SELECT count(*) FROM effects UNION ALL SELECT count(*) FROM cases") == [(1,), (1,)]
    assert str(registry.latest_run("merge")["failure"]) == "No {rows} here."


def test_a_registry_of_a_newer_causalcx_is_refused_and_left_alone(registry: Registry, file: Path) -> None:
    ask(file, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(RegistryError, match=r"newer causalcx \(schema 9999\)"):
        Registry.open(file)
    assert ask(file, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_reading_a_registry_loads_nothing_numeric_and_no_migrations(registry: Registry, file: Path) -> None:
    keep_run(registry, experiment_of())
    ask_for = f"{OPENS}.published(); print(*{{m.partition('.')[0] for m in sys.modules}})"
    loaded = set(
        subprocess.run(
            [sys.executable, "-c", ask_for, str(file)], capture_output=True, text=True, check=True
        ).stdout.split()
    )
    assert loaded & (NUMERIC | {"alembic"}) == set()
