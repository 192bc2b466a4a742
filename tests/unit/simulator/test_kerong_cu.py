"""The simulated Kerong boards speak the published frames, and err in the ways boards do."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.devices import Habit, Unlock
from simulator.errors import InvalidPlanError
from simulator.serial_boards.kerong_cu import KerongCu, KerongCu48, sealed

UNLOCK_1 = bytes.fromhex("02 00 31 03 36")
STATUS = bytes.fromhex("02 00 30 03 35")


class Bench:
    """A board whose hooks are a set of open channels, and what happened to its coils."""

    def __init__(self, kind: Callable[..., Any] = KerongCu, **settings: Any) -> None:
        self.open: set[int] = set()
        self.coils: list[tuple[int, bool, float]] = []
        settings = {"address": 0, "channels": 48 if kind is KerongCu48 else 16, **settings}
        self.board = kind(
            feedback=lambda channel: channel in self.open,
            on_coil=lambda channel, on, at: self.coils.append((channel, on, at)),
            **settings,
        )

    def hear(self, data: bytes, at: float = 0.0) -> tuple[bytes, list[Unlock]]:
        answer, unlocks = b"", list[Unlock]()
        for index, value in enumerate(data):
            more, opened = self.board.byte(value, at + index)
            answer += more
            unlocks += opened
        return answer, unlocks


def test_unlock_fires_that_lock_for_the_boards_own_time_and_is_answered_with_the_status() -> None:
    bench = Bench()
    answer, unlocks = bench.hear(UNLOCK_1, at=1000.0)
    assert answer == sealed((0x02, 0x00, 0x35, 0xFF, 0xFF, 0, 0, 0x03))
    assert unlocks == [Unlock(0, 1, 1000.0)]
    bench.board.advance(9999.0)
    assert bench.coils == [(1, True, 1004.0), (1, False, 1504.0)]


def test_a_board_that_says_nothing_to_an_unlock_acts_all_the_same() -> None:
    answer, unlocks = Bench(open_reply="none").hear(UNLOCK_1)
    assert (answer, len(unlocks)) == (b"", 1)


def test_the_status_tells_hooks_and_infrared_of_each_lock() -> None:
    bench = Bench(latch={3, 12}.__contains__)
    bench.open = {1}
    assert bench.hear(STATUS)[0] == sealed((0x02, 0, 0x35, 0xFB, 0xF7, 0xFE, 0xFF, 0x03))
    hooks_only = Bench(channels=12)
    hooks_only.open = {1}
    assert hooks_only.hear(STATUS)[0] == sealed((0x02, 0, 0x35, 0xFE, 0x0F, 0, 0, 0x03))


def test_unlock_all_and_a_changed_pulse_do_as_they_say_so_a_driver_that_sends_them_is_seen() -> None:
    bench = Bench(channels=12)
    bench.hear(sealed((0x02, 0x00, 0x37, 0x00, 0x64, 0x03)))
    _, unlocks = bench.hear(sealed((0x02, 0xF0, 0x33, 0x03)))
    assert [unlock.channel for unlock in unlocks] == list(range(1, 13))
    assert bench.board.due() == bench.coils[0][2] + 1000


def test_frames_for_another_board_and_wrong_sums_do_nothing() -> None:
    bench = Bench(address=1)
    assert bench.hear(UNLOCK_1 + b"\x02\x10\x31\x03\x47") == (b"", [])
    assert bench.hear(sealed((0x02, 0x10, 0x31, 0x03)))[1] != []


@pytest.mark.parametrize(
    ("habit", "fires", "answers"),
    [
        (Habit.DEAD, False, b""),
        (Habit.MUTE, True, b""),
        (Habit.BUSY, False, b""),
        (Habit.LEADING_GARBAGE, True, b"\x00\xff\x13\x02\x00\x35"),
        (Habit.HALF_FRAME, True, b"\x02\x00\x35\xff"),
        (Habit.OTHER_ADDRESS, True, b"\x02\x10\x35"),
    ],
)
def test_habits_change_the_answer_and_only_a_dead_or_busy_board_does_not_fire(
    habit: Habit, fires: bool, answers: bytes
) -> None:
    for kind, frame in ((KerongCu, UNLOCK_1), (KerongCu48, sealed((2, 0, 0, 0x61, 3)))):
        bench = Bench(kind, habit=habit)
        answer, unlocks = bench.hear(frame)
        assert bool(unlocks) is fires
        if kind is KerongCu:
            assert answer.startswith(answers)
            assert bool(answer) is bool(answers)


@pytest.mark.parametrize(
    ("layout", "status", "opened"),
    [
        ("etx", (2, 0, 0, 0x75, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 3), (2, 0, 47, 0x75, 3)),
        ("length", (2, 0, 0, 0x75, 6, 0xFD, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F), (2, 0, 47, 0x75, 0)),
    ],
)
def test_the_48_channel_board_answers_in_either_layout(
    layout: str, status: tuple[int, ...], opened: tuple[int, ...]
) -> None:
    bench = Bench(KerongCu48, layout=layout)
    bench.open = {2, 48}
    assert bench.hear(bytes.fromhex("02 00 00 60 03 65"))[0] == sealed(status)
    answer, unlocks = bench.hear(bytes.fromhex("02 00 2F 61 03 95"))
    assert (answer, [unlock.channel for unlock in unlocks]) == (sealed(opened), [48])


def test_boards_that_do_not_exist_are_refused() -> None:
    for kind, settings in ((KerongCu, {"address": 15}), (KerongCu, {"channels": 8}), (KerongCu48, {"channels": 16})):
        with pytest.raises(InvalidPlanError):
            Bench(kind, **settings)


def test_power_off_drops_the_coil_and_the_half_heard_frame() -> None:
    bench = Bench()
    bench.hear(UNLOCK_1 + UNLOCK_1[:3])
    bench.board.power_off(10.0)
    assert bench.coils[-1] == (1, False, 10.0)
    assert bench.hear(UNLOCK_1[3:])[1] == []


@given(garbage=st.binary(max_size=64))
def test_whatever_is_heard_memory_stays_bounded_and_later_orders_are_obeyed(garbage: bytes) -> None:
    for kind, order in ((KerongCu, sealed((2, 6, 0x31, 3))), (KerongCu48, sealed((2, 0, 6, 0x61, 3)))):
        bench = Bench(kind)
        bench.hear(garbage)
        assert len(bench.board._buffer) < 10
        for _ in range(2):
            bench.hear(order)
        assert (7, True) in [(channel, on) for channel, on, _ in bench.coils]
