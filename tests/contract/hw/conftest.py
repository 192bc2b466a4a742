"""Rigs: one lock board each, with its simulated hardware below the library, behind one set of handles."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Protocol

import pytest
from gpiozero import Device

from hw import registry
from hw.assembly import CoilUse, Hardware, HardwareConfig, build
from hw.pins import drop_pin_factory
from hw.ports import Coil, DeviceEvent
from simulator.devices import SharedLine
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from simulator.pty_port import PtyPort
from simulator.serial_boards.xor_board import XorBoard
from simulator.stand_ins import Library, python_path
from tests.contract.hw import serial_rigs
from tests.contract.hw.pin_libraries import ChipBench, pin_library

CHANNELS = 3
BOARD = "a"


def forget_pins() -> None:
    """gpiozero keeps one factory for the process: each test begins with none."""
    drop_pin_factory(Device.pin_factory)


def mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000


class Rig(Protocol):
    """A board under test: its hardware, what it emitted, and hands on its doors and its cable."""

    hardware: Hardware
    events: list[DeviceEvent]

    async def power(self) -> None: ...
    async def down(self) -> None: ...
    def door(self, channel: int, is_open: bool) -> None: ...
    def pulses(self, channel: int) -> list[tuple[float, float | None]]: ...
    def break_off(self) -> None: ...
    def mend(self) -> None: ...


def assembled(table: dict[str, object], events: list[DeviceEvent]) -> Hardware:
    uses = tuple(CoilUse(Coil(BOARD, channel), f"supply-{channel}", ()) for channel in range(1, CHANNELS + 1))
    config = HardwareConfig(boards={BOARD: registry.decode("boards", table)}, coils=uses)
    return build(config, events.append, mono_ms)


class XorRig:
    """An XOR board behind a pty at 9600 baud."""

    def __init__(self, folder: Path, **habits: object) -> None:
        self.events: list[DeviceEvent] = []
        self._open: set[int] = set()
        self._switched: dict[int, list[tuple[float, float | None]]] = {}
        self._habits = habits
        self.path = folder / "boards.tty"
        shared = {key: habits[key] for key in ("open_bit", "byte_order") if key in habits}
        self.hardware = assembled(
            {"driver": "xor_board", "port": str(self.path), "address": 1, "channels": CHANNELS, **shared}, self.events
        )

    async def power(self) -> None:
        self.board = XorBoard(1, CHANNELS, self._open.__contains__, self._coil, **self._habits)  # type: ignore[arg-type]
        self._line = SharedLine([self.board])
        self._port = PtyPort(self.path, self._heard)
        self._port.plug()
        await self.hardware.start()

    async def down(self) -> None:
        await self.hardware.stop()
        self._port.unplug()

    def door(self, channel: int, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(channel)
        self._port.send(self.board.feedback_changed(channel))

    def pulses(self, channel: int) -> list[tuple[float, float | None]]:
        self.board.advance(time.monotonic() * 1000)
        return self._switched.get(channel, [])

    def break_off(self) -> None:
        self._port.unplug()

    def mend(self) -> None:
        self._port.plug()

    def _heard(self, byte: int, at_ms: float) -> None:
        self._port.send(self._line.byte(byte, at_ms)[0], after_ms=2.0)

    def _coil(self, channel: int, on: bool, at_ms: float) -> None:
        _note(self._switched.setdefault(channel, []), on, at_ms)


class GpioRig:
    """Locks and doors on the simulated pins, with the pulse keeper as the process that it is."""

    LOCKS, DOORS = (17, 27, 22), (5, 6, 26)

    def __init__(self, folder: Path, active_high: bool = True, library: Library | None = None) -> None:
        self.events: list[DeviceEvent] = []
        self.library = library  # None: gpiozero's pins are the simulator's own
        self.socket = folder / "pins.sock"
        self._active_high = active_high
        self._switched: dict[int, list[tuple[float, float | None]]] = {}
        self._pi = SimulatedPi()
        table = {"driver": "gpio", "locks": list(self.LOCKS), "doors": list(self.DOORS), "active_high": active_high}
        table["off_resistors"] = not active_high
        self.hardware = assembled(table, self.events)

    async def serve(self) -> None:
        """The Pi alone, for a test that brings its own processes."""
        for pin in self.LOCKS:  # the resistor that keeps a driver off while nothing drives it
            self._pi.fit(pin, "down" if self._active_high else "up")
            self._pi.wire(pin, None, 0)
        for channel in range(1, CHANNELS + 1):
            self._pi.wire(self.DOORS[channel - 1], False, 0)
        self._pi_loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._pi_loop.run_forever)
        self._thread.start()
        self.mend()

    async def unserve(self) -> None:
        self.break_off()
        self._pi_loop.call_soon_threadsafe(self._pi_loop.stop)
        self._thread.join()
        self._pi_loop.close()

    async def power(self) -> None:
        await self.serve()
        await self.hardware.start()

    async def down(self) -> None:
        await self.hardware.stop()
        forget_pins()
        await self.unserve()

    def door(self, channel: int, is_open: bool) -> None:
        pin, level = self.DOORS[channel - 1], None if is_open else False
        self._pi_loop.call_soon_threadsafe(self._pi.wire, pin, level, time.monotonic_ns())

    def pulses(self, channel: int) -> list[tuple[float, float | None]]:
        return self._switched.get(channel, [])

    def level(self, pin: int) -> bool:
        return self._pi.read(pin)

    def break_off(self) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(), self._pi_loop).result(5)

    def mend(self) -> None:
        self._server = PiServer(self._pi, self.socket, self._level)
        asyncio.run_coroutine_threadsafe(self._server.start(), self._pi_loop).result(5)

    def _level(self, pin: int, level: bool, at_ns: int) -> None:
        if pin in self.LOCKS:
            pulses = self._switched.setdefault(self.LOCKS.index(pin) + 1, [])
            _note(pulses, level == self._active_high, at_ns / 1e6)


def _note(pulses: list[tuple[float, float | None]], on: bool, at_ms: float) -> None:
    if on:
        pulses.append((at_ms, None))
    elif pulses and pulses[-1][1] is None:
        pulses[-1] = (pulses[-1][0], at_ms)


class Mcp23017Rig:
    """Locks and doors on a simulated MCP23017, which the pulse keeper talks to."""

    def __init__(self, folder: Path, **choices: object) -> None:
        self.events: list[DeviceEvent] = []
        self.bench = ChipBench(folder)
        self.hardware = assembled(self.bench.table | choices, self.events)

    async def power(self) -> None:
        self.bench.serve()
        await self.hardware.start()

    async def down(self) -> None:
        await self.hardware.stop()
        self.bench.unserve()

    def door(self, channel: int, is_open: bool) -> None:
        self.bench.wire(self.bench.DOORS[channel - 1], None if is_open else False)

    def latch(self, channel: int, is_open: bool) -> None:
        self.bench.wire(self.bench.LATCHES[channel - 1], None if is_open else False)

    def pulses(self, channel: int) -> list[tuple[float, float | None]]:
        return self.bench.pulses.get(self.bench.LOCKS[channel - 1], [])

    def break_off(self) -> None:
        self.bench.break_off()

    def mend(self) -> None:
        self.bench.mend()


RIGS: dict[str, Callable[[Path], Rig]] = {
    "xor_board": XorRig,
    "xor_board_other_wiring": lambda folder: XorRig(
        folder, open_bit=0, byte_order="s1_last", open_reply="state", unsolicited=True
    ),
    "kerong_cu": lambda folder: serial_rigs.kerong_cu(folder, assembled),
    "kerong_cu_48": lambda folder: serial_rigs.kerong_cu_48(folder, assembled),
    "modbus_relay": lambda folder: serial_rigs.modbus_relay(folder, assembled),
    "gpio": GpioRig,
    "gpio_active_low_lgpio": lambda folder: GpioRig(folder, active_high=False, library="lgpio"),
    "gpio_active_low_rpi_gpio": lambda folder: GpioRig(folder, active_high=False, library="rpi_gpio"),
    "mcp23017": lambda folder: Mcp23017Rig(folder, latches=[]),
}


@pytest.fixture
def simulated_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gpiozero on the simulator's own pins, and smbus2 on its bus, in this process and in keepers."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "casier-sim")
    monkeypatch.setenv("CASIER_SIM_PINS", str(tmp_path / "pins.sock"))
    monkeypatch.setenv("PYTHONPATH", python_path("smbus2"))


@pytest.fixture(params=list(RIGS))
def rig(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulated_libraries: None
) -> Iterator[Rig]:
    made = RIGS[request.param](tmp_path)
    library: Library | None = getattr(made, "library", None)
    with nullcontext() if library is None else pin_library(library, monkeypatch):
        yield made


@pytest.fixture
def forget_pins_after() -> Iterator[None]:
    """For tests that build their own hardware on gpiozero's pins."""
    yield
    forget_pins()


@pytest.fixture
def gpio_rig(tmp_path: Path, simulated_libraries: None) -> GpioRig:
    return GpioRig(tmp_path)


@pytest.fixture
def mcp23017_rig(tmp_path: Path, simulated_libraries: None) -> Mcp23017Rig:
    return Mcp23017Rig(tmp_path)


@pytest.fixture
def xor_rig(tmp_path: Path) -> XorRig:
    return XorRig(tmp_path)


async def wait_until(holds: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait for a condition; fail when its deadline passes."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "the condition never came true"
        await asyncio.sleep(0.002)


@pytest.fixture
def until() -> Callable[..., Awaitable[None]]:
    return wait_until
