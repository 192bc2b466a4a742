"""Identifiers that sort by time of making."""

import os
import time

_VARIANT = "89ab"


def uuid7(unix_ms: int | None = None) -> str:
    """A UUIDv7 (RFC 9562): 48 bits of unix milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000 if unix_ms is None else unix_ms
    stamp = f"{milliseconds & (1 << 48) - 1:012x}"
    chance = os.urandom(10).hex()
    variant = _VARIANT[int(chance[3], 16) & 3]
    return f"{stamp[:8]}-{stamp[8:]}-7{chance[:3]}-{variant}{chance[4:7]}-{chance[8:]}"
