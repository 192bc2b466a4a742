"""Workers on leave: dated, with a stand-in who is there, and never two leaves at once."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.care import looking_after
from gateway.errors import ConflictError, InvalidError
from gateway.incidents import stand_ins
from gateway.incidents.request_models import Leave
from gateway.staff import closing
from gateway.staff.models import Staff
from tests.unit.gateway.incidents.conftest import Cast
from tests.unit.gateway.luggage.conftest import Office
from tests.unit.gateway.town import NOON, TODAY, Town

Opened = Callable[[int], Office]
LAST = TODAY + timedelta(days=13)


def away(town: Town, who: str, stand_in: str, first: date = TODAY, last: date = LAST) -> Leave:
    with town.writing() as session:
        return stand_ins.go_on_leave(
            session, staff_id=who, stand_in_id=stand_in, from_on=first, until_on=last, actor="op", now=NOON
        )


def acting(town: Town, who: str, day: date) -> str:
    with town.reading() as session:
        return stand_ins.acting_for(session, who, day)


def test_a_stand_in_acts_from_the_first_day_to_the_last(town: Town, cast: Cast) -> None:
    away(town, cast.lea, cast.ines)
    one = timedelta(days=1)
    assert [acting(town, cast.lea, day) for day in (TODAY - one, TODAY, LAST, LAST + one)] == [
        cast.lea, cast.ines, cast.ines, cast.lea,
    ]  # fmt: skip


def test_whoever_stands_in_is_there_all_the_time(town: Town, cast: Cast) -> None:
    away(town, cast.lea, cast.ines)
    with pytest.raises(ConflictError) as first:
        away(town, cast.ines, cast.operator, LAST, LAST)
    with pytest.raises(ConflictError) as second:
        away(town, cast.operator, cast.lea, LAST, LAST)
    with pytest.raises(ConflictError) as third:
        away(town, cast.lea, cast.operator, LAST, LAST)
    assert [one.value.code for one in (first, second, third)] == ["stands_in", "stand_in_away", "on_leave"]
    away(town, cast.ines, cast.operator, LAST + timedelta(days=1), LAST + timedelta(days=2))


@pytest.mark.parametrize("days", [-1, 366])
def test_a_leave_is_dated(town: Town, cast: Cast, days: int) -> None:
    with pytest.raises(InvalidError):
        away(town, cast.lea, cast.ines, TODAY, TODAY + timedelta(days=days))


def test_nobody_stands_in_for_themselves_not_even_in_the_database(town: Town, cast: Cast) -> None:
    with pytest.raises(InvalidError):
        away(town, cast.lea, cast.lea)
    leave = away(town, cast.lea, cast.ines)
    for changes in ({"stand_in_id": cast.lea, "from_on": LAST + timedelta(days=1)}, {"stand_in_id": cast.operator}):
        copied = {column.name: getattr(leave, column.name) for column in Leave.__table__.columns}
        row = copied | {"id": "another", "until_on": LAST + timedelta(days=2)} | changes
        with pytest.raises(DBAPIError), town.writing() as session:  # noqa: PT012 - it is the flush that is refused
            session.add(Leave(**row))
            session.flush()


def test_an_account_is_not_closed_while_it_stands_in(town: Town, cast: Cast) -> None:
    leave = away(town, cast.lea, cast.ines, TODAY + timedelta(days=3))
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        closing.close_account(session, cast.ines, actor="op", now=NOON)
    assert (refused.value.code, refused.value.facts["leaves"]) == ("stands_in", [leave.id])
    with pytest.raises(InvalidError) as nobody, town.writing() as session:
        closing.hand_on(session, cast.ines, to=cast.lea, actor="op", now=NOON)
    assert nobody.value.code == "stand_in"
    with town.writing() as session:
        closing.hand_on(session, cast.ines, to=cast.operator, actor="op", now=NOON)
        closing.close_account(session, cast.ines, actor="op", now=NOON)
    assert acting(town, cast.lea, LAST) == cast.operator


def test_leave_that_is_over_keeps_no_account_open(town: Town, cast: Cast) -> None:
    away(town, cast.lea, cast.ines, TODAY - timedelta(days=3), TODAY - timedelta(days=1))
    with town.writing() as session:
        closing.close_account(session, cast.ines, actor="op", now=NOON)


def test_with_an_account_its_own_leave_is_over_so_that_the_stand_in_may_go_on_leave(town: Town, cast: Cast) -> None:
    away(town, cast.lea, cast.ines)
    with town.writing() as session:
        closing.close_account(session, cast.lea, actor="op", now=NOON)
    away(town, cast.ines, cast.operator)


def test_whoever_stands_in_with_an_account_closed_long_ago_is_seen(town: Town, cast: Cast) -> None:
    leave = away(town, cast.lea, cast.ines)
    with town.writing() as session:
        session.get_one(Staff, cast.ines).disabled_at = NOON
        assert [one.id for one in stand_ins.uncovered(session, TODAY)] == [leave.id]
        with pytest.raises(InvalidError):
            stand_ins.change_stand_in(session, leave.id, stand_in_id=cast.ines, actor="op", now=NOON)
        stand_ins.change_stand_in(session, leave.id, stand_in_id=cast.operator, actor="op", now=NOON)
        assert not stand_ins.uncovered(session, TODAY)
    assert acting(town, cast.lea, TODAY) == cast.operator


def _named(town: Town, person_id: str, staff_id: str) -> None:
    with town.writing() as session:
        looking_after.name_worker(session, person_id, staff_id, actor="op", now=NOON)


def test_nobody_of_another_organisation_stands_in_whose_list_would_not_show_the_people(town: Town, cast: Cast) -> None:
    _named(town, town.person().id, cast.operator)
    for who in (cast.lea, cast.operator):
        with pytest.raises(InvalidError) as refused:
            away(town, who, cast.neighbour)
        assert refused.value.code == "stand_in"
    leave = away(town, cast.lea, cast.operator)
    with pytest.raises(InvalidError), town.writing() as session:
        stand_ins.change_stand_in(session, leave.id, stand_in_id=cast.neighbour, actor="op", now=NOON)
    away(town, cast.operator, cast.ines, LAST + timedelta(days=1), LAST + timedelta(days=1))


def test_nobody_stands_in_for_people_of_two_organisations_who_sees_those_of_one(town: Town, cast: Cast) -> None:
    for person_id in (town.person().id, cast.theirs):
        _named(town, person_id, cast.operator)
    with pytest.raises(InvalidError) as refused:
        away(town, cast.operator, cast.lea)
    assert refused.value.code == "stand_in"


def test_nobody_stands_in_who_cannot_look_after_people(town: Town, cast: Cast) -> None:
    with town.writing() as session:
        session.get_one(Staff, cast.ines).role = "technician"
    with pytest.raises(InvalidError) as refused:
        away(town, cast.lea, cast.ines)
    assert refused.value.code == "stand_in"


def test_a_leave_with_a_stand_in_who_sees_none_of_the_people_is_seen(town: Town, cast: Cast) -> None:
    leave = away(town, cast.lea, cast.ines)
    with town.writing() as session:  # as it could be noted before that was refused
        session.get_one(Leave, leave.id).stand_in_id = cast.neighbour
    with town.reading() as session:
        assert [one.id for one in stand_ins.uncovered(session, TODAY)] == [leave.id]


def test_a_cancelled_leave_counts_no_more(town: Town, cast: Cast) -> None:
    leave = away(town, cast.lea, cast.ines)
    with town.writing() as session:
        stand_ins.cancel(session, leave.id, actor="op", now=NOON)
        stand_ins.cancel(session, leave.id, actor="op", now=NOON)
        with pytest.raises(ConflictError):
            stand_ins.change_stand_in(session, leave.id, stand_in_id=cast.operator, actor="op", now=NOON)
        assert not stand_ins.list_leaves(session, day=TODAY).items
    assert acting(town, cast.lea, TODAY) == cast.lea
    away(town, cast.lea, cast.operator)


def test_over_the_api_leaves_name_nobody_of_another_organisation(town: Town, cast: Cast, office: Opened) -> None:
    worker = office(NOON).as_role("worker")
    with town.writing() as session:
        session.get_one(Staff, worker.staff_id).organisation_id = town.organisation_id
    days = {"from_on": str(TODAY), "until_on": str(LAST)}
    for who, stand_in in ((cast.neighbour, cast.lea), (cast.lea, cast.neighbour)):
        refused = worker.api("POST", "/leaves", 404, staff_id=who, stand_in_id=stand_in, **days)
        assert refused["code"] == "staff"
    leave = worker.api("POST", "/leaves", 201, staff_id=cast.lea, stand_in_id=cast.ines, **days)
    worker.api("POST", f"/leaves/{leave['id']}/stand-in", 404, stand_in_id=cast.neighbour)
    worker.api("POST", f"/leaves/{leave['id']}/stand-in", 200, stand_in_id=worker.staff_id)
    assert worker.api("GET", f"/stand-ins/{cast.neighbour}?day={TODAY}", 404)["code"] == "staff"
    with town.reading() as session:
        assert not stand_ins.list_leaves(session, staff_id=cast.neighbour).items
