"""The "8A/80" XOR lock board and the RS-485 line it sits on, habits and faults included; bytes and times in, bytes out.

Written from the board's published frames, not from the driver: 9600 8N1, the last byte is the XOR of all before it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor
from typing import ClassVar, Literal

from simulator.devices import Habit, SharedLine, Unlock
from simulator.errors import InvalidPlanError

PULSE_MS = 300.0  # timed by the board
OPEN, MULTI_OPEN, QUERY, UNSOLICITED, LONG_ON, LONG_OFF = 0x8A, 0x90, 0x80, 0x82, 0x9A, 0x9B
ADDRESSES = range(1, 33)
CHANNELS = range(2, 51)
CHANNELS_IN_THREE_BYTES = 24  # boards of up to 24 channels answer three status bytes, an 8-channel board too
SECONDS = range(1, 10)  # no 5-byte open order can end so: its XOR has the top bit set
GARBAGE = bytes((0x00, 0xFF, 0x13))


def sealed(body: Iterable[int]) -> bytes:
    """The frame of `body`: its bytes and their XOR."""
    frame = bytes(body)
    return frame + bytes((reduce(xor, frame),))


@dataclass(slots=True)
class XorBoard:
    """One board. `feedback(channel)` is the electrical answer of the lock: whether its door reads open.

    `open_bit`: the status bit that means open. `open_reply`: "echo" answers an open order with the order itself (the
    trap), "state" with the feedback. `on_coil(channel, on, at)` hears each switching at the board's own time.
    """

    habits: ClassVar[frozenset[Habit]] = frozenset(
        {
            Habit.DEAD,
            Habit.MUTE,
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
    open_bit: Literal[0, 1] = 1
    byte_order: Literal["s1_first", "s1_last"] = "s1_first"
    open_reply: Literal["echo", "state"] = "echo"
    unsolicited: bool = False
    timed_open: bool = False
    """Whether it knows the open order with seconds; not every board does."""
    habit: Habit = Habit.FINE
    _off_at: dict[int, float] = field(default_factory=dict)
    _buffer: bytearray = field(default_factory=bytearray)
    _first_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.address not in ADDRESSES or self.channels not in CHANNELS:
            raise InvalidPlanError("an XOR board has a DIP address of 1-32 and 2-50 channels")

    def byte(self, value: int, at: float) -> tuple[bytes, list[Unlock]]:
        """Hear one byte of the line; the answer it completes, and what it energised."""
        self._buffer.append(value)
        self._first_at.append(at)
        answer, unlocks = b"", list[Unlock]()
        while taken := self._take_frame():
            reply, opened = self._obey(*taken, at)
            answer += reply
            unlocks += opened
        return answer, unlocks

    def due(self) -> float:
        """When the next coil goes off; infinity if none is on or it was switched on for good."""
        return min(self._off_at.values(), default=math.inf)

    def advance(self, now: float) -> None:
        """Let time pass: the board's own timer ends each pulse to the millisecond."""
        for channel, off_at in sorted(self._off_at.items(), key=lambda each: each[1]):
            if off_at <= now:
                del self._off_at[channel]
                self.on_coil(channel, False, off_at)

    def power_off(self, now: float) -> None:
        """All coils drop, and the board forgets the frame it was hearing."""
        for channel in list(self._off_at):
            del self._off_at[channel]
            self.on_coil(channel, False, now)
        self._drop(len(self._buffer))

    def feedback_changed(self, channel: int) -> bytes:
        """The unsolicited frame that some boards send when a lock's feedback changes."""
        if not self.unsolicited or self.habit is Habit.DEAD:
            return b""
        return self._with_habit(sealed((UNSOLICITED, self.address, channel, self._state(channel))))

    def _take_frame(self) -> tuple[bytes, float] | None:
        """The next whole frame heard and when it began; bytes that belong to none are skipped."""
        while self._buffer:
            length = self._frame_length()
            if length > len(self._buffer):
                return None
            frame, first_at = bytes(self._buffer[:length]), self._first_at[0]
            if length and reduce(xor, frame) == 0:
                self._drop(length)
                return frame, first_at
            self._drop(1)
        return None

    def _frame_length(self) -> int:
        """Length of the frame that the buffer begins; 0 if no frame begins so."""
        header = self._buffer[0]
        if header == MULTI_OPEN:
            return 3 + self._status_bytes()
        if header not in (OPEN, QUERY, UNSOLICITED, LONG_ON, LONG_OFF):
            return 0
        timed = self.timed_open and header == OPEN and len(self._buffer) >= 5 and self._buffer[4] in SECONDS
        return 6 if timed else 5

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        del self._first_at[:count]

    def _obey(self, frame: bytes, first_at: float, now: float) -> tuple[bytes, list[Unlock]]:
        if frame[1] != self.address or self.habit is Habit.DEAD:
            return b"", []
        reply, opened = self._act(frame, now)
        return self._with_habit(reply), [Unlock(self.address, channel, first_at) for channel in opened]

    def _act(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        """Do what a frame for this board says; the reply, and the channels it energised."""
        header, channel, order = frame[0], frame[2], frame[3]
        if header == MULTI_OPEN:
            return b"", self._energise(self._channels_of(frame[2:-1]), now, PULSE_MS)
        if channel > self.channels:
            return b"", []
        if header == OPEN and order == 0x11:
            return self._open(frame, now)
        if header == QUERY and order == 0x33:
            return self._status(channel), []
        if header == LONG_ON and channel:
            return frame, self._energise([channel], now, math.inf)
        if header == LONG_OFF and channel in self._off_at:
            del self._off_at[channel]
            self.on_coil(channel, False, now)
            return frame, []
        return b"", []

    def _open(self, frame: bytes, now: float) -> tuple[bytes, list[int]]:
        channel = frame[2]
        channels = [channel] if channel else list(range(1, self.channels + 1))
        pulse_ms = frame[4] * 1000.0 if len(frame) == 6 else PULSE_MS
        opened = self._energise(channels, now, pulse_ms)
        state = 0x11 if self.open_reply == "echo" or not channel else self._state(channel)
        return sealed((OPEN, self.address, channel, state)), opened

    def _status(self, channel: int) -> bytes:
        if channel:
            return sealed((QUERY, self.address, channel, self._state(channel)))
        return sealed((QUERY, self.address, *self._all_states(), 0x33))

    def _energise(self, channels: list[int], now: float, pulse_ms: float) -> list[int]:
        for channel in channels:
            self._off_at[channel] = now + pulse_ms
            self.on_coil(channel, True, now)
        return channels

    def _state(self, channel: int) -> int:
        return 0x11 if self._bit(channel) else 0x00

    def _bit(self, channel: int) -> int:
        return self.open_bit if self.feedback(channel) else 1 - self.open_bit

    def _status_bytes(self) -> int:
        return 3 if self.channels <= CHANNELS_IN_THREE_BYTES else 7

    def _all_states(self) -> list[int]:
        bits = [0] * self._status_bytes()
        for channel in range(1, self.channels + 1):
            bits[(channel - 1) // 8] |= self._bit(channel) << ((channel - 1) % 8)
        return bits if self.byte_order == "s1_first" else bits[::-1]

    def _channels_of(self, bitmap: bytes) -> list[int]:
        every = range(1, self.channels + 1)
        return [channel for channel in every if bitmap[(channel - 1) // 8] >> ((channel - 1) % 8) & 1]

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
                return sealed((reply[0], reply[1] % 32 + 1, *reply[2:-1]))
            case _:
                return reply


XorLine = SharedLine
