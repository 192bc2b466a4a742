"""Finds the frames of one protocol in a stream of bytes: however it is cut, through any garbage, in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class FrameDecoder(Generic[T_co]):
    """Bytes in, values out. `garbage` counts the bytes that belonged to no valid frame, `garbage_since_frame` those
    after the last valid one.

    `pattern`: where a frame may begin, and what may become a beginning at the end of the data (see `beginnings`).
    `lengths(begun)`: how long a frame that begins so may be, the longest first. `read(frame)`: its value, None if it is
    not sound.
    """

    def __init__(
        self, pattern: bytes, lengths: Callable[[bytes], Sequence[int]], read: Callable[[bytes], T_co | None]
    ) -> None:
        self._pattern = re.compile(pattern, re.DOTALL)
        self._lengths = lengths
        self._read = read
        self._tail = b""
        self.garbage = self.garbage_since_frame = 0

    def feed(self, data: bytes) -> list[T_co]:
        """The frames that `data` completes."""
        return self._decode(self._tail + data, more_may_come=True)

    def silence(self) -> list[T_co]:
        """The line went quiet: what was begun will not be completed, and frames hidden behind it come out."""
        return self._decode(self._tail, more_may_come=False)

    def _decode(self, data: bytes, *, more_may_come: bool) -> list[T_co]:
        values: list[T_co] = []
        done = start = 0
        size = len(data)
        while found := self._pattern.search(data, start):
            at = found.start()
            for length in self._lengths(found[0]):
                if at + length > size:
                    if more_may_come:
                        return self._keep(data, at, done, values)
                    continue
                value = self._read(data[at : at + length])
                if value is not None:
                    self.garbage += at - done
                    self.garbage_since_frame = 0
                    values.append(value)
                    done = start = at + length
                    break
            else:
                start = at + 1
        return self._keep(data, size, done, values)

    def _keep(self, data: bytes, at: int, done: int, values: list[T_co]) -> list[T_co]:
        """What stands from `at` on may yet become a frame; what stands before is garbage."""
        self.garbage += at - done
        self.garbage_since_frame += at - done
        self._tail = data[at:]
        return values


def beginnings(shapes: Iterable[Sequence[bytes]]) -> bytes:
    """A pattern for any of these shapes, one class of bytes after the other, or for as much of it as the data holds."""
    return b"|".join(_or_cut_short(shape) for shape in shapes)


def one_of(values: Iterable[int]) -> bytes:
    """The class of these byte values."""
    return b"[" + b"".join(b"\\x%02x" % value for value in values) + b"]"


def _or_cut_short(parts: Sequence[bytes]) -> bytes:
    pattern = parts[-1]
    for part in reversed(parts[:-1]):
        pattern = part + b"(?:\\Z|" + pattern + b")"
    return pattern
