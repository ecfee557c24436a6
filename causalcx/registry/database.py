"""Opens the database: SQLite in WAL mode, brought to the newest schema by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from causalcx.core.errors import RegistryError

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0001"
"""Newest revision; kept here so that an up-to-date registry opens without loading Alembic."""
WAIT_SECONDS = 30
"""How long a writer waits for another one."""


def open_database(file: Path) -> Engine:
    """The engine of a registry file, which is made and migrated as needed."""
    address = URL.create("sqlite", database=str(file))  # as parts: `%20` and `?` in a folder's name are only letters
    engine = create_engine(address, connect_args={"timeout": WAIT_SECONDS}, poolclass=NullPool)
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _migrate(engine, file)
    except (OSError, DatabaseError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise RegistryError("The registry {file} cannot be opened: {reason}", file=str(file), reason=reason) from error
    return engine


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: they take the write lock first, so what they read stays true."""
    return engine.execution_options(writes=True)


def _configure(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late: not before a SELECT, not before DDL
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _migrate(engine: Engine, file: Path) -> None:
    with engine.begin() as connection:
        if _revision(connection) == HEAD:
            return
    with writing(engine).begin() as connection:
        found = _revision(connection)
        if found != HEAD:
            _upgrade(connection, found, file)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, found: str | None, file: Path) -> None:
    """All steps in one transaction: a crash leaves the schema as it was."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise RegistryError(
            "The registry {file} was written by a newer causalcx (schema {found}); update causalcx to open it.",
            file=str(file), found=found,
        ) from error  # fmt: skip
