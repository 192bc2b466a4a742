"""A locker's mark ends when its time is over, also where the bank slept through that and learns the time late."""

from controller.bank_config import OutOfService
from controller.inputs import BadgePresented, Ticked
from controller.out_of_service import LOOK_EVERY_MS
from controller.timekeeping import Timekeeper, TimeState, Witness
from tests.unit.controller.core.driver import NOON, Driver, entries, grant, make_driver, number, released

HOUR = 3_600_000
BEGAN = 1_000_000  # the monotonic clock at the bank's start


def asleep_through_the_end_of_a_mark() -> tuple[Driver, Timekeeper]:
    """Marked until four hours after its power went; power comes back later, and no clock survived."""
    keeper = Timekeeper(TimeState(NOON), BEGAN, {})
    return make_driver(grant(1, 1), out_of_service={1: OutOfService("works", NOON + 4 * HOUR)}), keeper


def tap(driver: Driver, keeper: Timekeeper, after_ms: int) -> list[int]:
    """Locker 1's holder taps so long after the start."""
    driver.mono_ms = BEGAN + after_ms
    return released(
        driver.give(BadgePresented("entrance", "em4100", number(1), driver.mono_ms), keeper.moment(driver.mono_ms))
    )


def hear(keeper: Timekeeper, hours: int, *witnesses: Witness) -> None:
    """They say that it is so many hours later."""
    for witness in witnesses:
        keeper.hear(witness, NOON + hours * HOUR, BEGAN)


def test_a_mark_that_ended_while_the_power_was_away_stops_nobody_once_a_clock_says_so() -> None:
    driver, keeper = asleep_through_the_end_of_a_mark()
    assert tap(driver, keeper, 1_000) == []
    hear(keeper, 10, Witness.SYSTEM, Witness.GATEWAY)
    assert tap(driver, keeper, 20_000) == [1]


def test_one_clock_alone_is_enough_for_the_holder() -> None:
    driver, keeper = asleep_through_the_end_of_a_mark()
    hear(keeper, 24 * 365, Witness.SYSTEM)
    assert tap(driver, keeper, 20_000) == [1]


def test_a_mark_whose_end_is_still_to_come_stops_its_holder_after_a_power_cut() -> None:
    driver, keeper = asleep_through_the_end_of_a_mark()
    hear(keeper, 3, Witness.SYSTEM, Witness.GATEWAY)
    assert tap(driver, keeper, 20_000) == []


def test_the_end_that_the_power_cut_hid_is_told_within_a_minute_of_the_time_being_known() -> None:
    driver, keeper = asleep_through_the_end_of_a_mark()
    hear(keeper, 10, Witness.SYSTEM, Witness.GATEWAY)
    driver.mono_ms = BEGAN + LOOK_EVERY_MS
    came = driver.give(Ticked(), keeper.moment(driver.mono_ms))
    assert entries(came) == [{"type": "in_service", "locker": 1, "reason": "ended"}]


def test_one_clock_that_is_a_year_ahead_does_not_end_a_mark_for_good() -> None:
    keeper = Timekeeper(TimeState(NOON, credit_used_ms=24 * HOUR), BEGAN, {})
    driver = make_driver(grant(1, 1), out_of_service={1: OutOfService("works", NOON + 4 * HOUR)})
    hear(keeper, 24 * 365, Witness.SYSTEM)
    driver.mono_ms = BEGAN + LOOK_EVERY_MS
    assert driver.give(Ticked(), keeper.moment(driver.mono_ms)) == []
    keeper.lose(Witness.SYSTEM, driver.mono_ms)
    assert tap(driver, keeper, LOOK_EVERY_MS + 1) == []
