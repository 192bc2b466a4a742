"""Erasing a file: once, for good and everywhere in it, and nothing new is taken; figures and the audit trail stay."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.audit import service as audit
from gateway.badges import service as badges
from gateway.badges.replacing import recognise
from gateway.care import offers, waiting
from gateway.care.codes import Source
from gateway.care.models import Contact, Step
from gateway.care.waiting import Wait
from gateway.contracts import away, deaths, notices, parties, trusted
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.errors import ConflictError
from gateway.money import service as money
from gateway.money.codes import Kind
from gateway.people import names
from gateway.people import service as people
from gateway.people.models import NameToken, OtherName, Person
from gateway.privacy import erasure
from gateway.privacy.export import export
from gateway.schemes.service import scheme_named
from tests.unit.gateway.privacy.files import LONG_AFTER, everything, seen
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


def _offered(town: Town, name: str, now: int) -> tuple[Person, str]:
    """Somebody who waits and to whom locker 4 is offered; their line on the list."""
    person = town.person(name, now)
    with town.writing() as session:
        scheme = scheme_named(session, town.organisation_id, now=now)
        entry = waiting.add_to_list(session, person.id, Wait(scheme.id, Source.UNKNOWN), actor="test", now=now)
        offers.make_offer(session, entry.id, locker=(town.bank, 4), actor="test", now=now)
        return person, entry.id


def test_nobody_waits_and_no_locker_is_offered_once_a_file_is_erased(town: Town) -> None:
    person, entry = _offered(town, "Nadia", NOON)
    assert [one.person_id for one in erasure.erase_due(town.database, actor="night", now=LONG_AFTER)] == [person.id]
    with town.reading() as session:
        assert waiting.list_waiting(session).items == []
        closed = waiting.entry_of(session, entry)
        (offer,) = closed.offers
        assert (closed.closed_at, closed.closed_by, closed.left_why) == (LONG_AFTER, "night", "unknown")
        assert (offer.closed_at, offer.closed_by, offer.outcome) == (LONG_AFTER, "night", "withdrawn")
    _offered(town, "Karim", LONG_AFTER)


def test_whoever_was_erased_while_still_on_the_waiting_list_leaves_it_by_night(town: Town) -> None:
    person, _entry = _offered(town, "Nadia", NOON)
    with town.writing() as session:  # as it could be before erasing a file closed its lines
        session.get_one(Person, person.id).erased_at = NOON
    assert erasure.erase_due(town.database, actor="night", now=NOON + DAY) == []
    _offered(town, "Karim", NOON + DAY)


def test_an_erased_file_says_nothing_any_more_and_still_counts(town: Town) -> None:
    person = town.person("Nadia Benali")
    town.assign(person, badge=town.badge(person))
    seen(town, person, NOON, note="sleeps near the station")
    with town.writing() as session:
        session.add(OtherName(id="n1", person_id=person.id, kind="legal", name="Zahra", added_at=NOON))
        session.add(
            Step(
                id="s", person_id=person.id, topic="identity_card", what="her passport", agreed_at=NOON,
                agreed_by="test", result="under_way",
            )
        )  # fmt: skip
    secrets = ("Nadia", "Benali", "station", "Zahra", "passport")
    assert all(word in everything(town) for word in secrets)
    assert [one.person_id for one in erasure.erase_due(town.database, actor="test", now=LONG_AFTER)] == [person.id]
    left = everything(town)
    assert not [word for word in secrets if word in left]
    with town.reading() as session:
        assert session.get_one(Person, person.id).erased_at == LONG_AFTER
        assert session.scalar(select(func.count()).select_from(NameToken)) == 0
        assert session.scalar(select(func.count()).select_from(Contract)) == 1
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
        assert people.list_people(session).items == []
        audit.verify(session)
    assert erasure.erase_due(town.database, actor="test", now=LONG_AFTER + DAY) == []


def test_messages_for_all_of_a_contract_and_badges_of_those_trusted_are_erased_with_the_file(town: Town) -> None:
    """Their rows say whose they are by the contract, or by who trusts them."""
    person, stock = town.person(), town.badge()
    contract = town.assign(person)
    with town.writing() as session:
        trusted.trust(
            session, contract.id, name="Karim", from_on=TODAY, until_on=TODAY, badge_id=stock.id, actor="test", now=NOON
        )
        recognise(session, stock.id, how="answers", note="his cousin", actor="test", now=NOON)
        notices.leave(session, contract.id, why="message", text="the shelter rang", actor="test", now=NOON)
    with town.writing() as session:
        told = repr(export(session, person.id, actor="test", now=NOON))
    secrets = ("Karim", "his cousin", "the shelter rang")
    assert [word for word in secrets if word not in told] == []
    assert [one.person_id for one in erasure.erase_due(town.database, actor="test", now=LONG_AFTER)] == [person.id]
    left = everything(town)
    assert [word for word in secrets if word in left] == []


def test_the_file_of_another_is_left_alone(town: Town) -> None:
    gone, here = town.person("Nadia"), town.person("Bogdan")
    seen(town, here, LONG_AFTER - DAY, note="in the café")
    erasure.erase_due(town.database, actor="test", now=LONG_AFTER)
    with town.reading() as session:
        assert session.get_one(Person, here.id).name == "Bogdan"
        assert session.scalars(select(Contact.note)).all() == ["in the café"]
        assert session.get_one(Person, gone.id).name == ""


def test_a_file_with_a_running_contract_is_not_erased_by_hand(town: Town) -> None:
    person = town.person()
    town.assign(person)
    with town.writing() as session, pytest.raises(ConflictError, match="lies ahead"):
        erasure.erase(session, person.id, actor="test", now=NOON)


def test_an_erased_file_takes_nothing_new(town: Town) -> None:
    """No erasure would ever reach it."""
    gone, here, badge = town.person("Nadia"), town.person("Bogdan"), town.badge()
    over, draft, running = town.assign(gone, ends_on=TODAY), town.assign(gone, 2, draft=True), town.assign(here, 3)
    with town.writing() as session:
        erasure.erase(session, gone.id, actor="test", now=LONG_AFTER)
    by = {"actor": "test", "now": LONG_AFTER + DAY}
    attempts: list[Callable[[Session], object]] = [
        lambda session: people.rename(session, gone.id, name="Nadia", **by),
        lambda session: names.add_name(session, gone.id, kind="legal", name="Nadia", **by),
        lambda session: contracts.assign(
            session, person_id=gone.id, bank_id=town.bank, number=4, starts_on=TODAY, ends_on=TODAY, **by
        ),
        lambda session: contracts.sign(session, draft.id, **by),
        lambda session: contracts.tell_how(session, over.id, reason="work", how=contracts.How(note="bakery"), **by),
        lambda session: parties.join(session, running.id, person_id=gone.id, actor="test", now=NOON + DAY),
        lambda session: away.leave(session, gone.id, kind="prison", from_on=TODAY, note="in Fresnes", **by),
        lambda session: deaths.record(session, gone.id, note="in Lille", **by),
        lambda session: badges.give(session, badge.id, person_id=gone.id, site_id=town.site_id, **by),
        lambda session: money.open_claim(
            session, person_id=gone.id, kind=Kind.DEPOSIT, cents=1, note="for a key", **by
        ),
    ]  # fmt: skip
    for attempt in attempts:
        with town.writing() as session, pytest.raises(ConflictError, match="file was erased"):
            attempt(session)


def test_an_erasure_is_done_once(town: Town) -> None:
    person = town.person()
    for attempt in range(2):
        with town.writing() as session:
            if attempt:
                with pytest.raises(ConflictError, match="already"):
                    erasure.erase(session, person.id, actor="test", now=NOON)
            else:
                erasure.erase(session, person.id, actor="test", now=NOON)
