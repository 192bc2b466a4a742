"""Rigs of the boards on serial lines: a simulated board behind a pty, its bytes paced as on the wire."""

import time
from collections.abc import Callable
from pathlib import Path

from hw.assembly import Hardware
from hw.ports import DeviceEvent
from simulator.devices import SerialBoard, SharedLine
from simulator.pty_port import PtyPort
from simulator.serial_boards.kerong_cu import KerongCu, KerongCu48
from simulator.serial_boards.modbus_relay import ModbusRelay

TURNAROUND_MS = 2.0
Assemble = Callable[[dict[str, object], list[DeviceEvent]], Hardware]
Table = dict[str, object]
# How the simulated board is made: `feedback`, `on_coil`, `latch`.
Make = Callable[..., SerialBoard]


class SerialRig:
    """One board of any kind; `coils` are its switchings: channel, on, when. `silences_ms` follow its answers."""

    def __init__(self, folder: Path, assemble: Assemble, table: Table, make: Make, baud: int | None) -> None:
        self.events: list[DeviceEvent] = []
        self.coils: list[tuple[int, bool, float]] = []
        self.heard = bytearray()
        self.silences_ms: list[float] = []
        self._answered_ms: float | None = None
        self._open: set[int] = set()
        self._unlatched: set[int] = set()
        self._make = make
        self._baud = baud
        self.path = folder / "boards.tty"
        self.hardware = assemble({"port": str(self.path), **table}, self.events)

    async def power(self) -> None:
        self.board = self._make(self._open.__contains__, self._coil, self._unlatched.__contains__)
        self._line = SharedLine([self.board])
        self._port = PtyPort(self.path, self._heard, self._baud)
        self._port.plug()
        await self.hardware.start()

    async def down(self) -> None:
        await self.hardware.stop()
        self._port.unplug()

    def door(self, channel: int, is_open: bool) -> None:
        (self._open.add if is_open else self._open.discard)(channel)
        self._port.send(self.board.feedback_changed(channel))

    def latch(self, channel: int, is_open: bool) -> None:
        (self._unlatched.add if is_open else self._unlatched.discard)(channel)

    def pulses(self, channel: int) -> list[tuple[float, float | None]]:
        self.board.advance(time.monotonic() * 1000)
        pulses: list[tuple[float, float | None]] = []
        for each, on, at in self.coils:
            if each == channel and on:
                pulses.append((at, None))
            elif each == channel and pulses[-1][1] is None:
                pulses[-1] = (pulses[-1][0], at)
        return pulses

    def break_off(self) -> None:
        self._port.unplug()

    def mend(self) -> None:
        self._port.plug()

    def _heard(self, byte: int, at_ms: float) -> None:
        self.heard.append(byte)
        self.board.advance(at_ms)
        if self._answered_ms is not None:
            self.silences_ms.append(at_ms - self._port.byte_ms - self._answered_ms)
            self._answered_ms = None
        if answer := self._line.byte(byte, at_ms)[0]:
            self._answered_ms = time.monotonic() * 1000 + TURNAROUND_MS + len(answer) * self._port.byte_ms
            self._port.send(answer, after_ms=TURNAROUND_MS)

    def _coil(self, channel: int, on: bool, at_ms: float) -> None:
        self.coils.append((channel, on, at_ms))


def kerong_cu(folder: Path, assemble: Assemble, two_sensors: bool = False, **choices: object) -> SerialRig:
    """A CU12 with locks on its first three channels; with two sensors, the infrared is the door's."""
    table = {"driver": "kerong_cu", "address": 2, "model": "cu12", "channels": 3, "pulse_ms": 300, **choices}
    if two_sensors:
        table["infrared"] = "door"

    def make(feedback: Callable[[int], bool], on_coil: object, latch: Callable[[int], bool]) -> SerialBoard:
        reply = choices.get("open_reply", "status")
        second = {"latch": latch} if two_sensors else {}
        return KerongCu(2, 12, feedback, on_coil, open_reply=reply, pulse_ms=300, **second)  # type: ignore[arg-type]

    return SerialRig(folder, assemble, table, make, 19_200)


def kerong_cu_48(folder: Path, assemble: Assemble, **choices: object) -> SerialRig:
    """A 48-channel board with locks on its first three channels."""
    table = {"driver": "kerong_cu", "address": 0, "model": "cu48", "channels": 3, "pulse_ms": 300, **choices}

    def make(feedback: Callable[[int], bool], on_coil: object, _latch: object) -> SerialBoard:
        habits = {key: choices[key] for key in ("open_reply", "layout") if key in choices}
        return KerongCu48(0, 48, feedback, on_coil, pulse_ms=300, **habits)  # type: ignore[arg-type]

    return SerialRig(folder, assemble, table, make, 19_200)


def modbus_relay(folder: Path, assemble: Assemble, two_sensors: bool = False, **habits: object) -> SerialRig:
    """An eight-relay board with locks on its first three channels, doors on inputs 1-3 and, if two, latches on 4-6."""
    table: Table = {"driver": "modbus_relay", "address": 1, "channels": 3, "doors": [1, 2, 3]}
    if two_sensors:
        table["latches"] = [4, 5, 6]

    def make(feedback: Callable[[int], bool], on_coil: object, latch: Callable[[int], bool]) -> SerialBoard:
        second = {"latch": latch, "doors": (1, 2, 3), "latches": (4, 5, 6)} if two_sensors else {}
        return ModbusRelay(1, 8, feedback, on_coil, **second, **habits)  # type: ignore[arg-type]

    return SerialRig(folder, assemble, table, make, 9600)
