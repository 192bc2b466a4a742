"""Every fault bites where it has occasion to: what it does to a bank, a broker or a gateway is there to be seen."""

from random import Random

import pytest

from controller.clock import Clock
from controller.effects import Record
from simulator.world.desk import Desk
from simulator.world.disk import Disk
from simulator.world.faults import network
from simulator.world.faults.families import FAULTS
from simulator.world.faults.refusals import session_of
from simulator.world.mischief import KINDS
from tests.simulation.faulty_town import FaultyTown, faulty_town
from wire.entries import EntryType

# What the bank writes into its journal meanwhile.
WRITTEN = {
    "disk_stalls": EntryType.JOURNAL_LATE, "disk_sync_fails": EntryType.JOURNAL_LATE,
    "disk_full": EntryType.DISK_LOW, "board_mute": EntryType.RELEASE_FAILED, "power_cut": EntryType.STARTED,
    "power_cut_at_write": EntryType.STARTED, "killed_at_opening": EntryType.RELEASE_UNKNOWN,
    "power_cut_at_opening": EntryType.RELEASE_UNKNOWN, "hangs_at_opening": EntryType.STARTED,
    "crash_loop": EntryType.STARTED, "stopped": EntryType.STOPPING, "supply_sags": EntryType.UNDERVOLTAGE,
    "battery_clock_wrong": EntryType.STARTED, "old_commands": EntryType.COMMAND_REFUSED,
}  # fmt: skip
# After which bank or gateway have begun a new session, or a new life.
CUT_OFF = frozenset(
    {"broker_dies_in_publish", "broker_away", "broker_wiped", "broker_restored", "link_flaps", "link_half_open"}
)
GATEWAY_DIES = frozenset({"gateway_killed", "gateway_away"})
# In which the gateway stores nothing: after hours the bank still waits for its receipts.
STORES_NOTHING = frozenset({"database_down", "database_full", "database_full_at_commit"})
# What bites at the next occasion only, and what is written of it; or a statement is refused.
AWAITS = {
    "disk_stalls": EntryType.JOURNAL_LATE, "bolt_jams": EntryType.NOT_OPENED,
    "door_left_open": EntryType.DOOR_LEFT_OPEN, "database_full": None, "database_full_at_commit": None,
}  # fmt: skip
MISCHIEF = {
    name: kinds for name in FAULTS if name.startswith("broker_") and (kinds := {kind for kind in KINDS if kind in name})
}


def _occasions(town: FaultyTown) -> None:
    """People come, and doors are opened from afar, again and again; then hours in which all of it could be stored."""
    for turn in range(3):
        town.town.crowd("bank-1", 10, 600_000, town.town.luck(f"crowd {turn}"))
        for number in town.world.banks["bank-1"].doors.by_number:
            order = Desk(town.world.gateway, "somebody"), "bank-1", number, "maintenance", lambda _: None
            town.world.loop.after(number * 60_000, Desk.open_remotely, *order)
        town.hours(0.3)
    town.hours(4)


def _waits(town: FaultyTown) -> bool:
    runtime = town.world.banks["bank-1"].runtime
    return runtime is not None and runtime.queue > 0


def test_where_no_fault_is_nothing_of_all_this_is_seen() -> None:
    with faulty_town(7, lockers=4) as town:
        bank, gateway = town.world.banks["bank-1"], town.world.gateway
        since_ms, session, steps = town.world.now_ms, session_of(bank), gateway.steps
        _occasions(town)
        told = town.watch.told
        assert [word for word in WRITTEN.values() if told.said_since("bank-1", word, since_ms)] == []
        assert session_of(bank) == session
        assert gateway.steps is steps
        assert not _waits(town)
        assert sum(town.world.mischief.done.values()) == 0


@pytest.mark.parametrize("name", WRITTEN)
def test_a_fault_of_a_bank_leaves_its_trace_in_the_journal(name: str) -> None:
    with faulty_town(7, lockers=4) as town:
        since_ms = town.world.now_ms
        town.begin(name, hours=4)
        _occasions(town)
        assert town.watch.told.said_since("bank-1", WRITTEN[name], since_ms)


@pytest.mark.parametrize("name", ["power_cut_at_write", "power_cut_at_opening"])
def test_power_goes_while_the_disk_holds_what_it_has_not_synced(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    in_doubt: list[int] = []
    cut = Disk.cut

    def counted(disk: Disk, chance: Random) -> int:
        in_doubt.append(cut(disk, chance))
        return in_doubt[-1]

    monkeypatch.setattr(Disk, "cut", counted)
    with faulty_town(7, lockers=4) as town:
        town.begin(name, hours=4)
        _occasions(town)
        assert any(in_doubt)
        assert town.found() == set()


@pytest.mark.parametrize("name", sorted(CUT_OFF))
def test_a_fault_between_bank_and_broker_ends_their_session(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(network, "_client", lambda hit: hit.bank.client)  # and not, now and then, the gateway's
    with faulty_town(7, lockers=4) as town:
        session = session_of(town.world.banks["bank-1"])
        town.begin(name, hours=5)
        _occasions(town)
        town.hours(3)
        assert session_of(town.world.banks["bank-1"]) != session


@pytest.mark.parametrize("name", sorted(GATEWAY_DIES))
def test_a_gateway_that_dies_has_another_life_afterwards(name: str) -> None:
    with faulty_town(7, lockers=4) as town:
        steps = town.world.gateway.steps
        town.begin(name, hours=5)
        _occasions(town)
        town.hours(2)
        assert town.world.gateway.steps is not steps


@pytest.mark.parametrize("name", sorted(STORES_NOTHING))
def test_a_database_that_is_away_or_full_stores_nothing_until_it_is_back(name: str) -> None:
    with faulty_town(7, lockers=4) as town:
        town.begin(name, hours=6)
        _occasions(town)
        assert _waits(town)
        town.hours(7)
        assert not _waits(town)


@pytest.mark.parametrize("name", AWAITS)
def test_a_fault_that_needs_an_occasion_lasts_until_it_has_had_one(name: str) -> None:
    with faulty_town(7, lockers=4) as town:
        refused, since_ms = town.world.gateway.storage.refused, town.world.now_ms
        town.begin(name, hours=0.001)
        town.hours(0.1)
        assert town.schedule.lasting == {town.faults}
        _occasions(town)
        town.hours(2)
        assert town.schedule.lasting == set()
        word = AWAITS[name]
        if word is None:
            assert town.world.gateway.storage.refused > refused
        else:
            assert town.watch.told.said_since("bank-1", word, since_ms)
        assert town.found() == set(), town.world.violations


def test_a_bank_sees_each_of_many_small_steps_of_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    look = Clock.look

    def looked(clock: Clock) -> list[Record]:
        looks.append(1)
        return look(clock)

    with faulty_town(7, lockers=2) as town:
        monkeypatch.setattr(Clock, "look", looked)
        town.begin("clock_creeps", hours=7)
        town.hours(7)
        assert len(looks) > 400
        assert town.found() == set(), town.world.violations


@pytest.mark.parametrize("name", sorted(MISCHIEF))
def test_a_bad_broker_does_what_it_is_named_for(name: str) -> None:
    with faulty_town(7, lockers=4) as town:
        town.begin(name, hours=10)
        for _ in range(2):
            _occasions(town)
        assert {kind for kind, times in town.world.mischief.done.items() if times} == MISCHIEF[name]
