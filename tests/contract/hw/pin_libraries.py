"""Rigs below the real pin and I2C libraries' users: gpiozero's own lgpio and RPi.GPIO factories, and an MCP23017."""

import asyncio
import importlib
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulator.i2c import I2cBus, I2cServer, Mcp23017
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from simulator.stand_ins import Library, python_path

MODULES = {"lgpio": ("lgpio", "gpiozero.pins.lgpio"), "rpi_gpio": ("RPi", "RPi.GPIO", "gpiozero.pins.rpigpio")}


@contextmanager
def pin_library(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """gpiozero finds the stand-in of this library, in this process and in those that it starts."""
    local = importlib.import_module("gpiozero.pins.local")
    monkeypatch.setattr(local, "get_pi_revision", local.get_pi_revision)  # the stand-in replaces it
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    path = python_path(library)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(path.split(":")[0])
    try:
        yield
    finally:
        for name in MODULES[library]:
            sys.modules.pop(name, None)


class LoopThread:
    """An event loop in a thread of its own, for what is simulated: it must answer while the test waits."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self.loop).result(5)

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        self.loop.call_soon_threadsafe(function, *arguments)

    def close(self) -> None:
        self.call(self.loop.stop)
        self._thread.join()
        self.loop.close()


class ChipBench:
    """One MCP23017 on a simulated bus, its RESET on a pin of a simulated Pi; locks on A0-A2, doors on B0-B2, latches
    on B3-B5, lights on A3-A5.
    """

    LOCKS, LIGHTS, DOORS, LATCHES = (0, 1, 2), (3, 4, 5), (8, 9, 10), (11, 12, 13)
    RESET, ADDRESS = 24, 0x27

    def __init__(self, folder: Path, active_high: bool = True, strict_gpiod: bool = False) -> None:
        self.active_high = active_high
        self.path = folder / "i2c-1"
        self.chip = Mcp23017(self.ADDRESS)
        self.pi = SimulatedPi(strict_gpiod=strict_gpiod)
        self.pi.fit(self.RESET, "down")
        self.pulses: dict[int, list[tuple[float, float | None]]] = {}
        self._pins = folder / "pins.sock"
        self.chip.on_level = self._level
        self.table: dict[str, object] = {
            "driver": "mcp23017",
            "bus": str(self.path),
            "address": self.ADDRESS,
            "locks": ["A0", "A1", "A2"],
            "doors": ["B0", "B1", "B2"],
            "latches": ["B3", "B4", "B5"],
            "lights": ["A3", "A4", "A5"],
            "active_high": active_high,
            "reset_line": self.RESET,
        }

    def serve(self) -> None:
        for lock in self.LOCKS:
            self.chip.fit(lock, "down" if self.active_high else "up")
        for light in self.LIGHTS:
            self.chip.fit(light, "down")
        for contact in (*self.DOORS, *self.LATCHES):
            self.chip.wire(contact, False, 0)
        self._loop = LoopThread()
        self.mend()

    def unserve(self) -> None:
        self.break_off()
        self._loop.close()

    def wire(self, pin: int, level: bool | None) -> None:
        self._loop.call(self.chip.wire, pin, level, time.monotonic_ns())

    def break_off(self) -> None:
        self._loop.run(self._bus.stop())
        self._loop.run(self._server.stop())

    def mend(self) -> None:
        self._bus = I2cServer(I2cBus([self.chip]), self.path)
        self._server = PiServer(self.pi, self._pins, self._pi_level)
        self._loop.run(self._bus.start())
        self._loop.run(self._server.start())

    def _pi_level(self, line: int, level: bool, at_ns: int) -> None:
        if line == self.RESET:
            self.chip.reset(not level, at_ns)

    def _level(self, pin: int, level: bool, at_ns: int) -> None:
        if pin not in self.LOCKS:
            return
        pulses = self.pulses.setdefault(pin, [])
        if level == self.active_high:
            pulses.append((at_ns / 1e6, None))
        elif pulses and pulses[-1][1] is None:
            pulses[-1] = (pulses[-1][0], at_ns / 1e6)
