"""Identifiers that sort by time of making, and within one millisecond by the order of making."""

import itertools
import os
import time

# RFC 9562, 6.2, method 1: a counter of 42 bits between the milliseconds and 32 random bits. It begins anywhere in its
# lower half at the start of the program and only rises, so that no state is kept for each millisecond.
_counter = itertools.count(int.from_bytes(os.urandom(6)) >> 7)


def uuid7(unix_ms: int | None = None) -> str:
    """A UUIDv7 (RFC 9562): 48 bits of unix milliseconds, 42 bits of a counter of this program, 32 random bits.

    Any thread may ask.
    """
    milliseconds = time.time_ns() // 1_000_000 if unix_ms is None else unix_ms
    stamp = f"{milliseconds & (1 << 48) - 1:012x}"
    count = next(_counter)
    # Around the version and the variant: 12, 14 and 16 bits.
    high, middle, low = count >> 30 & 0xFFF, 0x8000 | count >> 16 & 0x3FFF, count & 0xFFFF
    return f"{stamp[:8]}-{stamp[8:]}-7{high:03x}-{middle:04x}-{low:04x}{os.urandom(4).hex()}"
