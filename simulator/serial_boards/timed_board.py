"""What simulated serial boards share: hearing whole frames, coils on the board's own timer, the ways of answering."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from simulator.devices import NEVER, Habit, Unlock

GARBAGE = bytes((0x00, 0xFF, 0x13))


@dataclass(slots=True)
class TimedBoard:
    """One board; a kind of board says what its frames are and does what they ask.

    `feedback(channel)` is the electrical answer of the lock: whether it reads open. `on_coil(channel, on, at)` hears
    each switching at the board's own time.
    """

    habits: ClassVar[frozenset[Habit]] = frozenset(
        {
            Habit.DEAD,
            Habit.MUTE,
            Habit.BUSY,
            Habit.LEADING_GARBAGE,
            Habit.HALF_FRAME,
            Habit.WRONG_CHECKSUM,
            Habit.OTHER_ADDRESS,
        }
    )
    address: int
    channels: int
    feedback: Callable[[int], bool]
    on_coil: Callable[[int, bool, float], None]
    habit: Habit = field(default=Habit.FINE, kw_only=True)
    _off_at: dict[int, float] = field(default_factory=dict, init=False)
    _buffer: bytearray = field(default_factory=bytearray, init=False)
    _first_at: list[float] = field(default_factory=list, init=False)

    def byte(self, value: int, at: float) -> tuple[bytes, list[Unlock]]:
        """Hear one byte of the line; the answer it completes, and what it energised."""
        self._buffer.append(value)
        self._first_at.append(at)
        answer, unlocks = b"", list[Unlock]()
        while taken := self._take_frame():
            reply, opened = self._hear(*taken, at)
            answer += reply
            unlocks += opened
        return answer, unlocks

    def due(self) -> float:
        """When the next coil goes off; infinity if none is on or it was switched on for good."""
        return min(self._off_at.values(), default=NEVER)

    def advance(self, now: float) -> None:
        """Let time pass: the board's own timer ends each pulse to the millisecond."""
        for channel, off_at in sorted(self._off_at.items(), key=lambda each: each[1]):
            if off_at <= now:
                self._switch_off(channel, off_at)

    def power_off(self, now: float) -> None:
        """All coils drop, and the board forgets the frame it was hearing."""
        for channel in list(self._off_at):
            self._switch_off(channel, now)
        self._drop(len(self._buffer))

    def feedback_changed(self, channel: int) -> bytes:  # noqa: ARG002 - most boards speak only when asked
        """The unsolicited frame that some boards send when a lock's feedback changes."""
        return b""

    def latch_changed(self, channel: int) -> bytes:  # noqa: ARG002
        """The same for the second sensor of a board that has two."""
        return b""

    def _frame_length(self) -> int:
        """Length of the frame that the buffer begins; 0 if no frame begins so."""
        raise NotImplementedError

    def _is_sound(self, frame: bytes) -> bool:
        """Whether the checksum fits."""
        raise NotImplementedError

    def _is_for_me(self, frame: bytes) -> bool:
        """Whether the frame speaks to this board."""
        raise NotImplementedError

    def _act(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        """Do what a sound frame for this board says; the reply, and the channels it energised."""
        raise NotImplementedError

    def _busy(self, frame: bytes) -> bytes:  # noqa: ARG002
        """How the board says that it is busy; most cannot."""
        return b""

    def _as_another(self, reply: bytes) -> bytes:
        """The reply under the address of another board."""
        raise NotImplementedError

    def _take_frame(self) -> tuple[bytes, float] | None:
        """The next whole frame heard and when it began; bytes that belong to none are skipped."""
        while self._buffer:
            length = self._frame_length()
            if length > len(self._buffer):
                return None
            frame, first_at = bytes(self._buffer[:length]), self._first_at[0]
            if length and self._is_sound(frame):
                self._drop(length)
                return frame, first_at
            self._drop(1)
        return None

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        del self._first_at[:count]

    def _hear(self, frame: bytes, first_at: float, now: float) -> tuple[bytes, list[Unlock]]:
        if self.habit is Habit.DEAD or not self._is_for_me(frame):
            return b"", []
        if self.habit is Habit.BUSY:
            return self._busy(frame), []
        reply, opened = self._act(frame, now)
        return self._with_habit(reply), [Unlock(self.address, channel, first_at) for channel in opened]

    def _bits(self, reads_open: Callable[[int], bool], open_bit: int) -> int:
        """One bit for each channel, bit 0 for channel 1."""
        every = range(1, self.channels + 1)
        return sum((open_bit if reads_open(each) else 1 - open_bit) << each - 1 for each in every)

    def _energise(self, channels: list[int], now: float, pulse_ms: float) -> list[int]:
        for channel in channels:
            self._off_at[channel] = now + pulse_ms
            self.on_coil(channel, True, now)
        return channels

    def _switch_off(self, channel: int, at: float) -> None:
        if self._off_at.pop(channel, None) is not None:
            self.on_coil(channel, False, at)

    def _with_habit(self, reply: bytes) -> bytes:
        if not reply:
            return reply
        match self.habit:
            case Habit.MUTE:
                return b""
            case Habit.LEADING_GARBAGE:
                return GARBAGE + reply
            case Habit.HALF_FRAME:
                return reply[: len(reply) // 2]
            case Habit.WRONG_CHECKSUM:
                return reply[:-1] + bytes((reply[-1] ^ 0x55,))
            case Habit.OTHER_ADDRESS:
                return self._as_another(reply)
            case _:
                return reply
