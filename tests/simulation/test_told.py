"""What a fault must have told is told, and whoever keeps it for themselves is found: fault by fault."""

from itertools import permutations
from typing import Any

import pytest

from controller.clock import Clock
from controller.journal import Journal
from gateway.access import service as access
from gateway.ingest import links
from gateway.ingest import service as ingest
from gateway.link.device_keys import DeviceKeys
from simulator.world.desk import Desk
from tests.simulation.faulty_town import FaultyTown, faulty_town
from wire.entries import EntryType

# Hours that each lasts, and then the bank is left alone for a while.
TELLING = {
    "door_forced": 0.5, "door_left_open": 2.0, "bolt_jams": 2.0, "relay_welded": 2.0, "sensor_cut": 0.5,
    "sensor_stuck_closed": 2.0, "sensor_bounces": 0.2, "reader_unplugged": 0.5, "board_silent": 0.5,
    "board_unplugged": 0.5, "badges_guessed": 0.1, "tampered": 0.5, "disk_read_only": 2.0, "disk_broken": 2.0,
    "no_clock_at_boot": 1.0, "list_forgets": 4.0, "forged_downwards": 4.0, "forged_upwards": 4.0, "hostile_bytes": 4.0,
    "poison": 4.0, "foreign_device": 0.7, "card_cloned": 0.7, "disk_full": 2.0,
}  # fmt: skip
# Which of them, and by what the judge says that it was kept back.
KEPT_BACK = {
    "door_forced": "had to say door_forced", "bolt_jams": "had to say not_opened",
    "relay_welded": "had to say board_fault", "reader_unplugged": "had to say reader_fault",
    "tampered": "had to say tamper", "disk_full": "its journal does not say so",
    "list_forgets": "had to say holder_vanished",
    "forged_upwards": "the gateway has counted none", "poison": "made no sense", "card_cloned": "a clone of bank-1",
}  # fmt: skip
_WORDS = frozenset(
    {
        EntryType.DOOR_FORCED, EntryType.NOT_OPENED, EntryType.BOARD_FAULT, EntryType.READER_FAULT, EntryType.TAMPER,
        EntryType.HOLDER_VANISHED, EntryType.DISK_LOW,
    }
)  # fmt: skip


def _befall(town: FaultyTown, name: str) -> None:
    """The fault, and a crowd that gives it occasion to act."""
    town.begin(name, hours=TELLING[name])
    town.hours(0.03)
    town.town.crowd("bank-1", 10, 60_000, town.town.luck("crowd"))
    town.hours(0.03)
    for number in town.world.banks["bank-1"].doors.by_number:
        Desk(town.world.gateway, "somebody").open_remotely("bank-1", number, "maintenance", lambda _: None)
    town.hours(TELLING[name] + 0.5)


def test_every_fault_that_had_occasion_to_act_was_told() -> None:
    silent = []
    with faulty_town(5, lockers=4) as town:
        for name in TELLING:
            before = town.world.counts["told"] + len(town.watch.told._at_rest)
            _befall(town, name)
            if town.world.counts["told"] + len(town.watch.told._at_rest) == before:
                silent.append(name)
        assert town.found() == set(), town.world.violations
    assert silent == []


@pytest.mark.parametrize("name", ["disk_broken", "disk_read_only"])
def test_a_disk_that_breaks_again_before_it_is_mended_is_mended_once(name: str) -> None:
    with faulty_town(5, lockers=4) as town:
        town.begin(name, hours=6)
        town.begin(name, hours=1)
        for _ in range(4):
            town.town.crowd("bank-1", 10, 60_000, town.town.luck("crowd"))
            town.hours(1.6)
        assert town.found() == set(), town.world.violations


@pytest.mark.parametrize(("first", "second"), list(permutations(("board_mute", "board_silent", "board_unplugged"), 2)))
def test_a_board_that_is_in_trouble_has_no_other_trouble_before_it_is_mended(first: str, second: str) -> None:
    with faulty_town(5, lockers=4) as town:
        habits = town.world.controllers[0].devices.habits
        town.begin(first, hours=6)
        trouble = habits["board"]
        town.hours(1)
        town.begin(second, hours=1)
        town.hours(2)
        assert habits["board"] is trouble
        assert town.found() == set(), town.world.violations


def test_whoever_keeps_an_alarm_for_themselves_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    append = Journal.append

    def keeps(journal: Journal, kind: EntryType | None, *facts: Any, **more: Any) -> None:
        if kind not in _WORDS:
            append(journal, kind, *facts, **more)

    monkeypatch.setattr(Journal, "append", keeps)
    monkeypatch.setattr(DeviceKeys, "_count", lambda *_: None)
    monkeypatch.setattr(ingest, "record", lambda *_, **__: None)
    monkeypatch.setattr(links, "record", lambda *_, **__: None)
    monkeypatch.setattr(access, "record", lambda *_, **__: None)
    with faulty_town(5, lockers=4) as town:
        for name in KEPT_BACK:
            _befall(town, name)
        assert "told" in town.found()
        said = "; ".join(violation.text for violation in town.world.violations)
    assert {name for name, text in KEPT_BACK.items() if text not in said} == set()


def _a_clock_goes_wrong(town: FaultyTown, name: str) -> set[str]:
    town.begin(name, hours=7)
    town.hours(6.9)
    runtime = town.world.controllers[0].runtime
    assert runtime is not None
    assert runtime.now().clock == "trusted"
    told = town.world.counts["told"]
    town.hours(0.2)
    assert town.world.counts["told"] == told + 1
    return town.found()


@pytest.mark.parametrize("name", ["clock_back", "clock_forward", "clock_creeps"])
def test_a_clock_that_goes_wrong_moves_no_trusted_time_and_is_told(name: str) -> None:
    with faulty_town(5, lockers=2) as town:
        assert _a_clock_goes_wrong(town, name) == set()


@pytest.mark.parametrize("name", ["clock_back", "clock_forward", "clock_creeps"])
def test_a_clock_that_goes_wrong_beside_a_battery_clock_is_told_as_well(name: str) -> None:
    with faulty_town(5, lockers=2) as town:
        town.world.controllers[0].machine.battery_clock = True
        town.begin("power_cut", hours=0.1)
        town.hours(13)
        assert _a_clock_goes_wrong(town, name) == set()


def test_a_bank_that_tells_nobody_of_a_wrong_clock_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "is_contradicted", lambda _: False)
    with faulty_town(5, lockers=2) as town:
        assert _a_clock_goes_wrong(town, "clock_forward") == {"told"}
