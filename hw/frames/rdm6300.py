"""RDM6300 and ID-12LA/ID-20LA frames: STX, ten hex digits, two of checksum, (CR LF,) ETX, at 9600 8N1.

Source: the Seeed wiki's RDM6300 page and the ID-12LA data sheet. Both variants are accepted from either reader.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hw.errors import FrameError
from hw.frames.said import Reading, Said, account, refused, spaced

ACTIONS: Mapping[str, str] = {}  # these readers only speak

_FRAME = re.compile(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})(?:\r\n)?\x03")
_BEGUN = re.compile(rb"\x02[0-9A-Fa-f]{2,12}(?:\r\n?)?")
_LONGEST = 16


class Rdm6300Decoder:
    """Bytes in, badge numbers out; the same numbers however the bytes are cut.

    `garbage` counts the bytes that belonged to no valid frame, a wrong checksum included.
    """

    def __init__(self) -> None:
        self._tail = b""
        self.garbage = 0

    def feed(self, data: bytes) -> list[str]:
        """The numbers of the frames that `data` completes: ten upper-case hex digits each."""
        data = self._tail + data
        numbers = []
        done = 0
        for frame in _FRAME.finditer(data):
            self.garbage += frame.start() - done
            done = frame.end()
            tag = bytes.fromhex(frame[1].decode("ascii"))
            if _checksum(tag) == int(frame[2], 16):
                numbers.append(tag.hex().upper())
            else:
                self.garbage += done - frame.start()
        begun = data.rfind(b"\x02", max(done, len(data) - _LONGEST + 1))  # STX never occurs inside a frame
        keep = begun if begun >= 0 else len(data)
        self.garbage += keep - done
        self._tail = data[keep:]
        return numbers


def _checksum(tag: bytes) -> int:
    return tag[0] ^ tag[1] ^ tag[2] ^ tag[3] ^ tag[4]


def explain(data: bytes) -> list[Said]:
    """What a capture of the reader's line says."""
    return account(data, _sound, _broken)


def compose(action: str, address: int | None, channel: int | None, ms: int | None) -> bytes:  # noqa: ARG001 - ACTIONS
    """Raises FrameError: there is nothing that such a reader is sent."""
    raise FrameError("nothing is sent to this reader: it only speaks")


def _sound(data: bytes) -> Reading | None:
    frame = _FRAME.match(data)
    if frame is None:
        return None
    tag = bytes.fromhex(frame[1].decode("ascii"))
    if _checksum(tag) != int(frame[2], 16):
        return None
    detail = {
        "technology": "em4100",
        "printed": f"{int.from_bytes(tag[1:]):010d}",
        "printed_short": f"{tag[2]:03d},{int.from_bytes(tag[3:]):05d}",
    }
    return frame.end(), Said("badge", tag.hex().upper(), spaced(frame[0]), detail)


def _broken(data: bytes) -> Reading | None:
    if frame := _FRAME.match(data):
        right = _checksum(bytes.fromhex(frame[1].decode("ascii")))
        text = f"the checksum says {frame[2].decode('ascii').upper()}, the digits make {right:02X}"
        return frame.end(), refused(frame[0], text)
    if begun := _BEGUN.match(data):
        text = "cut short: a frame is 02, ten hex digits, two of checksum, (0D 0A,) 03"
        return begun.end(), refused(begun[0], text)
    return None
