"""A line of simulated boards in virtual time: the shipped engine on an event loop whose clock jumps to what is due."""

import asyncio
import random
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hw import registry
from hw.assembly import CoilUse, HardwareConfig, build
from hw.locks import rs485_line
from hw.ports import Coil, DeviceEvent, DoorSensed
from simulator.devices import SerialBoard, SharedLine

TURNAROUND_MS = 8.0  # a slow board, and an adapter that holds bytes


class VirtualLoop(asyncio.SelectorEventLoop):
    """Waits for nothing: where it would sleep, its clock goes on."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        super().__init__(_NoSleep(self))

    def time(self) -> float:
        return self.now_s


class _NoSleep(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._of = loop

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready and timeout:
            self._of.now_s += timeout
        return ready


class Wire:
    """Stands in for hw.serial_line.SerialLine: bytes take their time both ways, and one way at a time."""

    def __init__(
        self,
        line: SharedLine,
        baud: int,
        on_bytes: Callable[[bytes], None],
        on_up: Callable[[], None],
    ) -> None:
        self.is_open = False
        self.sent: list[tuple[float, bytes]] = []
        self.collisions = 0
        self._line = line
        self._byte_s = 10 / baud
        self._on_bytes = on_bytes
        self._on_up = on_up
        self._busy_until = 0.0

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.is_open = True
        self._on_up()

    def stop(self) -> None:
        self.is_open = False

    def discard_output(self) -> None:
        """Everything has left already."""

    def write(self, data: bytes) -> None:
        now = self._loop.time()
        self.sent.append((now, data))
        self.collisions += now < self._busy_until - 1e-6
        for index, byte in enumerate(data, start=1):
            self._loop.call_at(now + index * self._byte_s, self._arrived, byte)
        self._busy_until = now + len(data) * self._byte_s

    def _arrived(self, byte: int) -> None:
        now = self._loop.time()
        answer, _ = self._line.byte(byte, now * 1000)
        begins = now + TURNAROUND_MS / 1000
        for index, each in enumerate(answer, start=1):
            self._loop.call_at(begins + index * self._byte_s, self._on_bytes, bytes((each,)))
        if answer:
            self._busy_until = begins + len(answer) * self._byte_s


class VirtualBank:
    """Boards a, b, ... at addresses 1, 2, ... of one line, and what happened on it."""

    def __init__(self, make: Callable[..., SerialBoard], table: dict[str, object], boards: int, channels: int) -> None:
        self.events: list[DeviceEvent] = []
        self.opened: set[tuple[str, int]] = set()
        self.coils_on: list[tuple[str, int, float]] = []
        self.names = "abcdefgh"[:boards]
        self.channels = channels
        self.boards = {
            name: make(address, lambda channel, name=name: (name, channel) in self.opened, self._coil(name))
            for address, name in enumerate(self.names, start=1)
        }
        settings = {
            name: registry.decode("boards", {"port": "/dev/virtual", "address": address, **table})
            for address, name in enumerate(self.names, start=1)
        }
        coils = [Coil(name, channel) for name in self.names for channel in range(1, channels + 1)]
        self._config = HardwareConfig(boards=settings, coils=tuple(CoilUse(coil, str(coil), ()) for coil in coils))

    def play(self, scene: Callable[[], Coroutine[Any, Any, None]], monkeypatch: pytest.MonkeyPatch) -> None:
        """Run a scene on the started hardware, in virtual time."""
        loop = VirtualLoop()
        monkeypatch.setattr(rs485_line, "SerialLine", self._wired)
        self.hardware = build(self._config, self.events.append, lambda: int(loop.time() * 1000))

        async def whole() -> None:
            await self.hardware.start()
            await asyncio.sleep(2)
            await scene()
            await self.hardware.stop()

        try:
            loop.run_until_complete(whole())
        finally:
            loop.close()

    async def door_seen_after_ms(self, name: str, channel: int) -> float:
        """From a door's opening to its event, in milliseconds."""
        loop = asyncio.get_running_loop()
        began, known = loop.time(), len(self.events)
        self.opened.add((name, channel))
        while not any(
            isinstance(event, DoorSensed) and (event.board, event.channel, event.open) == (name, channel, True)
            for event in self.events[known:]
        ):
            await asyncio.sleep(0.0005)
            assert loop.time() - began < 3, "the door was never seen"
        return (loop.time() - began) * 1000

    async def coil_on_after_ms(self, name: str, channel: int) -> float:
        """From a release to its coil, in milliseconds."""
        loop = asyncio.get_running_loop()
        began, known = loop.time(), len(self.coils_on)
        self.hardware.release(Coil(name, channel))
        while len(self.coils_on) == known:
            await asyncio.sleep(0.0005)
            assert loop.time() - began < 3, "the coil was never energised"
        assert self.coils_on[-1][:2] == (name, channel)
        return self.coils_on[-1][2] - began * 1000

    def _coil(self, name: str) -> Callable[[int, bool, float], None]:
        def switched(channel: int, on: bool, at: float) -> None:
            if on:
                self.coils_on.append((name, channel, at))

        return switched

    def _wired(self, _path: str, baud: int, *, on_bytes: Any, on_up: Any, on_down: Any) -> Wire:
        self.wire = Wire(SharedLine(self.boards.values()), baud, on_bytes, on_up)
        return self.wire


async def some_time(seed: random.Random) -> None:
    """Until another moment of the polls."""
    await asyncio.sleep(seed.uniform(0.001, 0.4))
