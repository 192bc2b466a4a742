"""Manual banks: keys with their numbers, in whose hands they are, and the way from key to badge, locker by locker."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from gateway.access import lists
from gateway.access.commands import Orders, open_locker
from gateway.audit.models import AuditRecord
from gateway.db import new_id
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.lockers import keys
from gateway.lockers import service as lockers
from gateway.lockers.models import KeyHandover, MechanicalKey
from gateway.lockers.placement import require_room
from gateway.lockers.wall import lockers as wall_lockers
from tests.unit.gateway.town import NOON, Town


def keyed(town: Town, number: int = 1, key_number: str = "A 17") -> MechanicalKey:
    """A locker of the bank that opens with this key."""
    with town.writing() as session:
        keys.fit_key_lock(session, town.bank, number, actor="t", now=NOON)
        return keys.add_key(session, town.bank, number, key_number=key_number, actor="t", now=NOON)


def given(town: Town, key: MechanicalKey, contract_id: str) -> None:
    with town.writing() as session:
        keys.hand_over(session, key.id, contract_id=contract_id, actor="t", now=NOON)


def test_a_bank_without_a_controller_works_with_keys_from_the_first_day(town: Town) -> None:
    with town.writing() as session:
        lockers.add_bank(session, bank_id="clermont", site_id=town.site_id, name="Clermont", actor="t", now=NOON)
        lockers.add_lockers(session, "clermont", range(1, 13), lock="key", actor="t", now=NOON)
        key = keys.add_key(session, "clermont", 5, key_number="105", actor="t", now=NOON)
    town.bank = "clermont"
    contract = town.assign(town.person(), number=5)
    given(town, key, contract.id)
    with town.reading() as session:
        assert [(one.number, out and out.contract_id) for one, out in keys.keys_of(session, "clermont")] == [
            ("105", contract.id)
        ]
        views = {view.number: view.state for view in wall_lockers(session, lambda _bank: False, now=NOON)
                 if view.bank == "clermont"}  # fmt: skip
    assert (views[5], views[6]) == ("occupied", "free")


def test_a_key_comes_back_and_goes_to_the_next_holder(town: Town) -> None:
    key = keyed(town)
    contract = town.assign(town.person())
    given(town, key, contract.id)
    with town.writing() as session:
        back = keys.take_back(session, key.id, actor="desk", now=NOON + 1)
        assert (back.returned_at, back.taken_by) == (NOON + 1, "desk")
        actions = set(session.scalars(select(AuditRecord.action).where(AuditRecord.subject == key.id)))
    assert actions == {"key_added", "key_handed_over", "key_returned"}
    given(town, key, contract.id)


def test_one_key_is_in_one_pair_of_hands_and_the_database_says_so_too(town: Town) -> None:
    key = keyed(town)
    contract = town.assign(town.person())
    given(town, key, contract.id)
    with pytest.raises(ConflictError) as refused:
        given(town, key, contract.id)
    assert refused.value.code == "key_out"
    with pytest.raises(DBAPIError), town.writing() as session:
        session.add(KeyHandover(id=new_id(NOON), key_id=key.id, contract_id=contract.id, given_at=NOON, given_by="t"))


def test_a_key_goes_only_to_whoever_has_its_locker(town: Town) -> None:
    key = keyed(town)
    elsewhere = town.assign(town.person(), number=2)
    with pytest.raises(ConflictError) as refused:
        given(town, key, elsewhere.id)
    assert refused.value.code == "not_their_locker"
    with pytest.raises(NotFoundError):
        given(town, key, "nobody")


def test_a_locker_whose_key_is_with_an_earlier_holder_is_not_given_again(town: Town) -> None:
    key = keyed(town)
    contract = town.assign(town.person())
    given(town, key, contract.id)

    def refusal(contract_id: str) -> str | None:
        with town.reading() as session:
            locker = lockers.locker_of(session, town.bank, 1)
            try:
                require_room(session, locker, organisation_id="o", contract_id=contract_id, from_at=NOON)
            except ConflictError as error:
                return error.code
        return None

    assert refusal("another") == "key_out"
    assert refusal(contract.id) is None
    with town.writing() as session:
        keys.report_lost(session, key.id, actor="t", now=NOON)
    assert refusal("another") == "key_out"
    with town.writing() as session:
        keys.retire_key(session, key.id, actor="t", now=NOON)
    assert refusal("another") is None


def test_a_key_that_was_not_returned_is_counted_and_may_still_come_back(town: Town) -> None:
    key = keyed(town)
    given(town, key, town.assign(town.person()).id)
    with town.writing() as session:
        assert keys.report_lost(session, key.id, actor="t", now=NOON + 1).lost_at == NOON + 1
        assert keys.report_lost(session, key.id, actor="t", now=NOON + 2).lost_at == NOON + 1
        assert keys.take_back(session, key.id, actor="t", now=NOON + 3).returned_at == NOON + 3
        with pytest.raises(NotFoundError):
            keys.take_back(session, key.id, actor="t", now=NOON + 4)


def test_the_same_number_is_stamped_on_one_key_of_a_locker_only(town: Town) -> None:
    keyed(town)
    with pytest.raises(ConflictError), town.writing() as session:
        keys.add_key(session, town.bank, 1, key_number=" A 17 ", actor="t", now=NOON)
    with pytest.raises(InvalidError), town.writing() as session:
        keys.add_key(session, town.bank, 1, key_number=" ", actor="t", now=NOON)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        keys.add_key(session, town.bank, 2, key_number="B", actor="t", now=NOON)
    assert refused.value.code == "badge_lock"


def test_a_locker_goes_from_key_to_badge_under_the_same_contract(town: Town) -> None:
    key = keyed(town)
    person = town.person()
    badge = town.badge(person)
    contract = town.assign(person)
    given(town, key, contract.id)
    with town.reading() as session:
        before = lists.build(session, town.bank, version=1, now=NOON)
    assert before.grants == ()
    with town.writing() as session:
        keys.fit_badge_lock(session, town.bank, 1, actor="t", now=NOON)
    with town.reading() as session:
        after = lists.build(session, town.bank, version=1, now=NOON)
        assert keys.keys_of(session, town.bank) == []
    assert {(line.digest, line.lockers, line.not_after) for line in after.grants if line.kind == "holder"} == {
        (badge.digest, (1,), contract.until_at)
    }


def test_a_locker_that_someone_opens_by_badge_keeps_its_badge_lock(town: Town) -> None:
    town.assign(town.person())
    with pytest.raises(ConflictError) as refused:
        keyed(town)
    assert refused.value.code == "locker_taken"


def test_a_locker_with_a_key_is_not_opened_from_afar(town: Town) -> None:
    keyed(town)
    orders = Orders(beat_of=lambda _bank: None, sign=lambda payload: payload)
    with pytest.raises(ConflictError) as refused, town.writing() as session:
        open_locker(session, orders, bank_id=town.bank, number=1, reason="holder_present", actor="t", now=NOON)
    assert refused.value.code == "key_lock"
