"""A file is due two years after its last contact, unless a contract, belongings or a deposit keeps it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.custody.codes import Thing
from gateway.custody.models import Custody
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.models import Locker
from gateway.luggage import service as luggage
from gateway.money import service as money
from gateway.money.codes import Kind
from gateway.people.models import Person
from gateway.privacy import erasure, terms
from tests.unit.gateway.privacy.files import LONG_AFTER, due, seen
from tests.unit.gateway.town import DAY, NOON, Town


def test_a_file_is_due_two_years_after_the_last_contact(town: Town) -> None:
    person = town.person()
    seen(town, person, NOON + 30 * DAY)
    assert due(town, NOON + 759 * DAY) == []
    assert due(town, NOON + 760 * DAY) == [person.id]


def test_a_running_contract_and_its_time_to_collect_keep_a_file(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    assert due(town, contract.collect_until + terms.FILE_DAYS * DAY - 1) == []
    assert due(town, contract.collect_until + (terms.FILE_DAYS + 2) * DAY) == [person.id]


def test_an_organisation_may_keep_files_for_less(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        terms.set_terms(session, town.organisation_id, terms.Terms(30, 10), actor="test", now=NOON)
    assert due(town, NOON + 31 * DAY) == [person.id]
    with town.writing() as session:
        with pytest.raises(InvalidError):
            terms.set_terms(session, town.organisation_id, terms.Terms(0, 10), actor="test", now=NOON)
        with pytest.raises(NotFoundError):
            terms.set_terms(session, "nobody", terms.Terms(), actor="test", now=NOON)


def test_belongings_that_are_kept_keep_the_file(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        locker = session.scalars(select(Locker.id).where(Locker.number == 1)).one()
        session.add(Custody(id="k", contract_id=contract.id, locker_id=locker, begun_at=NOON, begun_by="test"))
    assert due(town, LONG_AFTER) == []
    with town.writing() as session, pytest.raises(ConflictError, match="belongings"):
        erasure.erase(session, person.id, actor="test", now=LONG_AFTER)
    with town.writing() as session:
        session.get_one(Custody, "k").closed_at = NOON + DAY
    assert due(town, LONG_AFTER) == [person.id]


def test_whoever_is_entered_while_files_are_looked_through_stops_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, kept = town.person(), erasure._with_belongings

    def meanwhile(session: Session) -> Iterator[str]:
        town.person("Bogdan", now=LONG_AFTER)
        return kept(session)

    monkeypatch.setattr(erasure, "_with_belongings", meanwhile)
    assert due(town, LONG_AFTER) == [person.id]


def test_a_file_in_which_something_happens_after_it_was_found_due_is_kept_and_the_others_are_erased(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, keeps, gone = town.person("Nadia"), town.person("Bogdan"), town.person("Rui")
    contract, found = town.assign(keeps), erasure.due

    def meanwhile(session: Session, *, now: int) -> list[erasure.Due]:
        files = found(session, now=now)
        seen(town, back, LONG_AFTER + 1)
        with town.writing() as other:
            locker = other.scalars(select(Locker.id).where(Locker.number == 1)).one()
            other.add(Custody(id="k", contract_id=contract.id, locker_id=locker, begun_at=LONG_AFTER, begun_by="test"))
        return files

    monkeypatch.setattr(erasure, "due", meanwhile)
    assert [one.person_id for one in erasure.erase_due(town.database, actor="test", now=LONG_AFTER)] == [gone.id]
    with town.reading() as session:
        assert [session.get_one(Person, one.id).name for one in (back, keeps, gone)] == ["Nadia", "Bogdan", ""]


def test_luggage_in_the_room_keeps_the_file(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with town.writing() as session:
        bag = luggage.take_in(session, contract.id, kind=Thing.BAG, actor="test", now=NOON)
    assert due(town, LONG_AFTER) == []
    with town.writing() as session, pytest.raises(ConflictError, match="belongings"):
        erasure.erase(session, person.id, actor="test", now=LONG_AFTER)
    with town.writing() as session:
        luggage.take_out(session, bag.id, actor="test", now=NOON + DAY)
    assert due(town, LONG_AFTER) == [person.id]


def test_a_deposit_that_is_held_keeps_the_file(town: Town) -> None:
    person, other = town.person(), town.person("Bogdan")
    with town.writing() as session:
        deposit = money.open_claim(session, person_id=person.id, kind=Kind.DEPOSIT, cents=1000, actor="test", now=NOON)
        given = money.open_claim(session, person_id=other.id, kind=Kind.CONTRIBUTION, cents=500, actor="test", now=NOON)
        for claim in (deposit, given):
            money.receive(session, claim.id, actor="test", now=NOON)
        money.refund(session, deposit.id, cents=400, actor="test", now=NOON)
    assert due(town, LONG_AFTER) == [other.id]
    with town.writing() as session, pytest.raises(ConflictError, match="deposit"):
        erasure.erase(session, person.id, actor="test", now=LONG_AFTER)
    with town.writing() as session:
        money.refund(session, deposit.id, cents=600, actor="test", now=NOON + DAY)
    assert set(due(town, LONG_AFTER)) == {person.id, other.id}
