"""A database from before: its names are sealed and found, its audit trail is chained, nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import inspect, text

from gateway import migrations
from gateway.audit import service as audit
from gateway.db import Database
from gateway.people import service as people
from gateway.privacy.field_keys import FieldKeys

# Enough for pages that the migration frees.
MANY = [f"Unsealed {number} {'x' * 100}" for number in range(200)]


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'old.db'}", FieldKeys.of(tmp_path))
    else:
        server = request.getfixturevalue("postgresql")
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute("DROP DATABASE IF EXISTS before_0017")
            connection.execute("CREATE DATABASE before_0017")
        database = Database(f"{server}/before_0017", FieldKeys.of(tmp_path))
    migrations.migrate(database, to="0016")
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO organisation (id, name, created_at) VALUES ('o', 'Emmaus', 1)"))
        for number, name in enumerate(("Nadia Benali", "Élias Fontaine", *MANY), 1):
            connection.execute(
                text(
                    "INSERT INTO person (id, organisation_id, name, language, created_at)"
                    " VALUES (:id, 'o', :name, 'fr', 1)"
                ),
                {"id": f"p{number}", "name": name},
            )
            connection.execute(
                text(
                    "INSERT INTO audit_record (at, actor, action, subject, details)"
                    " VALUES (1, 'cli', 'person_added', :id, '{\"n\": [1, \"é\"]}')"
                ),
                {"id": f"p{number}"},
            )
    yield database
    database.close()


def test_names_are_sealed_found_and_nowhere_in_the_clear(old: Database, tmp_path: Path) -> None:
    migrations.migrate(old)
    with old.reading() as session:
        assert [person.name for person in people.list_people(session, search="elias").items] == ["Élias Fontaine"]
        assert len(people.list_people(session, limit=500).items) == 2 + len(MANY)
        stored = session.connection().execute(text("SELECT name FROM person")).scalars().all()
    assert not any("Nadia" in sealed or "Fontaine" in sealed for sealed in stored)
    old.close()
    if (tmp_path / "old.db").exists():
        assert not [path for path in tmp_path.glob("old.db*") if b"Unsealed" in path.read_bytes()]


def test_the_trail_from_before_is_chained_and_append_only_again(old: Database) -> None:
    migrations.migrate(old)
    with old.writing() as session:
        audit.record(session, actor="cli", action="after", subject="x", now=2)
    with old.reading() as session:
        assert audit.verify(session)[0] == 3 + len(MANY)
    for statement in ("UPDATE audit_record SET actor = 'x'", "DELETE FROM audit_record"):
        with pytest.raises(Exception, match="append-only"), old.writing() as session:
            session.execute(text(statement))


def test_what_points_at_people_still_does(old: Database) -> None:
    before = {
        table: {str(key["referred_table"]) for key in inspect(old.engine).get_foreign_keys(table)}
        for table in ("contract", "badge")
    }
    migrations.migrate(old)
    for table, referred in before.items():
        assert {str(key["referred_table"]) for key in inspect(old.engine).get_foreign_keys(table)} >= referred
