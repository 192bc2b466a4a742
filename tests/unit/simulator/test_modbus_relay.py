"""The simulated Modbus relay board speaks the published frames, minds its silences, and errs in the ways boards do."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import ReadCoilsResponse, ReadDiscreteInputsResponse

from simulator.devices import Habit, Unlock
from simulator.errors import InvalidPlanError
from simulator.serial_boards.modbus_relay import ModbusRelay, sealed

FRAMES = {
    each["name"]: bytes.fromhex(each["frame"])
    for each in json.loads((Path(__file__).parents[2] / "vectors" / "lock_boards.json").read_text())["modbus_relay"]
}
PULSE = FRAMES["timed pulse channel 0, 700 ms"]


class Bench:
    """A board whose contacts are a set of open channels; every frame is heard 100 ms after the one before."""

    def __init__(self, **settings: Any) -> None:
        self.open: set[int] = set()
        self.coils: list[tuple[int, bool, float]] = []
        self.now = 0.0
        settings = {"address": 1, "channels": 8, **settings}
        self.board = ModbusRelay(
            feedback=lambda channel: channel in self.open,
            on_coil=lambda channel, on, at: self.coils.append((channel, on, at)),
            **settings,
        )

    def hear(self, data: bytes) -> tuple[bytes, list[Unlock]]:
        self.now += 100
        answer, unlocks = b"", list[Unlock]()
        for value in data:
            self.now += 1.0
            more, opened = self.board.byte(value, self.now)
            answer += more
            unlocks += opened
        return answer, unlocks

    def switched(self) -> list[tuple[int, bool]]:
        return [(channel, on) for channel, on, _ in self.coils]


def test_a_timed_pulse_fires_that_relay_for_its_time_and_is_echoed() -> None:
    bench = Bench()
    answer, unlocks = bench.hear(PULSE)
    assert (answer, unlocks) == (PULSE, [Unlock(1, 1, 101.0)])
    bench.board.advance(9999.0)
    assert bench.coils == [(1, True, 108.0), (1, False, 808.0)]


def test_a_look_alike_without_a_timer_stays_on_until_it_is_told_off() -> None:
    bench = Bench(timer=False)
    bench.hear(PULSE)
    bench.board.advance(1e9)
    assert bench.switched() == [(1, True)]
    assert bench.hear(FRAMES["off channel 0"])[0] == FRAMES["off channel 0"]
    assert bench.switched() == [(1, True), (1, False)]


def test_on_holds_and_all_off_drops_every_relay() -> None:
    bench = Bench()
    bench.hear(FRAMES["on channel 0"])
    bench.hear(sealed((1, 5, 0, 0xFF, 0xFF, 0)))
    bench.board.advance(1e9)
    assert all(on for _, on in bench.switched())
    assert bench.hear(FRAMES["all off"])[0] == FRAMES["all off"]
    assert sorted(bench.switched())[::2] == [(channel, False) for channel in range(1, 9)]


def test_coils_and_inputs_read_as_pymodbus_reads_them() -> None:
    bench = Bench()
    bench.open = {2, 8}
    bench.hear(PULSE)
    client = FramerRTU(DecodePDU(False))
    _, coils = client.handleFrame(bench.hear(FRAMES["read coils 8"])[0], 0, 0)
    assert isinstance(coils, ReadCoilsResponse)
    assert coils.bits[:8] == [True] + [False] * 7
    _, inputs = client.handleFrame(bench.hear(FRAMES["read inputs 8"])[0], 0, 0)
    assert isinstance(inputs, ReadDiscreteInputsResponse)
    assert [index + 1 for index, closed in enumerate(inputs.bits[:8]) if not closed] == [2, 8]


def test_two_contacts_a_lock_sit_on_inputs_of_their_own() -> None:
    bench = Bench(doors=(1, 2, 3, 4), latches=(5, 6, 7, 8), latch={1}.__contains__)
    bench.open = {4}
    assert bench.hear(FRAMES["read inputs 8"])[0] == sealed((1, 2, 1, 0b11100111))


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (sealed((1, 3, 0, 0, 0, 1)), 1),
        (sealed((1, 1, 0, 0, 0, 9)), 2),
        (sealed((1, 5, 2, 8, 0, 3)), 2),
        (sealed((1, 5, 0, 0, 0x12, 0)), 3),
    ],
)
def test_what_it_cannot_do_is_refused_with_the_protocols_codes(frame: bytes, code: int) -> None:
    bench = Bench()
    assert bench.hear(frame)[0] == sealed((1, 0x80 | frame[1], code))
    assert bench.coils == []


def test_a_look_alike_may_not_know_the_off_for_all() -> None:
    assert Bench(knows_all_off=False).hear(FRAMES["all off"])[0] == sealed((1, 0x85, 2))


def test_a_board_without_inputs_refuses_to_read_them() -> None:
    assert Bench(inputs=0).hear(FRAMES["read inputs 8"])[0] == sealed((1, 0x82, 1))


def test_frames_without_silence_between_them_are_one_broken_frame() -> None:
    bench = Bench()
    answer, _ = bench.hear(FRAMES["read coils 8"] + PULSE)
    assert len(answer) == 6
    assert bench.coils == []
    bench.hear(b"\x00" + PULSE)
    assert bench.coils == []
    bench.hear(PULSE)
    assert bench.switched() == [(1, True)]


def test_frames_for_another_address_and_wrong_crcs_do_nothing() -> None:
    bench = Bench()
    assert bench.hear(sealed((2, 5, 2, 0, 0, 3))) == (b"", [])
    assert bench.hear(PULSE[:-1] + b"\x00") == (b"", [])


def test_a_frame_to_all_boards_is_obeyed_without_an_answer() -> None:
    answer, unlocks = Bench().hear(sealed((0, 5, 2, 0, 0, 3)))
    assert (answer, len(unlocks)) == (b"", 1)


@pytest.mark.parametrize(
    ("habit", "answer", "fires"),
    [
        (Habit.DEAD, b"", False),
        (Habit.MUTE, b"", True),
        (Habit.BUSY, sealed((1, 0x85, 6)), False),
        (Habit.LEADING_GARBAGE, b"\x00\xff\x13" + PULSE, True),
        (Habit.HALF_FRAME, PULSE[:4], True),
        (Habit.WRONG_CHECKSUM, PULSE[:-1] + bytes((PULSE[-1] ^ 0x55,)), True),
        (Habit.OTHER_ADDRESS, sealed((2, 5, 2, 0, 0, 7)), True),
    ],
)
def test_habits_change_the_answer_and_only_a_dead_or_busy_board_does_not_fire(
    habit: Habit, answer: bytes, fires: bool
) -> None:
    answered, unlocks = Bench(habit=habit).hear(PULSE)
    assert (answered, bool(unlocks)) == (answer, fires)


def test_a_stuck_coil_stays_on_and_says_so_until_its_supply_is_gone() -> None:
    bench = Bench(stuck={1})
    bench.hear(PULSE)
    bench.board.advance(1e9)
    bench.hear(FRAMES["off channel 0"])
    assert bench.hear(FRAMES["read coils 8"])[0] == sealed((1, 1, 1, 1))
    assert bench.switched() == [(1, True)]
    bench.board.power_off(1e9)
    assert bench.switched() == [(1, True), (1, False)]


def test_boards_that_do_not_exist_are_refused() -> None:
    for settings in ({"address": 0}, {"address": 248}, {"channels": 33}, {"inputs": 40}):
        with pytest.raises(InvalidPlanError, match="1-247"):
            Bench(**settings)


@given(garbage=st.binary(max_size=600))
def test_whatever_is_heard_memory_stays_bounded_and_later_orders_are_obeyed(garbage: bytes) -> None:
    bench = Bench()
    bench.hear(garbage)
    assert len(bench.board._buffer) <= 256
    bench.hear(sealed((1, 5, 2, 6, 0, 3)))
    assert (7, True) in bench.switched()
