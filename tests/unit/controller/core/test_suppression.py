"""Floods of entries: counted, and the last word of how a door stands is told all the same."""

from random import Random

import pytest

from controller.suppression import WINDOW_MS, WRITTEN_IN_WINDOW
from tests.unit.controller.core.driver import Driver, entries, make_driver, make_holder, types

_OPEN = {"door_opened": True, "door_forced": True, "door_left_open": True, "door_closed": False}


def flap(driver: Driver, times: int, locker: int = 1) -> None:
    """The door swings, and no release did it."""
    for _ in range(times):
        driver.door(locker, opens=True)
        driver.wait(100)
        driver.door(locker, opens=False)
        driver.wait(100)


def told_open(driver: Driver) -> bool:
    """What who reads the journal believes of the one door that moved."""
    return [_OPEN[name] for name in types(driver.effects) if name in _OPEN][-1]


def test_a_door_shut_after_a_flood_is_told_as_shut_though_its_opening_was_written_and_its_closing_counted() -> None:
    driver = make_holder()
    driver.door(1, opens=True)
    began = driver.mono_ms
    driver.wait(5_000)
    driver.door(1, opens=False)
    flap(driver, WRITTEN_IN_WINDOW)
    driver.wait(began + WINDOW_MS - driver.mono_ms)
    assert types(driver.door(1, opens=True)) == ["door_forced"], "its minute has begun anew"
    driver.wait(1_000)
    assert driver.door(1, opens=False) == [], "its minute has not"
    driver.wait(WINDOW_MS)
    assert not told_open(driver)
    assert driver.fault_codes() == set()


def test_a_door_that_stays_open_after_a_flood_is_told_as_forced_within_a_minute() -> None:
    driver = make_holder()
    flap(driver, WRITTEN_IN_WINDOW)
    assert driver.door(1, opens=True) == []
    came = driver.wait(WINDOW_MS)
    assert entries(came, "door_forced") == [{"type": "door_forced", "locker": 1}]
    assert told_open(driver)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_flood_the_last_that_is_told_of_a_door_is_how_it_stands(seed: int) -> None:
    chance, driver = Random(seed), make_holder()
    for turn in range(chance.randrange(21, 80)):
        driver.door(1, opens=turn % 2 == 0)
        driver.wait(chance.randrange(150, 4_000))
    driver.wait(WINDOW_MS)
    assert told_open(driver) == driver.bank.bays[1].door_open


def test_a_release_after_a_flood_is_not_overtaken_by_what_was_counted_before_it() -> None:
    driver = make_holder()
    flap(driver, WRITTEN_IN_WINDOW + 1)
    driver.tap(1)
    assert types(driver.door(1, opens=True)) == ["door_opened"]
    came = driver.wait(WINDOW_MS)
    assert entries(came, "door_closed") == []
    assert told_open(driver)


def test_what_was_counted_and_not_told_is_told_when_the_program_stops() -> None:
    driver = make_driver()
    for stranger in range(50, 62):
        driver.tap(stranger)
    flap(driver, WRITTEN_IN_WINDOW + 1, locker=2)
    last = entries(driver.bank.stop(driver.now))
    assert {"type": "badge_refused", "source": "entrance", "count": 2} in last
    assert {"type": "door_closed", "locker": 2, "open_ms": 100} in last
    assert driver.bank.stop(driver.now) == []
