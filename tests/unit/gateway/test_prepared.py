"""Statements that go to the driver as they are: what they find, what they raise, and what of a unit stays."""

import pytest
from sqlalchemy import String, bindparam, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway.db import Database
from gateway.lockers.models import Organisation
from gateway.prepared import Prepared, PreparedForSome, carry_out, some
from tests.unit.gateway.town import NOON

_ADD = Prepared(insert(Organisation).values({name: bindparam(name) for name in ("id", "name", "created_at")}))
_NAMES = Prepared(select(Organisation.name).order_by(Organisation.name))
_SOME = PreparedForSome(
    lambda size: (
        select(Organisation.name)
        .where(Organisation.created_at <= bindparam("latest"), Organisation.id.in_(some("which", size)))
        .order_by(Organisation.name)
    )
)
_NAMED = Prepared(select(Organisation.id).where(Organisation.name == bindparam("called", type_=String())))


def _rows(*names: str) -> list[dict[str, object]]:
    return [{"id": f"id-{name}", "name": name, "created_at": NOON} for name in names]


def _names(database: Database) -> list[str]:
    with database.reading() as session:
        return [name for (name,) in _NAMES.run(session.connection(), {})]


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_list_of_any_length_finds_its_own_and_no_other(database: Database, count: int) -> None:
    with database.writing() as session:
        _ADD.run_many(session.connection(), _rows("a", "b", "c", "d", "e", "f"))
        wanted = list("fedcb")[:count]
        found = _SOME.run(session.connection(), {"latest": NOON}, which=[f"id-{name}" for name in wanted])
        assert [name for (name,) in found] == sorted(wanted)
        assert _SOME.run(session.connection(), {"latest": NOON - 1}, which=["id-a"]) == []


def test_the_first_row_is_none_where_there_is_none(database: Database) -> None:
    with database.writing() as session:
        _ADD.run(session.connection(), _rows("a")[0])
        assert _NAMED.first(session.connection(), {"called": "a"}) == ("id-a",)
        assert _NAMED.first(session.connection(), {"called": "b"}) is None


def test_what_the_database_refuses_is_raised_as_sqlalchemy_does_and_nothing_of_the_unit_stays(
    database: Database,
) -> None:
    def twice() -> None:
        with database.writing() as session:
            session.add(Organisation(id="id-z", name="z", created_at=NOON))
            session.flush()
            _ADD.run_many(session.connection(), _rows("a", "a"))

    with pytest.raises(IntegrityError) as refused:
        twice()
    assert "id-a" not in str(refused.value.params)
    with pytest.raises(DBAPIError), database.writing() as session:
        carry_out(session.connection(), "SELECT nothing FROM nowhere")
    assert _names(database) == []


def test_what_a_unit_left_pending_is_kept_with_it_and_what_is_only_read_is_not(database: Database) -> None:
    with database.writing() as session:
        session.add(Organisation(id="id-z", name="z", created_at=NOON))
    with database.reading() as session:
        _ADD.run(session.connection(), _rows("a")[0])
    assert _names(database) == ["z"]


def test_a_question_by_itself_sees_what_is_committed_and_leaves_no_transaction_behind(database: Database) -> None:
    for count in (1, 2):
        with database.writing() as session:
            _ADD.run(session.connection(), {"id": str(count), "name": f"n{count}", "created_at": NOON})
        with database.asking() as connection:
            assert len(_NAMES.run(connection, {})) == count
            assert not connection.in_transaction()
