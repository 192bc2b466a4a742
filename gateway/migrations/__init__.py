"""Brings the database's tables to the form this version of the gateway works with."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from gateway.db import Database
from gateway.errors import NotReadyError

_NAMES_SEALED = "0017"


def migrate(database: Database, to: str = "head") -> None:
    """Applies every migration that is lacking, up to the one named `to`, in one transaction."""
    before = current(database)
    with database.engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, to)
    if before is not None and before < _NAMES_SEALED <= (current(database) or ""):
        _sweep(database)


def _sweep(database: Database) -> None:
    """Names from before they were sealed are not left in an SQLite file's free pages. PostgreSQL's vacuum does it."""
    if database.engine.dialect.name != "sqlite":
        return
    connection = database.engine.raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            connection.cursor().execute(statement)
    finally:
        connection.close()


def head() -> str:
    """The newest migration this version knows."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(database: Database) -> str | None:
    """The migration the database is at; None where it has none."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def require_migrated(database: Database) -> None:
    """An empty database is set up; one that is behind or ahead is left alone.

    Raises NotReadyError with code `migrations`: an operator decides when to migrate, after a backup.
    """
    at, wanted = current(database), head()
    if at == wanted:
        return
    if at is None and not inspect(database.engine).get_table_names():
        migrate(database)
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if at is not None and at not in known:
        raise NotReadyError("migrations", f"the database is at {at}, which this version does not know: update casier")
    raise NotReadyError(
        "migrations", f"the database is at {at or 'nothing'}, not {wanted}: back it up, then run casier-gateway migrate"
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config
