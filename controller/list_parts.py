"""The access list in force as replies to `send_access`: in parts that fit a message each."""

from collections.abc import Iterator

from msgspec.structs import replace

from wire.limits import LIST_PART_BYTES
from wire.messages import Reply


def in_parts(reply: Reply, envelope: bytes | None) -> Iterator[Reply]:
    """`reply` once for each part of the list's envelope; one that failed where there is none to be read."""
    if envelope is None:
        yield replace(reply, state="failed", why="unreadable")
        return
    starts = range(0, len(envelope), LIST_PART_BYTES)
    for part, start in enumerate(starts, 1):
        yield replace(reply, state="list", part=part, parts=len(starts), data=envelope[start : start + LIST_PART_BYTES])
