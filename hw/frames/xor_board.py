"""Frames of the XOR lock board: header, address, fields, and the XOR of all before as the last byte; 9600 8N1.

The host writes 8A (open) and 80 (query); a board answers with the same headers and may send 82 by itself. Some replies
are identical to their requests. Source: the public drivers of the "8A/80" boards and their vendors' sheets.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from operator import xor

from hw.errors import FrameError
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict

OPEN, QUERY, UNSOLICITED = 0x8A, 0x80, 0x82
_ACT, _ASK = 0x11, 0x33
MAX_ADDRESS, MAX_CHANNEL = 32, 50


@dataclass(frozen=True, slots=True)
class StatusReply:
    """The board's status bytes as sent; their order and polarity are the board's configuration."""

    address: int
    status: bytes


@dataclass(frozen=True, slots=True)
class OpenReply:
    """The board acted on an open frame. It is not the door's word."""

    address: int
    channel: int


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """The board's own report of one channel; `bit` is that channel's status bit."""

    address: int
    channel: int
    bit: int


BoardFrame = StatusReply | OpenReply | ChannelChanged


def sealed(*fields: int) -> bytes:
    """A frame: the fields, then the XOR of them all."""
    return bytes((*fields, reduce(xor, fields)))


def open_channel(address: int, channel: int, seconds: int | None = None) -> bytes:
    """Open one lock, for the board's own time or `seconds` (1 to 9). Raises FrameError, for channel 0 (all) too."""
    _check_address(address)
    if not 1 <= channel <= MAX_CHANNEL:
        raise FrameError(f"channel {channel} cannot be opened; allowed: 1 to {MAX_CHANNEL}")
    if seconds is None:
        return sealed(OPEN, address, channel, _ACT)
    if not 1 <= seconds <= 9:
        raise FrameError(f"a pulse of {seconds} s cannot be sent; allowed: 1 to 9")
    return sealed(OPEN, address, channel, _ACT, seconds)


def query_all(address: int) -> bytes:
    """Ask for the status of all channels. Raises FrameError."""
    _check_address(address)
    return sealed(QUERY, address, 0, _ASK)


def _check_address(address: int) -> None:
    if not 1 <= address <= MAX_ADDRESS:
        raise FrameError(f"address {address} does not exist; allowed: 1 to {MAX_ADDRESS}")


def classify(frame: bytes) -> Verdict:
    """What these outgoing bytes would do at the boards. Anything that is not exactly one known frame is forbidden."""
    if len(frame) < 5 or reduce(xor, frame) != 0 or not 1 <= frame[1] <= MAX_ADDRESS or frame[2] > MAX_CHANNEL:
        return Forbidden("it is not one whole frame of this board")
    header, address, channel, what = frame[:4]
    if (header, what, len(frame)) == (QUERY, _ASK, 5):
        return Harmless()
    if header != OPEN or what != _ACT or len(frame) > 6:
        return Forbidden(f"a {header:02X} frame of this kind is never sent")
    if channel == 0:
        return Forbidden("it opens every lock of the board")
    if len(frame) == 5:
        return Energises(address, channel, None)
    seconds = frame[4]
    return Energises(address, channel, seconds * 1000) if 1 <= seconds <= 9 else Forbidden("its time is not 1 to 9 s")


class XorBoardDecoder:
    """Bytes from one line in, frames out; the same frames however the bytes are cut.

    `status_bytes` tells how many the board at each address answers: without that, the length of its status reply is not
    known, so those of other addresses are garbage. `garbage` counts bytes that belonged to no valid frame.
    """

    def __init__(self, status_bytes: Mapping[int, int]) -> None:
        self._lengths = dict(status_bytes)
        self._pattern = re.compile(_candidates(self._lengths), re.DOTALL)
        self._tail = b""
        self.garbage = 0

    def feed(self, data: bytes) -> list[BoardFrame]:
        """The frames that `data` completes."""
        return self._decode(self._tail + data, more_may_come=True)

    def silence(self) -> list[BoardFrame]:
        """The line went quiet: what was begun will not be completed, and frames hidden behind it come out."""
        return self._decode(self._tail, more_may_come=False)

    def _decode(self, data: bytes, *, more_may_come: bool) -> list[BoardFrame]:
        frames: list[BoardFrame] = []
        done = start = 0
        while found := self._pattern.search(data, start):
            candidate = found[0]
            whole = len(candidate) == self._whole_length(candidate)
            if not whole and more_may_come:
                break
            if whole and reduce(xor, candidate) == 0:
                self.garbage += found.start() - done
                frames.append(_frame(candidate))
                done = start = found.end()
            else:
                start = found.start() + 1
        keep = found.start() if found else len(data)
        self.garbage += keep - done
        self._tail = data[keep:]
        return frames

    def _whole_length(self, candidate: bytes) -> int:
        if candidate[0] != QUERY or len(candidate) < 2:
            return 5
        return self._lengths[candidate[1]] + 4


def _candidates(lengths: Mapping[int, int]) -> bytes:
    """A pattern for whole frames, checksum unseen, and for the beginnings of frames at the end of the data."""
    address, channel = b"[\x01-\x20]", b"[\x01-\x32]"
    shapes = [(QUERY, [b"\\x%02x" % at, *[b"."] * length, b"\x33", b"."]) for at, length in lengths.items()]
    shapes += [(header, [address, channel, b"[\x00\x11]", b"."]) for header in (OPEN, UNSOLICITED)]
    return b"|".join(_or_cut_short([b"\\x%02x" % header, *rest]) for header, rest in shapes)


def _or_cut_short(parts: list[bytes]) -> bytes:
    pattern = parts[-1]
    for part in reversed(parts[:-1]):
        pattern = part + b"(?:\\Z|" + pattern + b")"
    return pattern


def _frame(frame: bytes) -> BoardFrame:
    header, address = frame[:2]
    if header == QUERY:
        return StatusReply(address, frame[2:-2])
    if header == OPEN:
        return OpenReply(address, frame[2])
    return ChannelChanged(address, frame[2], int(frame[3] == _ACT))
