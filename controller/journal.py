"""The durable journal as the loop sees it: append, keep state, note receipts, read pages back; never blocks."""

import asyncio
import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from controller.errors import JournalError
from controller.inputs import Moment
from controller.journal_threads import Threads, Workforce
from controller.journal_writer import Writer, trouble_code
from controller.pace import PRODUCTION, Pace
from controller.pending import Handed, Head, Pending, ReceiptNoted, Result, Waiting
from controller.remembered import sound_state
from controller.salvage import BROUGHT_OVER, copied_state, open_store, set_aside
from controller.state_copy import COPIED, COPIED_WHEN, COPY_NAME, read_copy, write_copy
from controller.storage import MACHINE, Storage
from controller.store import EpochState, Page, Row, Store, corrupt
from controller.witnesses import give_memory_back, mono_ms
from wire.entries import Entry, EntryType, decode_entry
from wire.errors import MessageError
from wire.limits import MAX_BATCH_BYTES, MAX_BATCH_ENTRIES

NAME = "journal.db"
# So many entries are with the writer at most; what comes while the disk takes none waits here, in bounded memory.
_HANDED_AT_MOST = 500
# A card may take seconds for a sync.
HANGS_MS = 10_000
_CHECKPOINT_IDLE_MS = 2_000
_CHECKPOINT_COMMITS = 4_000
# How far the floor of a start from the copy alone may lie behind, against wear of the card.
_COPY_TIME_EVERY_MS = 24 * 3_600_000
_RECENT = 2_000
_log = logging.getLogger("controller.journal")
_NOTHING_LOST: Counter[str] = Counter()
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Opened:
    """What was on disk at start. `cause` is start or journal_set_aside; `store` None if it cannot be written now."""

    store: Store | None
    epochs: list[EpochState] = field(default_factory=list)
    state: dict[str, bytes] = field(default_factory=dict)
    recent: list[Entry] = field(default_factory=list)
    cause: str = "start"


def open_journal(data_dir: Path, storage: Storage = MACHINE) -> Opened:
    """Open (or make) the journal of `data_dir`; a corrupt one is set aside and what is readable of it brought over.

    Never fails: a disk that cannot be written gives what can be read, and `store` None.
    """
    path = data_dir / NAME
    try:
        try:
            return _opened(path, storage)
        except sqlite3.DatabaseError as error:
            if trouble_code(error) != "corrupt":
                raise
            _log.error("the journal is corrupt (%s) and is set aside", error)
            set_aside(path, storage)
            return _opened(path, storage)
    except (sqlite3.Error, OSError) as error:
        _log.error("the journal cannot be opened: %s (%s)", trouble_code(error), error)
        return _readable(path, storage)


def _opened(path: Path, storage: Storage) -> Opened:
    store = open_store(path, storage)
    try:
        if where := store.broken_link():
            raise corrupt(f"the hash chain does not hold at {where}")
        state = store.state()
        cause = "start" if state.pop(BROUGHT_OVER, None) is None else "journal_set_aside"
        return Opened(store, store.epochs(), state, _decoded(store), cause)
    except sqlite3.Error:
        store.close()
        raise


def _readable(path: Path, storage: Storage) -> Opened:
    """What a disk that cannot be written still tells; an empty database says less than the copy of the state."""
    try:
        store = Store(path, storage, read_only=True)
        try:
            if not store.is_empty():
                return Opened(None, store.epochs(), store.state(), _decoded(store))
        finally:
            store.close()
    except sqlite3.Error as error:
        _log.warning("the journal cannot even be read (%s): the copy of the state is used", error)
    return Opened(None, state=copied_state(path, storage))


def _decoded(store: Store) -> list[Entry]:
    entries = []
    for line in store.lines_back(_RECENT):
        try:
            entries.append(decode_entry(line))
        except MessageError as error:
            _log.warning("an entry of the journal cannot be read: %s", error)
    return entries[::-1]


class Journal:
    """Owned by the loop. Its writer and its reader work off the loop, each with a connection of its own.

    `changed` is called on the loop after each attempt to write.
    """

    def __init__(
        self,
        data_dir: Path,
        opened: Opened,
        boot_id: str,
        loop: asyncio.AbstractEventLoop,
        *,
        storage: Storage = MACHINE,
        mono_ms: Callable[[], int] = mono_ms,
        workforce: Callable[[Writer], Workforce] = Threads,
        pace: Pace = PRODUCTION,
        give_memory_back: Callable[[], None] = give_memory_back,
    ) -> None:
        last = opened.epochs[-1] if opened.epochs else None
        previous = Head(last.no, last.epoch, last.last, last.last_hash) if last else None
        self.trouble: str | None = None if opened.store else "broken"
        self.head: Head | None = None
        self.changed: Callable[[Result], None] = lambda _: None
        self._path = data_dir / NAME
        self._loop = loop
        self._storage = storage
        self._mono_ms = mono_ms
        self._give_memory_back = give_memory_back
        self._work = workforce(Writer(self._path, storage, opened.store, previous, boot_id, mono_ms, self._post, pace))
        self._reading: Store | None = None
        self._gathered: list[Pending] = []
        self._behind = Waiting()  # as long as the writer has too much
        self._handed = self._taken = self._refused = 0
        self._handed_ms = 0
        self._pressing = False
        # What nobody waits for may wait for company: fewer writes on the card, no intent stands behind one of them.
        self._patience_s = pace.patience_s
        self._patience: asyncio.TimerHandle | None = None
        self._commits = 0
        self._committed_ms = 0
        self._copy_due = True  # the process before may have ended between a list and its copy
        self._copied_ms = 0

    def start(self) -> None:
        """Start the writer."""
        self._work.start()

    @property
    def alive(self) -> bool:
        """Whether the writer runs; if not, nothing will ever be durable again."""
        return self._work.alive

    @property
    def failure(self) -> BaseException | None:
        """The defect that the writer has died of."""
        return self._work.failure

    def append(
        self,
        kind: EntryType | None,
        body: Mapping[str, Any],
        now: Moment,
        *,
        state: Mapping[str, bytes | None] | None = None,
        done: Callable[[bool], None] | None = None,
    ) -> None:
        """Queue an entry, and state that is to be durable with it or not at all; `done` as in `Pending`.

        With state or `done` it is written when the loop turns, and all before it; without, within 25 ms.
        """
        kept = dict(state or {})
        if kind is EntryType.OUT_OF_SERVICE:
            kept[f"service:{body['locker']}"] = msgspec.json.encode(body)
        elif kind is EntryType.IN_SERVICE:
            kept[f"service:{body['locker']}"] = None
        self._gathered.append(Pending(kind, dict(body), now.at, now.mono_ms, now.clock, kept, done))
        if done is not None or kept:
            if not self._pressing:
                self._pressing = True
                self._loop.call_soon(self.flush_pressing)
        elif self._patience is None:
            self._patience = self._loop.call_later(self._patience_s, self.flush)

    def flush_pressing(self) -> None:
        """Hand what has been appended to the writer at once if someone waits for it."""
        if self._pressing:
            self.flush()

    def flush(self) -> None:
        """Hand what has been appended to the writer, to be written together."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        self._pressing = False
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            if self._with_writer < _HANDED_AT_MOST and not self._behind:
                self._hand_over(Handed(gathered, _NOTHING_LOST))
            else:
                for item in gathered:
                    self._behind.add(item)

    def _hand_over(self, handed: Handed) -> None:
        if not self._with_writer:
            self._handed_ms = self._mono_ms()
        self._handed += len(handed.items)
        self._work.write(handed)

    @property
    def _with_writer(self) -> int:
        """Entries of which the writer has not said that it has taken them."""
        return self._handed - self._taken

    @property
    def waiting(self) -> int:
        """Entries in memory only."""
        return self._refused + self._with_writer + len(self._behind)

    def keep(self, state: Mapping[str, bytes | None], now: Moment, done: Callable[[bool], None] | None = None) -> None:
        """Queue state alone."""
        self.append(None, {}, now, state=state, done=done)

    def note_receipt(self, epoch: str, through: int, at: int) -> None:
        """Queue a receipt; it is written with the next entry or within half a second (losing it costs a resend)."""
        self._work.write(ReceiptNoted(epoch, through, at))

    def _post(self, result: Result) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settled, result)
        except RuntimeError:  # the loop has closed: the program is ending
            _log.debug("a result of the journal came after the loop had ended")

    def _settled(self, result: Result) -> None:
        self.trouble = result.trouble
        self._refused, self._taken, self._handed_ms = result.waiting, result.taken, self._mono_ms()
        self.head = result.head
        if result.new_epochs:  # perhaps another file by now
            self._work.submit(self._forget_reading)
        if result.durable:
            self._commits += 1
            self._committed_ms = self._mono_ms()
        for item in result.settled:
            if item.done is not None:
                item.done(result.durable)
            if result.durable and item.state and self._calls_for_copy(item.state):
                self._copy_due = True
        if self._behind:
            self._hand_over(self._behind.drain())
        self.changed(result)

    def _calls_for_copy(self, state: Mapping[str, bytes | None]) -> bool:
        if "time" in state and self._mono_ms() - self._copied_ms >= _COPY_TIME_EVERY_MS:
            return True
        return not COPIED_WHEN.isdisjoint(state)

    def copy_soon(self) -> None:
        """Copy the state when the journal next rests, whatever has changed in it."""
        self._copy_due = True

    def tick(self, mono_ms: int) -> None:
        """Checkpoint and copy the state when idle, or when the WAL has grown long; called every second.

        A disk that answers nothing for long, not even an error, is trouble too. With little room left a checkpoint
        keeps the WAL within its own; a copy would need more.
        """
        if self._with_writer and self.trouble != "hangs" and mono_ms - self._handed_ms >= HANGS_MS:
            _log.error("the journal's disk has not answered for %d s", HANGS_MS // 1_000)
            self.trouble = "hangs"
            self.changed(Result([], durable=False, head=self.head, trouble="hangs", waiting=self._refused))
        idle = mono_ms - self._committed_ms >= _CHECKPOINT_IDLE_MS
        if not self._commits or not (idle or self._commits >= _CHECKPOINT_COMMITS) or self.trouble not in (None, "low"):
            return
        self._commits = 0
        copy = self._copy_due and self.trouble is None
        if copy:
            self._copy_due, self._copied_ms = False, mono_ms
        self._work.submit(partial(self._maintain, copy))

    def _maintain(self, copy: bool) -> None:
        try:
            store = self._store()
            store.checkpoint()
            if copy:
                self._copy(store)
                self._give_memory_back()  # a long list has been in memory several times over
        except (sqlite3.Error, OSError) as error:
            _log.warning("checkpoint: %s", error)
            self._copy_due = self._copy_due or copy
            self._forget_reading()

    def _copy(self, store: Store) -> None:
        """Copy the state. Of a value that the disk has spoilt it keeps the one it has: the last there is."""
        path = self._path.with_name(COPY_NAME)
        state = {name: value for name, value in store.state().items() if name in COPIED}
        write_copy(path, sound_state(state, lambda: read_copy(path, self._storage)), self._storage)

    def _store(self) -> Store:
        """The reader's own connection."""
        if self._reading is None:
            self._reading = Store(self._path, self._storage)
        return self._reading

    def _forget_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()
            self._reading = None

    async def _read(self, read: Callable[[Store], T], otherwise: T) -> T:
        def attempt() -> T:
            try:
                return read(self._store())
            except (sqlite3.Error, OSError) as error:
                _log.warning("reading the journal: %s", error)
                self._forget_reading()
                return otherwise

        return await self._work.read(attempt)

    async def page(self, no: int, first: int, most: int = MAX_BATCH_ENTRIES) -> Page | None:
        """The entries of epoch `no` from seq `first` that fit one batch, `most` of them at most, or None."""
        return await self._read(lambda store: store.page(no, first, most, MAX_BATCH_BYTES), None)

    async def entries(self, after: tuple[int, int] | None, count: int) -> list[Row]:
        """Up to `count` entries on disk behind `after` (epoch number, seq), or the newest; none if unreadable."""
        if after is None:
            return await self._read(lambda store: store.newest_rows(count), [])
        no, seq = after
        return await self._read(lambda store: store.rows_after(no, seq, count), [])

    async def hash_at(self, no: int, seq: int) -> bytes | None:
        """The chain's hash after that entry, or None if it is no longer on disk.

        Raises JournalError `broken` if nothing can be read now.
        """
        found = await self._read(lambda store: (store.hash_at(no, seq),), None)
        if found is None:
            raise JournalError("broken", "the journal cannot be read now")
        return found[0]

    async def epochs(self) -> list[EpochState] | None:
        """The epochs on disk, oldest first; None if they cannot be read now."""
        return await self._read(lambda store: store.epochs(), None)

    async def kept(self, name: str) -> bytes | None:
        """One value of the state."""
        return await self._read(lambda store: store.value(name), None)

    def stop(self) -> bool:
        """Write what waits and let go of the disk; False if it did not allow that in time. Blocks up to 2 s."""
        self.flush()
        if self._behind:
            self._hand_over(self._behind.drain())
        return self._work.stop(self._forget_reading)
