"""Wakes the core for what is due; after a hang only once the devices have said what they saw meanwhile."""

import asyncio
from collections.abc import Callable

# A timer that rings so late was not slow: the program hung, or was stopped.
HUNG_S = 0.5
# A board is asked every 120 ms (`hw.poll_plan`), and a change counts once two looks agree.
LISTENS_S = 0.5


class Wake:
    """`due` is called on the loop. Silence that the program itself has kept proves nothing of a door."""

    def __init__(self, loop: asyncio.AbstractEventLoop, due: Callable[[], None]) -> None:
        self._loop = loop
        self._due = due
        self._due_ms: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._listens_until_s = 0.0

    def at(self, due_ms: int | None) -> None:
        """Call `due` at that instant (monotonic, ms), or not at all; what was asked before is forgotten."""
        if self._timer is not None:
            if self._due_ms == due_ms and not self._timer.cancelled():
                return
            self._timer.cancel()
            self._timer = None
        self._due_ms = due_ms
        if due_ms is not None:
            at_s = max(due_ms / 1_000, self._loop.time(), self._listens_until_s)
            self._timer = self._loop.call_at(at_s, self._ring, at_s)

    def _ring(self, at_s: float) -> None:
        self._timer = None
        now_s = self._loop.time()
        if now_s - at_s > HUNG_S:
            self._listens_until_s = now_s + LISTENS_S
            self.at(self._due_ms)
        else:
            self._due()
