"""Several OSDP readers on one line: those that do not answer leave the line to those that do."""

import asyncio
import secrets
import time

import pytest

from hw import osdp_line, registry
from hw.assembly import HardwareConfig, build
from hw.frames.osdp import OsdpFramer, crc16
from hw.ports import BadgeRead, DeviceFault, DeviceRecovered
from simulator.devices import Habit
from simulator.pty_port import PtyPort
from simulator.readers.osdp import OsdpReader


class Shared:
    """Several readers on one line, named after their addresses."""

    def __init__(self, folder, count):
        keys = [secrets.token_bytes(16) for _ in range(count)]
        self.devices = [OsdpReader(address, key) for address, key in enumerate(keys)]
        self.events = []
        self.passed_ms = 0
        path = folder / "line.tty"
        self._port = PtyPort(path, self._heard)
        readers = {}
        for address, key in enumerate(keys):
            file = folder / f"{address}.key"
            file.touch(0o600)
            file.write_text(key.hex())
            table = {"driver": "osdp", "port": str(path), "address": address, "key_file": str(file)}
            readers[str(address)] = registry.decode("readers", table)
        self._hardware = build(HardwareConfig(readers=readers), self.events.append, self._now_ms)

    def play(self, scene):
        async def play():
            self._port.plug()
            await self._hardware.start()
            try:
                await scene()
            finally:
                await self._hardware.stop()
                self._port.unplug()

        asyncio.run(play())

    def secured(self):
        links = self._hardware.readers["0"]._line._links
        return {link.peer.address for link in links if link.is_secured}

    def named(self, kind):
        return {int(event.device) for event in self.events if isinstance(event, kind)}

    def _now_ms(self):
        return time.monotonic_ns() // 1_000_000 + self.passed_ms

    def _heard(self, byte, at):
        for device in self.devices:
            self._port.send(device.heard(byte, at), after_ms=2.0)


def test_two_readers_share_a_line_and_one_that_is_dead_does_not_silence_the_other(tmp_path, until):
    shared = Shared(tmp_path, 2)
    events = shared.events

    async def scene():
        await until(lambda: shared.secured() == {0, 1})
        shared.passed_ms += 1_100
        for device in shared.devices:
            device.hold("7-7", 100, 0.0)  # the same badge at both: each has presentations of its own
        await until(lambda: len(events) == 2)
        assert {event.reader for event in events} == {"0", "1"}
        shared.devices[0].habit = Habit.DEAD
        await until(lambda: shared.named(DeviceFault), within_s=10)
        assert shared.named(DeviceFault) == {0}
        shared.devices[1].hold("8-8", 100, 0.0)
        await until(lambda: [event.number for event in events if isinstance(event, BadgeRead)][-1] == "8-8")

    shared.play(scene)


@pytest.mark.parametrize(("alive", "count"), [(0, 6), (7, 8)])
def test_a_live_reader_is_secured_and_read_however_many_on_its_line_are_dead(tmp_path, until, alive, count):
    shared = Shared(tmp_path, count)
    dead = set(range(count)) - {alive}
    for address in dead:
        shared.devices[address].habit = Habit.DEAD

    async def scene():
        await until(lambda: shared.secured() == {alive}, within_s=8)
        shared.passed_ms += 1_100
        shared.devices[alive].hold("7-7", 100, 0.0)
        await until(lambda: any(isinstance(event, BadgeRead) for event in shared.events), within_s=2)
        await until(lambda: shared.named(DeviceFault) >= dead, within_s=8)
        assert {event.code for event in shared.events if isinstance(event, DeviceFault)} == {"silent"}
        shared.devices[3].habit = Habit.FINE
        await until(lambda: shared.secured() == {alive, 3}, within_s=8)
        assert shared.named(DeviceFault) == dead, "the live one was never given up"
        assert shared.named(DeviceRecovered) == {3}

    shared.play(scene)


def test_a_line_that_loses_most_of_its_readers_at_once_keeps_the_others(tmp_path, until):
    shared = Shared(tmp_path, 7)

    async def scene():
        await until(lambda: len(shared.secured()) == 7, within_s=10)
        for device in shared.devices[:5]:
            device.habit = Habit.DEAD
        await until(lambda: len(shared.named(DeviceFault)) == 5, within_s=10)
        shared.devices[0].habit = Habit.FINE
        await until(lambda: shared.secured() == {0, 5, 6}, within_s=10)
        assert shared.named(DeviceFault) == {0, 1, 2, 3, 4}

    shared.play(scene)


def test_a_reader_that_is_busy_for_ever_is_told(tmp_path, until, monkeypatch):
    monkeypatch.setattr(osdp_line, "PROVE_MS", 1_500)
    shared = Shared(tmp_path, 1)

    class Busy:
        """Asks for patience at each request; libosdp has no end of it."""

        framer = OsdpFramer()

        def heard(self, byte, _at):
            for frame in self.framer.feed(bytes((byte,))):
                said = bytes((0x53, 0x80, 8, 0, frame[4] & 7, 0x79))
                return said + crc16(said).to_bytes(2, "little")
            return b""

    shared.devices[0] = Busy()

    async def scene():
        await until(lambda: shared.named(DeviceFault))
        assert [event.code for event in shared.events] == ["bad_reply"]

    shared.play(scene)


def test_a_full_line_has_all_its_readers_secured_and_none_told_as_faulty(tmp_path, until):
    shared = Shared(tmp_path, 12)

    async def scene():
        await until(lambda: len(shared.secured()) == 12, within_s=20)
        assert shared.events == []

    shared.play(scene)
