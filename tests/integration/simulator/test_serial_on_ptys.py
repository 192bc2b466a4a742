"""Simulated serial devices on real ptys: found by path, paced at the baud rate, unplugged like an adapter."""

import fcntl
import os
import struct
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import serial

from simulator.devices import Unlock
from simulator.readers import rdm6300
from simulator.scenario import MONTREUIL
from simulator.serial_boards.xor_board import PULSE_MS, sealed

TIOCGEXCL = 0x80045440  # whether a tty is exclusive; Linux, not in termios
BYTE_MS = 10 * 1000 / 9600
NUMBER = MONTREUIL.badges[0].number


def opened(path: Path) -> serial.Serial:
    return serial.Serial(str(path), 9600, timeout=5)


def order(channel: int) -> bytes:
    return sealed((0x8A, 1, channel, 0x11))


def test_unlock_frame_fires_one_lock_and_its_door_opens(bench: Any, until: Callable) -> None:
    with opened(bench.montreuil.places.boards) as port:
        port.write(order(5))
        assert port.read(5) == order(5)
    until(lambda: bench.montreuil.doors[5].open, "door 5 open")
    until(lambda: bench.montreuil.doors[5].last_pulse_ms, "the end of the pulse")
    assert bench.montreuil.doors[5].last_pulse_ms == pytest.approx(PULSE_MS)
    assert [number for number, door in bench.montreuil.doors.items() if door.releases] == [5]


def test_status_shows_the_open_door_and_then_the_closed_one(bench: Any) -> None:
    bench.do(lambda: bench.montreuil.force(9))
    with opened(bench.montreuil.places.boards) as port:
        port.write(sealed((0x80, 1, 0, 0x33)))
        assert port.read(7) == sealed((0x80, 1, 0x00, 0x01, 0x00, 0x33))
        bench.do(lambda: bench.montreuil.push(9))
        port.write(sealed((0x80, 1, 0, 0x33)))
        assert port.read(7) == sealed((0x80, 1, 0, 0, 0, 0x33))


def test_status_poll_takes_the_time_of_its_12_bytes_and_the_turnaround(bench: Any) -> None:
    request = sealed((0x80, 1, 0, 0x33))
    took = []
    with opened(bench.montreuil.places.boards) as port:
        for _ in range(20):
            start = time.perf_counter()
            port.write(request)
            assert len(port.read(7)) == 7
            took.append((time.perf_counter() - start) * 1000)
    least = 12 * BYTE_MS + 2.0
    assert least - 0.2 <= min(took) < least + 5  # the quickest: two busy cores delay the others


def test_badge_frame_arrives_at_the_pace_of_9600_baud(bench: Any) -> None:
    took = []
    with opened(bench.montreuil.places.reader) as port:
        bench.do(lambda: bench.montreuil.tap("valid", 400))
        for _ in range(5):
            assert port.read(1) == b"\x02"
            start = time.perf_counter()
            assert b"\x02" + port.read(13) == rdm6300.frame(NUMBER)
            took.append((time.perf_counter() - start) * 1000)
    # Whoever reads on a busy machine is late now and then, at the first byte or at the last.
    assert any(each == pytest.approx(13 * BYTE_MS, abs=2.5) for each in took), took


def test_without_pacing_answers_come_at_once(start_bench: Callable) -> None:
    bench = start_bench(pacing=False)
    heard: list[Unlock] = []
    bench.montreuil.on_unlock = heard.append
    took = []
    with opened(bench.montreuil.places.boards) as port:
        for _ in range(20):  # a busy machine takes its time now and then
            before = time.monotonic() * 1000
            port.write(order(3))
            port.read(5)
            took.append(time.monotonic() * 1000 - before)
            assert before <= heard[-1].frame_at <= before + took[-1]
    assert min(took) < 5 * BYTE_MS
    assert {(unlock.address, unlock.channel) for unlock in heard} == {(1, 3)}


def test_id20la_frames_leave_the_other_bank(bench: Any) -> None:
    with opened(bench.lille.places.reader) as port:
        bench.do(lambda: bench.lille.tap("valid", 10))
        frame = port.read(16)
    assert (frame[:1], frame[-3:]) == (b"\x02", b"\r\n\x03")


def test_unplugged_reader_fails_like_an_adapter_and_comes_back_under_its_path(bench: Any) -> None:
    path = bench.montreuil.places.reader
    switch = bench.world.set_fault
    with opened(path) as port:
        bench.finish(switch(bench.montreuil, "reader_unplugged", True))
        with pytest.raises(serial.SerialException):
            port.read(1)
    assert not path.exists()
    bench.finish(switch(bench.montreuil, "reader_unplugged", False))
    with opened(path) as port:
        bench.do(lambda: bench.montreuil.tap("valid", 10))
        assert port.read(14) == rdm6300.frame(NUMBER)


def test_port_of_a_program_that_died_holding_it_exclusively_opens_for_the_next(bench: Any, until: Callable) -> None:
    def opened_exclusive() -> bool:
        """Open the port, take it for us alone and drop it, as a killed program does; whether it was taken already."""
        descriptor = os.open(bench.montreuil.places.boards, os.O_RDWR | os.O_NOCTTY)
        taken = struct.unpack("i", fcntl.ioctl(descriptor, TIOCGEXCL, bytes(4)))[0]
        fcntl.ioctl(descriptor, termios.TIOCEXCL)
        os.close(descriptor)
        return bool(taken)

    assert not opened_exclusive()
    until(lambda: not opened_exclusive(), "a port that is free again")


def test_port_that_nobody_opened_costs_no_time(bench: Any) -> None:
    with opened(bench.montreuil.places.boards) as port:
        port.write(order(1))
        port.read(5)
    before = time.process_time()
    time.sleep(0.3)
    assert time.process_time() - before < 0.15


def test_dead_board_is_silent_and_recovers(bench: Any) -> None:
    with opened(bench.montreuil.places.boards) as port:
        bench.finish(bench.world.set_fault(bench.montreuil, "board_silent", True))
        port.timeout = 0.1
        port.write(order(1))
        assert port.read(5) == b""
        bench.finish(bench.world.set_fault(bench.montreuil, "board_silent", False))
        port.timeout = 5
        port.write(order(2))
        assert port.read(5) == order(2)
    assert (bench.montreuil.doors[1].releases, bench.montreuil.doors[2].releases) == (0, 1)


def test_power_cut_drops_a_coil_in_the_middle_of_its_pulse(bench: Any, until: Callable) -> None:
    with opened(bench.montreuil.places.boards) as port:
        port.write(order(1))
        until(lambda: bench.montreuil.doors[1].coil, "the coil on")
        bench.do(lambda: bench.montreuil.power(False))
    assert not bench.montreuil.doors[1].coil
    assert bench.montreuil.doors[1].last_pulse_ms < PULSE_MS
