"""Moving back: while the former locker is still theirs, a contract may return to it, and nobody has to look first."""

from datetime import date, timedelta

import pytest

from gateway.access import lists
from gateway.contracts import service
from gateway.contracts.holdings import MOVE_MS
from gateway.contracts.models import Contract
from gateway.errors import ConflictError
from gateway.web.cards import present_locker
from tests.unit.gateway.luggage import conftest as desk
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
office = desk.office
HOUR = 3_600_000


def move(town: Town, contract: Contract, number: int, now: int) -> Contract:
    with town.writing() as session:
        return service.move(session, contract.id, bank_id=town.bank, number=number, actor="test", now=now)


def opens(town: Town, now: int) -> dict[int, int]:
    """Until when the holder's badge opens each locker, by the list as of `now`."""
    with town.reading() as session:
        grants = lists.build(session, town.bank, version=1, now=now).grants
    return {grant.lockers[0]: grant.not_after for grant in grants if grant.kind == "holder" and grant.not_after > now}


def test_within_the_day_a_contract_moves_back_and_the_locker_it_leaves_opens_for_a_day(town: Town) -> None:
    person = town.person()
    town.badge(person)
    contract = town.assign(person)
    move(town, contract, 2, NOON)
    back = move(town, contract, 1, NOON + HOUR)
    assert opens(town, NOON + HOUR) == {1: contract.until_at, 2: NOON + HOUR + MOVE_MS}
    assert present_locker(back, NOON + HOUR).number == 1
    move(town, contract, 2, NOON + 2 * HOUR)
    assert opens(town, NOON + 2 * HOUR) == {1: NOON + 2 * HOUR + MOVE_MS, 2: contract.until_at}


def test_a_contract_that_begins_later_moves_back(town: Town) -> None:
    contract = town.assign(town.person(), starts_on=TODAY + timedelta(days=3))
    move(town, contract, 2, NOON)
    back = move(town, contract, 1, NOON + HOUR)
    held = {one.locker.number: (one.from_at, one.until_at) for one in back.holdings if one.from_at < one.until_at}
    assert held == {1: (contract.from_at, contract.collect_until)}
    with pytest.raises(ConflictError) as refused:
        move(town, contract, 1, NOON + 2 * HOUR)
    assert refused.value.code == "same_locker"


def test_nobody_moves_back_into_what_is_promised_to_someone_else_or_is_not_theirs_any_more(town: Town) -> None:
    contract = town.assign(town.person("A"))
    move(town, contract, 2, NOON)
    town.assign(town.person("B"), starts_on=TODAY + timedelta(days=3), ends_on=date(2026, 7, 1))
    with pytest.raises(ConflictError) as promised:
        move(town, contract, 1, NOON + HOUR)
    assert promised.value.code == "locker_taken"
    other = town.assign(town.person("C"), number=3)
    move(town, other, 4, NOON)
    with pytest.raises(ConflictError) as left:
        move(town, other, 3, NOON + DAY)
    assert left.value.code == "locker_not_ready"


def test_moving_back_to_a_locker_that_the_contract_waits_for_opens_it_no_sooner(town: Town) -> None:
    before = town.assign(town.person("A"), ends_on=TODAY)
    person = town.person("B")
    town.badge(person)
    first = NOON + 30 * DAY
    contract = town.assign(person, starts_on=TODAY + timedelta(days=30))
    assert before.collect_until < contract.from_at
    move(town, contract, 2, first)
    back = move(town, contract, 1, first + HOUR)
    assert [one.waits_since is None for one in back.holdings if one.until_at > first + HOUR] == [True, False]


def test_the_form_offers_the_way_back(town: Town, office) -> None:
    contract = town.assign(town.person())
    move(town, contract, 2, NOON)
    worker = office(NOON + HOUR).as_role("worker")
    shown = worker.page(f"/contracts/{contract.id}/move")
    assert "The one before, which the badge still opens: 1." in shown
    assert f'value="{town.bank}/2"' not in shown
    worker.post(f"/contracts/{contract.id}/move", locker=f"{town.bank}/1")
    with town.reading() as session:
        assert present_locker(service.contract_of(session, contract.id), NOON + HOUR).number == 1
