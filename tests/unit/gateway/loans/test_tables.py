"""The tables of the tool library are the same in the models and in the migration, on both databases."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.db import Base, Database
from gateway.loans import models, project_models

TABLES = {
    table.__tablename__
    for module in (models, project_models)
    for table in vars(module).values()
    if isinstance(table, type) and issubclass(table, Base) and table.__module__ == module.__name__
}


def test_models_and_migration_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert len(TABLES) == 15
    assert [change for change in found if any(f"'{table}'" in str(change) for table in TABLES)] == []
