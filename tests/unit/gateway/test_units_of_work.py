"""Units of work beside each other: who reads sees one moment, who writes sees all that was written before."""

import threading
import time
from contextlib import closing

import psycopg
import pytest
from sqlalchemy import URL, select, text

from gateway import migrations
from gateway.db import Database
from gateway.lockers.models import Organisation
from tests.unit.gateway.town import NOON

_WAITS = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")


def _add(database: Database, name: str) -> None:
    with database.writing() as session:
        session.add(Organisation(id=name, name=name, created_at=NOON))


def test_what_a_unit_reads_is_of_one_moment_while_others_write(database: Database) -> None:
    _add(database, "a")
    with database.reading() as session:
        assert session.scalars(select(Organisation.name)).all() == ["a"]
        _add(database, "b")
        assert session.scalars(select(Organisation.name)).all() == ["a"]
    with database.reading() as session:
        assert session.scalars(select(Organisation.name).order_by(Organisation.name)).all() == ["a", "b"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_writer_sees_what_was_written_while_it_waited_however_the_server_is_set(database: Database) -> None:
    found: list[str] = []
    url = database.engine.url.set(query={"options": "-c default_transaction_isolation=serializable"})

    def look() -> None:
        with closing(Database(url.render_as_string(hide_password=False))) as strict, strict.writing() as session:
            found.extend(session.scalars(select(Organisation.name)))

    second = threading.Thread(target=look, daemon=True)
    with database.writing() as session:
        session.add(Organisation(id="a", name="a", created_at=NOON))
        session.flush()
        second.start()
        deadline = time.monotonic() + 20
        while not session.scalar(_WAITS):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    second.join(20)
    assert found == ["a"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_database_that_was_made_without_an_encoding_keeps_every_letter(database: Database) -> None:
    with closing(psycopg.connect(_address(database.engine.url), autocommit=True)) as server:
        server.execute("CREATE DATABASE plain TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'")
        try:
            with closing(Database(_address(database.engine.url.set(database="plain")))) as plain:
                migrations.require_migrated(plain)
                _add(plain, "Évry – Łódź")
                with plain.reading() as session:
                    assert session.scalars(select(Organisation.name)).all() == ["Évry – Łódź"]
        finally:
            server.execute("DROP DATABASE plain WITH (FORCE)")


def _address(url: URL) -> str:
    return url.set(query={}, drivername="postgresql").render_as_string(hide_password=False)
