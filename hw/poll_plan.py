"""Which board of one RS-485 line is asked next, and when.

At 9600 baud a 24-channel board's status takes 15 ms with its turn-around. Three boards asked every 120 ms, and once
more 30 ms after a change, show an opened door within 220 ms and leave the line idle half the time, free for releases.
A board that did not answer is asked again only where the others leave room: it costs them nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

POLL_EVERY_MS = 120
CONFIRM_AFTER_MS = 30  # the debounce: a change counts when a second look agrees
HEAD_START_MS = 60  # a second look goes before polls that are less overdue than this, and starves none
SILENT_EVERY_MS = 1000  # how often a board in fault is asked, and how long one that failed may wait for room
ROOM_MS = 40  # a status request of which nothing comes back, at 9600 baud, with its time-out
MISSES_TO_FAULT = 6  # about a second: a busy host or a burst of noise is not a dead board


class PollPlan:
    """The due times of the boards of one line, by address. Times are monotonic milliseconds."""

    def __init__(self, addresses: Iterable[int], now_ms: int) -> None:
        self._due_ms = {address: now_ms for address in addresses}
        self._misses = dict.fromkeys(self._due_ms, 0)
        self._second_look: set[int] = set()

    def next(self, now_ms: int) -> tuple[int, int]:
        """The address to ask next, and when it is due."""
        steady = self._first((address for address in self._due_ms if not self.is_suspect(address)), now_ms)
        suspect = self._first((address for address in self._due_ms if self.is_suspect(address)), now_ms)
        if suspect is None or (steady is not None and not self._has_room(suspect, steady, now_ms)):
            suspect = steady
        assert suspect is not None  # a line has at least one board
        return suspect, self._due_ms[suspect]

    def is_suspect(self, address: int) -> bool:
        """Whether this board failed to answer when it was last asked."""
        return self._misses[address] > 0

    def alive(self, address: int) -> None:
        """The board answered, but not with its status: that is as due as before."""
        self._misses[address] = 0

    def answered(self, address: int, now_ms: int) -> None:
        """The board sent its status."""
        self._misses[address] = 0
        self._second_look.discard(address)
        self._due_ms[address] = now_ms + POLL_EVERY_MS

    def look_again(self, address: int, at_ms: int) -> None:
        """Ask this board before its turn: a contact looks changed, or the board has to be told something."""
        self._second_look.add(address)
        self._due_ms[address] = min(self._due_ms[address], at_ms)

    def missed(self, address: int, now_ms: int) -> bool:
        """The board did not answer well. True once that is a fault; until then it is asked again after the others."""
        self._misses[address] += 1
        self._second_look.discard(address)
        faulty = self._misses[address] >= MISSES_TO_FAULT
        soon_ms = min(CONFIRM_AFTER_MS << min(self._misses[address], MISSES_TO_FAULT), POLL_EVERY_MS)
        self._due_ms[address] = now_ms + (SILENT_EVERY_MS if faulty else soon_ms)
        return faulty

    def _first(self, addresses: Iterable[int], now_ms: int) -> int | None:
        def rank(address: int) -> int:
            due_ms = self._due_ms[address]
            return due_ms - HEAD_START_MS if address in self._second_look and due_ms <= now_ms else due_ms

        return min(addresses, key=rank, default=None)

    def _has_room(self, suspect: int, steady: int, now_ms: int) -> bool:
        """Whether asking the suspect keeps no other board waiting; one that waited a second is asked all the same."""
        asked_ms = max(now_ms, self._due_ms[suspect])
        return self._due_ms[steady] - asked_ms >= ROOM_MS or now_ms - self._due_ms[suspect] >= SILENT_EVERY_MS
