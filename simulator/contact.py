"""A switch between a pin of the Pi and ground, wired normally closed, that bounces when it moves."""

import asyncio
import time
from random import Random

from simulator.pi import SimulatedPi

BOUNCE_MS = (0.5, 1.0)  # of a reed contact


class Contact:
    """Closed (the pin is low) at first; an open one leaves the pin to its pull, as a cut wire does."""

    def __init__(self, pi: SimulatedPi, line: int, random: Random) -> None:
        self._pi = pi
        self._line = line
        self._random = random
        self._rests: asyncio.TimerHandle | None = None
        pi.solder(line, False)

    def move(self, is_open: bool) -> None:
        """Open or close; it flickers for up to a millisecond before it rests."""
        rest_at, other = (None, False) if is_open else (False, None)
        start = time.monotonic_ns()
        flickers = 2 * self._random.randint(1, 2) - 1
        offsets = sorted(self._random.uniform(0.05, BOUNCE_MS[0]) for _ in range(flickers))
        offsets.append(self._random.uniform(*BOUNCE_MS))
        self._pi.wire(self._line, rest_at, start)

        def rest() -> None:
            self._rests = None
            for index, offset_ms in enumerate(offsets):
                self._pi.wire(self._line, rest_at if index % 2 else other, start + int(offset_ms * 1e6))

        self.stop()
        self._rests = asyncio.get_running_loop().call_later(BOUNCE_MS[1] / 1000, rest)

    def stop(self) -> None:
        """Bounce no more."""
        if self._rests is not None:
            self._rests.cancel()
            self._rests = None
