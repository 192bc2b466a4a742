"""A list from days ahead: its author's clock is wrong, and ends nobody's contract; nobody alone pushes the time."""

import pytest

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

YEAR = 365 * DAY


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


@pytest.mark.parametrize(("issued_at", "clock"), [(NOON + DAY, "trusted"), (NOON + YEAR, "floor")])
def test_a_day_may_be_the_banks_own_and_a_bank_that_nobody_tells_the_time_believes_it(
    issued_at: int, clock: str
) -> None:
    driver = make_driver(grant(1, 1), clock=clock)
    driver.receive_list(ahead(11, revoked(1, "ended"), issued_at=issued_at))
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
