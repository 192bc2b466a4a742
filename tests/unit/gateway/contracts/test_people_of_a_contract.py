"""Couples, trusted persons and messages: whose badges open, from when until when, and who learns what."""

import json
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from gateway.access import lists
from gateway.audit.models import AuditRecord
from gateway.badges import service as badges
from gateway.badges.models import Badge
from gateway.contracts import notices, parties, service, trusted
from gateway.contracts.models import Contract, Party, Transition
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.events.judgement import judge_releases
from gateway.events.models import Event
from gateway.people.models import Person
from tests.unit.gateway.town import DAY, NOON, TODAY, Town
from wire.access_list import AccessList
from wire.entries import Entry, EntryType

LATER = NOON + 1_000


def listed(town: Town, now: int) -> AccessList:
    with town.reading() as session:
        return lists.build(session, town.bank, version=1, now=now)


def opens(town: Town, badge: Badge, at: int, now: int | None = None) -> bool:
    """Whether a list built at `now` lets the badge open anything at `at`."""
    return any(
        line.digest == badge.digest and line.kind != "suspended" and line.not_before <= at < line.not_after
        for line in listed(town, at if now is None else now).grants
    )


def couple(town: Town) -> tuple[Contract, Person, Person, Badge, Badge]:
    one, two = town.person("Awa"), town.person("Mo")
    first, second = town.badge(one), town.badge(two)
    contract = town.assign(one)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=two.id, actor="t", now=LATER)
    return contract, one, two, first, second


def test_both_of_a_couple_open_with_their_own_badges_and_the_first_one_s_grants_stay(town: Town) -> None:
    one, two = town.person("Awa"), town.person("Mo")
    first, second = town.badge(one), town.badge(two)
    contract = town.assign(one)
    before = {line.id for line in listed(town, NOON).grants}
    assert not opens(town, second, LATER)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=two.id, actor="t", now=LATER)
    assert opens(town, first, LATER)
    assert opens(town, second, LATER)
    assert before <= {line.id for line in listed(town, LATER).grants}


def test_parting_is_immediate_and_whoever_stays_keeps_the_contract(town: Town) -> None:
    contract, one, two, first, second = couple(town)
    with town.writing() as session:
        parties.part(session, contract.id, person_id=one.id, actor="t", now=LATER + 1)
    assert not opens(town, first, LATER + 1)
    assert opens(town, second, LATER + 1)
    dead = [line for line in listed(town, LATER + 1).revoked if line.digest == first.digest]
    assert {line.why for line in dead} == {"ended"}
    with town.reading() as session:
        found = service.contract_of(session, contract.id)
        assert found.person_id == two.id
        assert [c.id for c in service.list_contracts(session, person_id=two.id, now=LATER).items] == [contract.id]
        assert not service.list_contracts(session, person_id=one.id, now=LATER + 1).items


def test_parting_tells_nobody_who_left(town: Town) -> None:
    contract, one, two, _first, _second = couple(town)
    with town.writing() as session:
        parties.part(session, contract.id, person_id=two.id, actor="t", now=LATER + 1)
    with town.reading() as session:
        lines = session.scalars(select(Transition).where(Transition.action == "part")).all()
        told = [row.details for row in session.scalars(select(AuditRecord)) if row.action == "contract_parted"]
        feed = [str(row.__dict__) for row in session.scalars(select(Event)) if "parted" in str(row.__dict__)]
    assert len(lines) == len(told) == len(feed) == 1
    for text in (str(lines[0].__dict__), str(told[0]), feed[0]):
        assert one.id not in text
        assert two.id not in text


def test_who_parts_takes_those_they_trusted_with_them(town: Town) -> None:
    contract, one, _two, _first, _second = couple(town)
    friend = town.badge()
    with town.writing() as session:
        trusted.trust(
            session, contract.id, person_id=one.id, name="A friend", from_on=TODAY, until_on=date(2026, 7, 1),
            badge_id=friend.id, actor="t", now=LATER,
        )  # fmt: skip
    assert opens(town, friend, LATER)
    with town.writing() as session:
        parties.part(session, contract.id, person_id=one.id, actor="t", now=LATER + 1)
    assert not opens(town, friend, LATER + 1)


def test_who_comes_back_opens_again_under_grants_that_were_never_revoked(town: Town) -> None:
    contract, _one, two, _first, second = couple(town)
    with town.writing() as session:
        parties.part(session, contract.id, person_id=two.id, actor="t", now=LATER + 1)
    with town.writing() as session:
        parties.join(session, contract.id, person_id=two.id, actor="t", now=LATER + DAY)
    found = listed(town, LATER + DAY)
    alive = {line.id for line in found.grants if line.digest == second.digest}
    assert alive
    assert not alive & {line.id for line in found.revoked}


def test_a_third_person_is_refused_by_the_service_and_by_the_database(town: Town) -> None:
    contract, one, _two, _first, _second = couple(town)
    third = town.person("C")
    for person_id in (third.id, one.id):
        with pytest.raises(ConflictError) as refused, town.writing() as session:
            parties.join(session, contract.id, person_id=person_id, actor="t", now=LATER)
        assert refused.value.code == "party"
    for place in (1, 2, 3):
        with pytest.raises(IntegrityError), town.writing() as session:
            session.add(Party(id=new_id(NOON), contract_id=contract.id, person_id=third.id, place=place, from_at=NOON))


def test_the_last_person_does_not_part_from_a_contract(town: Town) -> None:
    person = town.person()
    contract = town.assign(person)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        parties.part(session, contract.id, person_id=person.id, actor="t", now=LATER)
    assert refused.value.code == "last_party"
    with pytest.raises(NotFoundError), town.writing() as session:
        parties.part(session, contract.id, person_id=town.organisation_id, actor="t", now=LATER)


def test_a_trusted_person_s_badge_opens_on_their_days_only_and_the_bank_knows_them_ahead(town: Town) -> None:
    person, badge = town.person(), town.badge()
    contract = town.assign(person)
    with town.writing() as session:
        named = trusted.trust(
            session, contract.id, name="A sister", from_on=date(2026, 6, 20), until_on=date(2026, 6, 21),
            badge_id=badge.id, actor="t", now=NOON,
        )  # fmt: skip
    assert named.until_at - named.from_at == 2 * DAY
    ahead = [
        opens(town, badge, at, NOON) for at in (named.from_at - 1, named.from_at, named.until_at - 1, named.until_at)
    ]
    assert ahead == [False, True, True, False]


def test_a_suspension_holds_for_trusted_persons_too(town: Town) -> None:
    person, badge = town.person(), town.badge()
    contract = town.assign(person)
    with town.writing() as session:
        trusted.trust(
            session, contract.id, name="A sister", from_on=TODAY, until_on=date(2026, 7, 1), badge_id=badge.id,
            actor="t", now=NOON,
        )  # fmt: skip
        service.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
    assert "suspended" in {line.kind for line in listed(town, NOON).grants if line.digest == badge.digest}


def test_trust_taken_back_blocks_the_badge_at_once_and_it_is_no_stock_again(town: Town) -> None:
    person, badge = town.person(), town.badge()
    contract = town.assign(person)
    with town.writing() as session:
        named = trusted.trust(
            session, contract.id, name="A sister", from_on=TODAY, until_on=date(2026, 7, 1), badge_id=badge.id,
            actor="t", now=NOON,
        )  # fmt: skip
    with town.reading() as session:
        assert badges.state_of(badges.badge_of(session, badge.id)) == "active"
        assert not badges.list_badges(session, stock=True).items
    with pytest.raises(ConflictError), town.writing() as session:
        badges.give(session, badge.id, person_id=person.id, site_id=town.site_id, actor="t", now=NOON)
    with town.writing() as session:
        trusted.distrust(session, named.id, actor="t", now=LATER)
    assert not opens(town, badge, LATER)
    assert badge.digest in {line.digest for line in listed(town, LATER).revoked}
    with town.reading() as session:
        assert badges.badge_of(session, badge.id).revoked_at == LATER


def test_a_badge_with_an_owner_is_not_a_trusted_person_s(town: Town) -> None:
    person = town.person()
    mine = town.badge(person)
    contract = town.assign(person)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        trusted.trust(
            session, contract.id, name="A sister", from_on=TODAY, until_on=TODAY, badge_id=mine.id, actor="t", now=NOON
        )
    assert refused.value.code == "badge_in_use"
    with town.writing() as session:
        named = trusted.trust(session, contract.id, name="B", from_on=TODAY, until_on=TODAY, actor="t", now=NOON)
    with pytest.raises(IntegrityError), town.writing() as session:
        session.get_one(Badge, mine.id).trusted_id = named.id


def test_days_of_trust_that_are_over_are_refused(town: Town) -> None:
    contract = town.assign(town.person())
    with pytest.raises(InvalidError) as refused, town.writing() as session:
        trusted.trust(
            session, contract.id, name="A sister", from_on=date(2026, 6, 1), until_on=date(2026, 6, 14), actor="t",
            now=NOON,
        )  # fmt: skip
    assert refused.value.code == "dates"


def test_a_message_for_one_of_two_waits_at_the_door_for_that_one_only(town: Town) -> None:
    contract, _one, two, first, second = couple(town)
    with town.writing() as session:
        left = notices.leave(session, contract.id, why="mail", text="A letter", person_id=two.id, actor="t", now=LATER)
    waits = {line.digest: line.notice for line in listed(town, LATER).grants}
    assert waits == {first.digest: False, second.digest: True}
    with town.writing() as session:
        notices.give(session, left.id, actor="t", now=LATER + 1)
    assert not any(line.notice for line in listed(town, LATER + 1).grants)


def test_a_message_changes_no_grant_s_name_and_a_bank_opens_as_before(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    before = {line.id for line in listed(town, NOON).grants}
    with town.writing() as session:
        notices.leave(session, contract.id, why="message", actor="t", now=LATER)
    assert {line.id for line in listed(town, LATER).grants} == before
    assert opens(town, badge, LATER)


def test_names_and_messages_are_sealed_in_the_database(town: Town) -> None:
    contract = town.assign(town.person())
    with town.writing() as session:
        trusted.trust(session, contract.id, name="Zenobia", from_on=TODAY, until_on=TODAY, actor="t", now=NOON)
        notices.leave(session, contract.id, why="message", text="Zenobia called", actor="t", now=NOON)
    with town.database.engine.connect() as connection:
        rows = [
            *connection.exec_driver_sql("SELECT name FROM trusted_person").all(),
            *connection.exec_driver_sql("SELECT text FROM notice").all(),
        ]
    assert len(rows) == 2
    assert "Zenobia" not in str(rows)


def breaches(town: Town, badge: Badge, at: int) -> list[str]:
    entry = Entry(
        epoch="e", seq=1, type=EntryType.RELEASE_INTENDED, at=at, mono_ms=0, boot_id="b", clock="trusted",
        body={"release": "r", "locker": 1, "cause": "badge", "digest": badge.digest},
    )  # fmt: skip
    with town.writing() as session:
        judge_releases(session, town.bank, [entry], now=at)
        return [
            json.loads(row.body or b"")["why"] for row in session.scalars(select(Event).where(Event.kind == "breach"))
        ]


def test_a_partner_and_a_trusted_person_open_rightly_and_after_parting_it_is_a_breach(town: Town) -> None:
    contract, one, _two, first, second = couple(town)
    friend = town.badge()
    with town.writing() as session:
        trusted.trust(
            session, contract.id, person_id=one.id, name="A friend", from_on=TODAY, until_on=TODAY, badge_id=friend.id,
            actor="t", now=LATER,
        )  # fmt: skip
    for badge in (first, second, friend):
        assert breaches(town, badge, LATER + 1) == []
    assert breaches(town, friend, LATER + DAY) == ["ended"]
    with town.writing() as session:
        parties.part(session, contract.id, person_id=one.id, actor="t", now=LATER + 2 * DAY)
    assert breaches(town, second, LATER + 2 * DAY) == ["ended"]
    assert breaches(town, first, LATER + 2 * DAY) == ["ended", "ended"]
