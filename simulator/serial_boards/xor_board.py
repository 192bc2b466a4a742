"""The "8A/80" XOR lock board and the RS-485 line it sits on, habits and faults included; bytes and times in, bytes out.

Written from the board's published frames, not from the driver: 9600 8N1, the last byte is the XOR of all before it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Literal

from simulator.devices import Habit
from simulator.errors import InvalidPlanError
from simulator.serial_boards.timed_board import TimedBoard

PULSE_MS = 300.0  # timed by the board
OPEN, MULTI_OPEN, QUERY, UNSOLICITED, LONG_ON, LONG_OFF = 0x8A, 0x90, 0x80, 0x82, 0x9A, 0x9B
ADDRESSES = range(1, 33)
CHANNELS = range(2, 51)
CHANNELS_IN_THREE_BYTES = 24  # boards of up to 24 channels answer three status bytes, an 8-channel board too
SECONDS = range(1, 10)  # no 5-byte open order can end so: its XOR has the top bit set


def sealed(body: Iterable[int]) -> bytes:
    """The frame of `body`: its bytes and their XOR."""
    frame = bytes(body)
    return frame + bytes((reduce(xor, frame),))


@dataclass(slots=True)
class XorBoard(TimedBoard):
    """One board. `open_bit`: the status bit that means open.

    `open_reply`: "echo" answers an open order with the order itself (the trap), "state" with the feedback.
    """

    open_bit: Literal[0, 1] = 1
    byte_order: Literal["s1_first", "s1_last"] = "s1_first"
    open_reply: Literal["echo", "state"] = "echo"
    unsolicited: bool = False
    timed_open: bool = False
    """Whether it knows the open order with seconds; not every board does."""

    def __post_init__(self) -> None:
        if self.address not in ADDRESSES or self.channels not in CHANNELS:
            raise InvalidPlanError("an XOR board has a DIP address of 1-32 and 2-50 channels")

    def feedback_changed(self, channel: int) -> bytes:
        """The unsolicited frame that some boards send when a lock's feedback changes."""
        if not self.unsolicited or self.habit is Habit.DEAD:
            return b""
        return self._with_habit(sealed((UNSOLICITED, self.address, channel, self._state(channel))))

    def _frame_length(self) -> int:
        """Length of the frame that the buffer begins; 0 if no frame begins so."""
        header = self._buffer[0]
        if header == MULTI_OPEN:
            return 3 + self._status_bytes()
        if header not in (OPEN, QUERY, UNSOLICITED, LONG_ON, LONG_OFF):
            return 0
        timed = self.timed_open and header == OPEN and len(self._buffer) >= 5 and self._buffer[4] in SECONDS
        return 6 if timed else 5

    def _is_sound(self, frame: bytes) -> bool:
        return reduce(xor, frame) == 0

    def _is_for_me(self, frame: bytes) -> bool:
        return frame[1] == self.address

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
            self._switch_off(channel, now)
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

    def _state(self, channel: int) -> int:
        return 0x11 if self.feedback(channel) == bool(self.open_bit) else 0x00

    def _status_bytes(self) -> int:
        return 3 if self.channels <= CHANNELS_IN_THREE_BYTES else 7

    def _all_states(self) -> list[int]:
        states = list(self._bits(self.feedback, self.open_bit).to_bytes(self._status_bytes(), "little"))
        return states if self.byte_order == "s1_first" else states[::-1]

    def _channels_of(self, bitmap: bytes) -> list[int]:
        every = range(1, self.channels + 1)
        return [channel for channel in every if bitmap[(channel - 1) // 8] >> ((channel - 1) % 8) & 1]

    def _as_another(self, reply: bytes) -> bytes:
        return sealed((reply[0], reply[1] % 32 + 1, *reply[2:-1]))
