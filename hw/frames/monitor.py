"""Which codec explains and composes the frames of a device: what one needs with a bus monitor in hand.

Codecs are named as text and imported when first asked for. Adding a device adds one line here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from hw.errors import FrameError
from hw.frames.said import Said

# device -> the module with its `explain` (or, for a line of bits, `explain_bits`), `compose` and `ACTIONS`
CODECS: Mapping[str, str] = {
    "rdm6300": "hw.frames.rdm6300",
    "id12la": "hw.frames.rdm6300",
    "wiegand": "hw.frames.wiegand",
    "pn532": "hw.frames.pn532",
    "osdp": "hw.frames.osdp",
    "xor_board": "hw.frames.xor_board",
    "kerong_cu": "hw.frames.kerong_cu",
    "modbus_relay": "hw.frames.modbus_rtu",
}
LONGEST_TEXT = 1_000_000  # characters; more is a file, not a capture that a person reads
# Words that people use for the same order; a codec has one of each row.
_SAME = (
    ("open", "unlock", "pulse", "release", "timed_pulse", "flash"),
    ("status", "query", "poll", "list", "query_all", "query_one", "inputs", "read_inputs"),
    ("coils", "read_coils"),
    ("off", "all_off"),
)


def explain(device: str, text: str) -> list[Said]:
    """What the bytes (hex; for Wiegand: bits as 0 and 1) mean, every one of them accounted for.

    Spaces, commas, colons and `0x` between the bytes are passed over. Raises FrameError where `text` is not that, or
    the device is unknown.
    """
    codec = _codec(device)
    if len(text) > LONGEST_TEXT:
        raise FrameError(f"that is too much to explain at once; allowed: {LONGEST_TEXT:,} characters")
    if hasattr(codec, "explain_bits"):
        said: list[Said] = codec.explain_bits(_bits(text))
    else:
        said = codec.explain(_bytes(text))
    return said


def compose(
    device: str, action: str, address: int | None = None, channel: int | None = None, ms: int | None = None
) -> bytes:
    """The frame that would be sent. Raises FrameError with what is allowed; nothing is sent here."""
    frame: bytes = _codec(device).compose(_named(device, action), address, channel, ms)
    return frame


def actions(device: str) -> Mapping[str, str]:
    """What can be composed for a device, each with one line of help; empty for one that nothing is sent to.

    Raises FrameError for an unknown device.
    """
    known: Mapping[str, str] = _codec(device).ACTIONS
    return known


def _codec(device: str) -> Any:
    if device not in CODECS:
        raise FrameError(f"there is no device {device!r}; allowed: {', '.join(CODECS)}")
    return import_module(CODECS[device])


def _named(device: str, action: str) -> str:
    known = actions(device)
    wanted = re.sub(r"[-\s]+", "_", action.strip().lower())
    if wanted in known:
        return wanted
    for words in _SAME:
        if wanted in words:
            for word in words:
                if word in known:
                    return word
    if not known:
        raise FrameError(f"nothing is sent to a {device}: it only speaks")
    raise FrameError(f"a {device} has no action {action!r}; allowed: {', '.join(known)}")


def _bytes(text: str) -> bytes:
    """The bytes of a capture as people paste it. A byte alone may be one digit (`2 36`); joined ones are pairs."""
    found = bytearray()
    for word in _words(re.sub(r"0x|\\x", " ", text, flags=re.IGNORECASE)):
        digits = "0" + word if len(word) == 1 else word
        if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", digits):
            raise FrameError(f"{word[:40]!r} is not hexadecimal; write bytes as pairs, such as 8A 01 01 11 9B")
        found += bytes.fromhex(digits)
    if not found:
        raise FrameError("there are no bytes; write them as pairs, such as 8A 01 01 11 9B")
    return bytes(found)


def _bits(text: str) -> str:
    bits = "".join(_words(text))
    if not re.fullmatch(r"[01]+", bits):
        raise FrameError("write the bits as 0 and 1, such as 00100010010100010010011111")
    return bits


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;:\-\[\]\"']+", text) if word]
