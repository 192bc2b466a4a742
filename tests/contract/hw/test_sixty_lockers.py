"""Sixty lockers on one line, paced as on the wire, with the habits and faults that boards have in the field."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hw import registry
from hw.assembly import CoilUse, HardwareConfig, build
from hw.ports import Coil, DeviceFault, DeviceRecovered, DoorSensed, LockAccepted, LockFailed
from simulator.devices import Habit, SerialBoard, SharedLine
from simulator.pty_port import PtyPort
from simulator.serial_boards.kerong_cu import KerongCu
from simulator.serial_boards.modbus_relay import ModbusRelay
from simulator.serial_boards.xor_board import XorBoard
from tests.contract.hw.lateness import Lateness

SLACK_S = 0.06  # two cores are shared with other tests


@dataclass(frozen=True)
class Kind:
    """Boards of one kind that make up sixty lockers: their table, how one is simulated, the bytes of an exchange."""

    boards: int
    channels: int
    baud: int
    table: dict[str, object]
    make: Callable[..., SerialBoard]
    status_bytes: int
    open_bytes: int
    size: int = 0
    """How many channels the simulated board has, if more than are used."""


KINDS = {
    "xor_board": Kind(3, 20, 9600, {"driver": "xor_board", "channels": 24}, XorBoard, 12, 10, size=24),
    "kerong_cu": Kind(4, 15, 19_200, {"driver": "kerong_cu", "channels": 15}, KerongCu, 14, 14, size=16),
    "modbus_relay": Kind(
        2, 30, 9600, {"driver": "modbus_relay", "channels": 30, "doors": [*range(1, 31)]}, ModbusRelay, 17, 16
    ),
}


class SixtyLockers:
    """Boards a, b, ... at addresses 1, 2, ... of one simulated line."""

    def __init__(self, folder: Path, kind: Kind, paced: bool = True) -> None:
        self.kind = kind
        self.path = folder / "boards.tty"
        self.baud = kind.baud if paced else None
        self.events = []
        self.opened: set[tuple[str, int]] = set()
        self.coils_on = []
        self.heard = bytearray()
        self.names = "abcd"[: kind.boards]
        self.boards = {name: self._board(name, address) for address, name in enumerate(self.names, start=1)}
        config = HardwareConfig(
            boards={
                name: registry.decode("boards", {"port": str(self.path), "address": address, **kind.table})
                for address, name in enumerate(self.names, start=1)
            },
            coils=tuple(
                CoilUse(Coil(name, channel), f"{name}{channel}", ())
                for name in self.names
                for channel in range(1, kind.channels + 1)
            ),
        )
        self.hardware = build(config, self.events.append, lambda: time.monotonic_ns() // 1_000_000)

    def _board(self, name: str, address: int) -> SerialBoard:
        def feedback(channel: int) -> bool:
            return (name, channel) in self.opened

        def on_coil(channel: int, on: bool, at: float) -> None:
            if on:
                self.coils_on.append((name, channel, at))

        more = {"inputs": 32} if self.kind.make is ModbusRelay else {}
        return self.kind.make(address, self.kind.size or self.kind.channels, feedback, on_coil, **more)

    async def play(self, scene, until) -> None:
        line = SharedLine(self.boards.values())

        def heard(byte: int, at_ms: float) -> None:
            self.heard.append(byte)
            self.port.send(line.byte(byte, at_ms)[0], after_ms=2.0)

        self.port = PtyPort(self.path, heard, self.baud)
        self.port.plug()
        self.lateness = Lateness()
        await self.hardware.start()
        try:
            await until(lambda: len(self.doors()) >= 60)
            await scene()
        finally:
            self.lateness.stop()
            await self.hardware.stop()
            self.port.unplug()

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def doors(self):
        """Of the sixty; an XOR board tells of those that are not wired too."""
        return [event for event in self.of(DoorSensed) if event.channel <= self.kind.channels]

    async def seconds_until_seen(self, name, channel, until) -> float:
        """How long it takes until a door that opens now is an event."""
        self.opened.add((name, channel))
        opened, late_s = time.monotonic(), self.lateness.total_s
        await until(lambda: (self.doors()[-1].board, self.doors()[-1].channel) == (name, channel))
        assert self.doors()[-1].open
        return time.monotonic() - opened - (self.lateness.total_s - late_s)

    async def wait_of_a_release_ms(self, name, channel, until) -> float:
        """How long it takes until a release that is asked for now energises its coil."""
        asked, late_s, already = time.monotonic(), self.lateness.total_s, len(self.coils_on)
        self.hardware.release(Coil(name, channel))
        await until(lambda: len(self.coils_on) > already)
        assert self.coils_on[-1][:2] == (name, channel)
        return self.coils_on[-1][2] - 1000 * (asked + self.lateness.total_s - late_s)


@pytest.fixture
def bank(tmp_path):
    return SixtyLockers(tmp_path, KINDS["xor_board"])


# All kinds are held to these times in virtual time (tests/unit/hw/test_rs485_line.py); here on real ptys.
slowest_kinds = pytest.mark.parametrize("kind", [KINDS["xor_board"], KINDS["modbus_relay"]], ids=["xor", "modbus"])


@slowest_kinds
def test_any_of_sixty_doors_is_seen_within_250_ms_of_opening(kind, tmp_path, until):
    bank = SixtyLockers(tmp_path, kind)

    async def scene():
        for turn in range(6):
            await asyncio.sleep(0.037 * turn)
            name = bank.names[turn % kind.boards]
            assert await bank.seconds_until_seen(name, turn + 1, until) < 0.25 + SLACK_S
        assert len(bank.doors()) == 66
        assert bank.of(DeviceFault) == []

    asyncio.run(bank.play(scene, until))


@slowest_kinds
def test_a_release_waits_for_one_exchange_at_most(kind, tmp_path, until):
    bank = SixtyLockers(tmp_path, kind)
    byte_ms = 10_000 / kind.baud
    exchange_ms = max(kind.status_bytes, kind.open_bytes) * byte_ms + 2
    own_ms = 8 * byte_ms  # the longest frame of a release

    async def scene():
        waits = []
        for turn in range(10):
            await asyncio.sleep(0.031)
            waits.append(await bank.wait_of_a_release_ms(bank.names[turn % kind.boards], turn + 1, until))
        assert sorted(waits)[-2] < own_ms + exchange_ms + 5 + 25  # Modbus's silence; a busy machine may lose an answer
        assert min(waits) < own_ms + 10
        assert bank.of(LockFailed) == []

    asyncio.run(bank.play(scene, until))


def test_silent_busy_and_misaddressed_boards_never_slow_the_others(tmp_path, until):
    bank = SixtyLockers(tmp_path, KINDS["kerong_cu"])

    async def scene():
        habits = {1: ("a", Habit.DEAD), 3: ("b", Habit.BUSY), 5: ("c", Habit.OTHER_ADDRESS)}
        for channel in range(1, 9):  # from the first missed answer on, until all three are in fault
            if channel in habits:
                name, habit = habits[channel]
                bank.boards[name].habit = habit
            await asyncio.sleep(0.05)
            assert await bank.seconds_until_seen("d", channel, until) < 0.25 + SLACK_S
        await until(lambda: len(bank.of(DeviceFault)) >= 3)
        waits = []
        for turn in range(8):
            await asyncio.sleep(0.15)
            waits.append(await bank.wait_of_a_release_ms("d", turn + 1, until))
        assert sorted(waits)[-2] < 2.6 + 14 * 0.52 + 20 + 25  # its frame, a question nobody answers, a busy machine
        assert {fault.device for fault in bank.of(DeviceFault)} == {"a", "b", "c"}

    asyncio.run(bank.play(scene, until))


def test_a_silent_board_among_three_at_9600_baud_slows_no_door(bank, until):
    async def scene():
        bank.boards["b"].habit = Habit.DEAD
        for turn in range(8):
            await asyncio.sleep(0.05)
            assert await bank.seconds_until_seen("ac"[turn % 2], turn + 1, until) < 0.25 + SLACK_S

    asyncio.run(bank.play(scene, until))


def test_releases_of_all_boards_at_once_go_out_one_after_the_other_each_once(bank, until):
    async def scene():
        for name in "abc":
            bank.hardware.release(Coil(name, 7))
        await until(lambda: len(bank.of(LockAccepted)) == 3)
        await asyncio.sleep(0.7)
        assert sorted((name, channel) for name, channel, _ in bank.coils_on) == [("a", 7), ("b", 7), ("c", 7)]
        assert bank.of(LockFailed) == []

    asyncio.run(bank.play(scene, until))


@pytest.mark.parametrize(
    ("habit", "code"),
    [
        (Habit.DEAD, "silent"),
        (Habit.WRONG_CHECKSUM, "bad_reply"),
        (Habit.HALF_FRAME, "bad_reply"),
    ],
)
def test_a_board_that_fails_is_a_fault_of_that_board_alone_and_recovers(bank, until, habit, code):
    async def scene():
        bank.boards["b"].habit = habit
        await until(lambda: bank.of(DeviceFault))
        bank.opened.add(("c", 3))
        await until(lambda: bank.doors()[-1].open, within_s=1)
        bank.hardware.release(Coil("a", 1))
        await until(lambda: bank.of(LockAccepted))
        assert [(fault.device, fault.kind, fault.code) for fault in bank.of(DeviceFault)] == [("b", "board", code)]
        bank.boards["b"].habit = Habit.FINE
        await until(lambda: bank.of(DeviceRecovered))
        assert [event.device for event in bank.of(DeviceRecovered)] == ["b"]

    asyncio.run(bank.play(scene, until))


def test_a_board_that_answers_under_another_address_is_a_fault(bank, until):
    async def scene():
        bank.boards["c"].habit = Habit.OTHER_ADDRESS  # answers as address 4, which is not on the line
        await until(lambda: bank.of(DeviceFault))
        assert [fault.device for fault in bank.of(DeviceFault)] == ["c"]

    asyncio.run(bank.play(scene, until))


def test_leading_garbage_harms_nothing(bank, until):
    for board in bank.boards.values():
        board.habit = Habit.LEADING_GARBAGE

    async def scene():
        bank.hardware.release(Coil("b", 20))
        await until(lambda: bank.of(LockAccepted))
        assert bank.of(DeviceFault) == []

    asyncio.run(bank.play(scene, until))


def test_a_release_whose_reply_is_lost_is_never_sent_again(bank, until):
    async def scene():
        bank.boards["a"].habit = Habit.MUTE
        bank.hardware.release(Coil("a", 5))
        await until(lambda: bank.of(LockFailed))
        await asyncio.sleep(0.5)
        assert bank.of(LockFailed)[0].code == "no_reply"
        assert [(name, channel) for name, channel, _ in bank.coils_on] == [("a", 5)]
        assert bank.heard.count(bytes.fromhex("8A 01 05 11")) == 1

    asyncio.run(bank.play(scene, until))


def test_a_port_that_is_pulled_after_a_release_leaves_its_outcome_unknown(bank, until):
    async def scene():
        for board in bank.boards.values():
            board.habit = Habit.MUTE
        bank.hardware.release(Coil("a", 5))
        await until(lambda: bank.coils_on)
        bank.port.unplug()
        await until(lambda: bank.of(LockFailed))
        assert bank.of(LockFailed)[0].code == "no_reply"
        await until(lambda: len(bank.of(DeviceFault)) == 3)
        assert {fault.code for fault in bank.of(DeviceFault)} <= {"unplugged", "silent"}
        for board in bank.boards.values():
            board.habit = Habit.FINE
        bank.port.plug()
        await until(lambda: len(bank.of(DeviceRecovered)) == 3)
        assert len(bank.coils_on) == 1

    asyncio.run(bank.play(scene, until))


def test_stopping_drops_a_release_that_has_not_gone_out(bank, until):
    async def scene():
        bank.hardware.release(Coil("a", 1))
        bank.hardware.release(Coil("b", 1))
        bank.hardware.all_off()
        await until(lambda: bank.of(LockFailed))
        assert "closed" in {event.code for event in bank.of(LockFailed)}
        await asyncio.sleep(0.2)
        assert ("b", 1) not in {(name, channel) for name, channel, _ in bank.coils_on}

    asyncio.run(bank.play(scene, until))
