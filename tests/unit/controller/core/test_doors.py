"""Doors: opened by a release, forced, left open, closed; sensors that cannot be believed."""

from controller.bank_config import LEFT_OPEN_AFTER_MS, BankConfig, LockerConfig
from controller.inputs import LockAccepted
from hw.ports import Coil
from tests.unit.controller.core.driver import entries, grant, make_driver, make_holder, types


def test_first_word_of_a_sensor_is_a_state_and_not_a_change() -> None:
    driver = make_driver(grant(1, 1))
    assert driver.door(1, opens=True) == []
    assert driver.door(2, opens=False) == []


def test_door_that_opens_without_a_release_is_forced() -> None:
    driver = make_holder()
    assert entries(driver.door(3, opens=True)) == [{"type": "door_forced", "locker": 3}]
    assert driver.fault_codes() == {"door_forced"}
    driver.wait(1_500)
    assert entries(driver.door(3, opens=False)) == [{"type": "door_closed", "locker": 3, "open_ms": 1_500}]
    assert driver.fault_codes() == set()


def test_latch_that_chatters_after_a_release_is_not_force() -> None:
    driver = make_holder()
    driver.tap(1)
    for opens in (True, False, True):
        driver.wait(50)
        driver.door(1, opens=opens)
    assert types(driver.effects) == ["release_intended", "released", "door_opened", "door_closed", "door_opened"]


def test_door_that_opens_long_after_its_release_is_forced() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.door(1, opens=True)
    driver.door(1, opens=False)
    driver.wait(2_001)
    assert types(driver.door(1, opens=True)) == ["door_forced"]


def test_door_left_open_is_told_once_and_ends_when_it_closes() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.door(1, opens=True)
    came = driver.wait(LEFT_OPEN_AFTER_MS * 3)
    assert entries(came) == [{"type": "door_left_open", "locker": 1, "open_ms": LEFT_OPEN_AFTER_MS}]
    assert driver.fault_codes() == {"door_left_open"}
    assert entries(driver.door(1, opens=False))[0]["open_ms"] == LEFT_OPEN_AFTER_MS * 3
    assert driver.fault_codes() == set()


def test_door_closed_in_time_is_not_left_open() -> None:
    driver = make_holder()
    driver.tap(1)
    driver.door(1, opens=True)
    driver.wait(60_000)
    driver.door(1, opens=False)
    driver.wait(60_000)
    assert entries(driver.wait(LEFT_OPEN_AFTER_MS), "door_left_open") == []


def test_nobody_wakes_for_a_door_that_has_been_shut_again() -> None:
    driver = make_holder()
    driver.wait(60_000)
    before = driver.bank.next_deadline_ms()
    driver.door(1, opens=False)
    driver.door(1, opens=True)
    assert driver.bank.next_deadline_ms() != before
    driver.door(1, opens=False)
    driver.wait(60_000)
    assert driver.bank.next_deadline_ms() == before


def test_time_left_open_begins_anew_with_each_opening() -> None:
    driver = make_holder()
    driver.door(1, opens=True)
    driver.wait(60_000)
    driver.door(1, opens=False)
    driver.door(1, opens=True)
    assert entries(driver.wait(LEFT_OPEN_AFTER_MS - 1), "door_left_open") == []
    assert entries(driver.wait(1), "door_left_open") != []


def test_door_open_since_before_the_start_is_left_open_too() -> None:
    driver = make_driver(grant(1, 1))
    driver.door(1, opens=True)
    assert types(driver.wait(LEFT_OPEN_AFTER_MS)) == ["door_left_open"]


def test_door_of_no_locker_is_no_event() -> None:
    driver = make_holder()
    assert driver.door(77, opens=True) == []
    assert driver.give(LockAccepted(77)) == []


def test_same_word_twice_is_no_change() -> None:
    driver = make_holder()
    driver.door(1, opens=True)
    assert driver.door(1, opens=True) == []


def test_bouncing_sensor_is_a_fault_and_no_flood() -> None:
    driver = make_holder()
    for _ in range(50):
        driver.door(2, opens=True)
        driver.wait(40)
        driver.door(2, opens=False)
        driver.wait(40)
    assert len(entries(driver.effects, "door_forced")) == 10
    assert [body["code"] for body in entries(driver.effects, "sensor_fault")] == ["bouncing"]
    calm = driver.wait(120_000)
    assert [body["code"] for body in entries(calm, "sensor_recovered")] == ["bouncing"]
    assert {(body["type"], body["count"]) for body in entries(calm, "suppressed")} >= {("door_forced", 40)}


def test_sensor_that_bounces_for_an_hour_fills_no_memory() -> None:
    config = BankConfig("montreuil-1", {2: LockerConfig(Coil("a", 2), "supply", 300)}, left_open_after_ms=86_400_000)
    driver = make_driver(config=config)
    sizes = []
    for _ in range(2):
        for _ in range(3_000):
            driver.door(2, opens=True)
            driver.wait(40)
            driver.door(2, opens=False)
            driver.wait(40)
        sizes.append(len(driver.bank._agenda._heap))
        driver.effects.clear()
    assert sizes[1] <= sizes[0]


def test_sensor_stuck_open_is_a_fault_and_stops_no_release() -> None:
    driver = make_driver(grant(1, 1))
    driver.door(1, opens=True)
    for _ in range(5):
        driver.tap(1)
        driver.wait(5_000)
    assert len(driver.energised) == 5
    assert entries(driver.effects, "sensor_fault") == [{"type": "sensor_fault", "locker": 1, "code": "stuck_open"}]


def test_door_events_of_releases_are_never_suppressed() -> None:
    driver = make_holder()
    for _ in range(12):
        driver.tap(1)
        driver.door(1, opens=True)
        driver.door(1, opens=False)
        driver.wait(2_500)
    assert len(entries(driver.effects, "door_opened")) == 12
    assert len(entries(driver.effects, "door_closed")) == 12
