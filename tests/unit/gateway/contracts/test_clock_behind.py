"""A gateway whose clock is behind shuts nobody out of a locker that is theirs by then, and has nobody look again."""

from datetime import date, timedelta

import pytest

from controller.access import AccessIndex, Granted, decide
from controller.inputs import Moment
from gateway.access import lists
from gateway.badges.models import Badge
from gateway.contracts import notices
from gateway.contracts import service as contracts
from gateway.contracts.models import Contract
from gateway.ingest.effects import take_effect
from gateway.ingest.service import Arrived, store
from tests.unit.gateway.contracts.test_withdrawn_looks import Clock, begun, emptied, lacking, told_time, withdrawn
from tests.unit.gateway.journal import Journal
from tests.unit.gateway.town import DAY, NOON, TODAY, Town

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


def comes(town: Town, badge: Badge, now: int, by: str = "badge") -> None:
    """The bank tells at `now` how they were let in at half past midnight of their first day, by its own clock."""
    with town.reading() as session:
        [grant] = [one for one in lists.build(session, town.bank, version=1, now=THERE).grants if one.id[-2:] == "h0"]
    facts = {"digest": badge.digest, "kind": "holder", "grant": grant.id}
    if by == "command":
        facts = {"command": "c", "reason": "holder_present"}
    journal = Journal().start(at=NOON)
    batch = journal.write("release_intended", THERE - 11 * HOUR, release="r", locker=1, cause=by, **facts).batch()
    with town.writing() as session:
        take_effect(session, store(session, [Arrived(town.bank, batch)], now=now), now=now)


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
