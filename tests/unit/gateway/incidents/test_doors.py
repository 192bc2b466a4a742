"""Hazards with witness and written notice; the override key, declared afterwards, explains and deletes nothing."""

import pytest
from sqlalchemy.exc import DBAPIError

from gateway.access import lists
from gateway.custody.codes import Witness
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.events.service import last_id, latest_events, record
from gateway.incidents import hazards, override_key
from gateway.incidents.codes import HazardAction, HazardKind, KeyReason
from gateway.incidents.models import Hazard, OverrideUse
from tests.unit.gateway.incidents.conftest import Cast
from tests.unit.gateway.town import NOON, Town

MINUTE = 60_000
SEEN = {"found": HazardKind.WET, "action": HazardAction.DRIED_OR_CLEANED}


def reported(town: Town, cast: Cast, number: int = 1) -> Hazard:
    with town.writing() as session:
        return hazards.report(
            session, bank_id=town.bank, number=number, kind=HazardKind.WET, text="Ça coule", actor=cast.lea, now=NOON
        )


def inspected(town: Town, cast: Cast, hazard: Hazard) -> Hazard:
    with town.writing() as session:
        return hazards.inspect(
            session, hazard.id, witness_kind=Witness.COLLEAGUE, witness="Ines", **SEEN, actor=cast.lea, now=NOON
        )


def test_a_hazard_is_inspected_with_a_witness_told_in_writing_then_closed(town: Town, cast: Cast) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    hazard = reported(town, cast)
    assert hazard.contract_id == contract.id
    with town.writing() as session:
        with pytest.raises(ConflictError):
            hazards.close(session, hazard.id, actor=cast.lea, now=NOON)
        with pytest.raises(ConflictError):
            hazards.tell(session, hazard.id, text="Nous avons ouvert", actor=cast.lea, now=NOON)
    inspected(town, cast, hazard)
    with town.writing() as session:
        with pytest.raises(ConflictError) as untold:
            hazards.close(session, hazard.id, actor=cast.lea, now=NOON)
        assert untold.value.code == "not_told"
        hazards.tell(session, hazard.id, text="Nous avons ouvert avec Ines", actor=cast.lea, now=NOON)
        hazards.close(session, hazard.id, actor=cast.lea, now=NOON + 1)
    with town.reading() as session:
        listed = lists.build(session, town.bank, version=1, now=NOON + 1).grants
        raw = session.connection().exec_driver_sql("SELECT * FROM hazard").all()
        assert not hazards.list_hazards(session, actor=cast.lea, is_open=True).items
    assert {grant.notice for grant in listed if grant.kind == "holder"} == {True}
    assert not any(word in repr(raw) for word in ("coule", "Ines", "ouvert"))


def test_a_witness_who_is_a_person_is_named(town: Town, cast: Cast) -> None:
    hazard = reported(town, cast)
    with town.writing() as session, pytest.raises(InvalidError):
        hazards.inspect(session, hazard.id, witness_kind=Witness.PARTNER, witness=" ", **SEEN, actor=cast.lea, now=NOON)


def test_the_hazard_of_a_locker_that_is_nobodys_needs_no_notice(town: Town, cast: Cast) -> None:
    hazard = inspected(town, cast, reported(town, cast))
    with town.writing() as session:
        with pytest.raises(ConflictError):
            hazards.tell(session, hazard.id, text="À personne", actor=cast.lea, now=NOON)
        hazards.close(session, hazard.id, actor=cast.lea, now=NOON)


def test_one_inspection_of_a_locker_is_under_way_at_a_time_and_none_closes_uninspected(town: Town, cast: Cast) -> None:
    hazard = reported(town, cast)
    with pytest.raises(ConflictError):
        reported(town, cast)
    reported(town, cast, 2)
    for values in ({"locker_id": hazard.locker_id}, {"closed_at": NOON, "closed_by": "lea"}):
        row = {"locker_id": None, "kind": "wet", "reported_by": "lea", "reported_at": NOON} | values
        with pytest.raises(DBAPIError), town.writing() as session:  # noqa: PT012 - it is the flush that is refused
            session.add(Hazard(id="another", **row))
            session.flush()


def declared(town: Town, cast: Cast, first: int, last: int, now: int = NOON, **more: object) -> OverrideUse:
    values: dict[str, object] = {"reason": KeyReason.NO_POWER, "number": 3, "actor": cast.lea, "now": now}
    with town.writing() as session:
        return override_key.declare(
            session,
            bank_id=town.bank,
            from_at=first,
            until_at=last,
            **values | more,  # type: ignore[arg-type]
        )


def forced(town: Town, at: int, number: int = 3) -> int:
    with town.writing() as session:
        record(session, "door_forced", now=at, bank_id=town.bank, locker=number)
        return last_id(session)


def explained(town: Town, cast: Cast) -> dict[int, str | None]:
    with town.reading() as session:
        return {
            one.entry.id: one.explained_by.id if one.explained_by else None
            for one in override_key.forced_entries(session, town.bank, actor=cast.lea)
        }


def test_a_declaration_explains_forced_entries_of_its_locker_and_its_time_and_deletes_none(
    town: Town, cast: Cast
) -> None:
    inside = forced(town, NOON - 30 * MINUTE)
    slow_clock = forced(town, NOON - 15 * MINUTE)
    outside = forced(town, NOON - 60 * MINUTE)
    next_door = forced(town, NOON - 30 * MINUTE, 4)
    use = declared(town, cast, NOON - 35 * MINUTE, NOON - 20 * MINUTE)
    assert explained(town, cast) == {inside: use.id, slow_clock: use.id, outside: None, next_door: None}
    with town.reading() as session:
        assert [one.id for one in override_key.entries_of(session, use)] == [inside, slow_clock]
        assert len(latest_events(session, kinds=("door_forced",))) == 4


def test_an_entry_that_arrives_later_is_explained_too(town: Town, cast: Cast) -> None:
    use = declared(town, cast, NOON - 10 * MINUTE, NOON)
    with town.writing() as session:
        record(session, "door_forced", now=NOON + 600 * MINUTE, at=NOON - MINUTE, bank_id=town.bank, locker=3)
        entry = last_id(session)
    assert explained(town, cast) == {entry: use.id}


@pytest.mark.parametrize(("first", "last"), [(-MINUTE, MINUTE), (0, -MINUTE), (-241 * MINUTE, 0)])
def test_the_key_is_declared_afterwards_and_for_hours_at_most(town: Town, cast: Cast, first: int, last: int) -> None:
    with pytest.raises(InvalidError):
        declared(town, cast, NOON + first, NOON + last)


def test_an_inspection_by_key_needs_a_witness_and_a_neighbour_declares_nothing_here(town: Town, cast: Cast) -> None:
    with pytest.raises(InvalidError):
        declared(town, cast, NOON, NOON, reason=KeyReason.INSPECTION)
    declared(town, cast, NOON, NOON, reason=KeyReason.INSPECTION, witness_kind=Witness.PHOTOGRAPHS)
    with pytest.raises(NotFoundError):
        declared(town, cast, NOON, NOON, actor=cast.neighbour)
    with town.reading() as session, pytest.raises(NotFoundError):
        override_key.forced_entries(session, town.bank, actor=cast.neighbour)
