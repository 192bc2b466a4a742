"""Orders that come late or too fast: a bank that takes them all, under a guard that lets it, is found."""

from collections.abc import Callable
from typing import Any

import pytest

from controller import commands
from controller.bay import Bay
from hw.errors import ReleaseForbidden
from hw.release_guard import ReleaseGuard
from simulator.world.desk import Desk
from simulator.world.world import DAY_MS
from tests.simulation.faulty_town import FaultyTown, faulty_town

JUDGE = ReleaseGuard._judge


def _late_orders(town: FaultyTown) -> str:
    town.begin("old_commands", hours=6)
    town.hours(7)
    assert town.world.counts["orders late"] > 0
    return "; ".join(violation.text for violation in town.world.violations)


def test_an_order_that_the_broker_has_kept_back_does_nothing() -> None:
    with faulty_town(7, lockers=4) as town:
        assert _late_orders(town) == ""
        assert town.found() == set(), town.world.violations


def test_a_bank_that_takes_an_order_minutes_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "COMMAND_FRESH_MS", DAY_MS)
    with faulty_town(7, lockers=4) as town:
        assert "by a command that is" in _late_orders(town)


def _no_rest(guard: ReleaseGuard, *facts: Any) -> None:
    try:
        JUDGE(guard, *facts)
    except ReleaseForbidden as refusal:
        if refusal.reason != "rest":
            raise


def _no_duty(*_: object) -> int:
    return 0


def _hurried(town: FaultyTown) -> set[str]:
    """A bank that lets no lock rest by itself is ordered to open one again and again."""
    for turn in range(50):
        order = Desk(town.world.gateway, "somebody"), "bank-1", 1, "maintenance", lambda _: None
        town.world.loop.after(1 + turn * 1_300, Desk.open_remotely, *order)
    town.hours(0.2)
    return {violation.invariant for violation in town.world.violations}


@pytest.mark.parametrize(
    ("limit", "planted", "found"),
    [("_judge", JUDGE, set()), ("_judge", _no_rest, {"coil"}), ("_duty_wait_ms", _no_duty, {"coil"})],
    ids=["sound", "no rest", "no duty"],
)
def test_only_a_guard_that_is_loosened_lets_a_hurried_bank_burn_its_coils(
    monkeypatch: pytest.MonkeyPatch, limit: str, planted: Callable[..., Any], found: set[str]
) -> None:
    monkeypatch.setattr(Bay, "ready_ms", lambda _bay, now_ms, *_: now_ms)
    monkeypatch.setattr(ReleaseGuard, limit, planted)
    with faulty_town(7, lockers=4) as town:
        assert _hurried(town) == found
