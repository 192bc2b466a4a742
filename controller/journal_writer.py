"""The journal's writer: gives entries their number and hash and makes them durable, one step after the other.

It has no thread and no clock of its own: whoever owns it hands it work, calls `step`, and waits as `wait_s` says.
While the disk is full, read-only or broken, entries wait in memory (bounded) and it is tried again; a corrupt database
is set aside and a new epoch begins. Nothing is dropped without an entry that says how many.
"""

import errno
import logging
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from controller import SOFTWARE
from controller.pace import PRODUCTION, Pace
from controller.pending import Handed, Head, Pending, ReceiptNoted, Result, Waiting
from controller.salvage import BROUGHT_OVER, open_store, set_aside
from controller.storage import Storage
from controller.store import RESERVE_BYTES, Store
from wire.chain import GENESIS, link
from wire.entries import Entry, EntryType, encode_entry
from wire.limits import MAX_INSTANT

LOW_DISK_BYTES = 32 * 1024 * 1024
# Reserving passes through log and database, thrice in all; a disk that it filled would take no intent any more.
ROOM_TO_RESERVE_BYTES = 4 * RESERVE_BYTES
_IDLE_S = 0.5
AT_REST_S = 5.0
_MAX_TOGETHER = 200
_DISK_CHECK_MS = 5_000
_PRUNE_EVERY_MS = 3_600_000

_log = logging.getLogger("controller.journal")
_TROUBLE = {
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "readonly",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_BUSY: "locked",
    sqlite3.SQLITE_LOCKED: "locked",
}


def trouble_code(error: Exception) -> str:
    """What ails the disk: full, readonly, corrupt, locked or broken."""
    if isinstance(error, sqlite3.Error):
        return _TROUBLE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "broken")
    number = getattr(error, "errno", None)
    return {errno.ENOSPC: "full", errno.EROFS: "readonly"}.get(number or 0, "broken")


Work = Handed | ReceiptNoted | None  # None: the last


class Writer:
    """Used by one thread at a time; `post` brings results to the loop, `mono_ms` is the monotonic clock."""

    def __init__(
        self,
        path: Path,
        storage: Storage,
        store: Store | None,
        previous: Head | None,
        boot_id: str,
        mono_ms: Callable[[], int],
        post: Callable[[Result], None],
        pace: Pace = PRODUCTION,
    ) -> None:
        self._mono_ms = mono_ms
        self._pace = pace
        self._path = path
        self._folder = path.parent
        self._storage = storage
        self._store = store
        self._previous = previous
        self._boot_id = boot_id
        self._post = post
        self._head: Head | None = None
        self._attempt: tuple[Head, list[Pending], Counter[str]] | None = None
        self._waiting = Waiting()
        self._taken = self._taken_told = 0
        self._receipts: dict[str, ReceiptNoted] = {}
        self._receipts_since_ms = 0
        self._trouble: str | None = None
        self._unsure = False  # whether a sync has failed
        self._low = False
        self._has_room = False
        self._reserved = False
        self._stopping = False
        self._new_epochs = False
        self._at = 0
        self._receipted_at = 0  # by the floor: no single witness may age what was receipted
        self._disk_checked_ms = -_DISK_CHECK_MS
        self._pruned_ms = 0

    @property
    def wait_s(self) -> float:
        """How long to wait for work, at most, before the next step."""
        if self._trouble:
            return self._pace.retry_s
        if not self._reserved:
            return _IDLE_S
        return self._pace.receipts_s if self._receipts else AT_REST_S

    @property
    def stopping(self) -> bool:
        """Whether the last work was taken: one more step, then `close`."""
        return self._stopping

    def step(self) -> None:
        """Write what waits; if nothing does, put the disk in order."""
        if self._waiting or self._receipts_due():
            self._write()
        elif not self._stopping:
            self._tidy()

    def close(self) -> None:
        """Let go of the disk; what it has refused until now is lost with the memory it is in."""
        if self._store is not None:
            self._store.close()

    def _receipts_due(self) -> bool:
        """They go with the next entry; by themselves, and then an intent may have to wait for them, not at once."""
        since_ms = self._mono_ms() - self._receipts_since_ms
        return bool(self._receipts) and (self._stopping or since_ms >= self._pace.receipts_s * 1_000)

    def take(self, item: Work) -> None:
        """Work for the next step."""
        if item is None:
            self._stopping = True
        elif isinstance(item, ReceiptNoted):
            if not self._receipts:
                self._receipts_since_ms = self._mono_ms()
            self._receipts[item.epoch] = item
            self._receipted_at = item.at
        else:
            self._at = item.items[-1].at
            self._taken += len(item.items)
            self._waiting.lost.update(item.lost)
            for pending in item.items:
                self._waiting.add(pending)

    def _write(self) -> None:
        try:
            self._look_at_disk()
            store = self._store or self._opened()
            while True:
                chosen = self._chosen()
                if not chosen and not self._receipts:
                    break
                self._commit(store, chosen)
                self._written(chosen)
            self._healed()
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _chosen(self) -> list[Pending]:
        """What is written together. A disk in trouble may still take a release, though not the list beside it."""
        releases = self._waiting.releases(_MAX_TOGETHER) if self._refused else []
        return releases or self._waiting.choose(_MAX_TOGETHER, urgent_only=self._low and not self._stopping)

    @property
    def _refused(self) -> bool:
        """Whether the disk took nothing when it was tried last."""
        return self._trouble not in (None, "low")

    def _commit(self, store: Store, chosen: list[Pending]) -> None:
        store.begin()
        head, rows = self._numbered(store, chosen)
        store.add_entries(rows)
        for item in chosen:
            if item.state:
                store.put_state(item.state)
        store.put_receipts([(noted.epoch, noted.through, noted.at) for noted in self._receipts.values()])
        # Only a new end of the chain tells whether a commit that failed did reach the disk.
        self._attempt = (head, chosen, self._waiting.lost.copy()) if head is not None and rows else None
        store.commit()
        self._head = head
        self._attempt = None
        self._receipts.clear()
        if rows:  # they say how many
            self._waiting.lost.clear()

    def _numbered(self, store: Store, chosen: list[Pending]) -> tuple[Head | None, list[tuple[int, int, bytes, bytes]]]:
        """Rows for the chosen entries, for the counts of lost ones and for what is late; and the new head."""
        entries = [item for item in chosen if item.type is not None]
        if not entries:
            return self._head, []
        head = self._head
        if head is None:
            head, entries = self._begin_epoch(store, entries)
        entries += self._suppressed(entries[-1])
        first_seq = head.seq + 1
        entries += self._late(head.epoch, first_seq, entries)
        rows, digest = [], head.hash
        for seq, item in enumerate(entries, first_seq):
            line = self._line(head.epoch, seq, item)
            digest = link(digest, line)
            rows.append((head.no, seq, line, digest))
        return Head(head.no, head.epoch, head.seq + len(rows), digest), rows

    def _begin_epoch(self, store: Store, entries: list[Pending]) -> tuple[Head, list[Pending]]:
        first = entries[0]
        if first.type is not EntryType.STARTED:
            first = _beside(first, EntryType.STARTED, {"software": SOFTWARE, "cause": "journal_set_aside"})
            entries = [first, *entries]
        before = self._previous
        first.body |= {
            "previous_epoch": before.epoch if before else None,
            "previous_seq": before.seq if before else None,
            "previous_hash": before.hash.hex() if before else None,
        }
        store.put_state({BROUGHT_OVER: None})  # its `started` says so
        epoch = secrets.token_hex(16)
        self._new_epochs = True
        return Head(store.add_epoch(epoch), epoch, 0, GENESIS), entries

    def _suppressed(self, beside: Pending) -> list[Pending]:
        return [
            _beside(beside, EntryType.SUPPRESSED, {"type": kind, "source": "journal", "count": count})
            for kind, count in self._waiting.lost.items()
        ]

    def _late(self, epoch: str, first_seq: int, entries: list[Pending]) -> list[Pending]:
        """Entries that name the runs of those that the disk had refused before."""
        runs: list[list[int]] = []
        for seq, item in enumerate(entries, first_seq):
            if item.failed and runs and runs[-1][1] == seq - 1:
                runs[-1][1] = seq
            elif item.failed:
                runs.append([seq, seq])
        return [
            _beside(entries[-1], EntryType.JOURNAL_LATE, {"epoch": epoch, "first": first, "last": last})
            for first, last in runs
        ]

    def _line(self, epoch: str, seq: int, item: Pending) -> bytes:
        return encode_entry(
            Entry(epoch, seq, str(item.type), item.at, item.mono_ms, self._boot_id, item.clock, item.body)
        )

    def _written(self, items: list[Pending]) -> None:
        self._waiting.remove(items)
        if not (self._waiting and self._refused):  # what is left may be refused again
            self._trouble = "low" if self._low else None
        self._report(items, durable=True)

    def _healed(self) -> None:
        """Tell, with nothing written, of room short or ample, of a disk that works again, of entries taken."""
        trouble = "low" if self._low else None
        if trouble != self._trouble or self._new_epochs or self._taken != self._taken_told:
            self._trouble = trouble
            self._report([], durable=True)

    def _report(self, settled: list[Pending], *, durable: bool) -> None:
        changed, self._new_epochs = self._new_epochs, False
        self._taken_told = self._taken
        self._post(Result(settled, durable, self._head, self._trouble, len(self._waiting), self._taken, changed))

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        code = trouble_code(error)
        if code != self._trouble:
            _log.error("the journal cannot be written: %s (%s)", code, error)
        self._trouble = code
        self._unsure = self._unsure or code == "broken"
        if self._unsure:
            with suppress(OSError):  # again when it is opened
                self._make_sure()
        if self._store is not None:
            try:
                self._store.close()  # also rolls back
            except sqlite3.Error as closing:
                _log.warning("closing the journal: %s", closing)
            self._store = None
        self._reserved = False  # the log may be gone with its last connection
        if code == "corrupt":
            self._set_aside()
        self._report(self._waiting.newly_failed(), durable=False)

    def _set_aside(self) -> None:
        try:
            set_aside(self._path, self._storage)
            self._store = self._opened()
        except (sqlite3.Error, OSError) as error:
            _log.error("the corrupt journal cannot be replaced yet: %s", error)

    def _opened(self) -> Store:
        """The database, opened again after a failure; what a failed commit did bring to disk counts."""
        if self._unsure:
            self._make_sure()
        store = open_store(self._path, self._storage)
        epochs = store.epochs()
        last = epochs[-1] if epochs else None
        on_disk = (last.epoch, last.last, last.last_hash) if last else None
        if self._attempt and on_disk == _mark(self._attempt[0]):
            self._head, written, told = self._attempt
            self._attempt = None
            self._waiting.lost -= told
            self._written(written)
        elif self._head and on_disk != _mark(self._head):
            self._previous, self._head = self._head, None
        elif self._previous is None and self._head is None and last:
            self._previous = Head(last.no, last.epoch, last.last, last.last_hash)
        if store.value(BROUGHT_OVER) is not None:  # in another file now: its epochs are over
            self._previous, self._head = self._head or self._previous, None
        self._new_epochs = True
        self._store = store
        return store

    def _make_sure(self) -> None:
        """Write the log anew, byte for byte, before anybody reads it as durable.

        After a sync that failed Linux keeps the pages, takes them for written, and never writes them: the log would
        have a hole after a power cut, and all that follows it would be lost.
        """
        try:
            self._storage.write_again(self._path.with_name(self._path.name + "-wal"))
        except FileNotFoundError:
            _log.debug("there is no log to write again")
        self._unsure = False

    def _look_at_disk(self) -> None:
        now_ms = self._mono_ms()
        if now_ms - self._disk_checked_ms < _DISK_CHECK_MS and self._trouble is None:
            return
        self._disk_checked_ms = now_ms
        free_bytes = self._storage.free_bytes(self._folder)
        self._low, self._has_room = free_bytes < LOW_DISK_BYTES, free_bytes >= ROOM_TO_RESERVE_BYTES
        if self._low and self._store is not None and self._store.free_pages_bytes() < RESERVE_BYTES:
            self._prune(self._store, MAX_INSTANT)  # everything that has a receipt, today's too

    def _tidy(self) -> None:
        """When nothing waits: reserve room once there is some, and let go of what was receipted long ago."""
        now_ms = self._mono_ms()
        try:
            self._look_at_disk()
            store = self._store or self._opened()
            if not self._reserved and self._has_room:
                store.reserve()
                self._reserved = True
            elif now_ms - self._pruned_ms >= _PRUNE_EVERY_MS and not self._prune(store, self._receipted_at):
                self._pruned_ms = now_ms
            self._healed()
        except (sqlite3.Error, OSError) as error:
            self._failed(error)

    def _prune(self, store: Store, at: int) -> int:
        store.begin()
        pruned = store.prune(at)
        store.drop_spent_epochs()
        store.commit()
        self._new_epochs = self._new_epochs or pruned > 0
        return pruned


def _mark(head: Head) -> tuple[str, int, bytes]:
    return head.epoch, head.seq, head.hash


def _beside(item: Pending, kind: EntryType, body: dict[str, Any]) -> Pending:
    return Pending(kind, body, item.at, item.mono_ms, item.clock)
