"""A USB reader that types badge numbers like a keyboard, Enter at the end; and what it does when ill."""

import math
from collections import deque
from collections.abc import Callable
from random import Random
from typing import ClassVar

from simulator.devices import NEVER, Habit
from simulator.input_device import EV_KEY, EV_SYN, InputEvent

KEY_MS = 8.0
BETWEEN_BADGES_MS = 1_100.0
ENTER = 28
CODES = dict(zip("1234567890", range(2, 12), strict=True)) | {
    "A": 30, "B": 48, "C": 46, "D": 32, "E": 18, "F": 33,
}  # fmt: skip


def stroke(code: int) -> list[InputEvent]:
    """One key pressed and released, as the kernel reports it."""
    return [(EV_KEY, code, 1), (EV_SYN, 0, 0), (EV_KEY, code, 0), (EV_SYN, 0, 0)]


class KeyboardWedge:
    """The reader; `send` is InputDevice.send. `repeat_ms` is one that types a held badge again and again."""

    habits: ClassVar[frozenset[Habit]] = frozenset({Habit.DEAD, Habit.GARBAGE, Habit.HALF_FRAME, Habit.REPEATS})

    def __init__(self, send: Callable[[list[InputEvent]], None], repeat_ms: float | None = None, seed: int = 0) -> None:
        self.habit = Habit.FINE
        self._send = send
        self._repeat_ms = repeat_ms
        self._random = Random(seed)
        self._strokes: deque[tuple[float, int]] = deque()
        self._free_at = -math.inf

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a badge to the reader, after those who wait there already."""
        start = max(now, self._free_at)
        every = 400.0 if self.habit is Habit.REPEATS and self._repeat_ms is None else self._repeat_ms
        held_ms = 60_000.0 if self.habit is Habit.REPEATS else held_ms
        times = 1 if every is None else int(held_ms // every) + 1
        for time in range(times):
            for index, code in enumerate(self._typed(number)):
                self._strokes.append((start + time * (every or 0.0) + index * KEY_MS, code))
        self._free_at = start + held_ms + BETWEEN_BADGES_MS

    def clear(self) -> None:
        """Everybody walks away: nothing more is typed."""
        self._strokes.clear()
        self._free_at = -math.inf

    def power_off(self, now: float) -> None:  # noqa: ARG002 - a device's signature
        """Its supply is gone."""
        self.clear()

    def due(self) -> float:
        """When its next key goes down."""
        return self._strokes[0][0] if self._strokes else NEVER

    def advance(self, now: float) -> bytes:
        """Type what is due. Nothing comes on a serial line."""
        while self.due() <= now:
            self._send(stroke(self._strokes.popleft()[1]))
        return b""

    def _typed(self, number: str) -> list[int]:
        codes = [CODES[character] for character in number.upper()]
        match self.habit:
            case Habit.DEAD:
                return []
            case Habit.GARBAGE:
                return [self._random.randint(40, 80) for _ in codes] + [ENTER]
            case Habit.HALF_FRAME:
                return codes[: len(codes) // 2]
        return [*codes, ENTER]
