"""Files of couples: each is told, keeps and loses what was written while they were on the contract, no more."""

from datetime import date

import pytest
from sqlalchemy import select

from gateway.contracts import deaths, endings, notices, parties
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.custody import outcomes
from gateway.custody import service as custody
from gateway.custody.codes import Recipient, Thing, Witness
from gateway.custody.models import Custody
from gateway.errors import ConflictError
from gateway.lockers.models import Locker
from gateway.people.models import Person
from gateway.privacy import erasure, terms
from gateway.privacy.export import export
from tests.unit.gateway.privacy.files import LONG_AFTER, due, everything, seen
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


def test_a_message_for_one_of_a_couple_is_in_their_file_alone(town: Town) -> None:
    nadia, karim = town.person("Nadia"), town.person("Karim")
    contract = town.assign(nadia)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=karim.id, actor="test", now=NOON)
        for one in (nadia, karim):
            notices.leave(
                session, contract.id, why="message", text=f"for {one.name}", person_id=one.id, actor="test", now=NOON
            )
        told = {one.name: repr(export(session, one.id, actor="test", now=NOON)) for one in (nadia, karim)}
    assert ("for Karim" in told["Nadia"], "for Karim" in told["Karim"]) == (False, True)
    assert ("for Nadia" in told["Nadia"], "for Nadia" in told["Karim"]) == (True, False)


def couple(town: Town, ends_on: date = date(2026, 12, 31)) -> tuple[Contract, Person, Person]:
    """Nadia's contract, which Karim joins on the tenth day."""
    nadia, karim = town.person("Nadia"), town.person("Karim")
    contract = town.assign(nadia, ends_on=ends_on)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=karim.id, actor="test", now=NOON + 10 * DAY)
    return contract, nadia, karim


def part_from(town: Town, contract: Contract, person: Person) -> None:
    """On the twentieth day."""
    with town.writing() as session:
        parties.part(session, contract.id, person_id=person.id, actor="test", now=NOON + 20 * DAY)


def suspend(town: Town, contract: Contract, note: str, at: int) -> None:
    """With the note as what was decided, as how belongings are fetched, and as a message for whoever comes."""
    with town.writing() as session:
        contracts.suspend(
            session, contract.id, reason="incident", review_on=date(2026, 9, 1), note=note, fetch_note=note,
            actor="test", now=at,
        )  # fmt: skip
        notices.leave(session, contract.id, why="message", text=note, actor="test", now=at)


def told(town: Town, *people: Person) -> list[str]:
    with town.writing() as session:
        return [repr(export(session, one.id, actor="test", now=NOON + 30 * DAY).tables) for one in people]


def test_a_running_contract_keeps_the_files_of_both_of_a_couple(town: Town) -> None:
    contract, nadia, karim = couple(town, ends_on=date(2029, 12, 31))
    seen(town, nadia, NOON + 740 * DAY)
    assert due(town, NOON + 745 * DAY) == []
    with town.writing() as session, pytest.raises(ConflictError, match="lies ahead"):
        erasure.erase(session, karim.id, actor="test", now=NOON + 745 * DAY)
    over = contract.collect_until + terms.FILE_DAYS * DAY
    assert due(town, over - 1) == []
    assert set(due(town, over + 2 * DAY)) == {nadia.id, karim.id}


def test_belongings_of_a_couple_keep_the_file_of_each(town: Town) -> None:
    contract, _nadia, karim = couple(town)
    with town.writing() as session:
        locker = session.scalars(select(Locker.id).where(Locker.number == 1)).one()
        begun = NOON + 15 * DAY
        session.add(Custody(id="k", contract_id=contract.id, locker_id=locker, begun_at=begun, begun_by="test"))
    assert due(town, LONG_AFTER) == []
    part_from(town, contract, karim)
    with town.writing() as session, pytest.raises(ConflictError, match="belongings"):
        erasure.erase(session, karim.id, actor="test", now=LONG_AFTER)


def test_a_contract_that_goes_on_does_not_keep_the_file_of_whoever_parted(town: Town) -> None:
    contract, nadia, karim = couple(town, ends_on=date(2029, 12, 31))
    part_from(town, contract, nadia)
    seen(town, karim, NOON + 740 * DAY)
    assert due(town, NOON + 750 * DAY) == [nadia.id]


def test_each_of_a_couple_is_told_what_was_written_while_they_were_on_the_contract(town: Town) -> None:
    contract, nadia, karim = couple(town)
    suspend(town, contract, "before", NOON + 5 * DAY)
    suspend(town, contract, "together", NOON + 15 * DAY)
    part_from(town, contract, nadia)
    suspend(town, contract, "after", NOON + 25 * DAY)
    words = ("before", "together", "after")
    assert [[word for word in words if f"'{word}'" in text] for text in told(town, nadia, karim)] == [
        ["before", "together"], ["together", "after"],
    ]  # fmt: skip


def test_a_suspension_from_a_later_day_is_told_to_whoever_was_there_when_it_was_decided(town: Town) -> None:
    contract, nadia, karim = couple(town)
    with town.writing() as session:
        contracts.suspend(
            session, contract.id, reason="incident", from_on=date(2026, 7, 10), review_on=date(2026, 9, 1),
            fetch_note="call her sister", actor="test", now=NOON + 5 * DAY,
        )  # fmt: skip
    part_from(town, contract, nadia)
    assert ["her sister" in text for text in told(town, nadia, karim)] == [True, False]
    with town.writing() as session:
        erasure.erase(session, nadia.id, actor="test", now=NOON + 800 * DAY)
    assert "her sister" not in everything(town)


def test_a_suspension_planned_anew_after_one_parted_is_told_to_each_as_it_was_decided_with_them(town: Town) -> None:
    contract, nadia, karim = couple(town)

    def plan(fetch_note: str, now: int) -> None:
        with town.writing() as session:
            contracts.suspend(
                session, contract.id, reason="incident", from_on=date(2026, 7, 10), review_on=date(2026, 9, 1),
                fetch_note=fetch_note, actor="test", now=now,
            )  # fmt: skip

    plan("call her sister", NOON + 15 * DAY)
    part_from(town, contract, nadia)
    plan("call his brother", NOON + 22 * DAY)
    texts = told(town, nadia, karim)
    assert [("her sister" in text, "his brother" in text) for text in texts] == [(True, False), (True, True)]


def test_the_export_of_one_of_a_couple_says_nothing_of_the_other(town: Town) -> None:
    contract, nadia, karim = couple(town)
    part_from(town, contract, nadia)
    how = contracts.How(decided_by="holder", destination="own_housing", note="to a flat in Lille")
    with town.writing() as session:
        contracts.end(session, contract.id, reason="own_solution", how=how, actor="test", now=NOON + 25 * DAY)
        ended = session.get_one(Contract, contract.id).ended_at
    hers, his = told(town, nadia, karim)
    assert (karim.id in hers, nadia.id in his) == (False, False)
    assert [(word in hers, word in his) for word in ("Lille", "own_housing", str(ended))] == [(False, True)] * 3
    assert ("'holding'" in hers, "'holding'" in his) == (True, True)


def test_who_parted_is_not_told_what_was_planned_of_the_others_end_before_a_death_was_recorded(town: Town) -> None:
    contract, nadia, karim = couple(town)
    part_from(town, contract, nadia)
    how = contracts.How(decided_by="holder", destination="own_housing", note="to a flat in Lille")
    with town.writing() as session:
        endings.plan_end(
            session, contract.id, ends_on=date(2026, 8, 1), reason="work", how=how, actor="test", now=NOON + 25 * DAY
        )
        deaths.record(session, karim.id, actor="test", now=NOON + 26 * DAY)
    assert ["Lille" in text for text in told(town, nadia, karim)] == [False, True]


def test_who_parted_is_not_told_what_became_of_belongings_afterwards(town: Town) -> None:
    contract, nadia, karim = couple(town)
    with town.writing() as session:
        contracts.move(session, contract.id, bank_id=town.bank, number=2, actor="test", now=NOON + 12 * DAY)
        locker = session.scalars(select(Locker.id).where(Locker.number == 1)).one()
    with town.writing() as session:
        bag = custody.begin(session, contract.id, locker_id=locker, actor="test", now=NOON + 15 * DAY)
        custody.add_thing(session, bag.id, kind=Thing.BAG, description="red", actor="test", now=NOON + 15 * DAY)
    part_from(town, contract, nadia)
    with town.writing() as session:
        custody.witness(session, bag.id, witness=Witness.COLLEAGUE, name="Paul", actor="test", now=NOON + 21 * DAY)
        custody.store(session, bag.id, place="Shelf 9", actor="test", now=NOON + 21 * DAY)
        outcomes.give_back(
            session, bag.id, recipient=Recipient.TRUSTED, note="to Max", actor="test", now=NOON + 22 * DAY
        )
    words = ("red", "Paul", "Shelf 9", "trusted", "to Max")
    assert [[word for word in words if f"'{word}'" in text] for text in told(town, nadia, karim)] == [
        ["red"], [*words],
    ]  # fmt: skip


def test_who_parted_is_not_told_how_many_days_the_other_has_to_collect(town: Town) -> None:
    contract, nadia, karim = couple(town)
    part_from(town, contract, nadia)
    with town.writing() as session:
        contracts.end(session, contract.id, reason="work", collect_days=7, actor="test", now=NOON + 25 * DAY)
    assert ["collect_days" in text for text in told(town, nadia, karim)] == [False, True]


def test_what_was_written_of_whoever_parted_is_erased_with_their_file(town: Town) -> None:
    contract, nadia, karim = couple(town, ends_on=date(2029, 12, 31))
    suspend(town, contract, "before", NOON + 5 * DAY)
    suspend(town, contract, "together", NOON + 15 * DAY)
    part_from(town, contract, nadia)
    suspend(town, contract, "after", NOON + 25 * DAY)
    with town.writing() as session:
        erasure.erase(session, nadia.id, actor="test", now=NOON + 800 * DAY)
    left = everything(town)
    assert [left.count(f"'{word}'") for word in ("before", "together", "after")] == [0, 3, 3]
    later = NOON + 3_000 * DAY
    assert [one.person_id for one in erasure.erase_due(town.database, actor="test", now=later)] == [karim.id]
    left = everything(town)
    assert [word for word in ("before", "together", "after") if f"'{word}'" in left] == []


def test_how_a_contract_ended_is_in_the_files_of_those_who_were_there_at_its_end(town: Town) -> None:
    contract, nadia, karim = couple(town)
    part_from(town, contract, nadia)
    other = town.assign(town.person("Rui"), 2)
    with town.writing() as session:
        for one, note, day in ((other, "to Lille", 12), (contract, "to Nantes", 25)):
            how = contracts.How(decided_by="holder", note=note)
            contracts.end(session, one.id, reason="work", how=how, actor="test", now=NOON + day * DAY)
    assert ["'reason': 'work'" in text for text in told(town, nadia, karim)] == [False, True]
    left = []
    for one in (nadia, karim):
        with town.writing() as session:
            erasure.erase(session, one.id, actor="test", now=NOON + 800 * DAY)
        text = everything(town)
        left.append(("to Lille" in text, "to Nantes" in text))
    assert left == [(True, True), (True, False)]


def test_what_was_written_before_a_contract_begins_is_in_the_file_of_its_first_holder(town: Town) -> None:
    """Whoever joins it then is on it from its first day on; nothing is in nobody's file."""
    nadia, karim = town.person("Nadia"), town.person("Karim")
    contract = town.assign(nadia, starts_on=date(2026, 7, 1))
    with town.writing() as session:
        parties.join(session, contract.id, person_id=karim.id, actor="test", now=NOON)
        parties.part(session, contract.id, person_id=nadia.id, actor="test", now=NOON + DAY)
        notices.leave(session, contract.id, why="message", text="the shelter rang", actor="test", now=NOON + 2 * DAY)
    assert ["the shelter rang" in text for text in told(town, nadia, karim)] == [False, True]
    with town.writing() as session:
        erasure.erase(session, karim.id, actor="test", now=LONG_AFTER)
    assert "the shelter rang" not in everything(town)


def test_how_a_couple_s_contract_ended_is_said_until_both_files_are_erased(town: Town) -> None:
    lea, karim = town.person("Léa"), town.person("Karim")
    contract = town.assign(lea, ends_on=TODAY)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=karim.id, actor="test", now=NOON)
    with town.writing() as session:
        erasure.erase(session, lea.id, actor="test", now=LONG_AFTER)
    how, by = contracts.How(note="to her sister's"), {"actor": "test", "now": LONG_AFTER + 1}
    with town.writing() as session:
        contracts.tell_how(session, contract.id, reason="work", how=how, **by)
    assert "her sister" in everything(town)
    with town.writing() as session:
        erasure.erase(session, karim.id, actor="test", now=LONG_AFTER + 2)
    assert "her sister" not in everything(town)
    with town.writing() as session, pytest.raises(ConflictError, match="file was erased"):
        contracts.tell_how(session, contract.id, reason="work", how=how, actor="test", now=LONG_AFTER + 3)
