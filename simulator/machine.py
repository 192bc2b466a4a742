"""The Raspberry Pi of one bank and what leads into it: its pins and its serial ports, started and cut off together."""

import time
from collections.abc import Callable
from random import Random

from simulator.devices import Unlock
from simulator.pi import SimulatedPi
from simulator.pi_server import PiServer
from simulator.places import Places
from simulator.serial_line import SerialLine

PinHeard = Callable[[bool, float], None]


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
        self._pacing = pacing
        self._on_unlock = on_unlock
        self._on_heard = on_heard
        self._pins = PiServer(self.pi, places.pins, self._level_changed)
        self._ears: dict[int, PinHeard] = {}

    def line(self, name: str, baud: int) -> SerialLine:
        """The serial line of that name, made at its first use."""
        if name not in self.lines:
            path = self.places.line(name)
            self.lines[name] = SerialLine(path, baud if self._pacing else None, self._on_unlock, self._on_heard)
        return self.lines[name]

    def listen(self, pin: int, heard: PinHeard) -> None:
        """Let a circuit on a pin hear each level it takes: `heard(level, at_ms)`."""
        self._ears[pin] = heard

    async def start(self) -> None:
        """Plug everything in: the ptys and the pins' socket are there when this returns."""
        self.places.folder.mkdir(parents=True, exist_ok=True)
        await self._pins.start()
        for line in self.lines.values():
            line.plug()

    async def stop(self) -> None:
        """Unplug everything."""
        for line in self.lines.values():
            line.unplug()
        await self._pins.stop()

    def power(self, on: bool) -> None:
        """Mains and battery fail, or come back: the Pi is then as after its boot, and no program holds a pin."""
        for line in self.lines.values():
            line.powered = on
        if not on:
            self._pins.hang_up()
            self.pi.reboot(time.monotonic_ns())

    def _level_changed(self, pin: int, level: bool, at_ns: int) -> None:
        if pin in self._ears:
            self._ears[pin](level, at_ns / 1e6)
            self._on_heard()
