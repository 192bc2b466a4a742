"""Badge and PIN, staff badges at a keypad, and keypads that are absent, dead or silent: nobody is locked out by one."""

from typing import Any

import pytest

from controller.bank import BankConfig, LockerConfig
from controller.inputs import DeviceFailed, DeviceRecovered, KeyPressed
from controller.keypads import LOOKED_MS, SLOWED_MS, TYPED_WITHIN_MS
from hw.ports import Coil, Signal
from tests.unit.controller.core.driver import (
    KEY,
    Driver,
    digest,
    entries,
    grant,
    lights,
    make_driver,
    make_list,
    number,
    released,
)
from wire.access_list import Grant
from wire.pin import pin_hash


def guarded(n: int, lockers: Any, pin: str = "4711", kind: str = "holder", **fields: Any) -> Grant:
    """A grant for badge n that asks for a PIN."""
    return grant(n, lockers, kind, pin=pin_hash(KEY, digest(number(n)), pin), **fields)


def make_keypads(*grants: Grant, keypads: tuple[str, ...] = ("entrance",), **fields: Any) -> Driver:
    lockers = {n: LockerConfig(Coil("a", n), f"supply-{n}", 300) for n in range(1, 13)}
    config = BankConfig("montreuil-1", lockers, keypads=frozenset(keypads))
    return make_driver(*grants, config=config, **fields)


def whys(effects: Any) -> list[str]:
    return [entry["why"] for entry in entries(effects, "badge_refused")]


def test_badge_and_pin_open_and_the_entry_says_that_it_was_checked() -> None:
    driver = make_keypads(guarded(1, 1))
    asked = driver.tap(1)
    assert (lights(asked), entries(asked)) == ([Signal.ENTER_PIN], [])
    assert driver.keys("4711") == []
    came = driver.keys("#")
    assert (released(came), lights(came)) == ([1], [Signal.GRANTED])
    assert entries(came, "release_intended")[0]["pin"] == "checked"


def test_a_badge_without_a_pin_opens_at_once_where_others_need_one() -> None:
    driver = make_keypads(guarded(1, 1), grant(2, 2))
    came = driver.tap(2)
    assert released(came) == [2]
    assert "pin" not in entries(came, "release_intended")[0]


def test_a_wrong_pin_is_refused_and_nothing_of_it_is_written() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    came = driver.keys("8265#")
    assert (released(came), lights(came), whys(came)) == ([], [Signal.REFUSED], ["pin"])
    assert "8265" not in repr(driver.effects)
    assert "8265" not in repr(driver.bank.faults)


def test_the_star_begins_again_and_the_hash_alone_says_nothing() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    assert driver.keys("#99*#") == []
    assert released(driver.keys("4711#")) == [1]


@pytest.mark.parametrize("typed", ["47110#", "471#", "04711#", "471100000000#"])
def test_more_or_less_than_the_pin_is_wrong(typed: str) -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    assert whys(driver.keys(typed)) == ["pin"]


def test_who_types_nothing_in_time_is_refused_and_may_try_again() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    driver.keys("47")
    assert driver.wait(TYPED_WITHIN_MS - 1) == []
    came = driver.wait(1)
    assert (whys(came), lights(came)) == (["pin_missing"], [Signal.REFUSED])
    assert driver.keys("11#") == []
    driver.tap(1)
    assert released(driver.keys("4711#")) == [1]


def test_a_pin_typed_in_the_last_moment_counts() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    driver.wait(TYPED_WITHIN_MS - 1)
    assert released(driver.keys("4711#")) == [1]
    driver.wait(1_000)
    assert whys(driver.effects) == []


def test_wrong_pins_in_a_row_slow_that_badge_down_and_never_close_it() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2))
    for _ in range(3):
        driver.tap(1)
        assert whys(driver.keys("0000#")) == ["pin"]
    for _ in range(5):
        assert whys(driver.tap(1)) == ["slowed"]
        driver.wait(SLOWED_MS // 10)
    driver.tap(2)
    assert released(driver.keys("4711#")) == [2], "another badge is not slowed"
    driver.wait(SLOWED_MS)
    driver.tap(1)
    assert whys(driver.keys("0000#")) == ["pin"]
    assert whys(driver.tap(1)) == ["slowed"], "each further one costs its wait"
    driver.wait(SLOWED_MS)
    driver.tap(1)
    assert released(driver.keys("4711#")) == [1]
    driver.wait(60_000)
    driver.tap(1)
    assert whys(driver.keys("0000#")) == ["pin"], "the right one wipes the slate"
    assert lights(driver.tap(1)) == [Signal.ENTER_PIN]


def test_keys_of_another_reader_or_from_before_the_badge_do_not_count() -> None:
    driver = make_keypads(guarded(1, 1), keypads=("entrance", "yard"))
    driver.tap(1)
    assert driver.keys("4711#", reader="yard") == []
    for key in "4711#":
        assert driver.give(KeyPressed("entrance", key, driver.mono_ms - 1)) == []
    assert released(driver.keys("4711#")) == [1]


def test_two_people_at_two_readers_type_at_the_same_time() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2, "1234"), keypads=("entrance", "yard"))
    driver.tap(1, reader="entrance")
    driver.tap(2, reader="yard")
    came = []
    for left, right in zip("4711#", "1234#", strict=True):
        came += [*driver.keys(left, reader="entrance"), *driver.keys(right, reader="yard")]
    assert released(came) == [1, 2]


def test_another_badge_at_the_reader_ends_the_typing_of_the_one_before() -> None:
    driver = make_keypads(guarded(1, 1), grant(2, 2), grant(3, (1, 2), "staff"))
    driver.tap(3)
    came = driver.tap(2)
    assert (released(came), lights(came), whys(came)) == ([2], [Signal.GRANTED], ["staff_badge"])
    assert driver.keys("1#") == [], "nobody opens what the worker was asked about"


@pytest.mark.parametrize("keypads", [(), ("entrance",)])
def test_where_no_keypad_works_the_badge_alone_opens_and_the_entry_says_so(keypads: tuple[str, ...]) -> None:
    driver = make_keypads(guarded(1, 1), keypads=keypads)
    driver.give(DeviceFailed("entrance", "reader", "unplugged"))
    came = driver.tap(1, reader="side")
    assert released(came) == [1]
    assert entries(came, "release_intended")[0]["pin"] == "no_keypad"


def test_a_keypad_that_works_again_is_asked_again() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.give(DeviceFailed("entrance", "reader", "unplugged"))
    driver.give(DeviceRecovered("entrance", "reader"))
    assert lights(driver.tap(1)) == [Signal.ENTER_PIN]


def test_at_a_reader_without_a_keypad_one_is_sent_to_the_reader_that_has_one() -> None:
    driver = make_keypads(guarded(1, 1))
    came = driver.tap(1, reader="side")
    assert (released(came), whys(came), lights(came)) == ([], ["keypad"], [Signal.SEE_WORKER])


@pytest.mark.parametrize("code", ["garbage", "swapped"])
def test_foreign_cards_held_to_the_keypad_s_reader_switch_no_pin_off_elsewhere(code: str) -> None:
    driver = make_keypads(guarded(1, 1))
    driver.give(DeviceFailed("entrance", "reader", code))
    came = driver.tap(1, reader="side")
    assert (released(came), whys(came)) == ([], ["keypad"])


def test_a_keypad_on_which_nobody_can_type_is_found_dead_and_locks_nobody_out() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2))
    for n in (1, 2, 1):
        driver.tap(n)
        driver.wait(TYPED_WITHIN_MS)
    fault = {"type": "reader_fault", "device": "entrance", "code": "keypad_silent"}
    assert entries(driver.effects, "reader_fault") == [fault]
    came = driver.tap(2)
    assert (released(came), entries(came, "release_intended")[0]["pin"]) == ([2], "no_keypad")
    assert entries(driver.keys("5"))[0] == {**fault, "type": "reader_recovered"}
    driver.wait(60_000)
    assert lights(driver.tap(2)) == [Signal.ENTER_PIN]


def test_people_who_tap_again_before_their_time_is_over_find_a_dead_keypad_too() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2))
    for n in (1, 2, 1):
        assert lights(driver.tap(n)) == [Signal.ENTER_PIN]
        driver.wait(LOOKED_MS)
    came = driver.tap(2)
    assert (released(came), entries(came, "release_intended")[0]["pin"]) == ([2], "no_keypad")
    assert driver.fault_codes() == {"keypad_silent"}


def test_a_fault_of_the_reader_leaves_what_is_known_of_its_keys() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2))
    for n in (1, 2, 1):
        driver.tap(n)
        driver.wait(TYPED_WITHIN_MS)
    for code in ("garbage", "swapped"):
        driver.give(DeviceFailed("entrance", "reader", code))
        assert driver.fault_codes() == {"keypad_silent", code}
    driver.give(DeviceRecovered("entrance", "reader"))
    assert driver.fault_codes() == set()


def test_people_who_tap_over_and_over_in_haste_or_of_whom_one_typed_leave_the_keypad_alive() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2))
    for turn in range(20):
        assert lights(driver.tap(1 + turn % 2)) == [Signal.ENTER_PIN]
        driver.wait(LOOKED_MS - 1)
    for turn in range(20):
        assert lights(driver.tap(1 + turn % 2)) == [Signal.ENTER_PIN]
        if turn % 3 == 0:
            driver.keys("4")
        driver.wait(LOOKED_MS)
    assert driver.energised == []
    assert driver.fault_codes() == set()


def test_a_reader_that_fails_while_somebody_is_asked_says_nothing_of_its_keys() -> None:
    driver = make_keypads(guarded(1, 1), guarded(2, 2))
    for n in (1, 2, 1):
        driver.tap(n)
        driver.wait(LOOKED_MS)
        driver.give(DeviceFailed("entrance", "reader", "unplugged"))
        assert driver.fault_codes() == {"unplugged"}
        driver.give(DeviceRecovered("entrance", "reader"))


def test_the_finder_of_one_badge_cannot_wait_the_keypad_dead() -> None:
    driver = make_keypads(guarded(1, 1))
    for _ in range(20):
        assert lights(driver.tap(1)) == [Signal.ENTER_PIN]
        driver.wait(TYPED_WITHIN_MS)
    assert driver.energised == []


def test_a_contract_that_ends_while_the_pin_is_typed_does_not_open() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    driver.receive_list(make_list(guarded(1, 1, not_after=driver.now.at), version=11))
    came = driver.keys("4711#")
    assert (released(came), whys(came)) == ([], ["ended"])


def test_a_pin_that_is_changed_while_it_is_typed_is_asked_again() -> None:
    driver = make_keypads(guarded(1, 1))
    driver.tap(1)
    driver.receive_list(make_list(guarded(1, 1, "9999"), version=11))
    came = driver.keys("4711#")
    assert (released(came), lights(came)) == ([], [Signal.ENTER_PIN])
    assert released(driver.keys("9999#")) == [1]


def test_a_badge_with_two_lockers_opens_one_for_each_pin() -> None:
    driver = make_keypads(guarded(1, (1, 2)))
    for locker in (1, 2):
        driver.tap(1)
        assert released(driver.keys("4711#")) == [locker]


@pytest.mark.parametrize("kind", ["staff", "technician"])
def test_a_staff_badge_and_a_number_open_that_one_locker(kind: str) -> None:
    driver = make_keypads(grant(5, range(1, 13), kind), grant(1, 11))
    assert lights(driver.tap(5)) == [Signal.ENTER_PIN]
    came = driver.keys("11#")
    assert (released(came), lights(came)) == ([11], [Signal.GRANTED])
    assert entries(came, "release_intended") == [
        {
            "type": "release_intended",
            "release": "r1",
            "locker": 11,
            "cause": "badge",
            "attempt": 1,
            "grant": "g5",
            "digest": digest(number(5)),
            "kind": kind,
        }
    ]
    assert driver.keys("12#") == [], "one tap, one locker"


def test_a_staff_badge_opens_no_locker_that_its_grant_does_not_name() -> None:
    driver = make_keypads(grant(5, (1, 2), "staff"))
    for typed in ("3#", "0#", "99999#", "123456789#"):
        driver.tap(5)
        came = driver.keys(typed)
        assert (released(came), whys(came)) == ([], ["locker"])
        assert "locker" not in entries(came)[0], "it may be a PIN typed by mistake"


def test_a_staff_badge_with_a_pin_gives_the_pin_first() -> None:
    driver = make_keypads(guarded(5, (1, 2), kind="staff"))
    driver.tap(5)
    assert released(driver.keys("2#")) == []
    driver.tap(5)
    assert lights(driver.keys("4711#")) == [Signal.ENTER_PIN]
    came = driver.keys("2#")
    assert released(came) == [2]
    assert entries(came, "release_intended")[0]["pin"] == "checked"


def test_a_staff_badge_where_nobody_can_type_is_refused_as_ever() -> None:
    driver = make_keypads(grant(5, (1, 2), "staff"), keypads=())
    assert whys(driver.tap(5)) == ["staff_badge"]
    driver = make_keypads(guarded(5, (1, 2), kind="staff"), keypads=())
    came = driver.tap(5)
    assert (released(came), whys(came)) == ([], ["staff_badge"])


def test_a_staff_badge_opens_nothing_after_its_lease() -> None:
    driver = make_keypads(access_list=make_list(grant(5, (1, 2), "staff"), lease_until=1_800_000_000_000 + 5_000))
    driver.tap(5)
    driver.wait(6_000)
    assert released(driver.keys("2#")) == []
    assert whys(driver.effects) == ["locker"]


def test_ten_strangers_at_one_reader_slow_that_reader_alone() -> None:
    driver = make_keypads(grant(1, 1), keypads=())
    for n in range(100, 112):
        driver.tap(n, reader="entrance")
    assert driver.tap(1, reader="entrance") == []
    assert released(driver.tap(1, reader="yard")) == [1]
