"""RDM6300 and ID-12LA/ID-20LA frames: STX, ten hex digits, two of checksum, (CR LF,) ETX, at 9600 8N1.

Source: the Seeed wiki's RDM6300 page and the ID-12LA data sheet. Both variants are accepted from either reader.
"""

from __future__ import annotations

import re

_FRAME = re.compile(rb"\x02([0-9A-Fa-f]{10})([0-9A-Fa-f]{2})(?:\r\n)?\x03")
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
            if tag[0] ^ tag[1] ^ tag[2] ^ tag[3] ^ tag[4] == int(frame[2], 16):
                numbers.append(tag.hex().upper())
            else:
                self.garbage += done - frame.start()
        begun = data.rfind(b"\x02", max(done, len(data) - _LONGEST + 1))  # STX never occurs inside a frame
        keep = begun if begun >= 0 else len(data)
        self.garbage += keep - done
        self._tail = data[keep:]
        return numbers
