"""A list from days ahead: its author's clock is wrong, and ends nobody's contract; nobody alone pushes the time."""

from dataclasses import dataclass, field

import pytest

from controller.carried_over import decode_carried_over
from controller.effects import StoreKept, StoreList
from controller.inputs import ListStored, Moment
from controller.timekeeping import CREDIT_MS, Timekeeper, TimeState, Witness
from tests.unit.controller.core.driver import (
    DAY,
    NOON,
    Driver,
    entries,
    grant,
    make_driver,
    make_list,
    released,
    revoked,
)
from wire.access_list import AccessList, Revoked

HOUR = 3_600_000
YEAR = 365 * DAY
BOOT = 1_000_000


def ahead(version: int, *lines: Revoked, issued_at: int = NOON + YEAR) -> AccessList:
    return make_list(version=version, issued_at=issued_at, revoked=lines)


def with_time_to_collect() -> Driver:
    """Badge 1 holds locker 1 until tomorrow, and has two weeks to collect."""
    return make_driver(
        grant(1, 1, id="holds", not_after=NOON + DAY),
        grant(1, 1, "collect", id="collects", not_before=NOON + DAY, not_after=NOON + 15 * DAY),
    )


@pytest.mark.parametrize("lines", [(), (revoked(1, "ended"),)])
def test_whom_it_calls_ended_or_forgets_opens_until_the_contract_ends(lines: tuple[Revoked, ...]) -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(ahead(11, *lines))
    assert driver.fault_codes() == {"list_ahead", "holder_vanished"}
    driver.receive_list(ahead(12, *lines))
    driver.wait(30 * DAY - 1)
    assert released(driver.tap(1)) == [1]
    driver.wait(10_000)
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "ended"


def test_it_is_told_in_the_next_life_too() -> None:
    driver = make_driver(access_list=ahead(11, issued_at=NOON + 2 * DAY), kept=b"[]")
    assert driver.fault_codes() == {"list_ahead"}


def test_a_time_to_collect_that_is_still_to_come_is_kept_too() -> None:
    driver = with_time_to_collect()
    driver.receive_list(ahead(11))
    driver.wait(15 * DAY - 1)
    assert released(driver.tap(1)) == [1]
    driver.wait(10_000)
    assert released(driver.tap(1)) == []


def test_what_it_blocks_is_blocked() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(ahead(11, revoked(1)))
    assert released(driver.tap(1)) == []


def test_the_list_of_the_clock_that_was_set_is_believed_again() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(ahead(11))
    driver.receive_list(make_list(version=12, revoked=(revoked(1, "ended"),)))
    assert released(driver.tap(1)) == []
    assert driver.fault_codes() == set()


def test_a_day_may_be_the_banks_own() -> None:
    driver = make_driver(grant(1, 1))
    driver.receive_list(ahead(11, revoked(1, "ended"), issued_at=NOON + DAY))
    assert released(driver.tap(1)) == []
    assert driver.fault_codes() == set()


@pytest.mark.parametrize("not_after", [NOON + DAY, NOON + 70 * YEAR])
def test_it_ends_no_suspension(not_after: int) -> None:
    suspension = grant(1, 1, "suspended", id="s", not_before=NOON - 1, not_after=not_after)
    driver = make_driver(grant(1, 1), suspension)
    driver.receive_list(ahead(11, revoked(1, "ended"), revoked(1, "ended", id="s")))
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "suspended"
    driver.wait(DAY)
    assert bool(released(driver.tap(1))) == (not_after == NOON + DAY)


@dataclass
class ToldTheTime(Driver):
    """A bank that hears clocks; nobody has told it the time yet."""

    keeper: Timekeeper = field(default_factory=lambda: Timekeeper(TimeState(NOON), BOOT))

    @property
    def now(self) -> Moment:
        return self.keeper.moment(self.mono_ms)

    def hears(self, witness: Witness, ahead_ms: int = 0) -> None:
        """The witness is so far ahead of the true time, which was noon at the boot."""
        self.keeper.hear(witness, NOON + self.mono_ms - BOOT + ahead_ms, self.mono_ms)


def boots(floor: int = NOON - 60_000, kept: bytes = b"[]", access_list: AccessList | None = None) -> ToldTheTime:
    """A machine without a battery clock, where badge 1 holds locker 1 by the list on disk."""
    before = make_list(grant(1, 1, not_before=NOON - 30 * DAY))
    made = make_driver(access_list=access_list or before, kept=kept)
    return ToldTheTime(made.config, made.state, keeper=Timekeeper(TimeState(floor), BOOT))


def stored(driver: Driver) -> bytes:
    return [effect for effect in driver.effects if isinstance(effect, StoreList | StoreKept)][-1].kept


@pytest.mark.parametrize("lines", [(), (revoked(1, "ended"),)])
@pytest.mark.parametrize("receipt_first", [False, True])
def test_it_ends_nobodys_way_at_a_boot_where_the_time_server_is_heard_after_it(
    lines: tuple[Revoked, ...], receipt_first: bool
) -> None:
    driver = boots()
    if receipt_first:
        driver.hears(Witness.GATEWAY, YEAR)
    driver.receive_list(ahead(11, *lines))
    driver.give(ListStored(11, durable=True))
    if not receipt_first:
        assert released(driver.tap(1)) == [1]
    driver.wait(20_000)
    driver.hears(Witness.SYSTEM)
    assert released(driver.tap(1)) == [1]
    driver.wait(4 * DAY)
    assert driver.fault_codes() == {"list_ahead", "holder_vanished"}
    assert released(driver.tap(1)) == [1]


def test_it_ends_nobodys_way_where_the_receipt_comes_before_the_time_server() -> None:
    driver = boots()
    driver.receive_list(ahead(11, revoked(1, "ended")))
    driver.hears(Witness.GATEWAY, YEAR)
    driver.wait(20_000)
    driver.hears(Witness.SYSTEM)
    assert released(driver.tap(1)) == [1]


def test_it_ends_nobodys_way_while_the_floor_waits_for_a_trusted_time() -> None:
    driver = boots(floor=NOON - HOUR)
    driver.hears(Witness.BATTERY, 3 * DAY)
    driver.wait(60_000)
    driver.hears(Witness.SYSTEM)
    driver.hears(Witness.GATEWAY)
    assert driver.now.clock == "floor"
    driver.receive_list(ahead(11, revoked(1, "ended")))
    assert driver.fault_codes() == {"list_ahead", "holder_vanished"}
    assert released(driver.tap(1)) == [1]


def test_a_clock_that_is_behind_a_floor_that_one_alone_has_moved_denies_it_too() -> None:
    driver = boots()
    driver.keeper = Timekeeper(TimeState(NOON + DAY - HOUR, CREDIT_MS), BOOT)
    driver.hears(Witness.SYSTEM)
    driver.hears(Witness.GATEWAY, YEAR)
    driver.receive_list(ahead(11, revoked(1, "ended")))
    assert released(driver.tap(1)) == [1]


def test_the_next_life_does_not_end_it_either() -> None:
    first = boots()
    first.hears(Witness.SYSTEM)
    first.receive_list(ahead(11, revoked(1, "ended")))
    driver = boots(floor=NOON, kept=stored(first), access_list=ahead(11, revoked(1, "ended")))
    assert released(driver.tap(1)) == [1]
    driver.receive_list(ahead(12, revoked(1, "ended")))
    driver.wait(DAY)
    assert released(driver.tap(1)) == [1]


@pytest.mark.parametrize("witness", [Witness.SYSTEM, Witness.GATEWAY])
def test_a_bank_that_was_away_for_days_ends_a_contract_as_soon_as_a_clock_tells_that_the_lists_day_has_come(
    witness: Witness,
) -> None:
    driver = boots(floor=NOON - 5 * DAY)
    ended = ahead(11, revoked(1, "ended"), issued_at=NOON)
    driver.receive_list(ended)
    driver.give(ListStored(11, durable=True))
    assert released(driver.tap(1)) == [1]
    assert driver.fault_codes() == set()
    driver.wait(60_000)
    driver.hears(witness)
    assert entries(driver.tap(1), "badge_refused")[0]["why"] == "ended"
    assert driver.fault_codes() == set()
    driver.wait(2 * HOUR)
    assert decode_carried_over(stored(driver)).early == ()
    again = boots(floor=NOON - 4 * DAY, kept=stored(driver), access_list=ended)
    assert released(again.tap(1)) == []


def test_a_bank_that_hears_its_gateway_alone_for_an_hour_believes_it() -> None:
    driver = boots(floor=NOON - 5 * DAY)
    driver.hears(Witness.GATEWAY)
    driver.receive_list(make_list(grant(1, 1), version=11))
    driver.wait(2 * HOUR)
    driver.receive_list(make_list(version=12, issued_at=NOON + 2 * HOUR, revoked=(revoked(1, "ended"),)))
    assert decode_carried_over(stored(driver)).early == ()
    assert released(driver.tap(1)) == []


def test_it_acts_when_its_day_has_come() -> None:
    driver = boots()
    driver.hears(Witness.SYSTEM)
    driver.hears(Witness.GATEWAY)
    driver.receive_list(ahead(11, revoked(1, "ended"), issued_at=NOON + 5 * DAY))
    driver.give(ListStored(11, durable=True))
    driver.wait(5 * DAY - HOUR)
    assert released(driver.tap(1)) == [1]
    driver.wait(2 * HOUR)
    assert released(driver.tap(1)) == []
    assert driver.fault_codes() == set()


def test_each_whom_it_ends_is_told_once_however_many_such_lists_come() -> None:
    driver = make_driver(grant(1, 1), grant(2, 2))
    for version in (11, 12, 13):
        driver.receive_list(ahead(version, revoked(1, "ended")))
    told = entries(driver.effects, "holder_vanished")
    assert [(body["grant"], body["until"]) for body in told] == [("g2", NOON + 30 * DAY), ("g1", NOON + 30 * DAY)]
