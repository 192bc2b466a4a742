"""Serial ports that come and go, and the badge readers on them."""

import asyncio
import fcntl
import os
import select
import threading
import time
import tty
from pathlib import Path

import pytest
from serial import Serial

from hw.backoff import FIRST_S, LONGEST_S, Backoff
from hw.errors import LineClosed
from hw.ports import BadgeRead, DeviceFault, DeviceRecovered
from hw.readers.serial_rfid import SerialRfidReader
from hw.serial_line import SerialLine

FRAME = bytes.fromhex("02 36 32 45 33 30 38 36 43 45 44 30 38 03")
OTHER = bytes.fromhex("02 30 31 30 30 30 37 33 34 45 30 44 32 03")


class Heard:
    """A line's handlers, kept in order."""

    def __init__(self) -> None:
        self.log: list[object] = []

    def line(self, path: Path) -> SerialLine:
        return SerialLine(
            str(path),
            9600,
            on_bytes=self.log.append,
            on_up=lambda: self.log.append("up"),
            on_down=lambda code, detail: self.log.append(code),
        )


def test_bytes_pass_both_ways(device, until) -> None:
    async def scene() -> None:
        heard = Heard()
        device.plug()
        line = heard.line(device.path)
        line.start()
        device.send(b"\x00\x0d\x0a\x11\x13\xff")
        await until(lambda: len(heard.log) > 1)
        line.write(b"\x00\x0d\x0a\x11\x13\xff")
        await until(lambda: len(device.heard) == 6)
        line.stop()
        device.unplug()
        assert heard.log == ["up", b"\x00\x0d\x0a\x11\x13\xff"]
        assert device.heard == b"\x00\x0d\x0a\x11\x13\xff"

    asyncio.run(scene())


def test_a_port_that_is_missing_at_start_is_reported_once_and_opened_when_it_comes(device, until) -> None:
    async def scene() -> None:
        heard = Heard()
        line = heard.line(device.path)
        line.start()
        assert heard.log == ["missing"]
        with pytest.raises(LineClosed):
            line.write(b"x")
        await asyncio.sleep(FIRST_S * 1.5)  # one attempt in vain
        device.plug()
        await until(lambda: line.is_open)
        line.stop()
        device.unplug()
        assert heard.log == ["missing", "up"]

    asyncio.run(scene())


def test_an_unplugged_port_is_reported_and_opened_again(device, until) -> None:
    async def scene() -> None:
        heard = Heard()
        device.plug()
        line = heard.line(device.path)
        line.start()
        device.unplug()
        await until(lambda: "unplugged" in heard.log)
        device.plug()
        await until(lambda: heard.log.count("up") == 2)
        device.send(b"again")
        await until(lambda: b"again" in heard.log)
        line.stop()
        device.unplug()

    asyncio.run(scene())


def test_a_port_that_another_program_has_locked_is_reported(device) -> None:
    async def scene() -> None:
        heard = Heard()
        device.plug()
        other = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
        fcntl.flock(other, fcntl.LOCK_EX)
        line = heard.line(device.path)
        line.start()
        line.stop()
        os.close(other)
        device.unplug()
        assert heard.log == ["in_use"]

    asyncio.run(scene())


def test_a_file_that_is_no_port_is_reported(tmp_path: Path) -> None:
    async def scene() -> None:
        heard = Heard()
        (tmp_path / "file").touch()
        line = heard.line(tmp_path / "file")
        line.start()
        line.stop()
        assert heard.log == ["failed"]

    asyncio.run(scene())


def test_a_port_that_is_ours_cannot_be_locked_by_another_program(device) -> None:
    async def scene() -> None:
        device.plug()
        line = Heard().line(device.path)
        line.start()
        other = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        line.stop()
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(other)
        device.unplug()

    asyncio.run(scene())


def test_a_port_whose_bytes_do_not_leave_holds_nobody_up_and_is_opened_once_it_is_closed(
    device, until, monkeypatch
) -> None:
    drained = threading.Event()
    close = Serial.close

    def slow_close(port: Serial) -> None:
        drained.wait(10)
        close(port)

    async def scene() -> None:
        heard = Heard()
        device.plug()
        line = heard.line(device.path)
        line.start()
        monkeypatch.setattr(Serial, "close", slow_close)
        began = time.monotonic()
        line.stop()
        line.start()
        assert time.monotonic() - began < 1
        assert heard.log == ["up", "failed"]
        await asyncio.sleep(FIRST_S * 1.5)  # one attempt in vain
        assert not line.is_open
        drained.set()
        await until(lambda: line.is_open)
        line.stop()
        device.unplug()

    asyncio.run(scene())


def test_what_has_not_left_is_thrown_away_when_a_port_is_closed() -> None:
    async def scene() -> None:
        master, slave = os.openpty()  # nobody reads at the other end
        tty.setraw(slave)
        line = Heard().line(Path(os.ttyname(slave)))
        line.start()
        line.write(bytes(8_000))
        line.stop()
        arrived = 0
        while select.select([master], [], [], 0.2)[0]:
            arrived += len(os.read(master, 4096))
        assert arrived < 8_000  # no more than had gone over
        os.close(slave)
        os.close(master)

    asyncio.run(scene())


def test_waits_between_attempts_double_up_to_a_bound() -> None:
    backoff = Backoff()
    waits = [backoff.wait_s() for _ in range(8)]
    assert waits[:3] == [FIRST_S, FIRST_S * 2, FIRST_S * 4]
    assert waits[-1] == LONGEST_S
    backoff.reset()
    assert backoff.wait_s() == FIRST_S


def test_a_held_badge_is_read_once(device, events, mono_ms, until) -> None:
    async def scene() -> None:
        device.plug()
        reader = SerialRfidReader("entrance", str(device.path), events.append, mono_ms)
        await reader.start()
        for _ in range(5):
            device.send(FRAME)
        device.send(OTHER[:6])
        device.send(OTHER[6:])
        await until(lambda: len(events) >= 2)
        await reader.stop()
        device.unplug()
        assert [(event.technology, event.number, event.stale) for event in events] == [
            ("em4100", "62E3086CED", False),
            ("em4100", "01000734E0", False),
        ]
        assert 0 <= mono_ms() - events[0].at_ms < 5000

    asyncio.run(scene())


def test_a_badge_that_is_held_while_the_loop_is_busy_is_still_the_same_presentation(
    device, events, clock, until
) -> None:
    async def scene() -> None:
        device.plug()
        reader = SerialRfidReader("entrance", str(device.path), events.append, clock)
        await reader.start()
        device.send(FRAME)
        await until(lambda: events)
        clock.pass_ms(650)  # no turn of the loop in between: ten repetitions wait in the port
        device.send(FRAME * 10)
        device.send(OTHER)
        await until(lambda: len(events) >= 2)
        clock.pass_ms(300)
        device.send(FRAME)
        await until(lambda: len(events) >= 3)
        await reader.stop()
        device.unplug()
        assert [event.number for event in events] == ["62E3086CED", "01000734E0", "62E3086CED"]

    asyncio.run(scene())


def test_a_badge_read_in_the_first_second_after_a_reopening_is_stale(device, events, clock, until) -> None:
    async def scene() -> None:
        device.plug()
        reader = SerialRfidReader("entrance", str(device.path), events.append, clock)
        await reader.start()
        device.unplug()
        await until(lambda: events)
        device.plug()
        await until(lambda: len(events) == 2)
        for wait_ms in (999, 1):
            clock.pass_ms(wait_ms)
            await until(lambda: reader._freshness.awake_ms == clock())
            device.send(FRAME if wait_ms > 1 else OTHER)
            reads = len(events)
            await until(lambda reads=reads: len(events) > reads)
        await reader.stop()
        device.unplug()
        assert [type(event) for event in events] == [DeviceFault, DeviceRecovered, BadgeRead, BadgeRead]
        assert (events[0].kind, events[0].code) == ("reader", "unplugged")
        assert [events[2].stale, events[3].stale] == [True, False]

    asyncio.run(scene())


def test_a_badge_found_in_the_port_after_the_program_was_stopped_is_stale(device, events, clock, until) -> None:
    async def scene() -> None:
        device.plug()
        reader = SerialRfidReader("entrance", str(device.path), events.append, clock)
        await reader.start()
        clock.pass_ms(2001)  # no turn of the loop in between
        device.send(FRAME)
        await until(lambda: events)
        await until(lambda: reader._freshness.awake_ms == clock())
        device.send(OTHER)
        await until(lambda: len(events) == 2)
        await reader.stop()
        device.unplug()
        assert [event.stale for event in events] == [True, False]

    asyncio.run(scene())


def test_a_reader_that_sends_only_garbage_is_reported_and_recovers_with_its_first_badge(
    device, events, mono_ms, until
) -> None:
    async def scene() -> None:
        device.plug()
        reader = SerialRfidReader("entrance", str(device.path), events.append, mono_ms)
        await reader.start()
        for _ in range(10):
            device.send(b"\xaa" * 100)
            await asyncio.sleep(0)
        await until(lambda: events)
        device.send(FRAME)
        await until(lambda: len(events) == 3)
        await reader.stop()
        device.unplug()
        assert [type(event) for event in events] == [DeviceFault, DeviceRecovered, BadgeRead]
        assert events[0].code == "garbage"

    asyncio.run(scene())
