"""What leaves a 125 kHz reader while badges are held to it: frames every 65 ms, or what an ill one sends. No I/O."""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import ClassVar

from simulator.devices import NEVER, Habit
from simulator.readers.rdm6300 import REPEAT_MS

GAP_MS = 350.0  # between two badges: a reader's presentation ends after 300 ms of silence
WAITING_MOST = 100
REPEATS_FOR_MS = 60_000.0
LEADING_GARBAGE = bytes((0x00, 0xFF, 0x13))
CHECKSUM_AT = 12  # the second digit of it, in both frames


class Presentation:
    """The field of one reader: one badge at a time, the next in the queue waits its turn."""

    habits: ClassVar[frozenset[Habit]] = frozenset(
        {
            Habit.DEAD,
            Habit.GARBAGE,
            Habit.LEADING_GARBAGE,
            Habit.HALF_FRAME,
            Habit.WRONG_CHECKSUM,
            Habit.REPEATS,
        }
    )

    def __init__(self, frame: Callable[[str], bytes], seed: int = 0) -> None:
        self.habit = Habit.FINE
        self._frame = frame
        self._random = Random(seed)
        self._waiting: deque[tuple[str, float]] = deque(maxlen=WAITING_MOST)
        self._held: str | None = None
        self._until = 0.0
        self._next_at = -NEVER

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a badge to the reader for `held_ms`, after those who wait already."""
        if self.due() == NEVER:
            self._next_at = max(self._next_at, now)
        self._waiting.append((number, REPEATS_FOR_MS if self.habit is Habit.REPEATS else held_ms))

    def clear(self) -> None:
        """Everybody walks away: nothing more is sent."""
        self._waiting.clear()
        self._held = None

    def power_off(self, now: float) -> None:  # noqa: ARG002 - as every device
        """It forgets what it was sending."""
        self.clear()

    def due(self) -> float:
        """When the next frame starts; infinity while nothing is held."""
        return self._next_at if self._held is not None or self._waiting else NEVER

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
            sent += self._with_habit(self._frame(self._held))
            self._next_at += REPEAT_MS
        return sent

    def _with_habit(self, frame: bytes) -> bytes:
        match self.habit:
            case Habit.DEAD:
                return b""
            case Habit.GARBAGE:
                return self._random.randbytes(self._random.randint(3, 14))
            case Habit.LEADING_GARBAGE:
                return LEADING_GARBAGE + frame
            case Habit.HALF_FRAME:
                return frame[: len(frame) // 2]
            case Habit.WRONG_CHECKSUM:
                digit = frame[CHECKSUM_AT]
                return frame[:CHECKSUM_AT] + (b"1" if digit == ord("0") else b"0") + frame[CHECKSUM_AT + 1 :]
            case _:
                return frame
