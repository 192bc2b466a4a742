"""What was handed to a journal is in the gateway in the end: nothing is dropped on its way to the disk unseen."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from controller.pending import Pending
from simulator.world.invariants.invariant import Invariant
from wire.entries import EntryType

# What a disk has refused is tried again every five minutes; by then it was taken.
_TRIED_MS = 10 * 60_000
# With less room the journal lets wait what nobody needs at once.
_ROOM_BYTES = 1 << 26
_ROWS = "SELECT line FROM event WHERE bank_id=? AND epoch IS NOT NULL"
_LOST = "SELECT count(*) FROM event WHERE bank_id=? AND kind='entries_lost'"


class _Line(msgspec.Struct):
    type: str
    mono_ms: int
    boot_id: str
    body: dict[str, Any]


class _Entry(NamedTuple):
    """What tells an entry: its kind, its boot's clock, and when it was handed over (true time)."""

    type: str
    mono_ms: int
    boot: str
    handed_ms: int


_lines = msgspec.json.Decoder(_Line)


class Kept(Invariant):
    """Judges what a program had handed over a while before it ended, on a disk that had taken everything meanwhile."""

    name = "kept"

    def __init__(self, world: Any) -> None:
        super().__init__(world)
        self._handed: dict[str, list[_Entry]] = {bank: [] for bank in world.banks}
        self._due: dict[str, list[_Entry]] = {bank: [] for bank in world.banks}
        # How often each disk has refused, and since when it has not.
        self._refusals: dict[str, int] = dict.fromkeys(world.banks, 0)
        self._fine_since: dict[str, int] = dict.fromkeys(world.banks, 0)

    def written(self, bank: str, entries: Sequence[Pending]) -> None:
        """They are on their way."""
        self._look(bank)
        boot, now_ms = self.world.banks[bank].machine.boot_id, self.world.now_ms
        self._handed[bank] += [
            _Entry(entry.type.value, entry.mono_ms, boot, now_ms) for entry in entries if entry.type is not None
        ]

    def died(self, bank: str) -> None:
        """What was not on the disk is lost with its memory."""
        self._look(bank)
        until_ms = self.world.now_ms - _TRIED_MS
        if self._fine_since[bank] < until_ms:
            self._due[bank] += [entry for entry in self._handed[bank] if entry.handed_ms < until_ms]
        self._handed[bank].clear()

    def settled(self) -> None:
        """As each bank's rows say."""
        connection = self.world.gateway.storage.connection
        for bank in self.world.banks:
            self.died(bank)
            rows = [_lines.decode(line) for (line,) in connection.execute(_ROWS, (bank,))]
            is_spoilt = any(row.body.get("cause") == "journal_set_aside" for row in rows if row.type == "started")
            if is_spoilt or connection.execute(_LOST, (bank,)).fetchone()[0]:
                continue
            there = Counter((row.type, row.mono_ms, row.boot_id) for row in rows)
            counted = Counter[str]()
            for row in rows:
                if row.type == EntryType.SUPPRESSED.value and row.body["source"] == "journal":
                    counted[row.body["type"]] += row.body["count"]
            missing = Counter((entry.type, entry.mono_ms, entry.boot) for entry in self._due[bank]) - there
            dropped = Counter(kind for kind, *_ in missing.elements()) - counted
            self.world.counts["entries kept"] += len(self._due[bank])
            if dropped:
                self.violated(f"{bank} has handed these to its journal, and they are nowhere: {dict(dropped)}")

    def _look(self, bank: str) -> None:
        disk = self.world.banks[bank].disk
        if disk.takes_nothing or disk.refusals != self._refusals[bank] or disk.capacity - disk.used < _ROOM_BYTES:
            self._refusals[bank], self._fine_since[bank] = disk.refusals, self.world.now_ms
