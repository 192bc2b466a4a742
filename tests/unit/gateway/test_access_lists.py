"""Access lists: complete, stable, signed, and never a surprise for someone's belongings."""

from datetime import date

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.access import lists
from gateway.access.changes import AccessChanged
from gateway.access.models import CarriedRevocation, IssuedList
from gateway.access.service import register_badge
from gateway.badges import service as badges
from gateway.contracts import service as contracts
from gateway.contracts.holdings import MOVE_MS
from gateway.staff import closing
from gateway.staff import service as accounts
from tests.unit.gateway.town import DAY, NOON, Town
from wire.access_list import AccessList, decode_access_list, list_hash
from wire.envelope import key_id, verify
from wire.errors import MessageError
from wire.limits import LEASE_MS
from wire.topics import Topic


def issue(town: Town, now: int = NOON) -> IssuedList:
    with town.writing() as session:
        return lists.issue(session, town.bank, lambda payload: town.keystore.sign(Topic.ACCESS, payload), now=now)


def current(town: Town, now: int = NOON) -> AccessList:
    with town.reading() as session:
        return lists.build(session, town.bank, version=1, now=now)


def kinds(found: AccessList, digest: str) -> dict[str, tuple[int, int]]:
    return {line.kind: (line.not_before, line.not_after) for line in found.grants if line.digest == digest}


def test_a_contract_gives_its_holder_and_then_time_to_collect_with_every_date(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person, starts_on=date(2026, 7, 1))
    found = kinds(current(town), badge.digest)
    assert found == {
        "holder": (contract.from_at, contract.until_at),
        "collect": (contract.until_at, contract.collect_until),
    }


def test_a_suspension_is_listed_with_its_end_and_the_holder_s_grant_stays_beneath(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        until = (
            contracts.suspend(session, contract.id, reason="other", review_on=date(2026, 7, 1), actor="t", now=NOON)
            .suspensions[0]
            .until_at
        )
    found = kinds(current(town), badge.digest)
    assert found["suspended"] == (NOON, until)
    assert found["holder"] == (contract.from_at, contract.until_at)
    with town.writing() as session:
        contracts.resume(session, contract.id, actor="t", now=NOON + 1)
    assert "suspended" not in kinds(current(town, NOON + 1), badge.digest)


def test_every_grant_that_was_listed_is_listed_again_or_revoked_by_the_same_id(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    before = {line.id for line in current(town).grants}
    with town.writing() as session:
        contracts.end(session, contract.id, reason="agreed", actor="t", now=NOON + 1)
    collecting = current(town, NOON + 1)
    assert {line.id for line in collecting.grants} == before
    assert kinds(collecting, badge.digest)["holder"][1] == NOON + 1
    with town.writing() as session:
        contracts.confirm_emptied(session, contract.id, actor="t", now=NOON + 2)
    over = current(town, NOON + 2)
    assert not over.grants
    assert {line.id for line in over.revoked} == before
    assert {line.why for line in over.revoked} == {"ended"}


def test_a_revoked_badge_is_listed_as_revoked_for_90_days(town: Town) -> None:
    person = town.person()
    lost, other = town.badge(person), town.badge(person)
    town.assign(person)
    with town.writing() as session:
        badges.revoke(session, lost.id, reason="lost", actor="t", now=NOON)
    found = current(town, NOON)
    assert {line.digest for line in found.grants} == {other.digest}
    assert {(line.digest, line.why) for line in found.revoked} == {(lost.digest, "revoked")}
    assert not current(town, NOON + 91 * DAY).revoked


def test_a_list_is_signed_and_every_controller_can_read_it(town: Town) -> None:
    person = town.person()
    town.badge(person)
    town.assign(person)
    issued = issue(town)
    public = town.keystore.signing_public
    keys = {key_id(public): Ed25519PublicKey.from_public_bytes(public)}
    payload = verify(issued.envelope or b"", Topic.ACCESS, keys)
    decoded = decode_access_list(payload)
    assert (decoded.version, list_hash(payload)) == (issued.version, issued.hash)
    assert len(decoded.grants) == 2
    assert decoded.badge_keys == (decoded.grants[0].key,)


def test_nothing_new_means_no_new_list_until_the_lease_is_at_half(town: Town) -> None:
    first = issue(town)
    assert issue(town, NOON + DAY).version == first.version
    renewed = issue(town, NOON + LEASE_MS // 2)
    assert renewed.version == NOON + LEASE_MS // 2
    assert renewed.lease_until == renewed.version + LEASE_MS


def test_a_list_of_a_clock_that_was_ahead_is_made_anew_once_that_is_set(town: Town) -> None:
    ahead = issue(town, NOON + 400 * DAY)
    found = issue(town)
    assert (found.version, found.lease_until) == (ahead.version + 1, NOON + LEASE_MS)
    assert issue(town, NOON - 60_000).version == found.version


def test_versions_rise_even_if_the_clock_goes_back(town: Town) -> None:
    first = issue(town)
    person = town.person()
    town.badge(person)
    town.assign(person)
    assert issue(town, NOON - DAY).version == first.version + 1


def test_names_and_numbers_never_stand_in_a_list(town: Town) -> None:
    person = town.person("Nadia Benali")
    town.badge(person, number="em4100:62E3086CED")
    town.assign(person)
    text = msgspec.json.encode(current(town)).decode()
    assert "Nadia" not in text
    assert "62E3086CED" not in text


def test_sixty_lockers_are_a_small_list(town: Town) -> None:
    with town.writing() as session:
        from gateway.lockers.service import add_lockers

        add_lockers(session, town.bank, range(1, 61), actor="t", now=NOON)
    for number in range(1, 61):
        person = town.person()
        town.assign(person, number=number, badge=town.badge())
    assert len(msgspec.json.encode(current(town))) < 32_000


def test_a_list_that_the_controller_would_refuse_is_neither_signed_nor_issued(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = current(town)
    broken = msgspec.structs.replace(good, version=NOON, zone="Mars/Base")
    monkeypatch.setattr(lists, "build", lambda *_args, **_more: broken)
    signed: list[bytes] = []
    with pytest.raises(MessageError), town.writing() as session:
        lists.issue(session, town.bank, lambda payload: signed.append(payload) or payload, now=NOON)  # type: ignore[func-returns-value]
    assert signed == []
    with town.reading() as session:
        assert session.get(IssuedList, (town.bank, NOON)) is None


def test_a_revocation_learnt_from_the_bank_wins_over_a_badge_that_lives_here(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    town.assign(person)
    holder = next(line for line in current(town).grants if line.kind == "holder")
    with town.writing() as session:
        session.add(
            CarriedRevocation(
                bank_id=town.bank, grant_id=holder.id, digest=badge.digest, why="revoked", until_at=NOON + DAY
            )
        )
    found = current(town)
    assert holder.id not in {line.id for line in found.grants}
    assert [(line.id, line.why) for line in found.revoked] == [(holder.id, "revoked")]


def test_after_a_move_the_former_locker_opens_for_a_day_and_no_longer(town: Town) -> None:
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    with town.writing() as session:
        contracts.move(session, contract.id, bank_id=town.bank, number=2, actor="t", now=NOON)
    ends = {
        (line.kind, line.lockers): line.not_after
        for line in current(town).grants
        if line.digest == badge.digest and line.not_before < line.not_after
    }
    assert {key: end for key, end in ends.items() if key[1] == (1,)} == {("holder", (1,)): NOON + MOVE_MS}
    assert ends["holder", (2,)] == contract.until_at


def test_the_badge_of_a_disabled_account_is_dead_at_once(town: Town) -> None:
    with town.writing() as session:
        member = accounts.add_staff(session, email="t@e.org", name="T", password="x" * 12, actor="t", now=NOON)
        register_badge(
            session, town.keystore, site_id=town.site_id, number="em4100:00000000FE", label="T-1",
            staff_id=member.id, actor="t", now=NOON,
        )  # fmt: skip
    listed = {line.id for line in current(town).grants}
    assert listed
    news: list[object] = []
    town.database.listeners.append(news.append)
    with town.writing() as session:
        closing.close_account(session, member.id, actor="t", now=NOON + 1)
    assert AccessChanged(town.bank) in news
    found = current(town, NOON + 1)
    assert (found.grants, {line.id for line in found.revoked}) == ((), listed)
