"""OSDP v2 frames: 53, address, length, control, (security block,) code, data, (MAC,) CRC or checksum.

The driver leaves the protocol to libosdp; this cuts the line into frames for it, explains what is on the wire, and
composes harmless requests in the clear. Source: SIA OSDP 2.2, chapter 5 (frames), 6 and 7 (commands and replies),
annexes D (Secure Channel) and E (CRC).
"""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Callable, Mapping

from hw.errors import FrameError
from hw.frames.keypad import key_of_osdp
from hw.frames.resync import FrameDecoder
from hw.frames.said import Reading, Said, account, refused, spaced
from hw.frames.wiegand import LAYOUTS, Badge, WiegandCodec

SOM, MARK = 0x53, 0xFF
BROADCAST = 0x7F
LONGEST = 1440
_REPLY, _CRC, _SECURED = 0x80, 0x04, 0x08
_WITH_MAC, _MAC_BYTES = (0x15, 0x16, 0x17, 0x18), 4  # security blocks of an open Secure Channel

COMMANDS: Mapping[int, str] = {
    0x60: "poll", 0x61: "id", 0x62: "capabilities", 0x64: "local_status", 0x65: "input_status", 0x66: "output_status",
    0x67: "reader_status", 0x68: "output", 0x69: "light", 0x6A: "buzzer", 0x6B: "text", 0x6E: "comset", 0x75: "keyset",
    0x76: "challenge", 0x77: "server_cryptogram", 0x7B: "receive_size", 0x7C: "file_transfer", 0x80: "manufacturer",
    0xA1: "extended_write", 0xA2: "abort", 0xA7: "keep_active",
}  # fmt: skip
REPLIES: Mapping[int, str] = {
    0x40: "ack", 0x41: "nak", 0x45: "id_reply", 0x46: "capabilities_reply", 0x48: "local_status_reply",
    0x49: "input_status_reply", 0x4A: "output_status_reply", 0x4B: "reader_status_reply", 0x50: "card",
    0x51: "card_text", 0x53: "key", 0x54: "comset_reply", 0x76: "client_cryptogram", 0x78: "initial_mac", 0x79: "busy",
    0x7A: "file_transfer_reply", 0x90: "manufacturer_reply", 0xB1: "extended_read",
}  # fmt: skip
_NEVER_SENT: Mapping[int, str] = {
    0x68: "it switches an output of the reader, which may hold a lock",
    0x6E: "it changes the reader's address and baud rate",
    0x75: "it changes the reader's key: keys are set with the maker's tool",
    0x7C: "it changes the reader's firmware",
    0x80: "its maker alone knows what it does",
    0xA1: "it talks to a card behind Casier's back",
}
_NAK: Mapping[int, str] = {
    1: "wrong check character", 2: "wrong length", 3: "unknown command", 4: "unexpected sequence number",
    5: "this Secure Channel is not supported", 6: "Secure Channel is required", 7: "biometry is not supported",
    8: "biometric format is not supported", 9: "the record cannot be processed",
}  # fmt: skip

ACTIONS: Mapping[str, str] = {
    "status": "osdp_POLL: anything to report?",
    "id": "osdp_ID: who made the reader, and which it is",
    "capabilities": "osdp_CAP: what the reader can do",
    "local_status": "osdp_LSTAT: its tamper switch and its supply",
    "reader_status": "osdp_RSTAT: is a reader connected to it",
    "buzzer": "osdp_BUZ: one beep of --ms (100 to 2000)",
    "light": "osdp_LED: green for --ms (100 to 10000)",
}
_CODES = {"status": 0x60, "id": 0x61, "capabilities": 0x62, "local_status": 0x64, "reader_status": 0x67}
_LONGEST_MS = {"buzzer": 2_000, "light": 10_000}


def crc16(data: bytes) -> int:
    """CRC-16 of polynomial 1021 from 1D0F on; sent low byte first (annex E)."""
    return crc_hqx(data, 0x1D0F)


def command(address: int, code: int, data: bytes = b"") -> bytes:
    """A request in the clear, sequence number 0, with CRC. Raises FrameError for an address that does not exist."""
    if not 0 <= address <= BROADCAST:
        raise FrameError(f"address {address} does not exist; allowed: 0 to 126, or 127 for whichever reader is there")
    frame = bytes((SOM, address)) + (8 + len(data)).to_bytes(2, "little") + bytes((_CRC, code)) + data
    return frame + crc16(frame).to_bytes(2, "little")


class OsdpFramer(FrameDecoder[bytes]):
    """Bytes in, whole frames with a sound check out, in the clear or not.

    libosdp 3.2.9 takes a frame only in one piece, which a serial port does not give.
    """

    def __init__(self) -> None:
        super().__init__(rb"\x53.{0,6}", _lengths, lambda frame: frame if _is_sound(frame) else None)


def _lengths(begun: bytes) -> tuple[int, ...]:
    """How long a frame is that begins so; too little of it promises the longest."""
    if len(begun) < 7:
        return (LONGEST,)
    length = _length(begun)
    return () if length is None else (length,)


def _is_sound(frame: bytes) -> bool:
    _, says, right = _check(frame)
    return says == right


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:
    """The frame of an action, in the clear; address 0 if none is given. Raises FrameError.

    A reader that insists on Secure Channel, as Casier's do, answers most of them with a NAK.
    """
    address = 0 if address is None else address
    if channel is not None:
        raise FrameError("an OSDP reader has no channels: leave --channel out")
    if action in _CODES:
        if ms is not None:
            raise FrameError("a request has no time: leave --ms out")
        return command(address, _CODES[action], b"\0" if action in ("id", "capabilities") else b"")
    longest = _LONGEST_MS[action]
    if ms is None or ms % 100 or not 100 <= ms <= longest:
        raise FrameError(f"say how long with --ms; allowed: 100 to {longest}, in hundreds")
    count = ms // 100
    if action == "buzzer":
        return command(address, 0x6A, bytes((0, 2, count, 0, 1)))
    return command(address, 0x69, bytes((0, 0, 2, count, 0, 2, 0, count, 0, 0, 0, 0, 0, 0)))


def explain(data: bytes) -> list[Said]:
    """What a capture of the line says, requests and replies."""
    return account(data, _sound, _broken)


def _framed(data: bytes) -> tuple[int, bytes] | None:
    """How many mark bytes lead, and the whole frame behind them; None where no frame begins or it is cut short."""
    lead = 1 if data[:2] == bytes((MARK, SOM)) else 0
    length = _length(data[lead:])
    if length is None or len(data) < lead + length:
        return None
    return lead, data[lead : lead + length]


def _length(data: bytes) -> int | None:
    if len(data) < 5 or data[0] != SOM:
        return None
    length = int.from_bytes(data[2:4], "little")
    least = 7 + bool(data[4] & _CRC)
    if data[4] & _SECURED:
        block, kind = data[5:7] if len(data) > 6 else (2, 0)
        if block < 2:
            return None
        least += block + (_MAC_BYTES if kind in _WITH_MAC else 0)
    return length if least <= length <= LONGEST else None


def _check(frame: bytes) -> tuple[int, bytes, bytes]:
    """How long the frame's own check is, what it says, and what it should say."""
    if frame[4] & _CRC:
        return 2, frame[-2:], crc16(frame[:-2]).to_bytes(2, "little")
    return 1, frame[-1:], bytes((-sum(frame[:-1]) & 0xFF,))


def _sound(data: bytes) -> Reading | None:
    framed = _framed(data)
    if framed is None:
        return None
    lead, frame = framed
    if not _is_sound(frame):
        return None
    return lead + len(frame), _said(frame, frame[5 : -_check(frame)[0]], spaced(data[: lead + len(frame)]))


def _broken(data: bytes) -> Reading | None:
    framed = _framed(data)
    if framed is not None:
        lead, frame = framed
        _, says, right = _check(frame)
        name = "CRC" if frame[4] & _CRC else "checksum"
        text = f"the {name} says {spaced(says)}, the bytes make {spaced(right)}"
        return lead + len(frame), refused(data[: lead + len(frame)], text)
    length = _length(data)
    if length is not None:
        return len(data), refused(data, f"cut short: {len(data)} of {length} bytes")
    return None


def _said(frame: bytes, rest: bytes, text: str) -> Said:
    is_reply = bool(frame[1] & _REPLY)
    detail: dict[str, object] = {
        "address": frame[1] & 0x7F,
        "direction": "reply" if is_reply else "request",
        "sequence": frame[4] & 3,
    }
    hidden = False
    if frame[4] & _SECURED:
        block, rest = rest[: rest[0]], rest[rest[0] :]
        detail["secure"] = f"SCS_{block[1]:02X}"
        if block[1] in _WITH_MAC:
            rest = rest[:-_MAC_BYTES]
        hidden = block[1] in (0x17, 0x18)
        if block[1] in (0x11, 0x12) and block[2:] == b"\0":
            detail["key"] = "the default key that everybody knows"
    code, body = rest[0], rest[1:]
    detail["code"] = f"{code:02X}"
    if hidden:
        detail["encrypted"] = True
    names = REPLIES if is_reply else COMMANDS
    kind = names.get(code, "unknown")
    forbidden = None if is_reply else _NEVER_SENT.get(code)
    reader = None if hidden else _BODIES.get((is_reply, code))
    if reader is None:
        return Said(kind, None if hidden or not body else spaced(body), text, detail, forbidden=forbidden)
    kind, value, more = reader(body)
    return Said(kind, value, text, detail | more, forbidden=forbidden)


Body = Callable[[bytes], tuple[str, object, dict[str, object]]]


def _card(body: bytes) -> tuple[str, object, dict[str, object]]:
    count = int.from_bytes(body[2:4], "little")
    more: dict[str, object] = {"reader": body[0] if body else None, "bits": count}
    said = card_number(body[4:], count)
    if said is None:
        return "card", spaced(body[4:]), more
    technology, number = said
    if "-" in number:
        facility, card = number.split("-")
        more |= {"facility": int(facility), "card": int(card)}
    return "badge", number, more | {"technology": technology, "parity": "ok"}


def card_number(data: bytes, bits: int) -> tuple[str, str] | None:
    """Technology and number of a card's raw bits, left-aligned as osdp_RAW has them; None if they are no known format.

    26 bits are `osdp26`; 34 and 37 are the numbers that the same badge has at a Wiegand reader.
    """
    if bits not in LAYOUTS or len(data) != (bits + 7) // 8:
        return None
    said = _CODEC.judge(int.from_bytes(data) >> -bits % 8, bits)
    if not isinstance(said, Badge):
        return None
    return ("osdp26" if bits == 26 else said.technology), said.number


_CODEC = WiegandCodec([*LAYOUTS.values()])


def _keys(body: bytes) -> tuple[str, object, dict[str, object]]:
    keys = "".join(key_of_osdp(character) or "?" for character in body[2:])
    return "key", keys, {"reader": body[0] if body else None}


def _nak(body: bytes) -> tuple[str, object, dict[str, object]]:
    code = body[0] if body else 0
    return "nak", code, {"why": _NAK.get(code, "for a reason of its own")}


def _comset(body: bytes) -> tuple[str, object, dict[str, object]]:
    return "comset", {"address": body[0] if body else None, "baud": int.from_bytes(body[1:5], "little")}, {}


def _secret(_body: bytes) -> tuple[str, object, dict[str, object]]:
    return "keyset", None, {}


def _local_status(body: bytes) -> tuple[str, object, dict[str, object]]:
    return "local_status_reply", {"tampered": body[:1] == b"\1", "power_failed": body[1:2] == b"\1"}, {}


_BODIES: Mapping[tuple[bool, int], Body] = {
    (True, 0x50): _card,
    (True, 0x53): _keys,
    (True, 0x41): _nak,
    (True, 0x48): _local_status,
    (False, 0x6E): _comset,
    (False, 0x75): _secret,
}
