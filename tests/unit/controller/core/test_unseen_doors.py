"""A door that nobody can see, as its board tells nothing: no outcome claimed, nothing retried, nobody accused."""

import pytest

from controller.bay import SEEN_AGAIN_MS
from controller.inputs import DeviceFailed, DeviceRecovered
from tests.unit.controller.core.driver import Driver, entries, make_holder, replies, types

OPEN_1 = {"locker": 1}


def blind(driver: Driver, code: str = "silent") -> None:
    driver.give(DeviceFailed("a", "board", code))


def seeing(driver: Driver) -> None:
    driver.give(DeviceRecovered("a", "board"))


def released_unseen(after_ms: int = 900) -> Driver:
    """Locker 1's board acts on a release, and tells nothing any more so long after."""
    driver = make_holder()
    driver.tap(1)
    driver.wait(after_ms)
    blind(driver)
    return driver


def test_a_release_that_nobody_saw_the_end_of_is_unknown_and_not_repeated() -> None:
    driver = released_unseen()
    came = driver.wait(60_000)
    assert types(came) == ["release_unknown"]
    assert len(driver.energised) == 1


def test_who_ordered_an_opening_that_nobody_saw_is_told_so() -> None:
    driver = make_holder()
    driver.connect()
    came = driver.order("open", args=OPEN_1)
    blind(driver)
    came += driver.wait(60_000)
    assert replies(came) == ["accepted", "released", "unknown"]


def test_a_release_of_a_door_that_is_not_seen_goes_ahead_and_its_outcome_is_unknown() -> None:
    driver = make_holder()
    blind(driver)
    came = driver.tap(1)
    came += driver.wait(60_000)
    assert types(came) == ["release_intended", "released", "release_unknown"]


def test_a_door_last_seen_open_is_not_called_open_while_nobody_sees_it() -> None:
    driver = make_holder()
    driver.door(1, opens=True)
    blind(driver)
    assert types(driver.tap(1)) == ["release_intended", "released"]
    assert types(driver.wait(2_000)) == ["release_unknown"]


def test_a_retry_that_waits_is_given_up_when_its_door_is_not_seen_any_more() -> None:
    driver = make_holder()
    driver.tap(1)
    assert types(driver.wait(2_000)) == ["not_opened"]
    blind(driver)
    seeing(driver)
    driver.wait(60_000)
    assert len(driver.energised) == 1, "somebody may have taken their things and shut the door meanwhile"


def test_a_door_seen_shut_again_after_a_moment_without_sight_gets_no_retry() -> None:
    driver = released_unseen(after_ms=300)
    seeing(driver)
    assert types(driver.wait(60_000)) == ["release_unknown"]
    assert len(driver.energised) == 1


@pytest.mark.parametrize("away_ms", [10_000, 3_600_000])
def test_a_door_found_open_when_it_is_seen_again_was_opened_by_the_release_that_went_unseen(away_ms: int) -> None:
    driver = released_unseen()
    driver.wait(away_ms)
    seeing(driver)
    driver.wait(30)
    assert entries(driver.door(1, opens=True)) == [{"type": "door_opened", "locker": 1, "release": "r1"}]
    assert "door_forced" not in driver.fault_codes()


def test_a_door_found_open_in_the_same_moment_as_its_board_is_explained_too() -> None:
    driver = released_unseen()
    driver.wait(10_000)
    assert types(driver.door(1, opens=True)) == ["door_opened"]
    seeing(driver)
    driver.door(1, opens=False)
    driver.wait(SEEN_AGAIN_MS + 1)
    assert types(driver.door(1, opens=True)) == ["door_forced"]


def test_a_door_that_no_release_went_to_was_forced_when_it_is_found_open() -> None:
    driver = released_unseen()
    driver.wait(10_000)
    seeing(driver)
    assert types(driver.door(2, opens=True)) == ["door_forced"]


def test_a_door_seen_opened_and_shut_before_sight_was_lost_was_forced_when_it_is_found_open() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.door(1, opens=True)
    driver.door(1, opens=False)
    blind(driver)
    driver.wait(10_000)
    seeing(driver)
    assert types(driver.door(1, opens=True)) == ["door_forced"]


def test_a_door_that_opens_long_after_it_is_seen_again_was_forced() -> None:
    driver = released_unseen()
    driver.wait(10_000)
    seeing(driver)
    driver.wait(SEEN_AGAIN_MS + 1)
    assert types(driver.door(1, opens=True)) == ["door_forced"]


def test_a_door_that_opens_in_time_after_a_moment_without_sight_is_an_opening_like_any_other() -> None:
    driver = released_unseen(after_ms=300)
    driver.wait(300)
    seeing(driver)
    assert types(driver.door(1, opens=True)) == ["door_opened"]
    assert types(driver.wait(60_000)) == []


def test_a_coil_that_stays_on_leaves_its_board_s_doors_seen() -> None:
    driver = make_holder()
    driver.tap(1)
    blind(driver, "stays_on")
    assert types(driver.wait(2_000)) == ["not_opened"]


def test_once_its_door_is_seen_again_a_locker_s_next_release_is_judged_and_repeated_as_ever() -> None:
    driver = released_unseen()
    driver.wait(10_000)
    seeing(driver)
    driver.tap(1)
    driver.wait(60_000)
    assert len(driver.energised) > 2
    assert "not_opened" in types(driver.effects)
