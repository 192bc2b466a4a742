"""The line engine in virtual time: sixty lockers of each kind, whatever the boards do, to the millisecond."""

import asyncio
import random
from dataclasses import dataclass
from typing import Any

import pytest

from hw.frames import kerong_cu, modbus_rtu, xor_board
from hw.ports import Coil, DeviceFault, LockAccepted, LockFailed
from simulator.devices import Habit
from simulator.serial_boards.kerong_cu import KerongCu, KerongCu48
from simulator.serial_boards.modbus_relay import ModbusRelay
from simulator.serial_boards.xor_board import XorBoard
from tests.unit.hw.virtual_line import TURNAROUND_MS, VirtualBank, some_time

ROUNDS = 30


@dataclass(frozen=True)
class Kind:
    """Sixty lockers: boards of this kind and size, and the bytes of their frames."""

    make: Any
    table: dict[str, object]
    boards: int
    baud: int
    status_bytes: tuple[int, int]
    open_bytes: tuple[int, int]
    gap_ms: float = 0.0

    @property
    def channels(self) -> int:
        return 60 // self.boards

    def bank(self) -> VirtualBank:
        return VirtualBank(self.make, self.table, self.boards, self.channels)

    def exchange_ms(self) -> float:
        return max(sum(self.status_bytes), sum(self.open_bytes)) * 10_000 / self.baud + TURNAROUND_MS + self.gap_ms

    def release_ms(self) -> float:
        return self.open_bytes[0] * 10_000 / self.baud


KINDS = {
    "xor_board": Kind(
        lambda address, *hands: XorBoard(address, 24, *hands),
        {"driver": "xor_board", "channels": 24},
        3,
        9600,
        (5, 7),
        (5, 5),
    ),
    "kerong_cu": Kind(
        lambda address, *hands: KerongCu(address, 16, *hands),
        {"driver": "kerong_cu", "channels": 15},
        4,
        19_200,
        (5, 9),
        (5, 9),
    ),
    "kerong_cu_48": Kind(
        lambda address, *hands: KerongCu48(address, 48, *hands),
        {"driver": "kerong_cu", "model": "cu48", "channels": 30},
        2,
        19_200,
        (6, 12),
        (6, 12),  # the reply to opening lock 1 is known for certain when a status would have ended
    ),
    "modbus_relay": Kind(
        lambda address, *hands: ModbusRelay(address, 30, *hands, inputs=32),
        {"driver": "modbus_relay", "channels": 30, "doors": [*range(1, 31)]},
        2,
        9600,
        (8, 9),
        (8, 8),
        gap_ms=6.0,
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
ILL = (Habit.DEAD, Habit.BUSY, Habit.OTHER_ADDRESS, Habit.HALF_FRAME)


def coils(bank: VirtualBank, seed: random.Random, names: str) -> list[tuple[str, int]]:
    every = [(name, channel) for name in names for channel in range(1, bank.channels + 1)]
    return seed.sample(every, min(ROUNDS, len(every)))


@every_kind
def test_any_of_sixty_doors_is_seen_within_250_ms(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    bank, seed = kind.bank(), random.Random(1)

    async def scene() -> None:
        for name, channel in coils(bank, seed, bank.names):
            await some_time(seed)
            assert await bank.door_seen_after_ms(name, channel) < 250

    bank.play(scene, monkeypatch)
    assert [event for event in bank.events if isinstance(event, DeviceFault)] == []
    assert bank.wire.collisions == 0


@every_kind
def test_a_release_waits_for_one_exchange_at_most(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    bank, seed = kind.bank(), random.Random(2)

    async def scene() -> None:
        for name, channel in coils(bank, seed, bank.names):
            await some_time(seed)
            waited_ms = await bank.coil_on_after_ms(name, channel)
            assert waited_ms <= kind.exchange_ms() + kind.release_ms() + 1
        await asyncio.sleep(1)

    bank.play(scene, monkeypatch)
    assert [event for event in bank.events if isinstance(event, LockFailed)] == []
    assert bank.wire.collisions == 0


@every_kind
@pytest.mark.parametrize("habit", ILL, ids=lambda habit: habit.value)
def test_a_board_that_fails_slows_no_door_of_the_others_and_no_release(
    kind: Kind, habit: Habit, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank, seed = kind.bank(), random.Random(3)
    # What the line may be waiting for: the first missed answer 40 ms longer than a good one, the later ones 20 ms.
    longest_ms = kind.exchange_ms() + 40 + kind.release_ms()

    async def scene() -> None:
        for name, channel in coils(bank, seed, bank.names[1:]):
            bank.boards["a"].habit = seed.choice((habit, habit, Habit.FINE))
            await some_time(seed)
            assert await bank.door_seen_after_ms(name, channel) < 250
            assert await bank.coil_on_after_ms(name, channel) <= longest_ms

    bank.play(scene, monkeypatch)


@every_kind
def test_sixty_releases_at_once_go_out_one_by_one_each_once_and_none_is_lost(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as the guard's permits live for: the rest are refused, not sent late."""
    bank = kind.bank()
    wanted = [(name, channel) for channel in range(1, bank.channels + 1) for name in bank.names]

    async def scene() -> None:
        for name, channel in wanted:
            bank.hardware.release(Coil(name, channel))
        await asyncio.sleep(3)

    bank.play(scene, monkeypatch)
    on = [each[:2] for each in bank.coils_on]
    refused = [(event.board, event.channel) for event in bank.events if isinstance(event, LockFailed)]
    assert on == wanted[: len(on)]
    assert len(on) >= 5
    assert sorted(on + refused) == sorted(wanted)
    assert {event.code for event in bank.events if isinstance(event, LockFailed)} == {"refused_by_guard"}


@pytest.mark.parametrize("habit", [Habit.MUTE, Habit.HALF_FRAME, Habit.WRONG_CHECKSUM, Habit.OTHER_ADDRESS])
@every_kind
def test_a_lost_reply_never_repeats_an_energising_frame(
    kind: Kind, habit: Habit, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = kind.bank()

    async def scene() -> None:
        bank.boards["b"].habit = habit
        await bank.coil_on_after_ms("b", 2)
        await asyncio.sleep(5)

    bank.play(scene, monkeypatch)
    assert len(bank.coils_on) == 1
    opens = (xor_board.open_channel, kerong_cu.open_channel, kerong_cu.open_channel_48)
    frames = [*(make(2, 2) for make in opens), modbus_rtu.pulse_coil(2, 2, 300)]
    assert sum(frame in frames for _, frame in bank.wire.sent) == 1
    assert len([event for event in bank.events if isinstance(event, LockFailed)]) == 1


class AnswersAfterItsPulse(XorBoard):
    """It says nothing to an open frame until its coil is off again."""

    def _open(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        return b"", super()._open(frame, now)[1]


@pytest.mark.parametrize("more", [{}, {"pulse_byte": True}], ids=["300 ms", "one second"])
def test_a_board_that_answers_when_its_pulse_is_over_is_waited_for(
    more: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(address: int, feedback: Any, on_coil: Any) -> XorBoard:
        return AnswersAfterItsPulse(address, 24, feedback, on_coil, timed_open=True)

    bank = VirtualBank(make, {"driver": "xor_board", "channels": 24, **more}, 1, 24)

    async def scene() -> None:
        bank.hardware.release(Coil("a", 5))
        await asyncio.sleep((bank.hardware.pulse_ms(Coil("a", 5)) + 50) / 1000)
        bank.wire._on_bytes(xor_board.sealed(xor_board.OPEN, 1, 5, 0x11))
        await asyncio.sleep(1)

    bank.play(scene, monkeypatch)
    assert len(bank.coils_on) == 1
    assert [type(event) for event in bank.events if isinstance(event, LockAccepted | LockFailed)] == [LockAccepted]
