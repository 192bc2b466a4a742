"""One batch read and checked: its hash chain, and each entry's place in it. Sans-IO."""

import re
from dataclasses import dataclass
from itertools import accumulate

from wire.chain import GENESIS, link
from wire.entries import Batch, Entry, decode_batch, decode_entry
from wire.errors import MessageError

# Later versions may have types this one does not know; none is anything but a code.
_TYPE = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True)
class Run:
    """The entries of one batch, in order, with the chain's hash after each."""

    epoch: str
    first: int
    prev: bytes
    lines: tuple[bytes, ...]
    hashes: tuple[bytes, ...]
    entries: tuple[Entry, ...]

    @property
    def last(self) -> int:
        """The seq of the last entry."""
        return self.first + len(self.lines) - 1


@dataclass(frozen=True)
class Poison:
    """A batch that verified but makes no sense: why, and the range it claims, where that can be read."""

    why: str
    epoch: str | None = None
    first: int | None = None
    prev: bytes | None = None
    last: int | None = None
    end_hash: bytes | None = None


def read(payload: bytes, controller: str) -> Run | Poison:
    """The run in a verified payload, or what is wrong with it: batch, controller, genesis, entry, type, seq."""
    try:
        batch = decode_batch(payload)
    except MessageError:
        return Poison("batch")
    prev = bytes.fromhex(batch.header.prev)
    hashes = tuple(accumulate(batch.lines, link, initial=prev))[1:]
    if batch.header.controller != controller:
        return _poison("controller", batch, hashes)
    if (batch.header.first == 1) != (prev == GENESIS):
        return _poison("genesis", batch, hashes)
    try:
        entries = tuple(decode_entry(line) for line in batch.lines)
    except MessageError:
        return _poison("entry", batch, hashes)
    if any(_TYPE.fullmatch(entry.type) is None for entry in entries):
        return _poison("type", batch, hashes)
    first = batch.header.first
    if any((entry.epoch, entry.seq) != (batch.header.epoch, first + at) for at, entry in enumerate(entries)):
        return _poison("seq", batch, hashes)
    return Run(batch.header.epoch, first, prev, tuple(batch.lines), hashes, entries)


def _poison(why: str, batch: Batch, hashes: tuple[bytes, ...]) -> Poison:
    first, prev = batch.header.first, bytes.fromhex(batch.header.prev)
    return Poison(why, batch.header.epoch, first, prev, first + len(batch.lines) - 1, hashes[-1])
