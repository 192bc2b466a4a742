"""Whom to look for: the lists of a worker and of a site, from what is stored."""

from datetime import date

import pytest

from gateway.care import contacts, looking_after, reviews, standing
from gateway.care.cadence import Call
from gateway.care.codes import ContactKind, ReviewDecision
from gateway.care.standing import Standing
from gateway.contracts import away, parties
from gateway.contracts import service as contracts
from gateway.errors import ConflictError, InvalidError
from gateway.incidents import stand_ins
from gateway.lockers.models import Observation
from gateway.lockers.service import organisation_named
from gateway.people.models import Person
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from gateway.schemes.terms import Terms
from gateway.staff.models import Staff
from tests.unit.gateway.care.conftest import AddWorker
from tests.unit.gateway.town import DAY, NOON, TODAY, Town


def of(town: Town, person: Person, days: int) -> Standing:
    with town.reading() as session:
        found = standing.of_person(session, person.id, now=NOON + days * DAY)
    assert found is not None
    return found


def mine(town: Town, staff: Staff, days: int = 0) -> list[str]:
    with town.reading() as session:
        return [one.person.name for one in standing.of_worker(session, staff.id, now=NOON + days * DAY)]


def log(town: Town, person: Person, days: int, kind: ContactKind = ContactKind.MET) -> str:
    with town.writing() as session:
        return contacts.log_contact(session, person.id, kind=kind, actor="test", now=NOON + days * DAY).id


def test_a_contact_says_when_the_next_one_is_due(town: Town, nadia: Person) -> None:
    assert of(town, nadia, 8).due.call is Call.MISSED
    log(town, nadia, 8)
    found = of(town, nadia, 8)
    assert (found.due.call, found.due.due_on, found.last_contact) == (
        Call.NOTHING, date(2026, 6, 30), date(2026, 6, 23),
    )  # fmt: skip


def test_looking_for_someone_in_vain_is_no_news_of_them(town: Town, nadia: Person) -> None:
    log(town, nadia, 8, ContactKind.LOOKED_FOR)
    assert of(town, nadia, 8).due.call is Call.MISSED


def test_a_contact_withdrawn_counts_no_more(town: Town, nadia: Person) -> None:
    contact = log(town, nadia, 8)
    with town.writing() as session:
        contacts.withdraw_contact(session, contact, actor="test", now=NOON + 8 * DAY)
    assert of(town, nadia, 8).due.call is Call.MISSED


def test_the_cadence_is_the_contract_s_own_terms_whatever_the_scheme_says_later(town: Town) -> None:
    person = town.person()
    with town.writing() as session:
        scheme = schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LOCKERS, name="Daily",
            terms=Terms(contact_days=1), actor="test", now=NOON,
        )  # fmt: skip
        contracts.assign(
            session, person_id=person.id, bank_id=town.bank, number=2, starts_on=TODAY, ends_on=date(2026, 12, 31),
            scheme_id=scheme.id, actor="test", now=NOON,
        )  # fmt: skip
        schemes.change_terms(session, scheme.id, Terms(contact_days=30), actor="test", now=NOON)
    assert of(town, person, 0).every_days == 1
    assert of(town, person, 2).due.call is Call.MISSED


def test_a_person_s_own_cadence_comes_first_and_counts_from_its_setting(town: Town, nadia: Person) -> None:
    with town.writing() as session:
        looking_after.set_cadence(session, nadia.id, 1, actor="test", now=NOON + 6 * DAY)
    assert (of(town, nadia, 6).every_days, of(town, nadia, 6).due.call) == (1, Call.NOTHING)
    assert of(town, nadia, 8).due.missed == 1
    with town.writing() as session:
        looking_after.set_cadence(session, nadia.id, None, actor="test", now=NOON + 8 * DAY)
    assert of(town, nadia, 60).due.call is Call.NOTHING
    assert of(town, nadia, 60).due.no_news == 60
    with town.writing() as session:
        looking_after.follow_scheme(session, nadia.id, actor="test", now=NOON + 60 * DAY)
    assert of(town, nadia, 60).every_days == 7


def test_absence_stops_the_count_until_someone_says_they_are_back(town: Town, nadia: Person) -> None:
    with town.writing() as session:
        away.leave(
            session, nadia.id, kind="hospital", from_on=TODAY, expected_on=date(2026, 7, 1), actor="test", now=NOON
        )
    assert of(town, nadia, 90).due.call is Call.AWAY
    with town.writing() as session:
        away.back(session, nadia.id, actor="test", now=NOON + 90 * DAY)
    assert of(town, nadia, 90).due.call is Call.NOTHING
    assert of(town, nadia, 98).due.call is Call.MISSED


def test_the_last_use_of_the_locker_is_shown_as_a_day_and_only_since_they_hold_it(town: Town, nadia: Person) -> None:
    seen = Observation(
        bank_id=town.bank, number=1, door="closed", since=NOON, out_of_service=False, last_opened_at=NOON - 2 * DAY,
        as_of=NOON, as_of_epoch="e", as_of_seq=1,
    )  # fmt: skip
    with town.writing() as session:
        session.add(seen)
    assert of(town, nadia, 20).last_used is None
    with town.writing() as session:
        session.get_one(Observation, (town.bank, 1)).last_opened_at = NOON + 3 * DAY
    found = of(town, nadia, 20)
    assert (found.last_used, found.due.long_silent) == (date(2026, 6, 18), True)


def test_a_worker_sees_those_most_in_need_first(town: Town, nadia: Person, ines: Staff) -> None:
    for number, name in enumerate(("Recent", "Away", "Daily"), start=2):
        person = town.person(name)
        town.assign(person, number=number)
        with town.writing() as session:
            looking_after.name_worker(session, person.id, ines.id, actor="test", now=NOON)
            if name == "Away":
                away.leave(session, person.id, kind="prison", from_on=TODAY, actor="test", now=NOON)
            if name == "Daily":
                looking_after.set_cadence(session, person.id, 1, actor="test", now=NOON)
        if name == "Recent":
            log(town, person, 8)
    assert mine(town, ines, 8) == ["Daily", "Nadia", "Recent", "Away"]
    with town.reading() as session:
        found = standing.of_site(session, town.site_id, now=NOON + 20 * DAY)
        assert [one.person.name for one in standing.to_see(found)] == ["Daily", "Nadia", "Recent"]
        assert [one.person.name for one in standing.no_news(found)] == ["Daily", "Nadia"]


def test_nobody_is_to_be_seen_whose_contract_is_over(town: Town, nadia: Person, ines: Staff) -> None:
    assert mine(town, ines, 190) == ["Nadia"]
    assert mine(town, ines, 200) == []


def test_both_of_a_couple_are_looked_after_each_by_themselves(town: Town, nadia: Person) -> None:
    other = town.person("Omar")
    with town.reading() as session:
        found = standing.of_person(session, nadia.id, now=NOON)
        assert found is not None
    with town.writing() as session:
        parties.join(session, found.contract_id, person_id=other.id, actor="test", now=NOON)
    log(town, nadia, 8)
    assert of(town, nadia, 8).due.call is Call.NOTHING
    assert of(town, other, 8).due.call is Call.MISSED


def test_naming_another_worker_moves_the_person_to_their_list_at_once(
    town: Town, nadia: Person, ines: Staff, add_worker: AddWorker
) -> None:
    paul = add_worker("Paul")
    with town.writing() as session:
        looking_after.name_worker(session, nadia.id, paul.id, actor="test", now=NOON + 1)
    assert (mine(town, ines), mine(town, paul)) == ([], ["Nadia"])


def test_nobody_is_named_who_cannot_look_after_people(town: Town, nadia: Person, add_worker: AddWorker) -> None:
    for role in ("volunteer", "technician"):
        staff = add_worker(role, role)
        with pytest.raises(ConflictError) as refused, town.writing() as session:
            looking_after.name_worker(session, nadia.id, staff.id, actor="test", now=NOON)
        assert refused.value.code == "worker"


def test_someone_whose_worker_has_left_is_listed_as_without_one(town: Town, nadia: Person, ines: Staff) -> None:
    alone = town.person("Alone")
    town.assign(alone, number=2)

    def without() -> list[str]:
        with town.reading() as session:
            return sorted(one.person.name for one in standing.without_worker(session, None, now=NOON))

    assert without() == ["Alone"]
    with town.writing() as session:  # as it could be before an account's people had to be handed on
        session.get_one(Staff, ines.id).disabled_at = NOON
    assert without() == ["Alone", "Nadia"]


def test_a_stand_in_has_the_people_of_whom_they_stand_in_for_on_those_days(
    town: Town, nadia: Person, ines: Staff, add_worker: AddWorker
) -> None:
    paul = add_worker("Paul")
    with town.writing() as session:
        stand_ins.go_on_leave(
            session, staff_id=ines.id, stand_in_id=paul.id, from_on=date(2026, 6, 16), until_on=date(2026, 6, 20),
            actor="test", now=NOON,
        )  # fmt: skip
    assert [mine(town, paul, day) for day in (0, 1, 5, 6)] == [[], ["Nadia"], ["Nadia"], []]


def test_an_organisation_sees_only_its_own_people_at_a_shared_site(town: Town, nadia: Person) -> None:
    with town.writing() as session:
        other = organisation_named(session, "Other", actor="test", now=NOON)
    with town.reading() as session:
        assert standing.of_site(session, town.site_id, organisation_id=other.id, now=NOON) == []
        assert len(standing.of_site(session, town.site_id, organisation_id=town.organisation_id, now=NOON)) == 1


def test_the_scheme_s_number_of_missed_contacts_opens_a_review_and_a_decision_closes_it(
    town: Town, nadia: Person
) -> None:
    late = NOON + 29 * DAY
    with town.reading() as session:
        assert [one.person.id for one in reviews.reviews_due(session, town.site_id, now=late)] == [nadia.id]
        assert list(reviews.reviews_due(session, town.site_id, now=late - DAY)) == []
    with town.writing() as session:
        made = reviews.decide(
            session, nadia.id, ReviewDecision.LOOK_FOR, next_on=date(2026, 7, 20), actor="ines", now=late
        )
        assert (made.why, made.missed, made.opened_by, made.decided_by) == ("missed_contacts", 4, None, "ines")
    assert of(town, nadia, 29).due.call is Call.MISSED
    assert of(town, nadia, 35).due.call is Call.REVIEW


def test_a_review_someone_asks_for_waits_for_a_decision_and_is_asked_for_once(town: Town, nadia: Person) -> None:
    with town.writing() as session:
        asked = reviews.ask(session, nadia.id, actor="test", now=NOON)
        assert reviews.ask(session, nadia.id, actor="test", now=NOON).id == asked.id
    assert of(town, nadia, 0).due.call is Call.REVIEW
    with pytest.raises(InvalidError), town.writing() as session:
        reviews.decide(session, nadia.id, ReviewDecision.GO_ON, next_on=TODAY, actor="test", now=NOON)
    with town.writing() as session:
        assert reviews.decide(session, nadia.id, ReviewDecision.GO_ON, actor="test", now=NOON).id == asked.id
    assert of(town, nadia, 0).due.call is Call.NOTHING


def test_a_decision_about_a_contract_that_is_over_neither_opens_nor_puts_off_reviews_of_a_new_one(town: Town) -> None:
    soon, far = town.person("Soon"), town.person("Far")
    for number, person, again in ((1, soon, date(2026, 7, 1)), (2, far, date(2027, 6, 1))):
        town.assign(person, number, ends_on=date(2026, 6, 30))
        with town.writing() as session:
            reviews.decide(session, person.id, ReviewDecision.GO_ON, next_on=again, actor="test", now=NOON)
    later = NOON + 60 * DAY
    for number, person in ((3, soon), (4, far)):
        town.assign(person, number, starts_on=date(2026, 8, 14), now=later)
    assert [of(town, one, 60).due.call for one in (soon, far)] == [Call.NOTHING, Call.NOTHING]
    assert [of(town, one, 60 + 29).due.call for one in (soon, far)] == [Call.REVIEW, Call.REVIEW]


def test_whom_a_clock_that_was_ahead_has_named_is_followed_by_another_once_it_is_right(
    town: Town, nadia: Person, add_worker: AddWorker
) -> None:
    paul, ana = add_worker("paul"), add_worker("ana")
    with town.writing() as session:
        looking_after.name_worker(session, nadia.id, paul.id, actor="test", now=NOON + DAY)
        looking_after.name_worker(session, nadia.id, ana.id, actor="test", now=NOON + 1)
        named = looking_after.named_worker(session, nadia.id)
        assert named is not None
        assert named.staff_id == ana.id


def test_a_cadence_that_a_clock_ahead_has_set_ends_once_it_is_right(town: Town, nadia: Person) -> None:
    with town.writing() as session:
        looking_after.set_cadence(session, nadia.id, 1, actor="test", now=NOON + DAY)
        looking_after.follow_scheme(session, nadia.id, actor="test", now=NOON + 1)
    assert of(town, nadia, 0).every_days == 7
