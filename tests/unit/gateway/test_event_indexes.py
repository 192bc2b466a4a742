"""What pages ask of the feed is found by an index: reading through years of uses would take minutes."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from gateway import prepared
from gateway.db import Database
from gateway.events import breaches
from gateway.events.models import USES, Event
from gateway.events.service import events_after, latest_events, record
from gateway.ingest.epochs import Epochs
from gateway.prepared import Row, carry_out
from tests.unit.gateway.town import NOON

# On PostgreSQL the plans depend on what it has counted.
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ASKED: dict[str, Callable[[Session], object]] = {
    "breaches on the wall": lambda session: breaches.unseen(session, now=NOON),
    "breaches of a door": lambda session: breaches.unseen(session, now=NOON, bank_id="a", locker=1),
    "whether a list is in force": lambda session: latest_events(session, kinds=("access_applied",), bank_id="a"),
    "the feed": lambda session: events_after(session, 0, uses_since=NOON),
    "some kinds of the feed": lambda session: events_after(session, 0, kinds=("tamper", "breach"), uses_since=NOON),
}


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How the database goes about each question about events and their epochs."""
    found: list[str] = []

    def explain(connection: Connection, sql: str, parameters: Any = (), **more: Any) -> list[Row]:
        if "FROM event" in sql or "FROM epoch" in sql:
            found.extend(row[3] for row in carry_out(connection, f"EXPLAIN QUERY PLAN {sql}", parameters))
        return carry_out(connection, sql, parameters, **more)

    monkeypatch.setattr(prepared, "carry_out", explain)
    return found


@pytest.mark.parametrize("what", ASKED)
def test_nothing_reads_through_the_uses_of_doors(database: Database, plans: list[str], what: str) -> None:
    with database.reading() as session:
        ASKED[what](session)
    scans = [plan for plan in plans if plan.startswith("SCAN event") and "ix_event_rare" not in plan]
    # The feed looks back from the newest event, and stops at the first one that is too old.
    assert plans
    assert len(scans) == (what == "the feed")


def test_what_follows_an_epoch_is_not_looked_for_among_all_of_its_bank(database: Database, plans: list[str]) -> None:
    with database.reading() as session:
        Epochs(session, NOON).of("a", "b")
    assert [plan for plan in plans if "previous_epoch=?" in plan]


def test_the_feed_tells_everything_but_old_uses_in_its_order(database: Database) -> None:
    kinds = ["released", "tamper", "released", "breach", "door_opened", "tamper"]
    with database.writing() as session:
        for number, kind in enumerate(kinds):
            session.add(Event(kind=kind, at=number, received_at=number, body=b"{}"))
    with database.reading() as session:

        def told(after: int = 0, **asked: Any) -> list[int]:
            return [item.id for item in events_after(session, after, uses_since=2, **asked)]

        assert told() == [2, 3, 4, 5, 6]
        assert told(limit=2) == [2, 3]
        assert told(3) == [4, 5, 6]
        assert told(kinds=("released",)) == [3]
        assert told(kinds=("tamper", "door_opened")) == [2, 5, 6]
        assert [item.id for item in latest_events(session, kinds=("tamper", "released"), limit=3)] == [6, 3, 2]
        assert {kinds[0], kinds[4]} <= set(USES)


def test_an_event_is_told_once_however_often_its_kind_is_asked_for(database: Database) -> None:
    with database.writing() as session:
        record(session, "controller_held", now=NOON)
        record(session, "door_opened", now=NOON)
    with database.reading() as session:
        asked = ["controller_held", "door_opened"] * 3
        assert len(latest_events(session, kinds=asked)) == 2
        assert len(events_after(session, 0, kinds=asked, uses_since=0)) == 2
