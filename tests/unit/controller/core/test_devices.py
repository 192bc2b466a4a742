"""Devices that fail and recover: an entry each, a fault while it lasts."""

from controller.inputs import DeviceFailed, DeviceRecovered
from tests.unit.controller.core.driver import entries, make_holder
from wire.messages import Fault


def test_reader_fault_is_told_once_and_ends_with_its_recovery() -> None:
    driver = make_holder()
    came = driver.give(DeviceFailed("entrance", "reader", "unplugged"))
    assert entries(came) == [{"type": "reader_fault", "device": "entrance", "code": "unplugged"}]
    assert driver.give(DeviceFailed("entrance", "reader", "unplugged")) == []
    assert driver.fault_codes() == {"unplugged"}
    assert entries(driver.give(DeviceRecovered("entrance", "reader"))) == [
        {"type": "reader_recovered", "device": "entrance"}
    ]
    assert driver.fault_codes() == set()


def test_board_fault_and_indicator_fault_are_visible() -> None:
    driver = make_holder()
    assert entries(driver.give(DeviceFailed("a", "board", "silent")))[0]["type"] == "board_fault"
    assert driver.give(DeviceFailed("main", "indicator", "missing")) == []
    assert driver.fault_codes() == {"silent", "missing"}


def test_an_indicator_that_recovers_says_nothing_about_the_reader_of_its_name() -> None:
    driver = make_holder()
    driver.give(DeviceFailed("entrance", "reader", "unplugged"))
    driver.give(DeviceFailed("entrance", "indicator", "in_use"))
    driver.give(DeviceRecovered("entrance", "indicator"))
    assert driver.fault_codes() == {"unplugged"}


def test_two_devices_of_one_name_with_one_fault_are_one_line_until_both_have_recovered() -> None:
    driver = make_holder()
    for kind in ("reader", "indicator"):
        driver.give(DeviceFailed("entrance", kind, "unplugged"))
    assert driver.bank.faults == (Fault("entrance", "unplugged"),)
    driver.give(DeviceRecovered("entrance", "reader"))
    assert driver.bank.faults == (Fault("entrance", "unplugged"),)
    driver.give(DeviceRecovered("entrance", "indicator"))
    assert driver.bank.faults == ()


def test_a_fault_that_changes_is_told_each_time_and_only_the_last_is_in_force() -> None:
    driver = make_holder()
    for code in ("silent", "bad_reply", "silent"):
        assert entries(driver.give(DeviceFailed("a", "board", code)))[0]["code"] == code
        assert driver.bank.faults == (Fault("a", code),)


def test_flapping_device_is_suppressed() -> None:
    driver = make_holder()
    for _ in range(30):
        driver.give(DeviceFailed("a", "board", "silent"))
        driver.give(DeviceRecovered("a", "board"))
    assert len(entries(driver.effects, "board_fault")) == 10
    assert {body["count"] for body in entries(driver.wait(60_000), "suppressed")} == {20}
