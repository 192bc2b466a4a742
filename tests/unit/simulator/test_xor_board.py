"""The simulated XOR board speaks the published frames, and errs in the ways real ones do."""

import json
from collections.abc import Callable
from functools import reduce
from operator import xor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.devices import Habit, SharedLine, Unlock
from simulator.errors import InvalidPlanError
from simulator.serial_boards.xor_board import XorBoard, sealed

VECTORS = Path(__file__).parents[2] / "vectors"
FRAMES = {
    each["name"]: bytes.fromhex(each["frame"])
    for each in json.loads((VECTORS / "lock_boards.json").read_text())["xor_board"]
}


class Bench:
    """A board whose doors are a set of open channels, and what happened to its coils."""

    def __init__(self, **settings: Any) -> None:
        self.open: set[int] = set()
        self.coils: list[tuple[int, bool, float]] = []
        settings = {"address": 1, "channels": 24, **settings}
        self.board = XorBoard(
            feedback=lambda channel: channel in self.open,
            on_coil=lambda channel, on, at: self.coils.append((channel, on, at)),
            **settings,
        )

    def hear(self, data: bytes, at: float = 0.0) -> tuple[bytes, list[Unlock]]:
        return hear(self.board.byte, data, at)


def hear(
    byte: Callable[[int, float], tuple[bytes, list[Unlock]]], data: bytes, at: float = 0.0
) -> tuple[bytes, list[Unlock]]:
    answer, unlocks = b"", list[Unlock]()
    for index, value in enumerate(data):
        more, opened = byte(value, at + index)
        answer += more
        unlocks += opened
    return answer, unlocks


def test_open_frame_fires_that_lock_for_300_ms_by_the_boards_own_timer() -> None:
    bench = Bench()
    _, unlocks = bench.hear(FRAMES["open board 1 lock 1"], at=1000.0)
    assert unlocks == [Unlock(1, 1, 1000.0)]
    assert bench.board.due() == 1304.0
    bench.board.advance(9999.0)
    assert bench.coils == [(1, True, 1004.0), (1, False, 1304.0)]


def test_reply_to_an_open_order_is_identical_to_it() -> None:
    assert Bench().hear(FRAMES["open board 1 lock 1"])[0] == FRAMES["open board 1 lock 1"]


def test_board_that_replies_with_its_feedback_sends_the_vectors_frame() -> None:
    assert Bench(open_reply="state").hear(FRAMES["open board 1 lock 1"])[0] == FRAMES["reply open"]


def test_all_closed_24_channels_answer_the_vectors_frame() -> None:
    assert Bench().hear(FRAMES["query all"])[0] == FRAMES["reply all, 24 channels, all zero"]


def test_multi_open_fires_the_locks_of_its_bitmap_and_gets_no_reply() -> None:
    answer, unlocks = Bench().hear(FRAMES["multi-open 2,10,18"])
    assert answer == b""
    assert [unlock.channel for unlock in unlocks] == [2, 10, 18]


def test_query_of_one_lock_answers_its_state() -> None:
    bench = Bench()
    bench.open = {1}
    assert bench.hear(FRAMES["query one"])[0] == bytes.fromhex("80 01 01 11 91")


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ({}, "80 01 02 80 01 33"),
        ({"byte_order": "s1_last"}, "80 01 01 80 02 33"),
        ({"open_bit": 0}, "80 01 FD 7F FE 33"),
        ({"channels": 8}, "80 01 02 00 00 33"),
        ({"channels": 50}, "80 01 02 80 01 00 00 00 00 33"),
    ],
)
def test_status_bytes_follow_size_order_and_polarity(settings: dict[str, Any], answer: str) -> None:
    bench = Bench(**settings)
    bench.open = {2, 16, 17} & set(range(1, bench.board.channels + 1))
    assert bench.hear(FRAMES["query all"])[0] == sealed(bytes.fromhex(answer))


def test_open_all_fires_every_lock_so_a_driver_that_sends_it_is_seen() -> None:
    _, unlocks = Bench(channels=8).hear(bytes.fromhex("8A 01 00 11 9A"))
    assert [unlock.channel for unlock in unlocks] == list(range(1, 9))


def test_long_energise_never_ends_by_itself() -> None:
    bench = Bench()
    bench.hear(sealed((0x9A, 1, 3, 0x11)))
    bench.board.advance(1e9)
    assert bench.coils == [(3, True, 4.0)]
    bench.hear(sealed((0x9B, 1, 3, 0x11)), at=10.0)
    assert bench.coils[-1] == (3, False, 14.0)


@pytest.mark.parametrize(("timed_open", "fired"), [(True, [(5, True, 5.0), (5, False, 2005.0)]), (False, [])])
def test_open_with_seconds_is_obeyed_only_by_boards_that_know_it(
    timed_open: bool, fired: list[tuple[int, bool, float]]
) -> None:
    bench = Bench(timed_open=timed_open)
    bench.hear(sealed((0x8A, 1, 5, 0x11, 2)))
    bench.board.advance(1e6)
    assert bench.coils == fired


@pytest.mark.parametrize(
    ("habit", "answer", "fires"),
    [
        (Habit.DEAD, b"", False),
        (Habit.MUTE, b"", True),
        (Habit.LEADING_GARBAGE, b"\x00\xff\x13" + FRAMES["open board 1 lock 1"], True),
        (Habit.HALF_FRAME, bytes.fromhex("8A 01"), True),
        (Habit.WRONG_CHECKSUM, bytes.fromhex("8A 01 01 11 CE"), True),
        (Habit.OTHER_ADDRESS, sealed((0x8A, 2, 1, 0x11)), True),
    ],
)
def test_habits_change_the_answer_and_only_a_dead_board_does_not_fire(habit: Habit, answer: bytes, fires: bool) -> None:
    bench = Bench(habit=habit)
    answered, unlocks = bench.hear(FRAMES["open board 1 lock 1"])
    assert (answered, bool(unlocks)) == (answer, fires)


def test_frames_for_another_address_and_wrong_checksums_do_nothing() -> None:
    bench = Bench()
    assert bench.hear(sealed((0x8A, 2, 1, 0x11)) + bytes.fromhex("8A 01 01 11 9A")) == (b"", [])


def test_two_boards_on_one_address_fire_together_and_garble_unequal_answers() -> None:
    first, second = Bench(), Bench()
    first.open, second.open = {1}, {2}
    line = SharedLine([first.board, second.board])
    _, unlocks = hear(line.byte, FRAMES["open board 1 lock 1"])
    assert len(unlocks) == 2
    assert len(first.coils) == len(second.coils) == 1
    answer, _ = hear(line.byte, FRAMES["query all"])
    assert reduce(xor, answer) != 0


def test_unsolicited_frame_names_the_channel_whose_feedback_changed() -> None:
    bench = Bench(unsolicited=True)
    bench.open = {4}
    assert bench.board.feedback_changed(4) == sealed((0x82, 1, 4, 0x11))
    assert Bench().board.feedback_changed(4) == b""


def test_board_without_a_possible_address_is_refused() -> None:
    with pytest.raises(InvalidPlanError, match="1-32"):
        Bench(address=33)


@given(noise=st.binary(max_size=12), channel=st.integers(1, 24))
def test_a_board_hears_an_order_after_any_noise_that_could_not_begin_a_frame(noise: bytes, channel: int) -> None:
    heads = {0x8A, 0x80, 0x82, 0x90, 0x9A, 0x9B}
    quiet = bytes(value for value in noise if value not in heads)
    _, unlocks = Bench().hear(quiet + sealed((0x8A, 1, channel, 0x11)))
    assert [unlock.channel for unlock in unlocks] == [channel]


@given(garbage=st.binary(max_size=64))
def test_whatever_is_heard_memory_stays_bounded_and_later_orders_are_obeyed(garbage: bytes) -> None:
    bench = Bench()
    bench.hear(garbage)
    assert len(bench.board._buffer) < 10
    for _ in range(2):
        bench.hear(sealed((0x8A, 1, 7, 0x11)))
    assert (7, True) in [(channel, on) for channel, on, _ in bench.coils]
