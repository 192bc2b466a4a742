"""The releases that must not happen, one claim for each rule; whether a commission or a technician may is elsewhere."""

from dataclasses import replace

import pytest

from controller.bank import BankConfig, LockerConfig, UnresolvedRelease
from controller.config import ReleasesSection
from controller.inputs import IntentDurable, LockFailed
from hw.ports import Coil
from tests.unit.controller.core.driver import (
    DAY,
    NOON,
    Driver,
    entries,
    grant,
    make_driver,
    make_holder,
    make_list,
    replies,
    revoked,
    types,
)

LOCKERS = {number: LockerConfig(Coil("a", number), "supply", 300) for number in range(1, 7)}
CONFIG = BankConfig("montreuil-1", LOCKERS)


def holder(**fields: object) -> Driver:
    """Badge 1 holds locker 1, whose door is shut and whose sensor changed so many releases ago."""
    since = fields.pop("since", 0)
    driver = make_driver(grant(1, 1), releases_since_change={1: since}, **fields)
    driver.door(1, opens=False)
    return driver


@pytest.mark.parametrize(("since", "pulses"), [(0, 3), (1, 3), (2, 2), (3, 1), (4, 1), (9, 1)])
def test_a_retry_comes_only_where_the_sensor_changed_within_its_last_three_releases(since: int, pulses: int) -> None:
    driver = holder(since=since)
    driver.tap(1)
    driver.wait(60_000)
    assert len(driver.energised) == pulses


def test_a_sensor_that_was_never_seen_to_change_gets_no_retry() -> None:
    driver = make_driver(grant(1, 1))
    driver.door(1, opens=False)
    driver.tap(1)
    driver.wait(60_000)
    assert len(driver.energised) == 1


@pytest.mark.parametrize(("rest_ms", "begun_ms"), [(2000, [0, 2340, 4680]), (2160, [0, 2500, 5000]), (2200, [0, 2540])])
def test_no_retry_begins_more_than_five_seconds_after_the_first_coil(rest_ms: int, begun_ms: list[int]) -> None:
    driver = holder(config=replace(CONFIG, rest_ms=rest_ms))
    begun = driver.mono_ms
    driver.tap(1)
    at = [0]
    while driver.mono_ms < begun + 20_000:
        before = len(driver.energised)
        driver.wait(10)
        if len(driver.energised) > before:
            at.append(driver.mono_ms - begun)
    assert at == begun_ms


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_there_are_no_more_retries_than_the_bank_allows_and_never_more_than_two(retries: int) -> None:
    driver = holder(config=replace(CONFIG, retries=retries))
    driver.tap(1)
    driver.wait(60_000)
    assert len(driver.energised) == 1 + retries
    assert BankConfig("montreuil-1", LOCKERS).retries == ReleasesSection().retries == 2


def test_a_door_has_two_seconds_to_open() -> None:
    driver = holder()
    driver.tap(1)
    assert types(driver.wait(1_999)) == []
    assert types(driver.wait(1))[:1] == ["not_opened"]
    assert CONFIG.open_within_ms == ReleasesSection().open_within_ms == 2_000


def test_a_lost_reply_never_repeats_the_release() -> None:
    driver = holder(boards=False)
    driver.tap(1)
    driver.give(LockFailed(1, "no_reply"))
    driver.wait(60_000)
    assert len(driver.energised) == 1


ENDED_MEANWHILE = {
    "revoked": make_list(version=11, revoked=(revoked(1),)),
    "suspended": make_list(grant(1, 1, "suspended"), version=11),
    "ended": make_list(grant(1, 1, not_after=NOON), version=11),
    "given another locker": make_list(grant(1, 2), version=11),
}


@pytest.mark.parametrize("why", ENDED_MEANWHILE)
def test_the_grant_is_checked_again_just_before_the_coil(why: str) -> None:
    driver = holder(durable=False)
    driver.tap(1)
    driver.receive_list(ENDED_MEANWHILE[why])
    came = driver.give(IntentDurable("r1"))
    driver.wait(60_000)
    assert driver.energised == []
    assert types(came)[:2] == ["release_failed", "badge_refused"]


@pytest.mark.parametrize(("age_ms", "stale", "pulses"), [(2_000, False, 1), (2_001, False, 0), (0, True, 0)])
def test_a_badge_reading_older_than_two_seconds_or_marked_stale_opens_nothing(
    age_ms: int, stale: bool, pulses: int
) -> None:
    driver = holder()
    came = driver.tap(1, age_ms=age_ms, stale=stale)
    assert len(driver.energised) == pulses
    assert [body["why"] for body in entries(came, "badge_refused")] == ["stale"] * (1 - pulses)


def test_another_door_than_the_one_released_is_reported_and_neither_is_released_again() -> None:
    driver = make_holder()
    driver.tap(1)
    came = driver.door(2, opens=True)
    assert entries(came) == [{"type": "wrong_door", "locker": 2, "release": "r1", "expected": 1}]
    driver.wait(60_000)
    assert [energise.locker for energise in driver.energised] == [1]


def test_a_walk_test_refuses_lockers_that_are_held() -> None:
    driver = make_holder()
    driver.connect()
    assert replies(driver.order("walk_test", args={"lockers": [1]})) == ["refused:held"]
    driver.wait(60_000)
    assert driver.energised == []


def test_nothing_is_released_after_a_restart_that_nobody_asked_for() -> None:
    unresolved = tuple(UnresolvedRelease(f"old{locker}", locker) for locker in range(1, 7))
    driver = make_driver(grant(1, 1), unresolved=unresolved, releases_since_change=dict.fromkeys(range(1, 7), 0))
    for locker in range(1, 7):
        driver.door(locker, opens=False)
    driver.wait(DAY)
    assert driver.energised == []
    assert len(entries(driver.effects, "release_unknown")) == 6
