"""The waiting list and its offers: closed by a worker, never by a clock; eligibility with recorded exceptions."""

from datetime import date

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from gateway.audit.models import AuditRecord
from gateway.care import eligibility, offers, partners, waiting
from gateway.care.codes import (
    AttemptResult,
    ContactKind,
    Direction,
    Finding,
    LeftWhy,
    OfferOutcome,
    PartnerKind,
    ReferralResult,
    Source,
)
from gateway.care.eligibility import Found
from gateway.care.waiting import Wait
from gateway.care.waiting_models import Offer, WaitingEntry
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers.service import organisation_named
from gateway.people.models import Person
from gateway.people.service import add_person
from gateway.schemes import service as schemes
from gateway.schemes.codes import Service
from tests.unit.gateway.town import DAY, NOON, Town

BY = {"actor": "ines", "now": NOON}


@pytest.fixture
def scheme(town: Town) -> str:
    with town.writing() as session:
        return schemes.add_scheme(
            session, organisation_id=town.organisation_id, service=Service.LUGGAGE, name="Luggage", actor="t", now=NOON
        ).id


def wait(town: Town, scheme: str, person: Person, since: int = NOON, source: Source = Source.OUTREACH_ROUND) -> str:
    with town.writing() as session:
        return waiting.add_to_list(session, person.id, Wait(scheme, source), since=since, **BY).id


def offer(town: Town, entry: str, locker: tuple[str, int] | None = None, answer_by: date | None = None) -> str:
    with town.writing() as session:
        return offers.make_offer(session, entry, locker=locker, answer_by=answer_by, **BY).id


def test_who_has_waited_longest_comes_first_in_pages_that_hold_each_once(town: Town, scheme: str) -> None:
    entries = [
        wait(town, scheme, town.person(name), NOON - days * DAY)
        for name, days in zip("ABCDE", (1, 9, 5, 5, 7), strict=True)
    ]
    seen, after = [], None
    with town.reading() as session:
        while True:
            page = waiting.list_waiting(session, scheme_id=scheme, after=after, limit=2)
            seen += [one.id for one in page.items]
            after = page.next
            if after is None:
                break
        with pytest.raises(InvalidError):
            waiting.list_waiting(session, after="x")
    assert seen == [entries[number] for number in (1, 4, *sorted((2, 3), key=lambda n: entries[n]), 0)]


def test_nobody_waits_for_a_scheme_of_another_organisation(town: Town, scheme: str) -> None:
    with town.writing() as session:
        other = organisation_named(session, "Secours", actor="t", now=NOON)
        theirs = add_person(session, organisation_id=other.id, name="Zoe", actor="t", now=NOON)
    with pytest.raises(NotFoundError) as refused:
        wait(town, scheme, theirs)
    assert refused.value.code == "scheme"


def test_someone_waits_once_for_a_scheme_says_service_and_database(town: Town, scheme: str) -> None:
    person = town.person()
    wait(town, scheme, person)
    with pytest.raises(ConflictError) as refused:
        wait(town, scheme, person)
    assert refused.value.code == "waiting"
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(
            WaitingEntry(
                id=new_id(NOON), person_id=person.id, scheme_id=scheme, source="other", since=NOON, added_by="t",
                added_at=NOON,
            )
        )  # fmt: skip


def test_an_offer_past_its_day_is_only_shown_and_stays_open_until_a_worker_closes_it(town: Town, scheme: str) -> None:
    entry = wait(town, scheme, town.person())
    made = offer(town, entry, answer_by=date(2026, 6, 20))
    with town.reading() as session:
        found = session.get_one(Offer, made)
        assert [offers.to_decide(found, date(2026, 6, day)) for day in (20, 21)] == [False, True]
        assert waiting.open_offer(session.get_one(WaitingEntry, entry)) is found
    with town.writing() as session:
        closed = offers.close_offer(session, made, OfferOutcome.DECLINED, actor="ines", now=NOON + 90 * DAY)
        assert (closed.closed_by, closed.outcome) == ("ines", "declined")
        assert not offers.to_decide(closed, date(2027, 1, 1))
        assert session.get_one(WaitingEntry, entry).closed_at is None


@pytest.mark.parametrize("values", ["closed_at = 1, outcome = 'not_reached'", "closed_at = 1, closed_by = 'ines'"])
def test_the_database_refuses_an_offer_closed_by_nobody_or_without_an_outcome(
    town: Town, scheme: str, values: str
) -> None:
    offer(town, wait(town, scheme, town.person()))
    with pytest.raises(IntegrityError), town.writing() as session:
        session.execute(text(f"UPDATE offer SET {values}"))


def test_the_database_refuses_an_entry_closed_by_nobody(town: Town, scheme: str) -> None:
    wait(town, scheme, town.person())
    with pytest.raises(IntegrityError), town.writing() as session:
        session.execute(text("UPDATE waiting_entry SET closed_at = 1"))


def test_nobody_is_not_reached_whom_nobody_has_tried_to_reach(town: Town, scheme: str) -> None:
    made = offer(town, wait(town, scheme, town.person()))
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        offers.close_offer(session, made, OfferOutcome.NOT_REACHED, **BY)
    assert refused.value.code == "no_attempt"
    with town.writing() as session:
        tried = {"kind": ContactKind.PHONED, "result": AttemptResult.NOT_REACHED}
        offers.record_attempt(session, made, **tried, note="no answer at noon", **BY)
        closed = offers.close_offer(session, made, OfferOutcome.NOT_REACHED, **BY)
        assert [attempt.result for attempt in closed.attempts] == ["not_reached"]
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        offers.record_attempt(session, made, **tried, **BY)
    assert refused.value.code == "closed"


def test_a_locker_is_offered_to_one_person_at_a_time_says_service_and_database(town: Town, scheme: str) -> None:
    first, second = (wait(town, scheme, town.person(name)) for name in "AB")
    made = offer(town, first, (town.bank, 3))
    with pytest.raises(ConflictError) as refused:
        offer(town, second, (town.bank, 3))
    assert refused.value.code == "locker_offered"
    with town.reading() as session:
        locker = session.get_one(Offer, made).locker_id
    with pytest.raises(IntegrityError), town.writing() as session:
        session.add(Offer(id=new_id(NOON), entry_id=second, locker_id=locker, made_at=NOON, made_by="t"))
    with town.writing() as session:
        offers.close_offer(session, made, OfferOutcome.WITHDRAWN, **BY)
    offer(town, second, (town.bank, 3))


def test_a_locker_that_someone_has_is_not_offered(town: Town, scheme: str) -> None:
    town.assign(town.person("Has it"), number=3)
    entry = wait(town, scheme, town.person())
    with pytest.raises(ConflictError) as refused:
        offer(town, entry, (town.bank, 3))
    assert refused.value.code == "locker_taken"


def test_placed_means_a_contract_of_their_own_and_accepts_the_offer(town: Town, scheme: str) -> None:
    person, other = town.person("A"), town.person("B")
    entry = wait(town, scheme, person)
    made = offer(town, entry)
    theirs, not_theirs = town.assign(person, number=1), town.assign(other, number=2)
    for why, contract, error in (
        (LeftWhy.PLACED, None, InvalidError),
        (LeftWhy.OTHER, theirs.id, InvalidError),
        (LeftWhy.PLACED, not_theirs.id, NotFoundError),
        (LeftWhy.NOT_WANTED, None, ConflictError),
    ):
        with pytest.raises(error), town.writing() as session:
            waiting.close_entry(session, entry, why, contract_id=contract, **BY)
    with town.writing() as session:
        closed = waiting.close_entry(session, entry, LeftWhy.PLACED, contract_id=theirs.id, **BY)
        assert (closed.left_why, closed.contract_id) == ("placed", theirs.id)
        assert session.get_one(Offer, made).outcome == "accepted"
    wait(town, scheme, person)


def test_a_referral_keeps_the_partner_and_whom_to_talk_to_there(town: Town, scheme: str) -> None:
    person = town.person()
    with town.writing() as session:
        partner = partners.add_partner(
            session, organisation_id=town.organisation_id, name="Maison sociale", kind=PartnerKind.SOCIAL_SERVICES,
            contact_name="Mme Blanc", reach="03 20 00 00 00", **BY,
        )  # fmt: skip
        referral = partners.refer(session, person.id, partner.id, Direction.FROM_PARTNER, **BY)
        entry = waiting.add_to_list(session, person.id, Wait(scheme, Source.PARTNER, referral_id=referral.id), **BY)
        partners.close_referral(session, referral.id, ReferralResult.TAKEN_ON, **BY)
        partners.close_partner(session, partner.id, **BY)
    with town.reading() as session:
        assert session.get_one(WaitingEntry, entry.id).referral_id == referral.id
        found = partners.list_referrals(session, person.id).items[0]
        assert (found.partner.contact_name, found.result) == ("Mme Blanc", "taken_on")
        trail = " ".join(str(row.details) for row in session.scalars(select(AuditRecord)))
        assert "Blanc" not in trail
        assert "03 20" not in trail
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        partners.refer(session, person.id, partner.id, Direction.TO_PARTNER, **BY)
    assert refused.value.code == "partner_closed"


def test_someone_enters_without_a_condition_only_by_an_exception_of_the_scheme(town: Town, scheme: str) -> None:
    person = town.person()

    def decide(*, eligible: bool, later: int = 0, **found: Found) -> None:
        with town.writing() as session:
            eligibility.decide(session, person.id, scheme, found, eligible=eligible, actor="ines", now=NOON + later)

    met, not_met = Found(Finding.MET), Found(Finding.NOT_MET)
    with pytest.raises(ConflictError) as conflict:
        decide(eligible=True, lives_here=not_met, referred=met)
    assert conflict.value.code == "condition_not_met"
    for wrong in (
        {"lives_here": Found(Finding.EXCEPTION)},
        {"lives_here": Found(Finding.MET, "emergency")},
        {"lives_here": Found(Finding.EXCEPTION, "because")},
        {"owns_a_cat": met},
    ):
        with pytest.raises(InvalidError):
            decide(eligible=True, **wrong)
    decide(eligible=False, lives_here=not_met)
    decide(eligible=True, later=1, lives_here=Found(Finding.EXCEPTION, "passing_through"), under_way=met)
    with town.reading() as session:
        latest = eligibility.latest(session, person.id, scheme)
        assert latest is not None
        assert latest.eligible
        found = {one.condition: (one.finding, one.exception) for one in latest.findings}
        assert found == {
            "lives_here": ("exception", "passing_through"),
            "under_way": ("met", None),
            "referred": ("unknown", None),
        }
        assert len(eligibility.list_decisions(session, person.id).items) == 2
        row = session.scalars(
            select(AuditRecord).where(AuditRecord.action == "eligibility_decided").order_by(AuditRecord.id.desc())
        ).first()
        assert row is not None
        assert row.details["exceptions"] == {"lives_here": "passing_through"}
