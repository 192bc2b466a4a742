"""What a simulated device is to the bank it sits in: the few methods of each kind, and the habits it can have.

No clock and no I/O: every method is told the time, in monotonic milliseconds, and bytes go in and out as values.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import ClassVar, Protocol, runtime_checkable

NEVER = math.inf


class Habit(Enum):
    """How a device behaves: as it should, or in one of the ways that devices in the field do; one at a time."""

    FINE = "fine"
    DEAD = "dead"
    """No power: it neither acts nor answers."""
    MUTE = "mute"
    """Acts, but its answers do not arrive."""
    BUSY = "busy"
    """Says that it is busy where its protocol can, else says nothing; does not act."""
    LEADING_GARBAGE = "leading_garbage"
    HALF_FRAME = "half_frame"
    WRONG_CHECKSUM = "wrong_checksum"
    """Checksum, CRC or parity bits that do not fit."""
    OTHER_ADDRESS = "other_address"
    """Answers with the address of another device on the line."""
    GARBAGE = "garbage"
    """A reader: noise where its frames would be."""
    REPEATS = "repeats"
    """A reader: goes on reporting the last badge for a minute after it was taken away."""
    SWAPPED = "swapped"
    """A Wiegand reader: D0 and D1 are exchanged."""
    HANGS = "hangs"
    """Holds its bus, so that nobody on it can speak."""
    WRONG_KEY = "wrong_key"
    """A reader or card whose secret key is not the site's."""


@dataclass(frozen=True, slots=True)
class Unlock:
    """A coil that a frame just energised; `frame_at` is when the frame's first byte reached the board."""

    address: int
    channel: int
    frame_at: float


class Device(Protocol):
    """What every simulated device has. `habits` names those that make sense for it (FINE is understood)."""

    habits: ClassVar[frozenset[Habit]]
    habit: Habit

    def due(self) -> float:
        """When something will next happen by itself; NEVER (infinity) if nothing will."""

    def power_off(self, now: float) -> None:
        """Its supply is gone: coils drop, half-heard frames and waiting badges are forgotten."""


class SerialBoard(Device, Protocol):
    """A lock board on a serial line, made with `feedback(channel) -> bool` and `on_coil(channel, on, at)`."""

    address: int
    channels: int

    def byte(self, value: int, at: float) -> tuple[bytes, list[Unlock]]:
        """Hear one byte of the line; the answer it completes, and what it energised."""

    def advance(self, now: float) -> None:
        """Let time pass: the board's own timer ends each pulse at its millisecond."""

    def feedback_changed(self, channel: int) -> bytes:
        """The unsolicited frame that some boards send when a lock's feedback changes; empty from the others."""


class Reader(Device, Protocol):
    """A badge reader. One that drives pins or events by itself sends no bytes."""

    def hold(self, number: str, held_ms: float, now: float) -> None:
        """Somebody holds a badge to the reader, after those who wait there already."""

    def advance(self, now: float) -> bytes:
        """What the reader puts on its serial line until `now`."""

    def clear(self) -> None:
        """Everybody walks away: nothing more is sent."""


@runtime_checkable
class Listening(Protocol):
    """A reader that is spoken to over its serial line (PN532, OSDP)."""

    def heard(self, byte: int, at: float) -> bytes:
        """Hear one byte; the answer that it completes."""


@runtime_checkable
class Keypad(Protocol):
    """A reader with keys."""

    keys: ClassVar[str]
    """The keys that it has, such as "0123456789*#"."""

    def press(self, key: str, now: float) -> None:
        """Somebody presses one key, after the keys pressed before."""


@runtime_checkable
class Lit(Protocol):
    """A reader with a light of its own."""

    light: str
    """The colour that it shows: "red", "green", "amber", "other" or "off"."""


class SharedLine:
    """Several boards on one pair of wires: all hear every byte; two that answer at once garble each other."""

    def __init__(self, boards: Iterable[SerialBoard]) -> None:
        self.boards = list(boards)

    def byte(self, value: int, at: float) -> tuple[bytes, list[Unlock]]:
        """Give one byte to every board; what then stands on the line, and what was energised."""
        replies: list[bytes] = []
        unlocks: list[Unlock] = []
        for board in self.boards:
            reply, opened = board.byte(value, at)
            unlocks += opened
            if reply:
                replies.append(reply)
        return _collided(replies), unlocks


def _collided(replies: list[bytes]) -> bytes:
    """Answers sent at the same time: every 0 bit wins over a 1 on the wire, so equal answers survive."""
    longest = max(replies, key=len, default=b"")
    return bytes(reduce(int.__and__, (r[i] for r in replies if i < len(r))) for i in range(len(longest)))
