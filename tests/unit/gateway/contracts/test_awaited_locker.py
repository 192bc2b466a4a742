"""A contract planned for later opens nothing before its locker is known to be empty; whoever is inside stays inside."""

from datetime import date, timedelta

import pytest

from controller.access import AccessIndex, Denied, Granted, decide
from controller.inputs import Moment
from gateway.access import lists
from gateway.badges.models import Badge
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.custody import readiness
from gateway.custody import service as custodies
from gateway.custody.codes import Check
from gateway.custody.waiting import awaited
from gateway.days import day_start
from gateway.lockers import wall
from gateway.lockers.service import locker_of
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
LAST = TODAY + timedelta(days=10)
# The earlier contract's last day, and fourteen days to collect.
FIRST = LAST + timedelta(days=15)
BEGINS = day_start(ZONE, FIRST)


def judged(town: Town, badge: Badge, at: int, listed_at: int) -> Granted | Denied:
    """What the controller says at `at` with the list of `listed_at`."""
    with town.reading() as session:
        found = lists.build(session, town.bank, version=1, now=listed_at)
    return decide(badge.digest, AccessIndex(found), Moment(at, at, at, at, "trusted"))


def confirm(town: Town, now: int, *checks: Check) -> None:
    with town.writing() as session:
        readiness.confirm(session, locker_of(session, town.bank, 1), checks or tuple(Check), actor="test", now=now)


def waiting(town: Town, now: int) -> list[tuple[str, list[str]]]:
    with town.reading() as session:
        return [(one.contract.id, [check.value for check in one.found.lacking]) for one in awaited(session, now)]


@pytest.fixture
def first(town: Town) -> tuple[Contract, Badge]:
    person = town.person("Nadia")
    badge = town.badge(person)
    return town.assign(person, ends_on=LAST), badge


@pytest.fixture
def second(town: Town, first: tuple[Contract, Badge]) -> tuple[Contract, Badge]:
    """Planned for the day after the first one's time to collect, while the first one has the locker."""
    person = town.person("Paul")
    badge = town.badge(person)
    return town.assign(person, starts_on=FIRST, ends_on=date(2026, 12, 31)), badge


def test_a_planned_contract_opens_nothing_while_another_s_things_may_be_inside(
    town: Town, first: tuple[Contract, Badge], second: tuple[Contract, Badge]
) -> None:
    for listed_at in (NOON, BEGINS, BEGINS + DAY):  # the list of weeks ago, offline, or one of today
        told = judged(town, second[1], BEGINS + DAY, listed_at)
        assert isinstance(told, Denied)
        assert told.why == "suspended"
    assert isinstance(judged(town, first[1], NOON, NOON), Granted)


def test_staff_see_what_starts_while_its_locker_is_not_ready(town: Town, second: tuple[Contract, Badge]) -> None:
    assert waiting(town, NOON) == []
    assert waiting(town, BEGINS - DAY) == [(second[0].id, [])]  # its present holder still collects
    assert waiting(town, BEGINS) == [(second[0].id, ["empty", "cleaned", "lock"])]
    confirm(town, BEGINS + 1, Check.EMPTY)
    assert waiting(town, BEGINS + 2) == [(second[0].id, ["cleaned", "lock"])]
    confirm(town, BEGINS + 3)
    assert waiting(town, BEGINS + 4) == []


@pytest.mark.parametrize("seen_at", [BEGINS - DAY // 4, BEGINS + DAY])
def test_confirming_the_locker_lets_the_next_one_in(town: Town, second: tuple[Contract, Badge], seen_at: int) -> None:
    # The time to collect is over at the beginning of the day on which the second contract starts: end it a day before.
    with town.writing() as session:
        contracts.confirm_emptied(session, _first_id(town), actor="test", now=BEGINS - DAY)
    confirm(town, seen_at)
    assert isinstance(judged(town, second[1], BEGINS + 2 * DAY, seen_at), Granted)
    early = judged(town, second[1], BEGINS - 1, seen_at)
    assert isinstance(early, Denied)
    assert early.why == "not_yet"


def test_the_wall_says_to_be_emptied_although_the_next_contract_has_begun(
    town: Town, second: tuple[Contract, Badge]
) -> None:
    def state() -> str:
        with town.reading() as session:
            return wall.lockers(session, lambda _bank: True, now=BEGINS + DAY)[0].occupancy

    assert state() == "to_empty"
    confirm(town, BEGINS + 1)
    assert state() == "occupied"


def test_what_the_first_one_left_is_taken_out_although_the_second_contract_has_begun(
    town: Town, first: tuple[Contract, Badge], second: tuple[Contract, Badge]
) -> None:
    with town.writing() as session:
        custody = custodies.begin(session, first[0].id, actor="test", now=BEGINS + 1)
        custodies.nothing_left(session, custody.id, actor="test", now=BEGINS + 2)
    confirm(town, BEGINS + 3, Check.CLEANED, Check.LOCK)
    assert isinstance(judged(town, second[1], BEGINS + 4, BEGINS + 4), Granted)


def test_whoever_was_let_in_is_never_asked_again(town: Town, second: tuple[Contract, Badge]) -> None:
    confirm(town, BEGINS + 1)
    person = town.person("Third")
    later = date(2027, 6, 1)
    third = town.assign(person, starts_on=later, ends_on=later + timedelta(days=30), now=BEGINS + 2)
    with town.writing() as session:
        for turn in range(3, 6):
            readiness.look_again(session, locker_of(session, town.bank, 1), BEGINS + turn)
    assert isinstance(judged(town, second[1], BEGINS + DAY, BEGINS + DAY), Granted)
    with town.reading() as session:
        assert contracts.contract_of(session, third.id).holdings[0].waits_since == BEGINS + 2


def test_a_contract_that_begins_before_a_planned_one_makes_it_wait(town: Town) -> None:
    planned = town.person("Planned")
    badge = town.badge(planned)
    town.assign(planned, starts_on=FIRST, ends_on=date(2026, 12, 31))
    assert isinstance(judged(town, badge, BEGINS, NOON), Granted)  # the locker was never held
    between = town.assign(town.person("Between"), ends_on=LAST)
    assert isinstance(judged(town, badge, BEGINS, NOON), Denied)
    with town.writing() as session:
        contracts.end(session, between.id, reason="other", collect_days=0, actor="test", now=NOON + 1)
    assert isinstance(judged(town, badge, BEGINS, NOON + 1), Denied)
    confirm(town, NOON + 2)
    assert isinstance(judged(town, badge, BEGINS, NOON + 2), Granted)


def test_a_planned_contract_before_it_that_never_began_leaves_nothing_to_wait_for(town: Town) -> None:
    planned = town.person("Planned")
    badge = town.badge(planned)
    never = town.assign(town.person("Never"), starts_on=TODAY + timedelta(days=2), ends_on=LAST)
    town.assign(planned, starts_on=FIRST, ends_on=date(2026, 12, 31))
    assert isinstance(judged(town, badge, BEGINS, NOON), Denied)
    with town.writing() as session:
        contracts.end(session, never.id, reason="other", actor="test", now=NOON + 1)
    assert isinstance(judged(town, badge, BEGINS, NOON + 1), Granted)


def _first_id(town: Town) -> str:
    with town.reading() as session:
        return contracts.list_contracts(session, bank_id=town.bank, now=NOON).items[0].id
