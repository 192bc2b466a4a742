"""PostgreSQL elsewhere: a writer that was stopped, or whose machine went silent, keeps nobody waiting for long."""

import os
import socket
import threading
from contextlib import closing

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from gateway import db
from gateway.db import Database
from gateway.lockers.models import Organisation
from tests.unit.gateway.town import NOON

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def _add(database: Database, name: str) -> None:
    with database.writing() as session:
        session.add(Organisation(id=name, name=name, created_at=NOON))


def test_a_writer_that_stands_still_is_let_go_of_and_the_next_one_writes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "STOPPED_MS", 1_000)
    other = threading.Thread(target=_add, args=(database, "next"), daemon=True)

    def stand_still() -> None:
        with database.writing() as session:
            session.add(Organisation(id="stopped", name="stopped", created_at=NOON))
            session.flush()
            monkeypatch.undo()  # the next one may take its time
            other.start()
            other.join(20)
            assert not other.is_alive()

    with pytest.raises(DBAPIError):
        stand_still()
    with database.reading() as session:
        assert session.scalars(select(Organisation.name)).all() == ["next"]


def test_a_writer_waits_for_the_one_before_it_no_longer_than_is_said(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 200)
    with database.writing() as session:
        session.add(Organisation(id="first", name="first", created_at=NOON))
        session.flush()
        with pytest.raises(DBAPIError, match="lock timeout"):
            _add(database, "second")
    with database.reading() as session:
        assert session.scalars(select(Organisation.name)).all() == ["first"]


def test_a_unit_that_only_reads_may_take_its_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "STOPPED_MS", 200)
    _add(database, "first")
    with database.reading() as session:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "0"


def test_both_ends_of_a_connection_notice_that_the_other_machine_is_gone(database: Database) -> None:
    url = database.engine.url.set(query={"keepalives_interval": "7"})
    wanted = {
        socket.TCP_KEEPIDLE: 10,
        socket.TCP_KEEPINTVL: 7,  # as its address says
        socket.TCP_KEEPCNT: 3,
        socket.TCP_USER_TIMEOUT: db.SILENT_S * 1000,
    }
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    with closing(Database(url.render_as_string(hide_password=False))) as found, found.reading() as session:
        driver = session.connection().connection.driver_connection
        assert driver is not None
        with socket.socket(fileno=os.dup(driver.fileno())) as end:
            assert {one: end.getsockopt(socket.IPPROTO_TCP, one) for one in wanted} == wanted
        assert [session.scalar(text(f"SHOW {name}")) for name in names] == ["10", "5", "3"]
