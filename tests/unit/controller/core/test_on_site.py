"""What a technician orders standing at the bank: opened by the rules of any release, lit, and blinked at."""

from collections.abc import Iterable

import pytest

from controller.bank import BankConfig, LockerConfig
from controller.effects import Effect, Light
from controller.inputs import IdentifyOrdered, IntentDurable, OpenOrdered
from hw.ports import Coil, Signal
from tests.unit.controller.core.driver import (
    Driver,
    entries,
    grant,
    lights,
    make_driver,
    make_holder,
    make_list,
    released,
    replies,
    types,
)

ORDER = "019eb8d5-9000-7c3e-8a51-0d2f4b6a8c01"


def order(driver: Driver, locker: int, reason: str = "maintenance") -> list[Effect]:
    return driver.give(OpenOrdered(ORDER, locker, reason, "technician"))


def make_lit(*lit: int) -> Driver:
    lockers = {n: LockerConfig(Coil("a", n), "supply", 300) for n in (1, 2)}
    config = BankConfig("montreuil-1", lockers, lit=frozenset(lit))
    return make_driver(grant(1, 1), grant(2, 2), config=config)


def switched(effects: Iterable[Effect]) -> list[bool]:
    return [effect.on for effect in effects if isinstance(effect, Light)]


def test_an_empty_locker_opens_for_maintenance_with_an_entry_an_intent_and_its_life_told() -> None:
    driver = make_holder()
    came = [*order(driver, 4), *driver.door(4, opens=True)]
    told = {"command": ORDER, "locker": 4, "requested_by": "technician", "reason": "maintenance", "origin": "on_site"}
    assert entries(came, "command_accepted") == [{"type": "command_accepted", "kind": "open", **told}]
    intent = {"type": "release_intended", "release": "r1", "cause": "command", "attempt": 1, **told}
    assert entries(came, "release_intended") == [intent]
    assert replies(came) == ["accepted", "released", "opened"]
    assert released(came) == [4]


@pytest.mark.parametrize("kind", ["holder", "collect", "suspended"])
def test_a_locker_that_someone_holds_stays_shut_for_a_technician(kind: str) -> None:
    driver = make_driver(grant(1, 1, kind))
    for reason in ("maintenance", "commissioning", "inspection", "leave_mail"):
        came = order(driver, 1, reason)
        assert (released(came), replies(came)) == ([], ["refused:held"])
        assert entries(came, "command_refused")[0]["why"] == "held"


@pytest.mark.parametrize("reason", ["holder_present", "someone_inside", "emergency"])
def test_a_locker_that_someone_holds_opens_for_its_holder_and_where_waiting_does_harm(reason: str) -> None:
    assert released(order(make_holder(), 1, reason)) == [1]


def test_a_locker_that_is_given_to_someone_while_the_order_waits_stays_shut() -> None:
    driver = make_driver(durable=False)
    assert replies(order(driver, 3)) == ["accepted"]
    driver.durable = True
    driver.receive_list(make_list(grant(1, 3), version=11))
    came = driver.give(IntentDurable("r1"))
    assert (released(came), replies(came)) == ([], ["refused:held"])


def test_an_order_that_makes_no_sense_is_refused_and_says_why() -> None:
    driver = make_holder(boards=False)
    assert replies(order(driver, 99)) == ["refused:locker"]
    assert replies(order(driver, 2, "because")) == ["refused:reason"]
    assert "locker" not in entries(order(driver, 99), "command_refused")[0]
    order(driver, 2)
    assert replies(order(driver, 2)) == ["refused:busy"]


def test_an_order_that_no_board_takes_tells_so() -> None:
    driver = make_holder(boards=False)
    order(driver, 2)
    assert replies(driver.wait(10_000)) == ["not_opened"]


def test_the_bank_blinks_for_as_long_as_asked() -> None:
    driver = make_holder()
    came = [*driver.give(IdentifyOrdered(25)), *driver.wait(24_999)]
    assert lights(came) == [Signal.IDENTIFY] * 3
    assert lights(driver.wait(1)) == [Signal.IDLE]
    assert driver.wait(60_000) == []


def test_one_locker_blinks_and_ends_dark() -> None:
    driver = make_lit(1)
    came = [*driver.give(IdentifyOrdered(2, 1)), *driver.wait(5_000)]
    assert switched(came) == [True, False, True, False, False]
    assert lights(came) == []
    assert switched(driver.give(IdentifyOrdered(2, 2))) == [], "a locker without a light"


def test_the_light_of_a_locker_burns_from_its_release_until_its_door_is_shut() -> None:
    driver = make_lit(1)
    driver.door(1, opens=False)
    assert switched(driver.tap(1)) == [True]
    driver.door(1, opens=True)
    assert switched(driver.door(1, opens=False)) == [False]
    assert switched(driver.wait(60_000)) == []
    assert switched(driver.tap(2)) == [], "a locker without a light"


def test_the_light_of_a_door_that_nobody_opens_goes_out() -> None:
    driver = make_lit(1)
    assert switched([*driver.tap(1), *driver.wait(29_999)])[-1] is True
    assert switched(driver.wait(10_000)) == [False]


def test_a_release_takes_the_light_over_from_blinking() -> None:
    driver = make_lit(1)
    driver.door(1, opens=False)
    driver.give(IdentifyOrdered(60, 1))
    driver.tap(1)
    driver.door(1, opens=True)
    assert switched(driver.wait(20_000)) == []
    assert types(driver.effects)[-1] == "door_opened"
