"""Opens the database: SQLite in WAL mode, brought to the newest schema by Alembic."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, ExceptionContext, NullPool, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError

from causalcx.core.errors import RegistryError

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0002"
"""Newest revision; kept here so that an up-to-date registry opens without loading Alembic."""
WAIT_SECONDS = 30
"""How long a writer waits for another one."""


def open_database(file: Path) -> Engine:
    """The engine of a registry file, which is made and migrated as needed; one in a read-only folder is only read."""
    writable = is_writable(file)
    # an address in parts: `%20` and `?` in a folder's name are only letters
    address = URL.create("sqlite", database=str(file)) if writable else _read_only(file)
    engine = create_engine(address, connect_args={"timeout": WAIT_SECONDS}, poolclass=NullPool)
    event.listen(engine, "connect", partial(_configure, writable))
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", partial(_told, file))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        _migrate(engine, file)
    except (OSError, DatabaseError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise RegistryError("The registry {file} cannot be opened: {reason}", file=str(file), reason=reason) from error
    return engine


def is_writable(file: Path) -> bool:
    """Whether a registry can be kept there; one that is not there yet is taken to be."""
    return not file.exists() or (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK))


def _read_only(file: Path) -> URL:
    """SQLite cannot make its side files in a read-only folder; without them it reads a file that nobody writes."""
    written = file.with_name(f"{file.name}-wal").exists()
    query = {"mode": "ro", "uri": "true"} if written else {"immutable": "1", "uri": "true"}
    return URL.create("sqlite", database=file.absolute().as_uri(), query=query)


def _told(file: Path, context: ExceptionContext) -> None:
    """What SQLite says of a file, disk or lock, as one sentence; a fault in a statement stays what it is."""
    error = context.original_exception
    name = getattr(error, "sqlite_errorname", "SQLITE_ERROR")
    facts = {"file": str(file), "reason": str(error)}
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        raise RegistryError(
            "The registry {file} cannot be opened: {reason}. Put a backup in its place, or move it away to begin an "
            "empty one; the seals and results in it are then gone.",
            **facts,
        ) from error
    if name.startswith("SQLITE_BUSY"):
        raise RegistryError("The registry {file} is being written by another process; try again.", **facts) from error
    if name != "SQLITE_ERROR" and not name.startswith("SQLITE_CONSTRAINT"):
        raise RegistryError("The registry {file} cannot be read or written: {reason}.", **facts) from error


def writing(engine: Engine) -> Engine:
    """The same engine for transactions that write: they take the write lock first, so what they read stays true."""
    return engine.execution_options(writes=True)


def _configure(writable: bool, connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late: not before a SELECT, not before DDL
    cursor = connection.cursor()
    for pragma in (*(("journal_mode=WAL", "synchronous=NORMAL") if writable else ()), "foreign_keys=ON"):
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
