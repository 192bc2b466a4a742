"""Which board of one RS-485 line is asked next, and when.

At 9600 baud a 24-channel board's status takes 12.5 ms. Three boards asked every 160 ms, and once more 30 ms after a
change, show an opened door within 220 ms and leave the line idle three quarters of the time, free for releases.
"""

from __future__ import annotations

from collections.abc import Iterable

POLL_EVERY_MS = 160
CONFIRM_AFTER_MS = 30  # the debounce: a change counts when a second look agrees
SILENT_EVERY_MS = 1000  # a board in fault costs the others one time-out a second
MISSES_TO_FAULT = 6  # about a second: a busy host or a burst of noise is not a dead board


class PollPlan:
    """The due times of the boards of one line, by address. Times are monotonic milliseconds."""

    def __init__(self, addresses: Iterable[int], now_ms: int) -> None:
        self._due_ms = {address: now_ms for address in addresses}
        self._misses = dict.fromkeys(self._due_ms, 0)

    def next(self) -> tuple[int, int]:
        """The address to ask next, and when it is due."""
        address = min(self._due_ms, key=self._due_ms.__getitem__)
        return address, self._due_ms[address]

    def answered(self, address: int, now_ms: int) -> None:
        """The board sent its status."""
        self._misses[address] = 0
        self._due_ms[address] = now_ms + POLL_EVERY_MS

    def confirm(self, address: int, now_ms: int) -> None:
        """A contact looks changed: look again once it had time to settle."""
        self._due_ms[address] = min(self._due_ms[address], now_ms + CONFIRM_AFTER_MS)

    def missed(self, address: int, now_ms: int) -> bool:
        """The board did not answer well. True once that is a fault; until then it is asked again after the others."""
        self._misses[address] += 1
        faulty = self._misses[address] >= MISSES_TO_FAULT
        soon_ms = min(CONFIRM_AFTER_MS << self._misses[address], POLL_EVERY_MS)
        self._due_ms[address] = now_ms + (SILENT_EVERY_MS if faulty else soon_ms)
        return faulty
