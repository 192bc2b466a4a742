"""A simulated I2C bus with MCP23017 chips on it, served to other processes over a unix socket.

The chips answer as the data sheet says (Microchip DS20001952, IOCON.BANK = 0): registers in pairs, an address that
counts up within a transfer, every pin an input after power-on or RESET, and outputs that stay as they are whatever
becomes of the program that set them. Requests, one text line each: `write ADDRESS REGISTER HEX`,
`read ADDRESS REGISTER COUNT`; answers: `ok`, the bytes in hex, or `error ERRNO`.
"""

import asyncio
import errno
import time
from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import cast

from simulator.pi import TRANSITIONS_KEPT, Line, Pull, Transition

IODIR, IOCON, GPPU, GPIO, OLAT = 0x00, 0x0A, 0x0C, 0x12, 0x14
REGISTERS = 0x16
TIMES_OUT_S = 1.0  # i2c_adapter.timeout, as Linux sets it where the bus's driver does not
PINS = range(16)


class ChipHabit(Enum):
    """How a chip behaves: as it should, or as one with a fault."""

    FINE = "fine"
    ABSENT = "absent"
    """No power, no wire, another address: nobody acknowledges."""
    HANGS = "hangs"
    """It holds SDA low: every transfer on the bus times out, after the second that Linux gives it."""


def _nothing(pin: int, level: bool, at_ns: int) -> None:
    """A chip that nothing is wired to."""


class Mcp23017:
    """One chip; bit 0 is A0, bit 15 is B7. Times are monotonic nanoseconds given by the caller.

    `on_level(pin, level, at_ns)` is called on every change of a pin; `transitions` keeps them all.
    """

    def __init__(self, address: int) -> None:
        self.address = address
        self.habit = ChipHabit.FINE
        self.on_level: Callable[[int, bool, int], None] = _nothing
        self.transitions: deque[Transition] = deque(maxlen=TRANSITIONS_KEPT)
        self.writes: list[tuple[int, bytes]] = []
        self._held_in_reset = False
        self._lines = {number: Line(number) for number in PINS}
        self._registers = bytearray(REGISTERS)
        self._forget()

    def write(self, register: int, data: bytes, at_ns: int) -> None:
        """A transfer that writes."""
        self.writes.append((register, data))
        for offset, value in enumerate(data):
            address = (register + offset) % REGISTERS
            if address in (GPIO, GPIO + 1):  # writing the port writes the latch
                address += OLAT - GPIO
            self._registers[address] = value
        self._settle(at_ns, "bus")

    def read(self, register: int, count: int) -> bytes:
        """A transfer that reads."""
        levels = sum(line.level << number for number, line in self._lines.items())
        self._registers[GPIO : GPIO + 2] = levels.to_bytes(2, "little")
        return bytes(self._registers[(register + offset) % REGISTERS] for offset in range(count))

    def level(self, pin: int) -> bool:
        """The level on a pin now."""
        return self._lines[pin].level

    def wire(self, pin: int, level: bool | None, at_ns: int) -> None:
        """Let the circuit outside drive the pin: a contact to ground is False, None an open one or a cut wire."""
        self._lines[pin].wired = level
        self._settle(at_ns, "world")

    def fit(self, pin: int, resistor: Pull) -> None:
        """Solder a resistor to the pin, with the power off."""
        self._lines[pin].resistor = resistor
        self._lines[pin].level = self._lines[pin].settle()

    def reset(self, low: bool, at_ns: int) -> None:
        """The level of RESET changes: low makes every pin an input and forgets all settings, for as long as it is."""
        self._held_in_reset = low
        if low:
            self.power_cycle(at_ns)

    def power_cycle(self, at_ns: int) -> None:
        """The supply sagged below what the chip needs, and is back."""
        self._forget()
        self._settle(at_ns, "boot")

    @property
    def answers(self) -> bool:
        """Whether it acknowledges its address."""
        return self.habit is ChipHabit.FINE and not self._held_in_reset

    def _forget(self) -> None:
        self._registers[:] = bytes(REGISTERS)
        self._registers[IODIR : IODIR + 2] = b"\xff\xff"

    def _word(self, register: int) -> int:
        return int.from_bytes(self._registers[register : register + 2], "little")

    def _settle(self, at_ns: int, by: str) -> None:
        inputs, pulls, latch = self._word(IODIR), self._word(GPPU), self._word(OLAT)
        for number, line in self._lines.items():
            line.function = "input" if inputs >> number & 1 else "output"
            line.pull = "up" if pulls >> number & 1 else "floating"
            line.driven = bool(latch >> number & 1)
            level = line.settle()
            if level != line.level:
                line.level = level
                self.transitions.append(Transition(number, level, at_ns, by))
                self.on_level(number, level, at_ns)


class I2cBus:
    """The chips of one bus, by address. Two at one address both act; what they send is ANDed, as on the wire."""

    def __init__(self, chips: Iterable[Mcp23017]) -> None:
        self.chips = list(chips)

    def transfer(self, words: list[str], at_ns: int) -> str:
        """One request; returns its answer. Raises ValueError for what is none."""
        if any(chip.habit is ChipHabit.HANGS for chip in self.chips):
            return f"error {errno.ETIMEDOUT}"
        match words:
            case ["write", address, register, data]:
                heard = self._at(int(address))
                for chip in heard:
                    chip.write(int(register), bytes.fromhex(data), at_ns)
                return "ok" if heard else f"error {errno.EREMOTEIO}"
            case ["read", address, register, count]:
                said = [chip.read(int(register), int(count)) for chip in self._at(int(address))]
                if not said:
                    return f"error {errno.EREMOTEIO}"
                return bytes(a & b for a, b in zip(said[0], said[-1], strict=True)).hex()
        raise ValueError(words)

    def _at(self, address: int) -> list[Mcp23017]:
        return [chip for chip in self.chips if chip.address == address and chip.answers]


class I2cServer:
    """The socket of one bus; its path stands where a Pi has /dev/i2c-1."""

    def __init__(self, bus: I2cBus, path: Path) -> None:
        self.bus = bus
        self.path = path
        self._server: asyncio.Server | None = None
        self._connections: set[_BusConnection] = set()

    async def start(self) -> None:
        """Listen on the socket."""
        self.path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(
            lambda: _BusConnection(self.bus, self._connections), str(self.path)
        )

    async def stop(self) -> None:
        """Hang up on every program and remove the socket."""
        if self._server is not None:
            self._server.close()
        for connection in tuple(self._connections):
            connection.hang_up()
        self.path.unlink(missing_ok=True)


class _BusConnection(asyncio.Protocol):
    """One program's open bus."""

    def __init__(self, bus: I2cBus, connections: "set[_BusConnection]") -> None:
        self._bus = bus
        self._connections = connections
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        self._connections.discard(self)

    def hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        at_ns = time.monotonic_ns()
        *requests, self._buffer = (self._buffer + data).split(b"\n")
        for request in requests:
            try:
                answer = self._bus.transfer(request.decode("ascii").split(), at_ns)
            except ValueError:
                answer = f"error {errno.EINVAL}"
            if answer == f"error {errno.ETIMEDOUT}":
                asyncio.get_running_loop().call_later(TIMES_OUT_S, self._answer, answer)
            else:
                self._answer(answer)

    def _answer(self, answer: str) -> None:
        if self._transport is not None:
            self._transport.write(answer.encode() + b"\n")
