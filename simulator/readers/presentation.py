"""What leaves a reader while badges are held to it: frames every 65 ms, or garbage if it is ill. No I/O."""

import math
from collections import deque
from collections.abc import Callable
from random import Random

from simulator.readers.rdm6300 import REPEAT_MS

GAP_MS = 350.0  # between two badges: a reader's presentation ends after 300 ms of silence
WAITING_MOST = 100


class Presentation:
    """The field of one reader: one badge at a time, the next in the queue waits its turn."""

    def __init__(self, frame: Callable[[str], bytes], seed: int = 0) -> None:
        self.garbage = False
        self._frame = frame
        self._random = Random(seed)
        self._waiting: deque[tuple[str, float]] = deque(maxlen=WAITING_MOST)
        self._held: str | None = None
        self._until = 0.0
        self._next_at = -math.inf

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a badge to the reader for `held_ms`, after those who wait already."""
        if self.due() == math.inf:
            self._next_at = max(self._next_at, now)
        self._waiting.append((number, held_ms))

    def clear(self) -> None:
        """Everybody walks away: nothing more is sent."""
        self._waiting.clear()
        self._held = None

    def due(self) -> float:
        """When the next frame starts; infinity while nothing is held."""
        return self._next_at if self._held is not None or self._waiting else math.inf

    def advance(self, now: float) -> bytes:
        """The bytes of the frames that start until `now`."""
        sent = b""
        while self.due() <= now:
            if self._held is not None and self._next_at >= self._until:
                self._held = None
                self._next_at += GAP_MS
                continue
            if self._held is None:
                self._held, held_ms = self._waiting.popleft()
                self._until = self._next_at + held_ms
            sent += self._noise() if self.garbage else self._frame(self._held)
            self._next_at += REPEAT_MS
        return sent

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.randint(3, 14))
