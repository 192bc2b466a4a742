"""A controller's journal, made with the wire's own functions: epochs, entries, batches."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.unit.gateway.town import NOON
from wire.chain import GENESIS, link
from wire.entries import BatchHeader, Entry, EntryType, encode_batch, encode_entry


@dataclass
class Journal:
    """One epoch; `hashes[n]` is the chain after entry n."""

    controller: str = "montreuil-1"
    epoch: str = field(default_factory=lambda: secrets.token_hex(16))
    lines: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=lambda: [GENESIS])

    def write(self, kind: str, at: int = NOON, /, **body: Any) -> "Journal":
        return self.write_late(kind, at, 1_000 * (len(self.lines) + 1), **body)

    def write_late(self, kind: str, at: int, mono_ms: int, /, **body: Any) -> "Journal":
        """An entry that happened at `mono_ms` of its run: entry n of `write` at 1,000 x n."""
        entry = Entry(self.epoch, len(self.lines) + 1, kind, at, mono_ms, "boot", "trusted", body)
        return self.write_line(encode_entry(entry))

    def write_line(self, line: bytes) -> "Journal":
        self.lines.append(line)
        self.hashes.append(link(self.hashes[-1], line))
        return self

    def start(self, previous: "Journal | None" = None, seq: int | None = None, at: int = NOON) -> "Journal":
        if previous is None:
            return self.write(EntryType.STARTED, at, previous_epoch=None, previous_seq=None, previous_hash=None)
        last = len(previous.lines) if seq is None else seq
        return self.write(
            EntryType.STARTED, at, previous_epoch=previous.epoch, previous_seq=last,
            previous_hash=previous.hashes[last].hex(),
        )  # fmt: skip

    def batch(self, first: int = 1, last: int | None = None) -> bytes:
        """The entries with these seqs, both included."""
        header = BatchHeader(self.controller, self.epoch, first, self.hashes[first - 1].hex())
        return encode_batch(header, self.lines[first - 1 : last])

    def batches(self, size: int = 100) -> list[bytes]:
        return [self.batch(at, at + size - 1) for at in range(1, len(self.lines) + 1, size)]
