"""The tables of care are the same in the models and in the migration, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.care import models, waiting_models
from gateway.db import Base, Database

TABLES = {
    table.__tablename__
    for module in (models, waiting_models)
    for table in vars(module).values()
    if isinstance(table, type) and issubclass(table, Base) and table is not Base
}


def _named(change: object) -> str:
    if isinstance(change, list):
        change = change[0]
    assert isinstance(change, tuple)
    for part in change:
        table = getattr(part, "table", part)
        if getattr(table, "name", None) in TABLES:
            return str(table.name)
        if part in TABLES:
            return str(part)
    return ""


def test_models_and_migration_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        found = compare_metadata(context, Base.metadata)
    assert len(TABLES) == 15
    assert [change for change in found if _named(change)] == []


@pytest.mark.parametrize("table", sorted(TABLES))
def test_nothing_written_in_words_is_stored_in_clear(table: str) -> None:
    words = {"note", "what", "reach", "contact_name"}
    columns = Base.metadata.tables[table].columns
    assert all(type(one.type).__name__ == "EncryptedText" for one in columns if one.name in words)
