"""Opens the database: SQLite in WAL mode, brought to the newest schema by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from causalcx.core.errors import CausalcxError

MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(file: Path) -> Engine:
    """The engine of a registry file, which is made and migrated as needed."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": 30})
        event.listen(engine, "connect", _configure)
        _migrate(engine)
    except (OSError, DatabaseError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise CausalcxError("The registry {file} cannot be opened: {reason}", file=str(file), reason=reason) from error
    return engine


def _configure(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        if current != ScriptDirectory.from_config(config).get_current_head():
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
