"""What is written into a person's file: in codes and sealed words, dated, withdrawn but never rewritten."""

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from gateway.audit.models import AuditRecord
from gateway.care import contacts, progress, support
from gateway.care.codes import (
    Certainty,
    ContactKind,
    Moment,
    Place,
    StepResult,
    SupportKind,
    Topic,
    WishKind,
)
from gateway.care.files import MAX_NOTE
from gateway.care.models import Contact, NamedWorker, Snapshot
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.people.models import Person
from gateway.staff.models import Staff
from tests.unit.gateway.town import DAY, NOON, Town

BY = {"actor": "ines", "now": NOON}


def test_a_contact_needs_its_kind_only_and_keeps_place_note_and_time(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        short = contacts.log_contact(session, person.id, kind=ContactKind.SEEN, **BY)
        assert (short.at, short.place, short.note) == (NOON, "unknown", None)
        contacts.log_contact(
            session, person.id, kind=ContactKind.MET, place=Place.CAFE, note="  asks about a card ", at=NOON - DAY, **BY
        )
    with town.reading() as session:
        found = contacts.latest_contacts(session, person.id)
        assert [(one.kind, one.place, one.note) for one in found] == [
            ("seen", "unknown", None), ("met", "cafe", "asks about a card"),
        ]  # fmt: skip


def test_notes_are_sealed_in_the_database_and_absent_from_the_audit_trail(town: Town) -> None:
    person = town.person()
    secret = "ward 7 of the hospital"
    with town.writing() as session:
        contacts.log_contact(session, person.id, kind=ContactKind.MET, note=secret, **BY)
        progress.agree_step(session, person.id, topic=Topic.HEALTH, what=secret, **BY)
        progress.note_wish(session, person.id, kind=WishKind.REFUSAL, topic=Topic.HOUSING, note=secret, **BY)
        support.record_support(session, person.id, SupportKind.HEALTH, note=secret, **BY)
    with town.reading() as session:
        for column in ("contact.note", "step.what", "wish.note", "support_act.note"):
            table, name = column.split(".")
            stored = session.execute(text(f"SELECT {name} FROM {table}")).scalar_one()
            assert stored
            assert "ward" not in stored
        assert not any("ward" in str(row.details) for row in session.scalars(select(AuditRecord)))


@pytest.mark.parametrize(
    ("wrong", "code"), [({"note": "x" * (MAX_NOTE + 1)}, "note"), ({"at": NOON + DAY}, "at"), ({"at": 0}, "at")]
)
def test_what_cannot_be_right_is_refused_and_nothing_is_written(
    town: Town, wrong: dict[str, object], code: str
) -> None:
    person = town.person()
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        contacts.log_contact(session, person.id, kind=ContactKind.MET, **wrong, **BY)  # type: ignore[arg-type]
    assert refused.value.code == code
    with town.reading() as session:
        assert session.scalars(select(Contact)).all() == []


def test_nothing_is_written_into_an_erased_file_or_one_that_is_not_there(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        session.get_one(Person, person.id).erased_at = NOON
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        contacts.log_contact(session, person.id, kind=ContactKind.MET, **BY)
    assert refused.value.code == "erased"
    with pytest.raises(NotFoundError), town.writing() as session:
        support.record_support(session, "nobody", SupportKind.FOOD, **BY)


def test_a_phone_whose_clock_is_ahead_by_minutes_logs_now(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        assert contacts.log_contact(session, person.id, kind=ContactKind.MET, at=NOON + 60_000, **BY).at == NOON


def test_what_is_withdrawn_stays_known_and_is_listed_no_more(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        contact = contacts.log_contact(session, person.id, kind=ContactKind.MET, **BY)
        act = support.record_support(session, person.id, SupportKind.FOOD, **BY)
        contacts.withdraw_contact(session, contact.id, actor="paul", now=NOON + 1)
        contacts.withdraw_contact(session, contact.id, actor="lea", now=NOON + 2)
        support.withdraw_support(session, act.id, actor="paul", now=NOON + 1)
    with town.reading() as session:
        assert contacts.list_contacts(session, person.id).items == []
        assert support.list_support(session, person.id).items == []
        kept = session.get_one(Contact, contact.id)
        assert (kept.withdrawn_by, kept.withdrawn_at) == ("paul", NOON + 1)


def test_a_step_is_under_way_until_its_result_and_then_stays_as_it_is(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        step = progress.agree_step(session, person.id, topic=Topic.IDENTITY_PAPERS, due_on=date(2026, 9, 1), **BY)
        assert (step.result, step.closed_at) == ("under_way", None)
    with pytest.raises(InvalidError), town.writing() as session:
        progress.close_step(session, step.id, StepResult.UNDER_WAY, **BY)
    with town.writing() as session:
        closed = progress.close_step(session, step.id, StepResult.OBTAINED, actor="ines", now=NOON + DAY)
        assert (closed.result, closed.closed_at, closed.closed_by) == ("obtained", NOON + DAY, "ines")
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        progress.close_step(session, step.id, StepResult.REFUSED, **BY)
    assert refused.value.code == "closed"


def test_a_wish_holds_until_the_person_changes_their_mind(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        wish = progress.note_wish(session, person.id, kind=WishKind.REFUSAL, topic=Topic.HOUSING, **BY)
        progress.end_wish(session, wish.id, actor="ines", now=NOON + DAY)
        progress.end_wish(session, wish.id, actor="paul", now=NOON + 2 * DAY)
    with town.reading() as session:
        found = progress.list_wishes(session, person.id).items[0]
        assert (found.kind, found.topic, found.ended_at, found.ended_by) == ("refusal", "housing", NOON + DAY, "ines")


def test_a_snapshot_is_optional_fact_by_fact_and_completed_later(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    here = {"contract_id": contract.id, **BY}
    with town.writing() as session:
        support.take_snapshot(
            session, person.id, Moment.ENTRY, {"identity_papers": "none", "work": "unknown"},
            certainty=Certainty.ASSUMED, **here,
        )  # fmt: skip
        support.take_snapshot(session, person.id, Moment.ENTRY, {"health_cover": "active_or_renewing"}, **here)
        support.take_snapshot(session, person.id, Moment.EXIT, {"work": "permanent_job"}, **here)
        support.take_snapshot(session, person.id, Moment.ENTRY, {}, **BY)
    with town.reading() as session:
        found = {(one.moment, one.contract_id): one for one in support.list_snapshots(session, person.id).items}
        entry = found["entry", contract.id]
        facts = (entry.identity_papers, entry.work, entry.health_cover, entry.income)
        assert facts == ("none", "unknown", "active_or_renewing", None)
        assert found["exit", contract.id].work == "permanent_job"
        assert len(found) == 3
    for facts_given in ({"work": "astronaut"}, {"religion": "none"}):
        with pytest.raises(InvalidError) as refused, town.writing() as session:
            support.take_snapshot(session, person.id, Moment.ENTRY, facts_given, **here)
        assert refused.value.code == "fact"


def test_someone_else_s_contract_is_not_found(town: Town) -> None:
    contract, other = town.assign(town.person("A")), town.person("B")
    with pytest.raises(NotFoundError), town.writing() as session:
        support.record_support(session, other.id, SupportKind.FOOD, contract_id=contract.id, **BY)


def test_the_database_refuses_a_second_worker_at_a_time_and_a_second_snapshot(
    town: Town, nadia: Person, ines: Staff
) -> None:
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(NamedWorker(id=new_id(NOON), person_id=nadia.id, staff_id=ines.id, from_at=NOON, named_by="t"))
    first, second = (
        Snapshot(id=new_id(NOON), person_id=nadia.id, moment="entry", at=NOON, recorded_by="t", recorded_at=NOON)
        for _ in range(2)
    )
    with town.writing() as session:
        session.add(first)
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(second)
