"""A program that hangs while a door opens takes nobody for a burglar, and draws no lock again."""

from typing import Any

import pytest

from controller import wake
from controller.bank import Bank
from controller.inputs import Ticked
from simulator.world import doors
from tests.simulation.faulty_town import FaultyTown, faulty_town

HANG_MS = 4_000
HANDLE = Bank.handle
# Whether the devices go on seeing meanwhile, or are only asked again when the program goes on.
SEEN = pytest.mark.parametrize("seen_after_ms", [doors.SENSED_AFTER_MS, HANG_MS + 150])


def _hangs_at_every_opening(town: FaultyTown) -> int:
    """For a day, right after the coil went on; answers how often."""
    bank, loop, hangs = town.world.controllers[0], town.world.loop, []

    def energised(_: int) -> None:
        hangs.append(loop.now_ms)
        loop.after(1, bank.hang, HANG_MS)

    town.watch.at_coils(bank.name, energised)
    town.hours(24)
    return len(hangs)


@SEEN
def test_a_door_that_opens_while_the_program_hangs_was_opened_by_its_release(
    seen_after_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "SENSED_AFTER_MS", seen_after_ms)
    with faulty_town(3) as town:
        assert _hangs_at_every_opening(town) > 5
        assert town.world.violations == []
        journal = town.world.controllers[0].journal()
        assert not [line for *_, line in journal if b'"not_opened"' in line], "which would draw the lock again"


def _rings_at_once(one: wake.Wake, _at_s: float) -> None:
    one._timer = None
    one._due()


def _does_what_is_due_with_any_input(bank: Bank, event: Any, now: Any) -> Any:
    return HANDLE(bank, event, now) + HANDLE(bank, Ticked(), now)


@SEEN
def test_a_program_that_concludes_from_its_own_silence_that_a_door_was_forced_is_found(
    seen_after_ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "SENSED_AFTER_MS", seen_after_ms)
    monkeypatch.setattr(wake.Wake, "_ring", _rings_at_once)
    monkeypatch.setattr(Bank, "handle", _does_what_is_due_with_any_input)
    with faulty_town(3) as town:
        _hangs_at_every_opening(town)
        assert "observed" in {violation.invariant for violation in town.world.violations}
