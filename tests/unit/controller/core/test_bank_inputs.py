"""The bank's own inputs: told when it begins and when it is over, and nobody kept out by any."""

import pytest

from controller.inputs import DeviceFailed, DeviceRecovered, InputChanged
from tests.unit.controller.core.driver import entries, make_holder, released


@pytest.mark.parametrize(
    ("kind", "entry", "code"),
    [
        ("tamper", {"type": "tamper", "code": "case_opened"}, "case_opened"),
        ("mains", {"type": "mains_failed"}, "mains_failed"),
        ("undervoltage", {"type": "undervoltage"}, "undervoltage"),
    ],
)
def test_an_input_is_told_when_it_begins_and_when_it_is_over(kind: str, entry: dict[str, str], code: str) -> None:
    driver = make_holder()
    assert driver.give(InputChanged("box", kind, False)) == []
    begun = entries(driver.give(InputChanged("box", kind, True)))
    assert begun == [{**entry, "source": "box", "active": True}]
    assert [(fault.source, fault.code) for fault in driver.bank.faults] == [("input box", code)]
    assert released(driver.tap(1)) == [1], "people get their belongings all the same"
    assert driver.give(InputChanged("box", kind, True)) == []
    over = entries(driver.give(InputChanged("box", kind, False)))
    assert over == [{**entry, "source": "box", "active": False}]
    assert driver.bank.faults == ()


def test_an_input_that_is_active_at_the_start_is_told() -> None:
    driver = make_holder()
    assert entries(driver.give(InputChanged("ups", "mains", True))) == [
        {"type": "mains_failed", "source": "ups", "active": True}
    ]


def test_an_input_whose_device_fails_keeps_its_state_and_shows_the_fault() -> None:
    driver = make_holder()
    driver.give(InputChanged("ups", "mains", True))
    driver.give(DeviceFailed("ups", "input", "unplugged"))
    assert driver.fault_codes() == {"mains_failed", "unplugged"}
    driver.give(DeviceRecovered("ups", "input"))
    assert driver.fault_codes() == {"mains_failed"}


def test_an_input_that_flickers_does_not_flood_the_journal() -> None:
    driver = make_holder()
    for _ in range(50):
        driver.give(InputChanged("box", "tamper", True))
        driver.give(InputChanged("box", "tamper", False))
    assert len(entries(driver.effects, "tamper")) == 10
    assert entries(driver.wait(60_000)) == [
        {"type": "tamper", "source": "box", "code": "case_opened", "active": False},
        {"type": "tamper", "source": "box", "count": 89},
    ], "shut, as it is now"
