"""Sixty people at once: served in the order in which they asked, within a minute, none forgotten."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from controller.bank import BankConfig, LockerConfig
from hw.errors import ReleaseForbidden
from hw.ports import Coil
from hw.release_guard import GuardLimits, ReleaseGuard
from tests.unit.controller.core.driver import Driver, entries, grant, make_driver, replies
from wire.limits import COMMAND_WAIT_MS

LOCKERS = list(range(1, 61))
PULSE_MS = 300
SEED = 60


def make_sixty(groups: int) -> Driver:
    lockers = {n: LockerConfig(Coil("a", n), f"supply-{n % groups}", PULSE_MS) for n in LOCKERS}
    grants = [grant(n, n) for n in LOCKERS]
    return make_driver(
        *grants, config=BankConfig("montreuil-1", lockers), releases_since_change=dict.fromkeys(LOCKERS, 0)
    )


def by_badge(driver: Driver, locker: int) -> None:
    driver.tap(locker, reader=f"reader {locker % 3}")


def by_command(driver: Driver, locker: int) -> None:
    driver.order("open", args={"locker": locker})


def served(driver: Driver, ask: Callable[[Driver, int], None], order: list[int]) -> list[tuple[int, int]]:
    """Lockers and instants of all releases; every door opens as soon as its lock is released."""
    coils = {n: locker.coil for n, locker in driver.config.lockers.items()}
    guard = ReleaseGuard(
        GuardLimits(), {locker.coil: locker.group for locker in driver.config.lockers.values()}, lambda: driver.mono_ms
    )
    for locker in LOCKERS:
        driver.door(locker, opens=False)
    driver.connect()
    for locker in order:
        ask(driver, locker)
    found: list[tuple[int, int]] = []
    begun_ms = driver.mono_ms
    while driver.mono_ms < begun_ms + COMMAND_WAIT_MS + 5_000:
        for energised in driver.energised[len(found) :]:
            coil = coils[energised.locker]
            guard.consume(guard.permit(coil, PULSE_MS), coil, PULSE_MS)  # raises where the guard would have to say no
            found.append((energised.locker, driver.mono_ms - begun_ms))
            driver.door(energised.locker, opens=True)
        driver.wait(10)
    return found


@pytest.mark.parametrize("ask", [by_badge, by_command])
def test_sixty_requests_on_one_supply_are_served_in_order_within_the_minute(
    ask: Callable[[Driver, int], None],
) -> None:
    order = random.Random(SEED).sample(LOCKERS, 60)
    driver = make_sixty(groups=1)
    found = served(driver, ask, order)
    assert [locker for locker, _ in found] == order
    assert found[-1][1] <= COMMAND_WAIT_MS
    opened = entries(driver.effects, "door_opened")
    assert sorted(entry["locker"] for entry in opened) == LOCKERS
    assert entries(driver.effects, "badge_refused", "command_refused", "release_failed", "not_opened") == []
    if ask is by_command:
        assert sorted(replies(driver.effects)) == sorted(["accepted", "released", "opened"] * 60)


def test_sixty_requests_on_three_supplies_keep_the_order_of_each_and_take_a_third_of_the_time() -> None:
    order = random.Random(SEED).sample(LOCKERS, 60)
    driver = make_sixty(groups=3)
    found = served(driver, by_badge, order)
    for group in range(3):
        assert [locker for locker, _ in found if locker % 3 == group] == [n for n in order if n % 3 == group]
    assert found[-1][1] <= COMMAND_WAIT_MS // 3


def test_the_guard_alone_lets_sixty_through_one_by_one_in_the_order_in_which_they_wait() -> None:
    clock = [0]
    coils = [Coil("a", n) for n in LOCKERS]
    guard = ReleaseGuard(GuardLimits(), dict.fromkeys(coils, "supply"), lambda: clock[0])
    moved: list[tuple[Coil, int]] = []
    waiting = list(coils)
    refusals = 0
    while waiting:
        try:
            guard.consume(guard.permit(waiting[0], PULSE_MS), waiting[0], PULSE_MS)
        except ReleaseForbidden as error:
            clock[0] += max(error.retry_after_ms, 1)
            refusals += 1
        else:
            moved.append((waiting.pop(0), clock[0]))
    assert [coil for coil, _ in moved] == coils
    assert moved[-1][1] <= COMMAND_WAIT_MS
    assert refusals == 59, "it says exactly when to ask again"
    gaps = [later - earlier for (_, earlier), (_, later) in pairwise(moved)]
    assert min(gaps) >= PULSE_MS + 150, "one coil at a time, and a breath between two"
