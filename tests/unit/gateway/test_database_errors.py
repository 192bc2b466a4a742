"""What the database says of a mistake goes into logs and onto terminals: the values it was about do not."""

import traceback
from collections.abc import Callable

import pytest
from sqlalchemy import BigInteger, bindparam, cast, insert, literal, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from gateway.db import Database
from gateway.lockers.models import Organisation
from gateway.prepared import Prepared
from tests.unit.gateway.town import NOON

NAME = "Élias Fontaine"
KEY, OTHER = "o-1", "o-2"
_VALUES = {"id": KEY, "name": NAME, "at": NOON}
_ADD = insert(Organisation).values(id=bindparam("id"), name=bindparam("name"), created_at=bindparam("at"))


def _again(session: Session) -> None:
    session.execute(_ADD, _VALUES)


def _many(session: Session) -> None:
    session.execute(insert(Organisation), [{"id": key, "name": NAME, "created_at": NOON} for key in (OTHER, KEY)])


def _prepared(session: Session) -> None:
    Prepared(_ADD).run(session.connection(), _VALUES)


def _prepared_many(session: Session) -> None:
    Prepared(_ADD).run_many(session.connection(), [{**_VALUES, "id": OTHER}, _VALUES])


def _incomplete(session: Session) -> None:
    session.execute(_ADD, {**_VALUES, "id": OTHER, "at": None})


def _told(database: Database, kind: type[DBAPIError], ask: Callable[[Session], object]) -> str:
    """All that a traceback of the error shows, with what caused it."""
    with pytest.raises(kind) as refused, database.writing() as session:
        ask(session)
    return "".join(traceback.format_exception(refused.value))


@pytest.mark.parametrize("ask", [_again, _many, _prepared, _prepared_many, _incomplete])
def test_what_the_database_refused_is_not_repeated_in_its_error(
    database: Database, ask: Callable[[Session], None]
) -> None:
    with database.writing() as session:
        session.execute(_ADD, _VALUES)
    told = _told(database, IntegrityError, ask)
    assert "constraint" in told
    assert NAME not in told
    assert KEY not in told


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_value_that_a_column_cannot_hold_is_not_repeated_either(database: Database) -> None:
    told = _told(database, DataError, lambda session: session.scalar(select(cast(literal(NAME), BigInteger))))
    assert "InvalidTextRepresentation" in told
    assert NAME not in told


def test_an_error_still_says_what_is_wrong(database: Database) -> None:
    assert "nowhere" in _told(database, DBAPIError, lambda session: session.execute(text("SELECT 1 FROM nowhere")))
