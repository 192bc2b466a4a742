"""PN532 frames on its serial port (115200 8N1): `00 00 FF LEN LCS TFI data DCS 00`, the ACK, and the wake-up.

LCS = -LEN and DCS = -(TFI + data), modulo 256. Source: NXP UM0701-02, PN532 User Manual, chapters 6 and 7.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hw.errors import FrameError
from hw.frames.resync import FrameDecoder
from hw.frames.said import Reading, Said, account, refused, spaced

BAUD = 115_200
TO_READER, FROM_READER, SYNTAX_ERROR = 0xD4, 0xD5, 0x7F  # the first byte of what a frame carries (TFI)
FIRMWARE, SAM, EXCHANGE, LIST = 0x02, 0x14, 0x40, 0x4A  # a reply's code is its command's + 1
ACK = bytes.fromhex("00 00 FF 00 FF 00")
NACK = bytes.fromhex("00 00 FF FF 00 00")
SHORTEST = len(ACK)
# It sleeps until it sees edges on its line, and needs as long as these zeros take to be ready for a frame.
WAKE = b"\x55\x55" + bytes(14)
FIRST_TARGET = 1
ISO_DEP = 0x20  # the bit of SAK that says ISO/IEC 14443-4: the card takes commands
RANDOM_UID = 0x08  # the first byte of a four-byte UID that is new at each presentation

_LONGEST = 80  # a card found, with its ATS; a longer length would only make garbage costly
_LENGTHS = b"|".join(re.escape(bytes((length, 256 - length))) for length in range(1, _LONGEST + 1))
# Preamble and start code, then an ACK's or a NACK's own two bytes, or a length and its checksum.
_HEAD = rb"\x00\x00\xff(?:\x00\xff|\xff\x00|" + _LENGTHS
_BEGUN = _HEAD + rb"|[\x00-\xff]?\Z)|\x00{1,2}\Z"  # or what may yet become one at the end of the data


@dataclass(frozen=True, slots=True)
class Ack:
    """The other side has the frame and will act on it; from the host, it also ends a command that still runs."""


@dataclass(frozen=True, slots=True)
class Nack:
    """The other side asks for the last reply again."""


@dataclass(frozen=True, slots=True)
class Information:
    """A frame that carries something: who speaks (TFI), the code of the command or reply, and its data."""

    sender: int
    code: int
    data: bytes = field(repr=False)  # badge numbers are in it


Frame = Ack | Nack | Information


@dataclass(frozen=True, slots=True)
class Target:
    """A card in the field, as InListPassiveTarget found it. `number` is its UID in hex."""

    number: str = field(repr=False)
    atqa: int
    sak: int

    @property
    def takes_commands(self) -> bool:
        """Whether the card speaks ISO/IEC 14443-4, as every DESFire card does."""
        return bool(self.sak & ISO_DEP)

    @property
    def is_random(self) -> bool:
        """Whether the number is made up anew at each presentation, as phones and some cards do."""
        return len(self.number) == 8 and self.number.startswith(f"{RANDOM_UID:02X}")


def command(code: int, *data: int) -> bytes:
    """The frame that carries a command to the reader. Raises FrameError if it does not fit one."""
    return information(TO_READER, code, bytes(data))


def information(sender: int, code: int, data: bytes) -> bytes:
    """An information frame. Raises FrameError if the data does not fit one."""
    body = bytes((sender, code)) + data
    if len(body) > _LONGEST:
        raise FrameError(f"{len(data)} bytes do not fit a frame; allowed: {_LONGEST - 2} at most")
    return bytes((0, 0, 0xFF, len(body), -len(body) & 0xFF)) + body + bytes((-sum(body) & 0xFF, 0))


def wake_up() -> bytes:
    """Wake the reader and switch its SAM off (SAMConfiguration, normal mode); before that it answers nothing."""
    return WAKE + command(SAM, 1)


def list_targets() -> bytes:
    """InListPassiveTarget, one card of ISO/IEC 14443 type A. It blocks until there is one, or until an ACK is sent."""
    return command(LIST, 1, 0)


def exchange(data: bytes) -> bytes:
    """InDataExchange: hand `data` to the card that was listed. Raises FrameError."""
    return command(EXCHANGE, FIRST_TARGET, *data)


def listed(data: bytes) -> Target | None:
    """The card in a reply to InListPassiveTarget. Raises FrameError for data that makes no sense; None for no card."""
    if data[:1] == b"\x00":
        return None
    number = data[6 : 6 + data[5]] if len(data) > 5 else b""
    if len(number) not in (4, 7, 10) or data[5] != len(number):
        raise FrameError("a list of cards that is cut short, or not of type A")
    return Target(number.hex().upper(), int.from_bytes(data[2:4]), data[4])


class Pn532Decoder(FrameDecoder[Frame]):
    """Bytes from the port in, frames out."""

    def __init__(self) -> None:
        super().__init__(_BEGUN, lambda begun: (_length(begun),), whole)


def _length(begun: bytes) -> int:
    """How long the frame is that begins so."""
    if len(begun) < 5:
        return SHORTEST
    return SHORTEST if begun[3] in (0, 0xFF) and begun[4] in (0, 0xFF) else begun[3] + 7


def whole(frame: bytes) -> Frame | None:
    """The frame from its preamble to its postamble, or None if that is not what it is."""
    if frame == ACK:
        return Ack()
    if frame == NACK:
        return Nack()
    if len(frame) < 8 or len(frame) != frame[3] + 7 or sum(frame[5:-1]) & 0xFF or frame[-1]:
        return None
    if frame[5] == SYNTAX_ERROR:
        return Information(SYNTAX_ERROR, 0, b"")
    return Information(frame[5], frame[6], frame[7:-2]) if len(frame) > 8 else None


# For people with a bus monitor

ACTIONS: Mapping[str, str] = {
    "wake": "wake the reader and configure it (55 55 00... and SAMConfiguration)",
    "sam": "SAMConfiguration alone, normal mode",
    "poll": "InListPassiveTarget: look for one card",
    "firmware": "GetFirmwareVersion: which chip it is",
    "ack": "ACK: end what it is doing",
}
_COMMANDS = {FIRMWARE: "firmware", SAM: "sam", EXCHANGE: "exchange", LIST: "poll"}
_TO_CARD = {0x5A: "select_application", 0xAA: "authenticate_aes", 0xAF: "additional_frame"}
_FROM_CARD = {
    0x00: "ok",
    0xAF: "additional_frame",
    0xA0: "application_not_found",
    0x40: "no_such_key",
    0xAE: "authentication_error",
    0x9D: "permission_denied",
    0x7E: "length_error",
    0x1C: "illegal_command",
}
_STATUSES = {0x00: "ok", 0x01: "the card did not answer in time", 0x27: "there is no such card in the field"}
_WOKEN = re.compile(rb"\x55{2,}\x00*(?=\x00\x00\xff|\Z)|\x55{2,}\x00+")
_WHOLE = re.compile(_HEAD + rb")", re.DOTALL)


def explain(data: bytes) -> list[Said]:
    """What a capture of the reader's line says, both directions."""
    return account(data, _sound, _broken)


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:
    """The frame of an action. Raises FrameError: for any other, or for a number, of which a PN532 takes none."""
    if (address, channel, ms) != (None, None, None):
        raise FrameError("a pn532 has no address, no channel and no time: leave them out")
    frames = {
        "wake": wake_up(),
        "sam": command(SAM, 1),
        "poll": list_targets(),
        "firmware": command(FIRMWARE),
        "ack": ACK,
    }
    if action not in frames:
        raise FrameError(f"a pn532 has no action {action!r}; allowed: {', '.join(ACTIONS)}")
    return frames[action]


def _sound(data: bytes) -> Reading | None:
    if woken := _WOKEN.match(data):
        return woken.end(), Said("wake", None, spaced(woken[0]), {"direction": "request"})
    begun = _WHOLE.match(data)
    end = _length(begun[0]) if begun else 0
    frame = whole(data[:end]) if begun and end <= len(data) else None
    return None if frame is None else (end, _meaning(frame, spaced(data[:end])))


def _broken(data: bytes) -> Reading | None:
    """What begins as a frame and has not its checksum, or ends with the capture."""
    begun = _WHOLE.match(data)
    if begun is None:
        return None
    end = _length(begun[0])
    if end > len(data):
        return len(data), refused(data, f"cut short: {end - len(data)} more bytes belong to it")
    right = -sum(data[5 : end - 2]) & 0xFF
    if data[end - 2] == right:
        return end, refused(data[:end], "it does not end with 00")
    return end, refused(data[:end], f"the checksum says {data[end - 2]:02X}, the bytes make {right:02X}")


def _meaning(frame: Frame, hex_: str) -> Said:
    if not isinstance(frame, Information):
        return Said("ack" if isinstance(frame, Ack) else "nack", None, hex_)
    if frame.sender == TO_READER:
        return _order(frame, hex_)
    if frame.sender == SYNTAX_ERROR:
        return Said("syntax_error", None, hex_, {"direction": "reply", "note": "the reader does not know the command"})
    return _reply(frame, hex_)


def _order(frame: Information, hex_: str) -> Said:
    kind = _COMMANDS.get(frame.code, "command")
    detail: dict[str, object] = {"direction": "request", "code": f"{frame.code:02X}"}
    if kind != "exchange" or len(frame.data) < 2:
        return Said(kind, spaced(frame.data) or None, hex_, detail)
    detail["card_command"] = _TO_CARD.get(frame.data[1], f"{frame.data[1]:02X}")
    if frame.data[1] == 0x5A and len(frame.data) == 5:
        detail["application"] = frame.data[:1:-1].hex().upper()
    return Said(kind, spaced(frame.data[1:]), hex_, detail)


def _reply(frame: Information, hex_: str) -> Said:
    kind = _COMMANDS.get(frame.code - 1, "reply") if frame.sender == FROM_READER else "unknown"
    detail: dict[str, object] = {"direction": "reply", "code": f"{frame.code:02X}"}
    if kind == "poll":
        return _cards(frame, hex_, detail)
    if kind == "exchange" and frame.data:
        status = frame.data[0] & 0x3F
        detail["status"] = _STATUSES.get(status, f"error {status:02X}")
        if len(frame.data) > 1:
            detail["card_status"] = _FROM_CARD.get(frame.data[1], f"{frame.data[1]:02X}")
        return Said("exchange_reply", spaced(frame.data[1:]) or None, hex_, detail)
    return Said(f"{kind}_reply" if kind in _COMMANDS.values() else kind, spaced(frame.data) or None, hex_, detail)


def _cards(frame: Information, hex_: str, detail: dict[str, object]) -> Said:
    try:
        target = listed(frame.data)
    except FrameError as error:
        return Said("poll_reply", spaced(frame.data), hex_, detail, error=str(error))
    if target is None:
        return Said("no_card", None, hex_, detail)
    ats = frame.data[6 + len(target.number) // 2 :]
    detail |= {"technology": "iso14443a", "atqa": f"{target.atqa:04X}", "sak": f"{target.sak:02X}"}
    return Said("badge", target.number, hex_, detail | ({"ats": spaced(ats)} if ats else {}))
