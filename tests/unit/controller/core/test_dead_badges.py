"""A badge that a list once called dead never counts again, whatever later lists say of it."""

import msgspec
import pytest

from controller.access import CarriedOver, DeadBadge
from controller.carried_over import decode_carried_over
from controller.effects import StoreList
from tests.unit.controller.core.driver import (
    DAY,
    NOON,
    Driver,
    digest,
    entries,
    grant,
    make_driver,
    make_list,
    number,
    released,
    revoked,
)
from wire.access_list import AccessList
from wire.limits import REVOKED_KEPT_MS


def stored(driver: Driver) -> bytes:
    return [effect for effect in driver.effects if isinstance(effect, StoreList)][-1].kept


def blocked(*later: AccessList, why: str = "revoked") -> Driver:
    """Badge 1 of locker 1 was blocked by list 11; then came these."""
    driver = make_driver(grant(1, 1), grant(2, 2))
    driver.receive_list(make_list(grant(2, 2), version=11, revoked=(revoked(1, why),)))
    for access_list in later:
        driver.receive_list(access_list)
    return driver


@pytest.mark.parametrize("why", ["revoked", "replaced"])
def test_a_newer_list_that_knows_nothing_of_it_does_not_bring_it_back(why: str) -> None:
    driver = blocked(make_list(grant(1, 1), grant(2, 2), version=12), why=why)
    assert [(body["why"], body["grant"]) for body in entries(driver.tap(1), "badge_refused")] == [(why, "g1")]
    assert driver.fault_codes() == {"badges_revived"}
    assert released(driver.tap(2)) == [2]


def test_not_even_after_a_list_that_does_not_speak_of_it() -> None:
    driver = blocked(make_list(version=12), make_list(grant(1, 1), version=13))
    assert released(driver.tap(1)) == []


def test_nor_in_the_next_life() -> None:
    later = make_list(grant(1, 1), grant(2, 2), version=12)
    driver = make_driver(access_list=later, kept=stored(blocked(later)))
    assert released(driver.tap(1)) == []
    assert driver.fault_codes() == {"badges_revived"}


def test_the_badge_given_out_again_under_another_grant_opens() -> None:
    driver = blocked(make_list(grant(1, 3, id="given-again"), grant(2, 2), version=12))
    assert released(driver.tap(1)) == [3]
    assert driver.fault_codes() == set()


def test_a_grant_that_had_only_ended_may_live_again() -> None:
    driver = blocked(make_list(grant(1, 1), version=12), why="ended")
    assert released(driver.tap(1)) == [1]


def test_a_list_that_says_so_itself_takes_it_over_and_the_fault_ends() -> None:
    said = make_list(grant(2, 2), version=13, revoked=(revoked(1),))
    driver = blocked(make_list(grant(1, 1), grant(2, 2), version=12), said)
    assert decode_carried_over(stored(driver)).dead == ()
    assert driver.fault_codes() == set()


def test_who_is_dead_is_not_kept_as_a_holder_who_vanished() -> None:
    driver = blocked(make_list(grant(1, 1), version=12), make_list(version=13))
    assert [body["grant"] for body in entries(driver.effects, "holder_vanished")] == ["g2"]
    assert released(driver.tap(1)) == []


def test_it_is_carried_for_as_long_as_a_gateway_repeats_a_revocation() -> None:
    driver = blocked(make_list(version=12))
    line = DeadBadge("g1", digest(number(1)), "revoked", NOON + REVOKED_KEPT_MS)
    assert decode_carried_over(stored(driver)) == CarriedOver(decode_carried_over(stored(driver)).holders, (line,))
    driver.wait(REVOKED_KEPT_MS + DAY)
    driver.receive_list(make_list(version=13))
    assert decode_carried_over(stored(driver)).dead == ()


def test_what_was_stored_before_dead_badges_were_carried_is_read() -> None:
    kept = msgspec.json.encode((grant(1, 1, "collect"),))
    driver = make_driver(access_list=make_list(), kept=kept)
    assert released(driver.tap(1)) == [1]


def test_it_stays_dead_where_a_damaged_disk_has_lost_the_list_alone_and_the_list_comes_again() -> None:
    again = make_list(grant(1, 1), grant(2, 2), version=12)
    kept = stored(blocked(again))
    driver = make_driver(access_list=None, version_floor=12, kept=kept)
    driver.receive_list(again)
    assert released(driver.tap(1)) == []
    assert decode_carried_over(stored(driver)) == decode_carried_over(kept)
