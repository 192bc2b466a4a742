"""Two sensors on a locker: shut, ajar, forced and tampered told apart, and nobody kept out by either."""

import pytest

from controller.latches import MOMENT_MS
from tests.unit.controller.core.driver import Driver, entries, grant, make_driver, released, types


def make_pair(**fields: object) -> Driver:
    """Locker 1 with both sensors, shut and seen to work: opened once by its holder and shut again."""
    driver = make_driver(grant(1, 1), releases_since_change=dict.fromkeys(range(1, 7), 0), **fields)
    driver.door(1, opens=False)
    driver.latch(1, opens=False)
    open_and_shut(driver)
    driver.wait(10_000)
    driver.effects.clear()
    return driver


def open_and_shut(driver: Driver) -> None:
    driver.tap(1)
    for sensor, opens in (("latch", True), ("door", True), ("door", False), ("latch", False)):
        driver.wait(100)
        (driver.latch if sensor == "latch" else driver.door)(1, opens=opens)


def test_a_door_opened_and_shut_in_the_ordinary_way_raises_nothing() -> None:
    driver = make_pair()
    open_and_shut(driver)
    driver.wait(10_000)
    assert types(driver.effects) == ["release_intended", "released", "door_opened", "door_closed"]
    assert driver.fault_codes() == set()


def test_a_door_closed_to_without_its_latch_is_ajar_after_a_moment_and_not_before() -> None:
    driver = make_pair()
    driver.tap(1)
    driver.latch(1, opens=True)
    driver.door(1, opens=True)
    driver.wait(5_000)
    driver.door(1, opens=False)
    assert entries(driver.wait(MOMENT_MS - 1), "door_left_open", "tamper") == []
    assert driver.fault_codes() == set()
    ajar = entries(driver.wait(1))
    assert ajar == [{"type": "door_left_open", "locker": 1, "open_ms": MOMENT_MS, "sensor": "latch", "code": "ajar"}]
    assert driver.fault_codes() == {"ajar"}
    driver.wait(1_000)
    over = entries(driver.latch(1, opens=False))
    assert over == [{"type": "door_closed", "locker": 1, "open_ms": MOMENT_MS + 1_000, "sensor": "latch"}]
    assert driver.fault_codes() == set()


def test_a_door_that_was_ajar_and_opens_was_not_forced() -> None:
    driver = make_pair()
    driver.tap(1)
    driver.latch(1, opens=True)
    driver.wait(60_000)
    assert "ajar" in driver.fault_codes()
    came = entries(driver.door(1, opens=True))
    release = entries(driver.effects, "release_intended")[0]["release"]
    assert came == [{"type": "door_opened", "locker": 1, "release": release}]
    assert driver.fault_codes() == set()


def test_a_door_that_opens_with_its_latch_pried_is_forced_and_nothing_else() -> None:
    driver = make_pair()
    driver.latch(1, opens=True)
    driver.wait(500)
    assert types(driver.door(1, opens=True)) == ["door_forced"]
    driver.wait(MOMENT_MS * 2)
    assert driver.fault_codes() == {"door_forced"}


def test_a_latch_released_behind_a_closed_door_is_tampered_with() -> None:
    driver = make_pair()
    driver.latch(1, opens=True)
    tampered = {"type": "tamper", "source": "locker 1", "locker": 1, "sensor": "latch", "code": "latch_released"}
    assert entries(driver.wait(MOMENT_MS)) == [{**tampered, "active": True}]
    assert driver.fault_codes() == {"tampered"}
    assert entries(driver.latch(1, opens=False)) == [{**tampered, "active": False}]
    assert driver.fault_codes() == set()


def test_a_door_off_its_frame_with_the_latch_engaged_is_forced_and_tampered_with() -> None:
    driver = make_pair()
    assert types(driver.door(1, opens=True)) == ["door_forced"]
    came = entries(driver.wait(MOMENT_MS))
    assert [(entry["type"], entry["code"]) for entry in came] == [("tamper", "open_while_latched")]
    assert driver.fault_codes() == {"door_forced", "tampered"}


def test_a_latch_that_never_moved_accuses_nobody_and_is_named_as_broken() -> None:
    driver = make_driver(grant(1, 1), releases_since_change={1: 0})
    driver.door(1, opens=False)
    driver.latch(1, opens=False)
    for _ in range(4):
        driver.tap(1)
        driver.door(1, opens=True)
        driver.wait(10_000)
        driver.door(1, opens=False)
        driver.wait(10_000)
    assert entries(driver.effects, "tamper") == []
    assert entries(driver.effects, "sensor_fault") == [
        {"type": "sensor_fault", "locker": 1, "code": "latch_stuck", "sensor": "latch"}
    ]
    came = entries(driver.latch(1, opens=True), "sensor_recovered")
    assert came == [{"type": "sensor_recovered", "locker": 1, "code": "latch_stuck", "sensor": "latch"}]


def test_a_cut_latch_wire_does_not_excuse_a_forced_door() -> None:
    driver = make_driver(grant(1, 1))
    driver.door(1, opens=False)
    driver.latch(1, opens=True)  # since the start: it was never seen to work
    driver.wait(10_000)
    assert types(driver.door(1, opens=True)) == ["door_forced"]


def test_a_bolt_that_is_drawn_is_not_drawn_again() -> None:
    driver = make_pair()
    driver.tap(1)
    driver.latch(1, opens=True)
    came = driver.wait(20_000)
    assert released(came) == []
    assert types(came)[0] == "not_opened"


def test_a_bolt_that_stays_in_is_tried_again() -> None:
    driver = make_pair()
    driver.tap(1)
    assert released(driver.wait(20_000)) == [1, 1]


@pytest.mark.parametrize(("door", "latch"), [(False, True), (True, False), (True, True), (False, False)])
def test_whatever_both_sensors_say_the_holder_gets_a_release(door: bool, latch: bool) -> None:
    driver = make_pair()
    driver.door(1, opens=door)
    driver.latch(1, opens=latch)
    driver.wait(60_000)
    assert released(driver.tap(1)) == [1]
