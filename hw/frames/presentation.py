"""A badge that is held repeats its number every 65 ms or so: this makes one presentation of it."""

from __future__ import annotations

SILENCE_MS = 300  # a presentation ends after this long without the number
# Wiegand, OSDP and keyboard readers say a badge once, or again a few times a second while it is held.
SLOW_SILENCE_MS = 1000


class Presentations:
    """Tells the first reading of each presentation at one reader from its repetitions.

    Two badges held together are read in turns: each has its own presentation. One ends after `silence_ms` without its
    number.
    """

    def __init__(self, silence_ms: int = SILENCE_MS) -> None:
        self._silence_ms = silence_ms
        self._last_ms: dict[str, int] = {}

    def forget(self, number: str) -> None:
        """End its presentation: the next reading is a new one."""
        self._last_ms.pop(number, None)

    def unheard(self, for_ms: int) -> None:
        """Nobody has listened for so long, up to now: that was no silence."""
        self._last_ms = {number: last + for_ms for number, last in self._last_ms.items()}

    def any_at(self, now_ms: int) -> bool:
        """Whether a presentation is going on."""
        return any(now_ms - last < self._silence_ms for last in self._last_ms.values())

    def is_new(self, number: str, now_ms: int) -> bool:
        """Whether this reading begins a presentation. Every reading, new or not, keeps its presentation alive."""
        self._last_ms = {held: last for held, last in self._last_ms.items() if now_ms - last < self._silence_ms}
        new = number not in self._last_ms
        self._last_ms[number] = now_ms
        return new
