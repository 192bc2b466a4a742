"""Frames of the Kerong CU boards: `02`, fields, `03`, and the sum of all before modulo 256; 19200 8N1.

CU12 and CU16 name the board in the upper half of the address byte and the lock (from 0) in the lower, then the command.
The 48-channel board has address, lock and command in bytes of their own. Source: the vendor's protocol sheets as told
by public drivers, which do not agree on the reply of the 48-channel board: see `Layout`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from hw.errors import FrameError
from hw.frames.replies import OpenReply, StatusReply
from hw.frames.resync import FrameDecoder, beginnings, one_of
from hw.frames.said import Reading, Said, account, refused, spaced
from hw.frames.verdict import Energises, Forbidden, Harmless, Verdict

STX, ETX = 0x02, 0x03
STATUS, OPEN, STATUS_OF_ALL_BOARDS, STATUS_REPLY, ALL_BOARDS_REPLY = 0x30, 0x31, 0x32, 0x35, 0x36
STATUS_48, OPEN_48, REPLY_48 = 0x60, 0x61, 0x75
EVERY_BOARD = 0xF
MAX_ADDRESS, MAX_CHANNEL = EVERY_BOARD - 1, 16
MAX_ADDRESS_48, MAX_CHANNEL_48 = 31, 48
STATUS_REPLY_BYTES, STATUS_REPLY_48_BYTES, OPEN_REPLY_48_BYTES = 9, 12, 6

# Where the six status bytes of the 48-channel board stand: before a closing 03, or after their count of 06.
Layout = Literal["etx", "length"]


def sealed(*fields: int) -> bytes:
    """A frame: the fields, then their sum."""
    return bytes((*fields, sum(fields) & 0xFF))


def open_channel(address: int, channel: int) -> bytes:
    """Open one lock of a CU12 or CU16 for the board's own time. Raises FrameError."""
    return sealed(STX, _board(address) | _checked("channel", channel, 1, MAX_CHANNEL) - 1, OPEN, ETX)


def query_all(address: int) -> bytes:
    """Ask a CU12 or CU16 for the status of all its locks. Raises FrameError."""
    return sealed(STX, _board(address), STATUS, ETX)


def open_channel_48(address: int, channel: int) -> bytes:
    """Open one lock of a 48-channel board for the board's own time. Raises FrameError."""
    _checked("address", address, 0, MAX_ADDRESS_48)
    return sealed(STX, address, _checked("channel", channel, 1, MAX_CHANNEL_48) - 1, OPEN_48, ETX)


def query_all_48(address: int) -> bytes:
    """Ask a 48-channel board for the status of all its locks. Raises FrameError."""
    return sealed(STX, _checked("address", address, 0, MAX_ADDRESS_48), 0, STATUS_48, ETX)


def _board(address: int) -> int:
    return _checked("address", address, 0, MAX_ADDRESS) << 4


def _checked(name: str, value: int, lowest: int, highest: int) -> int:
    if not lowest <= value <= highest:
        raise FrameError(f"{name} {value} does not exist; allowed: {lowest} to {highest}")
    return value


def classify(frame: bytes) -> Verdict:
    """What these outgoing bytes would do at CU12 and CU16 boards. Anything that is no known frame is forbidden."""
    if len(frame) < 5 or frame[0] != STX or frame[-2] != ETX or not _sums_up(frame):
        return Forbidden("it is not one whole frame of this board")
    board, lock, command = frame[1] >> 4, frame[1] & 0xF, frame[2]
    if (command, frame[1], len(frame)) == (STATUS_OF_ALL_BOARDS, EVERY_BOARD << 4, 5):
        return Harmless()
    if board == EVERY_BOARD or len(frame) > 5:
        return Forbidden(f"a {command:02X} frame of this kind is never sent")
    if command == OPEN:
        return Energises(board, lock + 1, None)
    if command == STATUS and lock == 0:
        return Harmless()
    return Forbidden(_NEVER_SENT.get(command, ("", f"a {command:02X} frame is never sent"))[1])


def classify_48(frame: bytes) -> Verdict:
    """What these outgoing bytes would do at 48-channel boards."""
    if len(frame) != 6 or frame[0] != STX or frame[4] != ETX or frame[1] > MAX_ADDRESS_48 or not _sums_up(frame):
        return Forbidden("it is not one whole frame of this board")
    lock, command = frame[2:4]
    if command == OPEN_48 and lock < MAX_CHANNEL_48:
        return Energises(frame[1], lock + 1, None)
    if command == STATUS_48 and lock == 0:
        return Harmless()
    return Forbidden(f"a {command:02X} frame of this kind is never sent")


def _sums_up(frame: bytes) -> bool:
    return sum(frame[:-1]) & 0xFF == frame[-1]


class CuDecoder(FrameDecoder[StatusReply]):
    """Bytes from a line of CU12 and CU16 boards in, status replies out: hooks H1, H2, then infrared I1, I2.

    An open frame is answered with the status too. What comes back of our own frames is no reply.
    """

    def __init__(self, addresses: Iterable[int]) -> None:
        boards = one_of(address << 4 | lock for address in addresses for lock in range(16))
        shape = [one_of([STX]), boards, one_of([STATUS_REPLY]), *[b"."] * 4, one_of([ETX]), b"."]
        super().__init__(beginnings([shape]), lambda _begun: (STATUS_REPLY_BYTES,), _status_reply)


class Cu48Decoder(FrameDecoder[StatusReply | OpenReply]):
    """Bytes from a line of 48-channel boards in, replies out. `layouts`: how the board at each address answers."""

    def __init__(self, layouts: Mapping[int, Layout]) -> None:
        self._layouts = dict(layouts)
        head = [one_of([STX]), one_of(self._layouts), one_of(range(MAX_CHANNEL_48)), one_of([REPLY_48])]
        super().__init__(beginnings([head]), self._whole_lengths, self._reply)

    def _whole_lengths(self, begun: bytes) -> tuple[int, ...]:
        if len(begun) == 4 and begun[2] == 0:  # a status, or the reply to opening lock 1
            return STATUS_REPLY_48_BYTES, OPEN_REPLY_48_BYTES
        return (OPEN_REPLY_48_BYTES,)

    def _reply(self, frame: bytes) -> StatusReply | OpenReply | None:
        address = frame[1]
        if not _sums_up(frame):
            return None
        if len(frame) == OPEN_REPLY_48_BYTES:
            return OpenReply(address, frame[2] + 1) if frame[4] in (0, ETX) else None
        if self._layouts[address] == "length":
            return StatusReply(address, frame[5:11]) if frame[4] == 6 else None
        return StatusReply(address, frame[4:10]) if frame[10] == ETX else None


def _status_reply(frame: bytes) -> StatusReply | None:
    return StatusReply(frame[1] >> 4, frame[3:7]) if _sums_up(frame) else None


# For people with a bus monitor

ACTIONS: Mapping[str, str] = {
    "open": "open one lock of a CU12 or CU16, for the time the board is set to",
    "status": "ask a CU12 or CU16 for the status of all its locks",
    "open_48": "open one lock of a 48-channel board, for the time the board is set to",
    "status_48": "ask a 48-channel board for the status of all its locks",
}
_NEVER_SENT = {
    0x33: ("open_all", "it opens every lock of the board"),
    0x37: ("set_pulse", "it changes how long the board energises its locks"),
    0x38: ("pulse_reply", "it belongs to changing how long the board energises its locks"),
    0x39: ("set_delay", "it changes when the board energises its locks"),
    0x40: ("set_baud", "it changes the board's speed"),
}


def explain(data: bytes) -> list[Said]:
    """What a capture of the line says, both directions, of either kind of board."""
    return account(data, _sound, _broken)


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:
    """The frame of an action; address 0 if none is given. Raises FrameError."""
    address = 0 if address is None else address
    if ms is not None:
        raise FrameError("the time is set in the board and cannot be asked for: leave --ms out")
    if action not in ("open", "open_48"):
        if channel is not None:
            raise FrameError("these boards tell of all locks at once: leave --channel out")
        return query_all_48(address) if action == "status_48" else query_all(address)
    if channel is None:
        raise FrameError(f"say which channel; allowed: 1 to {MAX_CHANNEL if action == 'open' else MAX_CHANNEL_48}")
    return open_channel(address, channel) if action == "open" else open_channel_48(address, channel)


def _sound(data: bytes) -> Reading | None:
    for length in (12, 9, 7, 6, 5):
        frame = data[:length]
        said = _meaning(frame) if len(frame) == length and _sums_up(frame) else None
        if said is not None:
            return length, said
    return None


def _broken(data: bytes) -> Reading | None:
    """What has the shape of a frame but not its sum, or ends with the capture."""
    for length in (5, 9, 6, 12, 7):
        frame = data[:length]
        if len(frame) == length and _meaning(frame) is not None:
            right = sum(frame[:-1]) & 0xFF
            return length, refused(frame, f"the checksum says {frame[-1]:02X}, the bytes make {right:02X}")
    known = (STATUS, OPEN, STATUS_OF_ALL_BOARDS, STATUS_REPLY, ALL_BOARDS_REPLY, *_NEVER_SENT)
    begun = len(data) > 2 and data[0] == STX and (data[2] in known or data[3:4] in (b"\x60", b"\x61", b"\x75"))
    return (len(data), refused(data, "cut short: no such frame ends here")) if begun and len(data) < 12 else None


def _meaning(frame: bytes) -> Said | None:
    """What a frame says, its sum unseen; None where it has not the shape of one."""
    if frame[0] != STX:
        return None
    if len(frame) == STATUS_REPLY_48_BYTES:
        return _status_48(frame)
    if len(frame) == 6 and frame[3] in (STATUS_48, OPEN_48, REPLY_48):
        return _short_48(frame)
    if frame[-2] != ETX:
        return None
    if len(frame) == STATUS_REPLY_BYTES:
        return _status(frame) if frame[2] in (STATUS_REPLY, ALL_BOARDS_REPLY) else None
    return _short(frame)


def _short(frame: bytes) -> Said | None:
    """A frame of a CU12 or CU16 with at most two bytes of data."""
    board, lock, command = frame[1] >> 4, frame[1] & 0xF, frame[2]
    detail: dict[str, object] = {"address": board, "direction": "request"}
    if command in _NEVER_SENT:
        kind, why = _NEVER_SENT[command]
        value = int.from_bytes(frame[3:-2], "big")
        detail |= {"ms": value * 10} if command in (0x37, 0x38) and len(frame) == 7 else {}
        return Said(kind, "all" if command == 0x33 else value, spaced(frame), detail, forbidden=why)
    if len(frame) != 5:
        return None
    if command == OPEN and board == EVERY_BOARD:
        return Said("open", lock + 1, spaced(frame), detail, forbidden="it speaks to every board of the line")
    if command == OPEN:
        return Said("open", lock + 1, spaced(frame), detail)
    if command == STATUS:
        return Said("query", "all", spaced(frame), detail)
    if command == STATUS_OF_ALL_BOARDS:
        return Said("query_all_boards", "all", spaced(frame), detail | {"address": "all"})
    return None


def _status(frame: bytes) -> Said:
    detail = {
        "address": frame[1] >> 4,
        "open": _channels(frame[3:5], 0),
        "infrared": _channels(frame[5:7], 1),
        "direction": "reply",
        "note": "value: the locks whose hook is held; infrared: where something is in front of the sensor",
    }
    return Said("status", _channels(frame[3:5], 1), spaced(frame), detail)


def _short_48(frame: bytes) -> Said | None:
    address, lock, command = frame[1:4]
    detail = {"address": address, "variant": "48 channels", "direction": "reply" if command == REPLY_48 else "request"}
    if lock >= MAX_CHANNEL_48 or frame[4] not in ((0, ETX) if command == REPLY_48 else (ETX,)):
        return None
    if command == STATUS_48:
        return Said("query", lock + 1 if lock else "all", spaced(frame), detail)
    return Said("open" if command == OPEN_48 else "open_reply", lock + 1, spaced(frame), detail)


def _status_48(frame: bytes) -> Said | None:
    if frame[2:4] != bytes((0, REPLY_48)) or (frame[10] != ETX and frame[4] != 6):
        return None
    status = frame[4:10] if frame[10] == ETX else frame[5:11]
    detail = {
        "address": frame[1],
        "variant": "48 channels",
        "open": _channels(status, 0),
        "direction": "reply",
        "note": "value: the locks whose hook is held",
    }
    return Said("status", _channels(status, 1), spaced(frame), detail)


def _channels(status: bytes, wanted: int) -> list[int]:
    """The channels whose bit is `wanted`."""
    bits = int.from_bytes(status, "little")
    return [channel for channel in range(1, len(status) * 8 + 1) if bits >> (channel - 1) & 1 == wanted]
