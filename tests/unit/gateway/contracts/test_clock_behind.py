"""A gateway whose clock is behind shuts nobody out of a locker that is theirs by then, and has nobody look again."""

from datetime import date, timedelta

import pytest

from controller.access import AccessIndex, Granted, decide
from controller.inputs import Moment
from gateway.access import lists
from gateway.badges.models import Badge
from gateway.contracts import deaths, notices
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.contracts.states import State, state_at
from gateway.custody import readiness
from gateway.days import local_day
from gateway.errors import ConflictError
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from gateway.lockers.service import locker_of
from tests.unit.gateway.contracts.test_withdrawn_looks import Clock, begun, emptied, lacking, told_time, withdrawn
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import DAY, NOON, TODAY, ZONE, Town

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
HOUR = DAY // 24
STARTS = TODAY + timedelta(days=5)
# Twelve hours after the first midnight of whoever has the locker now.
THERE = NOON + 5 * DAY
LEFT = THERE - 14 * HOUR
BEHIND = pytest.mark.parametrize("now", [THERE - DAY, THERE - 200 * DAY], ids=["a_day", "200_days"])


@pytest.fixture
def next_one(town: Town) -> tuple[Contract, Badge]:
    """Whoever has locker 1 once its last holder had left it, and it was looked into."""
    emptied(town, LEFT)
    person = town.person("Paul", now=LEFT)
    badge = town.badge(person, now=LEFT)
    made = town.assign(person, starts_on=STARTS, ends_on=date(2026, 12, 31), now=LEFT + HOUR)
    assert made.holdings[0].waits_since is None
    return made, badge


def opens(town: Town, badge: Badge) -> bool:
    """By the list that the bank gets now, as the bank judges it by its own clock."""
    with town.reading() as session:
        made = lists.build(session, town.bank, version=1, now=THERE)
    return isinstance(decide(badge.digest, AccessIndex(made), Moment(1, THERE, THERE, THERE, "trusted")), Granted)


def comes(town: Town, badge: Badge, now: int, by: str = "badge", number: int = 1) -> None:
    """The bank tells at `now` how they were let in at half past midnight of their first day, by its own clock."""
    with town.reading() as session:
        made = lists.build(session, town.bank, version=1, now=THERE)
        [grant] = [one for one in made.grants if one.id[-2:] == "h0" and one.lockers == (number,)]
    facts = {"digest": badge.digest, "kind": "holder", "grant": grant.id}
    if by == "command":
        facts = {"command": "c", "reason": "holder_present"}
    journal = Journal().start(at=NOON)
    batch = journal.write("release_intended", THERE - 11 * HOUR, release="r", locker=number, cause=by, **facts).batch()
    with town.writing() as session:
        take_effect(session, store(session, [Arrived(town.bank, batch)], now=now), now=now)


@pytest.fixture
def first_one(town: Town) -> tuple[Contract, Badge]:
    """Whoever has locker 2, which nobody had before, and has been let in on their first day."""
    person = town.person("Irina", now=LEFT)
    badge = town.badge(person, now=LEFT)
    made = town.assign(person, 2, starts_on=STARTS, ends_on=date(2026, 12, 31), now=LEFT + HOUR)
    comes(town, badge, THERE - 10 * HOUR, number=2)
    return made, badge


def lacks(town: Town, number: int, now: int) -> int:
    with town.reading() as session:
        return len(readiness.readiness(session, locker_of(session, town.bank, number), now).lacking)


def looked_at(town: Town, contract: Contract, now: int) -> None:
    """Staff decide something about the contract, and with it about who waits for its locker."""
    with town.writing() as session:
        notices.leave(session, contract.id, why="mail", actor="amina", now=now)


@BEHIND
def test_a_clock_that_is_behind_when_the_gateway_starts_shuts_nobody_out_and_withdraws_no_look(
    town: Town, next_one: tuple[Contract, Badge], now: int
) -> None:
    clock = Clock(now)
    steps = begun(town, clock)
    told_time(steps, THERE)
    assert opens(town, next_one[1])
    clock.now = THERE
    told_time(steps, THERE)
    assert opens(town, next_one[1])
    assert (lacking(town, THERE), withdrawn(town)) == (0, 0)


@pytest.mark.parametrize("says", ["claimed", "floor"])
def test_a_bank_that_is_not_sure_of_the_time_confirms_no_clock(
    town: Town, next_one: tuple[Contract, Badge], says: str
) -> None:
    steps = begun(town, Clock(THERE - 200 * DAY))
    told_time(steps, THERE - 200 * DAY, says)
    assert opens(town, next_one[1])
    assert withdrawn(town) == 0


@BEHIND
def test_whoever_comes_while_the_clock_is_behind_their_first_day_is_not_taken_for_the_last_holder(
    town: Town, next_one: tuple[Contract, Badge], now: int
) -> None:
    comes(town, next_one[1], now)
    assert opens(town, next_one[1])
    assert withdrawn(town) == 0


@BEHIND
@pytest.mark.parametrize("by", ["badge", "command"])
def test_what_is_decided_by_a_clock_that_is_behind_asks_nobody_again_who_has_been_let_in(
    town: Town, next_one: tuple[Contract, Badge], now: int, by: str
) -> None:
    comes(town, next_one[1], THERE - 10 * HOUR, by)
    looked_at(town, next_one[0], now)
    assert opens(town, next_one[1])


def test_whom_a_clock_that_was_a_year_behind_ended_is_told_to_the_bank_once_it_is_right(
    town: Town, next_one: tuple[Contract, Badge]
) -> None:
    made, badge = next_one
    assert opens(town, badge)
    with town.writing() as session:
        contracts.end(session, made.id, reason="prison", collect_days=0, actor="t", now=THERE - 400 * DAY)
    with town.reading() as session:
        [line] = [one for one in lists.build(session, town.bank, version=2, now=THERE).revoked if one.id[-2:] == "h0"]
    assert (line.digest, line.why) == (badge.digest, "ended")


@pytest.mark.parametrize("days", [None, 0], ids=["grace", "at_once"])
@BEHIND
def test_whoever_has_been_let_in_is_not_ended_as_if_nobody_had_come(
    town: Town, first_one: tuple[Contract, Badge], now: int, days: int | None
) -> None:
    with town.writing() as session:
        ended = contracts.end(session, first_one[0].id, reason="prison", collect_days=days, actor="t", now=now)
        assert state_at(ended, now) is (State.ENDING if days is None else State.ENDED)
        until = ended.collect_until
    assert (until == now) == (days == 0)
    assert lacks(town, 2, until) == 3
    with pytest.raises(ConflictError) as refused:
        town.assign(town.person("Paul"), 2, starts_on=local_day(ZONE, until), now=until)
    assert refused.value.code == "locker_not_ready"


@BEHIND
def test_whoever_has_been_let_in_and_moves_has_both_doors_for_a_day(
    town: Town, first_one: tuple[Contract, Badge], now: int
) -> None:
    with town.writing() as session:
        moved = contracts.move(session, first_one[0].id, bank_id=town.bank, number=3, actor="t", now=now)
        left, _ = moved.holdings
        assert left.until_at == now + DAY
    assert lacks(town, 2, now + DAY) == 3


@BEHIND
def test_whoever_has_been_let_in_and_dies_has_their_locker_frozen(
    town: Town, first_one: tuple[Contract, Badge], now: int
) -> None:
    with town.writing() as session:
        deaths.record(session, first_one[0].person_id, actor="t", now=now)
        assert contracts.contract_of(session, first_one[0].id).frozen_at == now


@BEHIND
def test_a_locker_that_is_another_s_by_a_clock_that_is_behind_is_looked_into_all_the_same(
    town: Town, next_one: tuple[Contract, Badge], now: int
) -> None:
    comes(town, next_one[1], THERE - 10 * HOUR)
    with town.writing() as session:
        contracts.end(session, next_one[0].id, reason="prison", actor="t", now=now)
    assert lacks(town, 1, THERE) == 3


def test_a_contract_that_waits_for_its_first_day_is_ended_as_if_it_had_never_been(town: Town) -> None:
    person = town.person("Irina")
    made = town.assign(person, 2, starts_on=STARTS, ends_on=date(2026, 12, 31))
    with town.writing() as session:
        ended = contracts.end(session, made.id, reason="prison", actor="t", now=NOON + DAY)
        assert ended.collect_until == NOON + DAY
    assert lacks(town, 2, NOON + DAY) == 0
