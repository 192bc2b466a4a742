"""Coils, lights and contacts on one MCP23017 over I2C (smbus2), for the pulse keeper, which alone talks to the chip.

The chip keeps its outputs on when the Pi hangs: a board is configured only with a timer in the coils' supply, or with
its RESET on a pin of the Pi. That pin is low at boot and lets go when this process dies (strict_gpiod), and it drops
the coils when the bus does not answer.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Container
from contextlib import suppress
from typing import Any, TypeVar

from hw.errors import PinsUnavailable
from hw.frames.mcp23017 import GPIO, IOCON, IOCON_OF_BANK_1, IODIR, OLAT, Layout
from hw.pins import claim_output, pin_factory, unavailable

# Coils disturb the bus: a transfer that changes nothing when it is repeated is tried again. Energising is not, nor is
# what timed out: on a bus that hangs that takes a second each time, and a coil may be on.
TRIES = 3
LEAVES_WITHIN_S = 0.5  # a keeper that was told to go needs a moment
T = TypeVar("T")


class ExpanderLines:
    """One chip; lines are its bits. Raises PinsUnavailable where the bus or the chip does not answer."""

    def __init__(self, bus: str, address: int, layout: Layout, reset_line: int | None = None) -> None:
        self._address = address
        self._layout = layout
        self._levels = layout.all_off
        self._reset: Any = None
        self._hangs = False
        self._name = f"the MCP23017 at 0x{address:02X} on {bus}"
        self._alone = _sole_use(f"casier-mcp23017-{bus}-{address}", self._name)
        self._open(bus, reset_line)
        try:
            _repeated(self._set_up)
        except PinsUnavailable:
            self._hold_in_reset()
            raise

    def __contains__(self, line: int) -> bool:
        return line in self._layout.locks

    def on(self, line: int) -> None:
        """Energise one coil: written once."""
        self._levels = self._layout.with_pin(self._levels, line, True)
        self._write(OLAT, self._levels)

    def off(self, line: int) -> None:
        """Drop one coil; where the bus does not answer, by RESET."""
        self._levels = self._layout.with_pin(self._levels, line, False)
        self._drop()

    def hold_off(self, busy: Container[int]) -> None:
        """Compare the chip with what it was told: one that was reset, by a sagging supply, has let go of its pins."""
        expected = self._levels
        for line in self._layout.locks:
            if line not in busy:
                expected = self._layout.with_pin(expected, line, False)
        found = _repeated(lambda: (self._read(IODIR), self._read(OLAT)))
        if found != (self._layout.directions, expected):
            raise PinsUnavailable(
                "failed", f"{self._name} lost its settings: look at its supply, and at what else is on the bus"
            )

    def all_off(self) -> None:
        """Drop every coil; where the bus does not answer, by RESET."""
        for line in self._layout.locks:
            self._levels = self._layout.with_pin(self._levels, line, False)
        self._drop()

    def light(self, line: int, on: bool) -> None:
        """Switch one light."""
        if line in self._layout.lights:
            self._levels = self._layout.with_pin(self._levels, line, on)
            _repeated(lambda: self._write(OLAT, self._levels))

    def inputs(self) -> int | None:
        """The levels of the contacts."""
        if not self._layout.inputs:
            return None
        levels = _repeated(lambda: self._read(GPIO))
        return sum((levels >> bit & 1) << index for index, bit in enumerate(self._layout.inputs))

    def _open(self, bus: str, reset_line: int | None) -> None:
        import smbus2  # loaded only where a bank has such a board

        if reset_line is not None:
            try:
                self._reset = claim_output(pin_factory(), reset_line, False)  # all pins let go, whatever was on
                self._reset.state = True
            except Exception as error:
                raise unavailable(error) from error
        try:
            self._bus = smbus2.SMBus(bus)
        except FileNotFoundError as error:
            raise PinsUnavailable("missing", f"there is no bus {bus}: switch I2C on (dtparam=i2c_arm=on)") from error
        except PermissionError as error:
            raise PinsUnavailable("permission", f"no access to {bus}: put the service's user in group i2c") from error
        except OSError as error:
            raise PinsUnavailable("missing", f"{bus} cannot be used: {error}") from error

    def _set_up(self) -> None:
        # A program that left the chip in its other register map: the first write puts it back, or changes nothing.
        self._call(lambda: self._bus.write_byte_data(self._address, IOCON_OF_BANK_1, 0))
        self._call(lambda: self._bus.write_byte_data(self._address, IOCON, 0))
        for register, word in self._layout.setup():
            self._write(register, word)

    def _drop(self) -> None:
        if self._hangs:
            self._hold_in_reset()
        try:
            _repeated(lambda: self._write(OLAT, self._levels))
        except PinsUnavailable:
            self._hold_in_reset()
            raise

    def _hold_in_reset(self) -> None:
        if self._reset is not None:
            with suppress(Exception):  # pin libraries raise anything; the bus's own error is the one to report
                self._reset.state = False

    def _write(self, register: int, word: int) -> None:
        self._call(lambda: self._bus.write_word_data(self._address, register, word))

    def _read(self, register: int) -> int:
        return int(self._call(lambda: self._bus.read_word_data(self._address, register)))

    def _call(self, transfer: Callable[[], T]) -> T:
        try:
            return transfer()
        except OSError as error:
            self._hangs = isinstance(error, TimeoutError)
            raise PinsUnavailable(
                "missing", f"{self._name} does not answer ({error}): look at its address switches, power and wires"
            ) from error


def _sole_use(name: str, chip: str) -> socket.socket:
    """Hold a name that the kernel frees when this process ends: Linux lets any number of programs open a bus."""
    held = socket.socket(socket.AF_UNIX)
    give_up = time.monotonic() + LEAVES_WITHIN_S
    while True:
        try:
            held.bind("\0" + name[-100:])  # the kernel takes 107 bytes
        except OSError as error:
            if time.monotonic() > give_up:
                held.close()
                raise PinsUnavailable("in_use", f"{chip} is another program's: stop that one") from error
            time.sleep(0.02)
        else:
            return held


def _repeated(transfer: Callable[[], T]) -> T:
    for _ in range(TRIES - 1):
        try:
            return transfer()
        except PinsUnavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                raise
    return transfer()
