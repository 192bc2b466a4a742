"""The tables of a controller's one database (SQLite, WAL, synchronous=FULL): epochs, entries, receipts, state."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from controller.storage import MACHINE, Storage
from wire.chain import GENESIS, link

_SCHEMA = """
CREATE TABLE IF NOT EXISTS epoch(
    no INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE,
    through INTEGER NOT NULL DEFAULT 0, pruned INTEGER NOT NULL DEFAULT 0, pruned_hash BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS entry(
    no INTEGER NOT NULL, seq INTEGER NOT NULL, line BLOB NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY(no, seq)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS receipt(
    no INTEGER NOT NULL, day INTEGER NOT NULL, through INTEGER NOT NULL, PRIMARY KEY(no, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state(name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pad(filling BLOB);
"""
SCHEMA_VERSION = 1
# Kept free inside the database and its WAL: a full disk still takes this much of releases.
RESERVE_BYTES = 2 * 1024 * 1024
KEPT_AFTER_RECEIPT_DAYS = 35
DAY_MS = 86_400_000
_PRUNE_ROWS = 1_000
_VERIFIED_AT_START = 500

Row = tuple[int, int, bytes]  # the epoch's number, seq, and the entry's line


@dataclass(slots=True)
class EpochState:
    """One epoch on disk: entries `pruned + 1` to `last`; receipted to `through`; `last_hash` is the chain's end."""

    no: int
    epoch: str
    through: int
    pruned: int
    last: int
    last_hash: bytes


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive entries of one epoch; `prev` is the chain's hash before the first of them."""

    epoch: str
    first: int
    prev: bytes
    lines: list[bytes]


def corrupt(message: str) -> sqlite3.DatabaseError:
    """What SQLite would raise had it seen this itself."""
    error = sqlite3.DatabaseError(message)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _blob(value: object) -> bytes:
    """A value that was written as bytes. Raises sqlite3.DatabaseError if the disk has made something else of it."""
    if not isinstance(value, bytes):
        raise corrupt(f"bytes were written, {type(value).__name__} is read")
    return value


class Store:
    """One connection to the database; used by one thread at a time. sqlite3.Error passes through."""

    def __init__(self, path: Path, storage: Storage = MACHINE, *, read_only: bool = False) -> None:
        self.path = path
        self._storage = storage
        self.connection = storage.connect(path, read_only=read_only)
        try:
            self._prepare(read_only)
        except sqlite3.Error:
            self.connection.close()
            raise

    def _prepare(self, read_only: bool) -> None:
        run = self.connection.execute
        run("PRAGMA cache_size=-128")
        if read_only:
            run("SELECT count(*) FROM epoch").fetchone()
            return
        run("PRAGMA journal_mode=WAL")
        run("PRAGMA synchronous=FULL")
        run("PRAGMA wal_autocheckpoint=0")  # checkpoints come when idle, on the reader's connection
        (version,) = run("PRAGMA user_version").fetchone()
        if version != SCHEMA_VERSION:
            self.connection.executescript(_SCHEMA)
            run(f"PRAGMA user_version={SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()

    def epochs(self) -> list[EpochState]:
        """All epochs on disk, oldest first."""
        rows = self.connection.execute(
            "SELECT no, epoch, through, pruned, pruned_hash,"
            " (SELECT max(seq) FROM entry WHERE entry.no = epoch.no) FROM epoch ORDER BY no"
        ).fetchall()
        found = []
        for no, epoch, through, pruned, pruned_hash, last in rows:
            last = pruned if last is None else last
            end = pruned_hash if last == pruned else self.hash_at(no, last)
            found.append(EpochState(no, epoch, through, pruned, last, end or pruned_hash))
        return found

    def is_empty(self) -> bool:
        """Whether nothing was ever written."""
        (found,) = self.connection.execute(
            "SELECT EXISTS(SELECT 1 FROM epoch) OR EXISTS(SELECT 1 FROM state)"
        ).fetchone()
        return not found

    def hash_at(self, no: int, seq: int) -> bytes | None:
        """The chain's hash after entry `seq`, or None if that entry is not on disk."""
        if seq == 0:
            return GENESIS
        row = self.connection.execute("SELECT hash FROM entry WHERE no=? AND seq=?", (no, seq)).fetchone()
        if row is None:
            row = self.connection.execute("SELECT pruned_hash FROM epoch WHERE no=? AND pruned=?", (no, seq)).fetchone()
        return None if row is None else _blob(row[0])

    def state(self) -> dict[str, bytes]:
        """Everything kept besides the journal, by name."""
        return {name: _blob(value) for name, value in self.connection.execute("SELECT name, value FROM state")}

    def value(self, name: str) -> bytes | None:
        """One value of the state."""
        row = self.connection.execute("SELECT value FROM state WHERE name=?", (name,)).fetchone()
        return None if row is None else _blob(row[0])

    def newest_lines(self, limit: int) -> list[bytes]:
        """The newest entries of all epochs, oldest first."""
        return list(self.lines_back(limit))[::-1]

    def lines_back(self, limit: int) -> Iterator[bytes]:
        """The newest entries of all epochs, newest first and one by one: a process keeps what it needed at its most."""
        for (line,) in self.connection.execute("SELECT line FROM entry ORDER BY no DESC, seq DESC LIMIT ?", (limit,)):
            yield _blob(line)

    def newest_rows(self, limit: int) -> list[Row]:
        """The newest entries of all epochs with their places, oldest first."""
        rows = self.connection.execute(
            "SELECT no, seq, line FROM entry ORDER BY no DESC, seq DESC LIMIT ?", (limit,)
        ).fetchall()
        return [(no, seq, _blob(line)) for no, seq, line in reversed(rows)]

    def rows_after(self, no: int, seq: int, limit: int) -> list[Row]:
        """Up to `limit` entries behind that place, oldest first, whatever epoch they belong to."""
        rows = self.connection.execute(
            "SELECT no, seq, line FROM entry WHERE (no, seq) > (?, ?) ORDER BY no, seq LIMIT ?", (no, seq, limit)
        ).fetchall()
        return [(no, seq, _blob(line)) for no, seq, line in rows]

    def broken_link(self) -> str | None:
        """Where the end of the last epoch's chain does not hold, or None. A bounded look, done at every start."""
        rows = self.connection.execute(
            "SELECT no, seq, line, hash FROM entry WHERE no=(SELECT max(no) FROM epoch) ORDER BY seq DESC LIMIT ?",
            (_VERIFIED_AT_START + 1,),
        ).fetchall()
        rows.reverse()
        for (no, seq, _, before), (_, next_seq, line, after) in pairwise(rows):
            typed = all(isinstance(value, bytes) for value in (before, line, after))
            if not typed or next_seq != seq + 1 or link(before, line) != after:
                return f"epoch {no}, seq {next_seq}"
        return None

    def page(self, no: int, first: int, limit: int, max_bytes: int) -> Page | None:
        """Up to `limit` entries from seq `first`, at most `max_bytes` of lines but at least one; None if absent."""
        row = self.connection.execute("SELECT epoch FROM epoch WHERE no=?", (no,)).fetchone()
        prev = self.hash_at(no, first - 1)
        if row is None or prev is None:
            return None
        lines: list[bytes] = []
        size = 0
        cursor = self.connection.execute(
            "SELECT seq, line FROM entry WHERE no=? AND seq>=? ORDER BY seq LIMIT ?", (no, first, limit)
        )
        for seq, line in cursor:
            size += len(line)
            if seq != first + len(lines) or (lines and size > max_bytes):
                break
            lines.append(_blob(line))
        cursor.close()
        return Page(row[0], first, prev, lines) if lines else None

    def begin(self) -> None:
        """Begin a write transaction."""
        self.connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit: durable when this returns."""
        self.connection.execute("COMMIT")

    def roll_back(self) -> None:
        """Undo the open transaction, if there is one."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def add_epoch(self, epoch: str) -> int:
        """Begin an epoch; answers its number."""
        cursor = self.connection.execute("INSERT INTO epoch(epoch, pruned_hash) VALUES(?, ?)", (epoch, GENESIS))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def add_entries(self, rows: Iterable[tuple[int, int, bytes, bytes]]) -> None:
        """Append rows of epoch number, seq, line, hash."""
        self.connection.executemany("INSERT INTO entry(no, seq, line, hash) VALUES(?, ?, ?, ?)", rows)

    def put_state(self, values: Mapping[str, bytes | None]) -> None:
        """Write state by name; None deletes. Writing `list` moves the one before to `list_previous`."""
        for name, value in values.items():
            if name == "list":
                self.connection.execute(
                    "INSERT OR REPLACE INTO state SELECT 'list_previous', value FROM state WHERE name='list'"
                )
            if value is None:
                self.connection.execute("DELETE FROM state WHERE name=?", (name,))
            else:
                self.connection.execute("INSERT OR REPLACE INTO state VALUES(?, ?)", (name, value))

    def put_receipts(self, receipts: Sequence[tuple[str, int, int]]) -> None:
        """Receipts as (epoch, through, instant); the newest wins, even if it is lower.

        They may have waited while the journal was set aside: of an epoch they count as far as it was brought over.
        """
        for epoch, through, at in receipts:
            row = self.connection.execute(
                "SELECT no, max(pruned, coalesce((SELECT max(seq) FROM entry WHERE entry.no = epoch.no), 0))"
                " FROM epoch WHERE epoch=?",
                (epoch,),
            ).fetchone()
            if row is None:
                continue
            no, through = row[0], min(through, row[1])
            self.connection.execute("UPDATE epoch SET through=? WHERE no=?", (through, no))
            self.connection.execute("DELETE FROM receipt WHERE no=? AND through>?", (no, through))
            self.connection.execute("INSERT OR REPLACE INTO receipt VALUES(?, ?, ?)", (no, at // DAY_MS, through))

    def prune(self, at: int) -> int:
        """Delete some entries whose receipt is more than 35 days old at instant `at`; answers how many.

        Inside a transaction.
        """
        row = self.connection.execute(
            "SELECT epoch.no, max(receipt.through), epoch.pruned FROM epoch JOIN receipt ON receipt.no = epoch.no"
            " WHERE receipt.day < ? GROUP BY epoch.no HAVING max(receipt.through) > epoch.pruned ORDER BY epoch.no",
            (at // DAY_MS - KEPT_AFTER_RECEIPT_DAYS,),
        ).fetchone()
        if row is None:
            return 0
        no, through, pruned = map(int, row)
        end: int = min(through, pruned + _PRUNE_ROWS)
        end_hash = self.hash_at(no, end)
        if end_hash is None:
            return 0
        self.connection.execute("UPDATE epoch SET pruned=?, pruned_hash=? WHERE no=?", (end, end_hash, no))
        self.connection.execute("DELETE FROM entry WHERE no=? AND seq<=?", (no, end))
        return end - pruned

    def drop_spent_epochs(self) -> None:
        """Forget epochs with nothing left on disk, but never the newest two (the last link must be tellable)."""
        spent = (
            "SELECT no FROM epoch WHERE no < (SELECT max(no) - 1 FROM epoch) AND pruned > 0"
            " AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.no = epoch.no)"
        )
        self.connection.execute(f"DELETE FROM receipt WHERE no IN ({spent})")  # noqa: S608 - a constant
        self.connection.execute(f"DELETE FROM epoch WHERE no IN ({spent})")  # noqa: S608 - a constant

    def reserve(self) -> None:
        """Make WAL and database so large that commits overwrite in place: faster, and possible on a full disk."""
        if self._storage.size(self.path.with_name(self.path.name + "-wal")) >= RESERVE_BYTES:
            return
        self.connection.execute("INSERT INTO pad VALUES(zeroblob(?))", (RESERVE_BYTES,))
        self.connection.execute("DELETE FROM pad")
        self.checkpoint()

    def free_pages_bytes(self) -> int:
        """Room inside the database file, in bytes."""
        (pages,) = self.connection.execute("PRAGMA freelist_count").fetchone()
        (size,) = self.connection.execute("PRAGMA page_size").fetchone()
        return int(pages) * int(size)

    def checkpoint(self) -> bool:
        """Copy the WAL into the database; the next commit then begins it anew. Never waits for another thread.

        False if somebody who reads it was in the way of the last part.
        """
        _, in_log, copied = self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return bool(in_log == copied)
