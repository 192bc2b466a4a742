"""A Wiegand reader on two pins of a simulated Pi: pulses of 50 us every 2 ms, with a keypad; and what it does when ill.

Open collectors: a line rests high on its pull-up and a pulse pulls it low (SIA AC-01).
"""

import math
from collections import deque
from collections.abc import Iterator
from random import Random
from typing import ClassVar, Literal

from simulator.devices import NEVER, Habit
from simulator.pi import SimulatedPi

PULSE_US = 50
BIT_MS = 2.0
GAP_MS = 60.0  # between two frames; a frame ends after 25 ms of silence
BETWEEN_BADGES_MS = 1_100.0
KEYS = "0123456789*#"


def frame(number: str, bits: Literal[26, 34, 37]) -> str:
    """The bits of a badge number: `facility-card` (26, and 37 of 16 and 19 bits), or the card's alone (34, 37)."""
    facility, _, card = number.rpartition("-")
    width = bits - 2
    if facility:
        data = f"{int(facility):0{8 if bits == 26 else 16}b}{int(card):0{16 if bits == 26 else 19}b}"
    else:
        data = f"{int(card):0{width}b}"
    if len(data) != width:
        raise ValueError(f"that number does not fit {bits} bits")
    covered = (width + 1) // 2  # 37 bits: both parities cover the one in the middle
    return str(data[:covered].count("1") % 2) + data + str((data[-covered:].count("1") + 1) % 2)


def burst(key: str, bits: Literal[4, 8]) -> str:
    """The bits of a key: its number, and in 8 bits the number's inverse before it."""
    value = KEYS.index(key)
    return f"{value ^ 0xF:04b}{value:04b}" if bits == 8 else f"{value:04b}"


class WiegandReader:
    """The reader. Its frames are `bits` long; with `keypad` it has keys, each sent in so many bits.

    `repeat_ms` is a reader that says a held badge again and again.
    """

    habits: ClassVar[frozenset[Habit]] = frozenset(
        {Habit.DEAD, Habit.GARBAGE, Habit.HALF_FRAME, Habit.WRONG_CHECKSUM, Habit.REPEATS, Habit.SWAPPED}
    )
    keys: ClassVar[str] = KEYS

    def __init__(
        self,
        pi: SimulatedPi,
        d0: int,
        d1: int,
        bits: Literal[26, 34, 37] = 26,
        keypad: Literal[4, 8] | None = None,
        repeat_ms: float | None = None,
        seed: int = 0,
    ) -> None:
        self.habit = Habit.FINE
        self._pi = pi
        self._lines = (d0, d1)
        self._bits: Literal[26, 34, 37] = bits
        self._keypad = keypad
        self._repeat_ms = repeat_ms
        self._random = Random(seed)
        self._frames: deque[tuple[float, str]] = deque()  # not before, bits
        self._pulses: deque[tuple[float, int]] = deque()  # when, which line
        self._free_at = self._line_free_at = -math.inf
        for line in self._lines:
            pi.fit(line, "up")
            pi.solder(line, None)

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a badge to the reader, after those who wait there already."""
        start = max(now, self._free_at)
        self._free_at = start + max(held_ms, BIT_MS * self._bits) + BETWEEN_BADGES_MS
        for offset in self._readings(held_ms):
            self._frames.append((start + offset, frame(number, self._bits)))

    def press(self, key: str, now: float) -> None:
        """Somebody presses one key, after the keys pressed before."""
        if self._keypad is None:
            raise ValueError("this reader has no keys")
        self._frames.append((now, burst(key, self._keypad)))

    def clear(self) -> None:
        """Everybody walks away: nothing more is sent."""
        self._frames.clear()
        self._free_at = -math.inf

    def power_off(self, now: float) -> None:  # noqa: ARG002 - a device's signature
        """Its supply is gone; the lines rest on their pull-ups."""
        self.clear()
        self._pulses.clear()

    def due(self) -> float:
        """When its next pulse, or frame, is due."""
        if self._pulses:
            return self._pulses[0][0]
        return max(self._frames[0][0], self._line_free_at) if self._frames else NEVER

    def advance(self, now: float) -> bytes:
        """Drive the pins as far as `now`. Nothing comes on a serial line."""
        while self.due() <= now:
            if self._pulses:
                self._pulse(*self._pulses.popleft())
            else:
                self._begin(*self._frames.popleft())
        return b""

    def _readings(self, held_ms: float) -> Iterator[float]:
        yield 0.0
        every = self._repeat_ms
        if self.habit is Habit.REPEATS:
            every, held_ms = every or 250.0, 60_000.0
        if every is not None:
            yield from (every * count for count in range(1, int(held_ms // every) + 1))

    def _begin(self, not_before: float, bits: str) -> None:
        start = max(not_before, self._line_free_at)
        for index, bit in enumerate(self._ill(bits)):
            self._pulses.append((start + index * BIT_MS, int(bit) ^ (self.habit is Habit.SWAPPED)))
        if self._pulses:
            self._line_free_at = self._pulses[-1][0] + GAP_MS

    def _ill(self, bits: str) -> str:
        """What of a frame leaves the reader."""
        match self.habit:
            case Habit.DEAD:
                return ""
            case Habit.GARBAGE:
                return f"{self._random.getrandbits(17):017b}"
            case Habit.HALF_FRAME:
                return bits[: len(bits) // 2]
            case Habit.WRONG_CHECKSUM:
                return bits[:-1] + str(1 - int(bits[-1]))
        return bits

    def _pulse(self, at: float, line: int) -> None:
        start_ns = int(at * 1e6)
        self._pi.wire(self._lines[line], False, start_ns)
        self._pi.wire(self._lines[line], None, start_ns + PULSE_US * 1000)
