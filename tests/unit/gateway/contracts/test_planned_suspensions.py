"""Suspensions that are planned: another decision leaves them as they are, unless it is about them."""

from datetime import date

import pytest

from gateway.contracts import service
from gateway.contracts.models import Contract
from gateway.contracts.states import State, pause_ahead, pause_at, state_at
from gateway.days import day_start
from tests.unit.gateway.town import DAY, NOON, ZONE, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
WORKS = (date(2026, 7, 1), date(2026, 7, 5))


def suspend(
    town: Town, contract: Contract, until: date, start: date | None = None, *, why: str = "incident", now: int = NOON
) -> None:
    with town.writing() as session:
        service.suspend(session, contract.id, reason=why, from_on=start, review_on=until, actor="t", now=now)


def resume(town: Town, contract: Contract, now: int) -> None:
    with town.writing() as session:
        service.resume(session, contract.id, actor="t", now=now)


def state(town: Town, contract: Contract, day: date) -> str:
    """`active`, or the reason for which the contract is suspended at noon of that day."""
    at = day_start(ZONE, day) + DAY // 2
    with town.reading() as session:
        found = service.contract_of(session, contract.id)
        pause = pause_at(found, at)
        return pause.reason if pause else state_at(found, at).value


@pytest.fixture
def contract(town: Town) -> Contract:
    """Suspended for works from 1 to 5 July, planned in June."""
    made = town.assign(town.person())
    suspend(town, made, WORKS[1], WORKS[0], why="works")
    return made


@pytest.mark.parametrize("until", [date(2026, 6, 20), date(2026, 7, 3), date(2026, 8, 1)])
def test_a_suspension_now_leaves_one_that_is_planned(town: Town, contract: Contract, until: date) -> None:
    suspend(town, contract, until)
    assert state(town, contract, date(2026, 6, 16)) == "incident"
    assert state(town, contract, date(2026, 6, 25)) == ("active" if until.month == 6 else "incident")
    assert state(town, contract, date(2026, 7, 4)) == ("incident" if until.month == 8 else "works")


@pytest.mark.parametrize("until", [date(2026, 6, 20), date(2026, 8, 1)])
def test_resuming_ends_the_suspension_in_force_and_not_the_planned_one(
    town: Town, contract: Contract, until: date
) -> None:
    suspend(town, contract, until)
    resume(town, contract, NOON + DAY)
    assert state(town, contract, date(2026, 6, 17)) == "active"
    assert state(town, contract, date(2026, 7, 2)) == "works"
    assert state(town, contract, WORKS[1]) == "active"


def test_of_two_planned_the_next_is_taken_back_and_the_other_stays(town: Town, contract: Contract) -> None:
    suspend(town, contract, date(2026, 9, 5), date(2026, 9, 1), why="other")
    resume(town, contract, NOON)
    assert state(town, contract, date(2026, 7, 2)) == "active"
    assert state(town, contract, date(2026, 9, 2)) == "other"
    resume(town, contract, NOON + 1)
    assert state(town, contract, date(2026, 9, 2)) == "active"


def test_planning_again_from_the_same_day_moves_the_end(town: Town, contract: Contract) -> None:
    suspend(town, contract, date(2026, 7, 3), WORKS[0], why="works")
    assert state(town, contract, date(2026, 7, 2)) == "works"
    assert state(town, contract, date(2026, 7, 4)) == "active"


def test_an_end_takes_every_suspension_back_and_renewing_brings_none(town: Town, contract: Contract) -> None:
    suspend(town, contract, date(2026, 6, 20))
    with town.writing() as session:
        service.end(session, contract.id, reason="agreed", actor="t", now=NOON + 1)
    with town.writing() as session:
        renewed = service.renew(session, contract.id, ends_on=date(2026, 12, 31), actor="t", now=NOON + 2)
        assert state_at(renewed, NOON + 2) is State.ACTIVE
        assert pause_ahead(renewed, NOON + 2) is None
