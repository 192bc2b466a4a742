"""Whether what a reader says is of this moment: a badge of someone who may be gone opens nothing."""

from __future__ import annotations

import asyncio

from hw.ports import MonoMs

REOPENED_MS = 1000  # what comes in the first second after a reopening may have been queued
# A program that was stopped finds in the port what was read meanwhile.
ASLEEP_MS = 2000
AWAKE_EVERY_S = 0.5


class Freshness:
    """Knows when a reader was reopened, and whether this program's loop has been turning. Used in the loop's thread.

    `awake_ms`: when the loop was last seen to turn.
    """

    def __init__(self, mono_ms: MonoMs) -> None:
        self._mono_ms = mono_ms
        self._stale_until_ms = self.awake_ms = mono_ms()
        self._was_down = False
        self._tick: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to watch the loop turn."""
        self.awake_ms = self._mono_ms()
        self._tick = asyncio.get_running_loop().call_later(AWAKE_EVERY_S, self.start)

    def stop(self) -> None:
        """Watch no more."""
        if self._tick is not None:
            self._tick.cancel()

    def came_up(self) -> None:
        """The reader can be heard; stale for a second if it could not before."""
        if self._was_down:
            self._stale_until_ms = self._mono_ms() + REOPENED_MS

    def went_down(self) -> None:
        """The reader can no longer be heard."""
        self._was_down = True

    def is_stale(self, now_ms: int) -> bool:
        """Whether something read now may be old."""
        return now_ms < self._stale_until_ms or now_ms - self.awake_ms > ASLEEP_MS
