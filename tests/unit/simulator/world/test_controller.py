"""The real controller on a simulated machine: people, doors, deaths and restarts, on virtual time."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from hw.ports import Signal
from simulator.errors import NotPossibleError
from simulator.physics import Sensor
from simulator.world.broker import Broker
from simulator.world.broker_client import Client
from simulator.world.chance import Chance
from simulator.world.controller import RESTART_MS, SimulatedController, bank_file
from simulator.world.doors import Pulse
from simulator.world.hardware import BoardHabit
from simulator.world.loop import VirtualLoop
from simulator.world.machine import BOOT_MS
from simulator.world.mischief import Mischief
from simulator.world.network import Network
from simulator.world.trace import Trace
from tests.unit.simulator.world.small_gateway import SmallGateway, badge
from wire.entries import decode_entry

START = 1_790_000_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


@dataclass
class World:
    """One bank of 24 lockers, its broker and a small gateway, one hour after power came on."""

    loop: VirtualLoop
    trace: Trace
    network: Network
    bank: SimulatedController
    gateway: SmallGateway
    pulses: list[Pulse]

    def wait(self, ms: int) -> None:
        self.loop.run_until(self.loop.now_ms + ms)

    def kinds(self) -> Counter[str]:
        """The types of the entries on the controller's disk."""
        return Counter(decode_entry(line).type for _, _, line in self.bank.journal())


def made(seed: int = 1) -> Iterator[World]:
    chance, loop, trace = Chance(seed), VirtualLoop(START), Trace(keep=True)
    with chance.seeded_os():
        network = Network(loop, chance.stream("network"))
        broker = Broker(loop, network, Mischief(chance.stream))
        bank = SimulatedController(loop, chance, trace, broker, bank_file("bank-1", 24))
        pulses: list[Pulse] = []
        bank.doors.on_pulse = pulses.append
        gateway = SmallGateway(broker, bank)
        bank.power_on()
        loop.run_until(START + HOUR)
        yield World(loop, trace, network, bank, gateway, pulses)
    loop.close()


@pytest.fixture
def world() -> Iterator[World]:
    yield from made()


def test_a_badge_opens_its_door_and_the_gateway_hears_of_it(world: World) -> None:
    world.bank.present(badge(7))
    world.wait(200)
    assert world.bank.doors.by_number[7].door.open
    assert world.bank.devices.shown["entrance"] is Signal.GRANTED
    world.wait(10 * MINUTE)
    assert not world.bank.doors.by_number[7].door.open
    assert [(pulse.locker, pulse.off_ms - pulse.on_ms) for pulse in world.pulses] == [(7, 300)]
    sent = [entry.type for entry in world.gateway.entries]
    assert sent[:3] == ["started", "access_applied", "clock_changed"]  # its receipt tells the time
    assert sent[3:] == ["release_intended", "released", "door_opened", "door_closed"]
    runtime = world.bank.runtime
    assert runtime is not None
    assert runtime.outbox.queue == 0


def test_a_strangers_badge_opens_nothing(world: World) -> None:
    world.bank.present("FFFFFFFFFF")
    world.wait(MINUTE)
    assert world.pulses == []
    assert world.bank.devices.shown["entrance"] is Signal.REFUSED


def test_a_command_with_a_fresh_beat_opens_and_is_answered(world: World) -> None:
    runtime = world.bank.runtime
    assert runtime is not None
    assert runtime.uplink is not None
    runtime.uplink.again()  # a new session says a new beat
    world.wait(5 * SECOND)
    command = world.gateway.open(3)
    world.wait(MINUTE)
    states = [reply.state for reply in world.gateway.replies if reply.id == command]
    assert states == ["accepted", "released", "opened"]


def test_a_kill_in_the_middle_of_a_pulse_drops_the_coil_and_fires_nothing_again(world: World) -> None:
    world.bank.present(badge(7))
    world.wait(100)
    assert world.bank.doors.energised == 1
    world.bank.kill()
    assert world.bank.doors.energised == 0
    assert world.bank.runtime is None
    world.wait(RESTART_MS + MINUTE)
    assert world.bank.running
    assert len(world.pulses) == 1
    assert world.pulses[0].off_ms - world.pulses[0].on_ms < 300
    assert world.kinds()["release_unknown"] == 1


def test_a_hang_in_the_middle_of_a_pulse_makes_it_no_longer(world: World) -> None:
    world.bank.present(badge(7))
    world.wait(100)
    world.bank.hang(3 * SECOND)
    world.wait(10 * SECOND)
    assert [pulse.off_ms - pulse.on_ms for pulse in world.pulses] == [300]
    assert world.bank.lives == 1
    assert world.kinds()["door_opened"] == 1


def test_a_hang_that_does_not_end_is_ended_by_the_watchdog(world: World) -> None:
    world.bank.hang(HOUR)
    world.wait(5 * SECOND + RESTART_MS)
    world.bank.present(badge(7))
    world.wait(MINUTE)
    assert world.bank.lives == 2
    assert len(world.pulses) == 1


def test_after_a_power_cut_it_boots_with_a_new_clock_and_opens_without_any_network(world: World) -> None:
    before = world.bank.machine.boot_id
    world.network.cut("bank-1")
    world.bank.power_cut()
    with pytest.raises(NotPossibleError):
        world.bank.doors.by_number[7].pull()
    world.wait(HOUR)
    world.bank.power_on()
    world.wait(BOOT_MS + SECOND)
    assert world.bank.machine.boot_id != before
    assert world.bank.machine.mono_ms() == BOOT_MS + SECOND
    world.bank.present(badge(7))
    world.wait(MINUTE)
    assert len(world.pulses) == 1
    assert all(entry.type != "release_intended" for entry in world.gateway.entries)
    world.network.heal("bank-1")
    world.wait(10 * MINUTE)
    assert len(world.gateway.entries) == len(world.bank.journal())


def test_a_door_left_open_is_told_after_the_sites_delay(world: World) -> None:
    world.bank.doors.by_number[7].dwell(None)
    world.bank.present(badge(7))
    world.wait(5 * MINUTE)
    assert world.kinds()["door_left_open"] == 1
    world.bank.doors.by_number[7].push()
    world.wait(MINUTE)
    assert world.kinds()["door_closed"] == 1


@pytest.mark.parametrize("after_ms", [0, 1, 3, 4, 5, 6, 50, 124, 400, 1_100, 20_200, 31_000])
@pytest.mark.parametrize("death", ["power_cut", "kill"])
def test_whenever_it_dies_its_journal_is_whole_and_nothing_is_fired_again(
    world: World, death: str, after_ms: int
) -> None:
    world.bank.present(badge(7))
    world.wait(after_ms)
    getattr(world.bank, death)()
    assert world.bank.doors.energised == 0
    fired = len(world.pulses)
    world.wait(10 * SECOND)
    if death == "power_cut":
        world.bank.power_on()
    world.wait(HOUR)
    assert len(world.pulses) == fired
    kinds = world.kinds()
    assert fired <= kinds["release_intended"] <= 1
    assert len(world.gateway.entries) == len(world.bank.journal())
    world.bank.present(badge(7))
    world.wait(MINUTE)
    assert len(world.pulses) > fired


@pytest.mark.parametrize("while_it_starts", [False, True])
def test_whatever_operation_of_its_disk_the_power_goes_within_its_journal_is_whole_and_nothing_is_fired_again(
    while_it_starts: bool,
) -> None:
    torn = 0
    for operation in range(1, 20):
        with contextmanager(made)() as world:
            if while_it_starts:
                world.bank.power_cut()
                world.bank.power_on()
            world.bank.power_cut_within(operation)
            if not while_it_starts:
                world.bank.present(badge(7))
            world.wait(20 * SECOND)
            if world.bank.machine.powered:
                break  # there are no more of them
            cut = next(line for line in reversed(world.trace.lines) if line.what == "power_cut")
            torn += bool(cut.facts["unsynced"])
            fired = len(world.pulses)
            world.bank.power_on()
            world.wait(HOUR)
            assert len(world.pulses) == fired
            assert fired <= world.kinds()["release_intended"] <= 1
            assert len(world.gateway.entries) == len(world.bank.journal())
            world.bank.present(badge(7))
            world.wait(MINUTE)
            assert len(world.pulses) == fired + 1
    assert torn >= 5


def test_a_dead_program_does_nothing_at_all_until_it_is_started(world: World) -> None:
    world.bank.present(badge(7))
    world.wait(2)
    world.bank.power_cut()
    lines = world.trace.count
    world.bank.present(badge(8))
    world.wait(30 * DAY)
    assert world.trace.count == lines
    assert world.pulses == []


def test_a_clean_stop_says_farewell_and_stays_stopped(world: World) -> None:
    world.bank.stop()
    world.wait(HOUR)
    assert not world.bank.running
    assert world.kinds()["stopping"] == 1
    world.bank.start()
    world.wait(MINUTE)
    assert world.bank.running


def test_a_defect_drops_the_coils_and_the_unit_starts_the_program_again(world: World) -> None:
    runtime = world.bank.runtime
    assert runtime is not None
    world.bank.present(badge(7))
    world.wait(100)
    runtime.fail(ZeroDivisionError())
    world.wait(1)
    assert world.bank.doors.energised == 0
    world.wait(MINUTE)
    assert world.bank.crashes == 1
    assert world.bank.running


def test_a_door_that_is_forced_jams_or_lies_is_told_apart(world: World) -> None:
    doors = world.bank.doors.by_number
    doors[1].force()
    world.wait(MINUTE)
    doors[2].jam(True)
    world.bank.present(badge(2))
    world.wait(MINUTE)
    doors[3].sensor(Sensor.STUCK_CLOSED)
    world.bank.present(badge(3))
    world.wait(MINUTE)
    kinds = world.kinds()
    assert kinds["door_forced"] == 1
    assert kinds["not_opened"] == 2
    assert (kinds["door_opened"], kinds["wrong_door"]) == (0, 0)


def test_a_sensor_that_is_cut_or_bounces_is_a_fault_and_keeps_nobody_out(world: World) -> None:
    doors = world.bank.doors.by_number
    doors[4].sensor(Sensor.CUT)
    doors[5].sensor(Sensor.BOUNCING)
    world.wait(5 * MINUTE)
    for number in (4, 5):
        world.bank.present(badge(number))
        world.wait(MINUTE)
    assert {4, 5} <= {pulse.locker for pulse in world.pulses}
    doors[5].sensor(Sensor.FINE)
    before = world.trace.count
    world.wait(DAY)
    assert world.trace.count - before < 20
    assert len(world.bank.journal()) < 200


def test_a_welded_relay_is_no_pulse_of_the_controllers(world: World) -> None:
    door = world.bank.doors.by_number[6]
    door.weld(True)
    world.bank.present(badge(6))
    world.wait(MINUTE)
    assert door.door.coil
    assert next(pulse.off_ms - pulse.on_ms for pulse in world.pulses if pulse.locker == 6) == 300
    world.bank.power_cut()
    assert not door.door.coil


@pytest.mark.parametrize("habit", [BoardHabit.MUTE, BoardHabit.DEAD, BoardHabit.UNPLUGGED])
def test_a_board_that_does_not_answer_is_a_fault_and_is_well_again(world: World, habit: BoardHabit) -> None:
    world.bank.devices.behave("board", habit)
    world.bank.present(badge(5))
    world.wait(MINUTE)
    assert bool(world.pulses) == (habit is BoardHabit.MUTE)
    assert world.kinds()["release_failed"] >= 1
    world.bank.devices.behave("board", BoardHabit.FINE)
    world.wait(MINUTE)
    world.pulses.clear()
    world.bank.present(badge(6))
    world.wait(MINUTE)
    assert [pulse.locker for pulse in world.pulses] == [6]


def test_an_unplugged_reader_reads_nothing_and_is_told(world: World) -> None:
    world.bank.devices.unplug("entrance")
    world.bank.present(badge(5))
    world.wait(MINUTE)
    world.bank.devices.plug("entrance")
    world.wait(MINUTE)
    assert world.pulses == []
    assert world.kinds()["reader_fault"] == world.kinds()["reader_recovered"] == 1


def test_a_gateway_that_stores_nothing_is_tried_again_less_and_less_often(world: World) -> None:
    world.gateway.answers = False
    world.bank.present(badge(7))
    world.wait(DAY // 2)
    sessions = len(world.gateway.births)
    assert 10 < sessions < 20
    world.gateway.answers = True
    world.wait(2 * HOUR)
    runtime = world.bank.runtime
    assert runtime is not None
    assert runtime.outbox.queue == 0
    assert runtime.faults == ()


@pytest.mark.parametrize("state", ["cut", "half_open"])
def test_a_week_without_a_network_uses_up_no_session_number(world: World, state: str) -> None:
    before = world.gateway.births[-1].session.number
    getattr(world.network, state)("bank-1")
    world.wait(7 * DAY)
    world.network.heal("bank-1")
    world.wait(2 * HOUR)
    assert world.gateway.births[-1].session.number == before + 1


def test_a_broker_that_dies_with_a_connect_on_its_way_uses_up_its_session_number(world: World) -> None:
    runtime, broker = world.bank.runtime, world.gateway.broker
    assert runtime is not None
    assert runtime.uplink is not None
    before = world.gateway.births[-1].session.number
    world.network.stall("bank-1", 10 * SECOND)
    runtime.uplink.again()
    world.wait(5 * SECOND)
    broker.kill()
    broker.start()
    world.wait(2 * HOUR)
    assert runtime.uplink.session is not None
    assert runtime.uplink.session.number == before + 2


@pytest.mark.parametrize("delivers", [True, False])
def test_a_broker_that_acknowledges_nothing_ends_in_a_new_session_and_not_in_silence(
    world: World, delivers: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = world.bank.runtime
    assert runtime is not None
    published = Broker.published

    def takes(broker: Broker, client: Client, topic: str, *rest: Any) -> None:
        if client.client_id != "bank-1":
            published(broker, client, topic, *rest)
        elif delivers or not topic.endswith("/events"):
            published(broker, client, topic, *rest[:-1], None)

    with monkeypatch.context() as mute:
        mute.setattr(Broker, "published", takes)
        for number in range(1, 25):
            world.bank.present(badge(number))
            world.wait(MINUTE)
        world.wait(12 * HOUR)
        assert len(world.gateway.births) > 1
        assert (runtime.outbox.queue == 0) == delivers
    world.wait(2 * HOUR)
    assert runtime.outbox.queue == 0
    assert runtime.faults == ()
    assert len(world.gateway.entries) == len(world.bank.journal())


def test_one_seed_is_one_course_of_things(world: World) -> None:
    def course(seed: int) -> str:
        for each in made(seed):
            for number in range(1, 25):
                each.bank.present(badge(number))
                each.wait(number * SECOND)
            each.bank.kill()
            each.wait(HOUR)
            digest = each.trace.digest()
        return digest

    assert course(5) == course(5)
