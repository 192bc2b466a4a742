"""The hash chain over journal entries: SHA-256(previous hash || line bytes)."""

import hashlib
from collections.abc import Iterable

GENESIS = bytes(32)


def link(previous: bytes, line: bytes) -> bytes:
    """The chain's hash after `line`; `previous` is 32 bytes, GENESIS before an epoch's first entry."""
    return hashlib.sha256(previous + line).digest()


def link_all(previous: bytes, lines: Iterable[bytes]) -> bytes:
    """The chain's hash after all `lines`, in order."""
    for line in lines:
        previous = link(previous, line)
    return previous
