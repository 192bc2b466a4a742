"""The trail of what staff did: nothing is changed, taken out or cut off without being noticed."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.audit import service as audit
from gateway.audit.models import AuditRecord
from gateway.db import Database
from gateway.errors import ConflictError, InvalidError
from tests.unit.gateway.town import NOON, Town


def write(database: Database, *actions: str) -> audit.Head:
    with database.writing() as session:
        for action in actions:
            audit.record(session, actor="test", action=action, subject="x", now=NOON, days=[1, 2], reason="é")
        head = audit.head(session)
    assert head is not None
    return head


def tamper(database: Database, statement: str) -> None:
    """As someone who owns the database does it: without the triggers."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER audit_append_only_update"))
            connection.execute(text("DROP TRIGGER audit_append_only_delete"))
        else:
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_an_untouched_trail_is_verified_with_its_count_and_head(database: Database) -> None:
    head = write(database, "a", "b", "c")
    with database.reading() as session:
        assert audit.verify(session) == (3, head)
        assert audit.verify(session, audit.Head.parse(str(head))) == (3, head)


def test_what_staff_do_is_chained_in_its_order(town: Town) -> None:
    town.assign(town.person(), badge=None)
    with town.reading() as session:
        count, head = audit.verify(session)
        assert count == len(audit.trail(session))
    assert head is not None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_record SET actor = 'another' WHERE action = 'b'",
        "UPDATE audit_record SET details = '{}' WHERE action = 'b'",
        "UPDATE audit_record SET at = at + 1 WHERE action = 'b'",
        "DELETE FROM audit_record WHERE action = 'b'",
        "DELETE FROM audit_record WHERE action = 'a'",
    ],
)
def test_a_changed_or_missing_record_is_named(database: Database, statement: str) -> None:
    write(database, "a", "b", "c")
    tamper(database, statement)
    with database.reading() as session, pytest.raises(ConflictError) as caught:
        audit.verify(session)
    assert caught.value.facts["record"] in (2, 3)


def test_an_end_that_was_cut_off_is_noticed_by_whoever_wrote_the_head_down(database: Database) -> None:
    head = write(database, "a", "b", "c")
    tamper(database, "DELETE FROM audit_record WHERE action = 'c'")
    with database.reading() as session:
        assert audit.verify(session)[0] == 2
        with pytest.raises(ConflictError, match="cut off"):
            audit.verify(session, head)


def test_the_database_refuses_to_change_or_delete_a_record(database: Database) -> None:
    write(database, "a")
    for statement in ("UPDATE audit_record SET actor = 'x'", "DELETE FROM audit_record"):
        with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
            session.execute(text(statement))


def test_a_record_is_chained_to_one_of_the_same_unit_even_after_a_part_was_taken_back(database: Database) -> None:
    with database.writing() as session:
        audit.record(session, actor="test", action="kept", subject="x", now=NOON)
        nested = session.begin_nested()
        audit.record(session, actor="test", action="taken_back", subject="x", now=NOON)
        nested.rollback()
        audit.record(session, actor="test", action="after", subject="x", now=NOON)
    with database.reading() as session:
        assert audit.verify(session)[0] == 2
        assert [row.action for row in audit.trail(session)] == ["after", "kept"]


def test_a_record_does_not_send_what_is_pending_before_its_time(database: Database) -> None:
    with database.writing() as session:
        unfinished = AuditRecord()
        session.add(unfinished)
        audit.record(session, actor="test", action="a", subject="x", now=NOON)
        session.expunge(unfinished)
    with database.reading() as session:
        assert audit.verify(session)[0] == 1


@pytest.mark.parametrize("given", ["", "1", "x:" + "0" * 64, "1:00"])
def test_a_head_is_id_and_digest(given: str) -> None:
    with pytest.raises(InvalidError, match="ID:DIGEST"):
        audit.Head.parse(given)
