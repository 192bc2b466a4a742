"""The Raspberry Pi of one bank and what leads into it: its pins and its serial ports, started and cut off together."""

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from simulator.devices import Unlock
from simulator.i2c import I2cBus, I2cServer, Mcp23017
from simulator.input_device import InputDevice
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from simulator.places import Places
from simulator.serial_line import SerialLine

KEY_BYTES = 16
PinHeard = Callable[[bool, float], None]


def simulated_key(name: str) -> bytes:
    """The secret key of that name in every simulation: it guards nothing."""
    return hashlib.sha256(f"casier simulator: {name}".encode()).digest()[:KEY_BYTES]


class Machine:
    """`on_unlock` hears each coil that serial bytes energised; `on_heard()` that a reader was spoken to or a pin moved.

    `pacing=False` lets all bytes through at once.
    """

    def __init__(
        self,
        places: Places,
        on_unlock: Callable[[Unlock], None],
        on_heard: Callable[[], None],
        *,
        pacing: bool,
        strict_gpiod: bool,
        seed: int,
    ) -> None:
        self.places = places
        self.random = Random(seed)
        self.pi = SimulatedPi(strict_gpiod=strict_gpiod)
        self.lines: dict[str, SerialLine] = {}
        self.inputs: list[InputDevice] = []
        self.i2c = I2cBus(())
        self.keys: dict[Path, bytes] = {}
        """Key files of readers, written at the start for their drivers alone."""
        self._pacing = pacing
        self._on_unlock = on_unlock
        self._on_heard = on_heard
        self._pins = PiServer(self.pi, places.pins, self._level_changed)
        self._i2c = I2cServer(self.i2c, places.i2c)
        self._ears: dict[int, PinHeard] = {}

    def line(self, name: str, baud: int) -> SerialLine:
        """The serial line of that name, made at its first use."""
        if name not in self.lines:
            path = self.places.line(name)
            self.lines[name] = SerialLine(path, baud if self._pacing else None, self._on_unlock, self._on_heard)
        return self.lines[name]

    def input_device(self, number: int, vendor: int, product: int) -> InputDevice:
        """A Linux input device, such as a keyboard."""
        device = InputDevice(self.places.input_device(number), vendor, product)
        self.inputs.append(device)
        return device

    def chip(self, address: int) -> Mcp23017:
        """One more MCP23017 on the I2C bus."""
        chip = Mcp23017(address)
        self.i2c.chips.append(chip)
        return chip

    def listen(self, pin: int, heard: PinHeard) -> None:
        """Let a circuit on a pin hear each level it takes: `heard(level, at_ms)`."""
        self._ears[pin] = heard

    async def start(self) -> None:
        """Plug everything in: the ptys and the pins' socket are there when this returns."""
        self.places.folder.mkdir(parents=True, exist_ok=True)
        for path, key in self.keys.items():
            path.touch(mode=0o600)
            path.write_text(key.hex())
        await self._pins.start()
        if self.i2c.chips:
            await self._i2c.start()
        for cable in self._cables():
            await cable.plug()

    async def stop(self) -> None:
        """Unplug everything."""
        for cable in self._cables():
            cable.unplug()
        await self._i2c.stop()
        await self._pins.stop()

    def power(self, on: bool) -> None:
        """Mains and battery fail, or come back: the Pi is then as after its boot, and no program holds a pin."""
        for line in self.lines.values():
            line.powered = on
        if not on:
            self._pins.hang_up()
            self.pi.reboot(time.monotonic_ns())

    def _cables(self) -> Iterator[SerialLine | InputDevice]:
        yield from self.lines.values()
        yield from self.inputs

    def _level_changed(self, pin: int, level: bool, at_ns: int) -> None:
        if pin in self._ears:
            self._ears[pin](level, at_ns / 1e6)
            self._on_heard()
