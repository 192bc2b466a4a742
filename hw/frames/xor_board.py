"""Frames of the XOR lock board: header, address, fields, and the XOR of all before as the last byte; 9600 8N1.

The host writes 8A (open) and 80 (query); a board answers with the same headers and may send 82 by itself. Some replies
are identical to their requests. Source: the public drivers of the "8A/80" boards and their vendors' sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import xor

from hw.errors import FrameError
from hw.frames.replies import ChannelChanged, OpenReply, StatusReply
from hw.frames.resync import FrameDecoder, beginnings, one_of
from hw.frames.said import Reading, Said, account, refused, spaced
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict

OPEN, QUERY, UNSOLICITED = 0x8A, 0x80, 0x82
MULTI_OPEN, HOLD_ON, HOLD_OFF = 0x90, 0x9A, 0x9B
_ACT, _ASK = 0x11, 0x33
MAX_ADDRESS, MAX_CHANNEL = 32, 50


BoardFrame = StatusReply | OpenReply | ChannelChanged


def sealed(*fields: int) -> bytes:
    """A frame: the fields, then the XOR of them all."""
    return bytes((*fields, reduce(xor, fields)))


def open_channel(address: int, channel: int, seconds: int | None = None) -> bytes:
    """Open one lock, for the board's own time or `seconds` (1 to 9). Raises FrameError, for channel 0 (all) too."""
    _check_address(address)
    _check_channel(channel)
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


def _check_channel(channel: int) -> None:
    if not 1 <= channel <= MAX_CHANNEL:
        raise FrameError(f"channel {channel} cannot be asked for; allowed: 1 to {MAX_CHANNEL}")


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


class XorBoardDecoder(FrameDecoder[BoardFrame]):
    """Bytes from one line in, frames out; the same frames however the bytes are cut.

    `status_bytes` tells how many the board at each address answers: without that, the length of its status reply is not
    known, so those of other addresses are garbage.
    """

    def __init__(self, status_bytes: Mapping[int, int]) -> None:
        self._status_bytes = dict(status_bytes)
        super().__init__(beginnings(_shapes(self._status_bytes)), self._whole_length, _frame)

    def _whole_length(self, begun: bytes) -> tuple[int]:
        if begun[0] != QUERY or len(begun) < 2:
            return (5,)
        return (self._status_bytes[begun[1]] + 4,)


def _shapes(status_bytes: Mapping[int, int]) -> Iterator[list[bytes]]:
    """Whole frames, their checksums unseen."""
    for address, length in status_bytes.items():
        yield [one_of([QUERY]), one_of([address]), *[b"."] * length, one_of([_ASK]), b"."]
    for header in (OPEN, UNSOLICITED):
        channel = one_of(range(1, MAX_CHANNEL + 1))
        yield [one_of([header]), one_of(range(1, MAX_ADDRESS + 1)), channel, one_of([0x00, _ACT]), b"."]


def _frame(frame: bytes) -> BoardFrame | None:
    if reduce(xor, frame) != 0:
        return None
    header, address = frame[:2]
    if header == QUERY:
        return StatusReply(address, frame[2:-2])
    if header == OPEN:
        return OpenReply(address, frame[2])
    return ChannelChanged(address, frame[2], int(frame[3] == _ACT))


# For people with a bus monitor

ACTIONS: Mapping[str, str] = {
    "open": "open one lock, for the board's own time (300 ms), or with --ms 1000 on boards that count seconds",
    "status": "ask for the status of all channels, or of one",
}
_NEVER_SENT = {
    MULTI_OPEN: ("multi_open", "it opens several locks at once"),
    HOLD_ON: ("hold_on", "it holds a coil until it is told otherwise: coils burn so"),
    HOLD_OFF: ("hold_off", "it belongs to holding a coil, which Casier never does"),
}


def explain(data: bytes) -> list[Said]:
    """What a capture of the line says, both directions.

    Channels with a status bit of 1 are listed in the order S1, S2, S3; whether 1 is open depends on the locks' wiring.
    """
    return account(data, _sound, _broken)


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:
    """The frame of an action; address 1 if none is given. Raises FrameError."""
    address = 1 if address is None else address
    if action == "status" and ms is None:
        _check_address(address)
        if channel is None:
            return query_all(address)
        _check_channel(channel)
        return sealed(QUERY, address, channel, _ASK)
    if action != "open":
        raise FrameError("a query has no time: leave --ms out")
    if channel is None:
        raise FrameError(f"say which channel; allowed: 1 to {MAX_CHANNEL}")
    if ms not in (None, 300, 1000):
        raise FrameError(f"a pulse of {ms} ms cannot be asked for; allowed: 300 (the board's own) or 1000 (one second)")
    return open_channel(address, channel, 1 if ms == 1000 else None)


def _sound(data: bytes) -> Reading | None:
    for length in (11, 10, 9, 8, 7, 6, 5):  # the longest first: a status may hold what looks like a query
        frame = data[:length]
        said = _meaning(frame) if len(frame) == length and reduce(xor, frame) == 0 else None
        if said is not None:
            return length, said
    return None


def _broken(data: bytes) -> Reading | None:
    """What has the shape of a frame but not its checksum, or ends with the capture."""
    for length in (7, 11, 5, 6):
        frame = data[:length]
        if len(frame) == length and _meaning(frame) is not None:
            right = reduce(xor, frame[:-1])
            return length, refused(frame, f"the checksum says {frame[-1]:02X}, the bytes make {right:02X}")
    headers = (OPEN, QUERY, UNSOLICITED, *_NEVER_SENT)
    if 2 <= len(data) < 11 and data[0] in headers and 1 <= data[1] <= MAX_ADDRESS:
        return len(data), refused(data, "cut short: no length of such a frame ends here with its checksum")
    return None


def _meaning(frame: bytes) -> Said | None:
    """What a frame says, its checksum unseen; None where it has not the shape of one."""
    header, address, channel, what = frame[:4]
    if not 1 <= address <= MAX_ADDRESS:
        return None
    if header == MULTI_OPEN and len(frame) in (6, 10):
        return _never_sent(frame, _ones(frame[2:-1]))
    if header == QUERY and len(frame) > 6:
        return _status(frame) if frame[-2] == _ASK else None
    if channel > MAX_CHANNEL or len(frame) not in (5, 6):
        return None
    if header in _NEVER_SENT and len(frame) == 5:
        return _never_sent(frame, channel)
    if len(frame) == 6:
        return _timed_open(frame) if header == OPEN and what == _ACT and 1 <= frame[4] <= 9 else None
    return _short(frame)


def _short(frame: bytes) -> Said | None:
    header, address, channel, what = frame[:4]
    bit = {"address": address, "bit": int(what == _ACT)}
    if header == QUERY and what == _ASK:
        detail = {"address": address, "direction": "request"}
        return Said("query", channel or "all", spaced(frame), detail)
    if what not in (0x00, _ACT):
        return None
    if header == OPEN and channel == 0:
        text = "it opens every lock of the board"
        return Said("open_all", "all", spaced(frame), {"address": address}, forbidden=text)
    if header == OPEN and what == _ACT:
        detail = {"address": address, "direction": "request, or the identical reply"}
        return Said("open", channel, spaced(frame), detail)
    if header == OPEN:
        return Said("open_reply", channel, spaced(frame), {**bit, "direction": "reply"})
    kinds = {QUERY: "status_one", UNSOLICITED: "changed"}
    return Said(kinds[header], channel, spaced(frame), {**bit, "direction": "reply"}) if header in kinds else None


def _timed_open(frame: bytes) -> Said:
    text = "it opens every lock of the board" if frame[2] == 0 else None
    detail = {"address": frame[1], "ms": frame[4] * 1000, "direction": "request, or the identical reply"}
    if text is None and frame[4] > 1:
        text = "a pulse is at most 1000 ms"
    return Said("open" if frame[2] else "open_all", frame[2] or "all", spaced(frame), detail, forbidden=text)


def _status(frame: bytes) -> Said:
    status = frame[2:-2]
    detail = {
        "address": frame[1],
        "status": spaced(status),
        "s1_last": _ones(status[::-1]),
        "direction": "reply",
        "note": "value: the channels whose bit is 1, which is open or closed as the locks are wired",
    }
    return Said("status", _ones(status), spaced(frame), detail)


def _never_sent(frame: bytes, value: object) -> Said:
    kind, why = _NEVER_SENT[frame[0]]
    return Said(kind, value, spaced(frame), {"address": frame[1], "direction": "request"}, forbidden=why)


def _ones(status: bytes) -> list[int]:
    """The channels whose bit is 1."""
    bits = int.from_bytes(status, "little")
    return [channel for channel in range(1, len(status) * 8 + 1) if bits >> (channel - 1) & 1]
