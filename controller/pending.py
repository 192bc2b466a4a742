"""What is on its way to the disk: entries, receipts, and the bounded memory they wait in while it does not answer."""

from collections import Counter, deque
from collections.abc import Callable, Collection
from typing import Any

from msgspec import Struct, field

from wire.entries import EntryType

MAX_WAITING = 5_000
# What a disk with little room still takes: releases and what follows from them (and whatever carries state).
URGENT = frozenset({
    EntryType.STARTED, EntryType.STOPPING, EntryType.RELEASE_INTENDED, EntryType.RELEASED, EntryType.RELEASE_FAILED,
    EntryType.RELEASE_UNKNOWN, EntryType.NOT_OPENED, EntryType.ALREADY_OPEN, EntryType.DOOR_OPENED,
    EntryType.DOOR_CLOSED, EntryType.JOURNAL_LATE, EntryType.DISK_LOW,
})  # fmt: skip


class Pending(Struct, eq=False):
    """One entry (or, with `type` None, only state) to be written.

    `done(durable)` runs on the loop: once with False as soon as the disk has failed it, once with True when written
    (state alone that was renewed meanwhile is not).
    """

    type: EntryType | None
    body: dict[str, Any]
    at: int
    mono_ms: int
    clock: str
    state: dict[str, bytes | None] = field(default_factory=dict)
    done: Callable[[bool], None] | None = None
    failed: bool = False

    @property
    def urgent(self) -> bool:
        """Whether it is written even where little room is left."""
        return self.type in URGENT or bool(self.state)

    @property
    def is_void(self) -> bool:
        """Whether there is nothing to write, and nobody who still waits for a first answer."""
        return self.type is None and not self.state and (self.done is None or self.failed)


class ReceiptNoted(Struct, frozen=True):
    """The gateway has stored `epoch` through `through`; `at` is when the receipt came."""

    epoch: str
    through: int
    at: int


class Head(Struct, frozen=True):
    """The end of the chain in one epoch."""

    no: int
    epoch: str
    seq: int
    hash: bytes


class Handed(Struct, frozen=True):
    """Entries for the writer, and how many of each kind found no room before them."""

    items: list[Pending]
    lost: Counter[str]


class Result(Struct, frozen=True):
    """What one attempt to write came to.

    `trouble` is None or full, readonly, broken, locked, low, hangs; `waiting` entries are in memory only, of `taken` in
    all; `new_epochs` says that the epochs on disk are no longer those known before.
    """

    settled: list[Pending]
    durable: bool
    head: Head | None
    trouble: str | None
    waiting: int
    taken: int = 0
    new_epochs: bool = False


class Waiting:
    """Entries not yet on disk, in order; beyond the bound the oldest that is not urgent gives way, and is counted."""

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self.lost: Counter[str] = Counter()
        self._items: deque[Pending] = deque()
        self._limit = limit

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Pending) -> None:
        """Wait at the end; state that this item renews is taken out of older ones, and what is empty then has gone."""
        if item.state:
            for older in self._items:
                for name in item.state:
                    older.state.pop(name, None)
            self._items = deque(each for each in self._items if not each.is_void)
        self._items.append(item)
        if len(self._items) > self._limit:
            stateless = (each for each in self._items if not each.state)
            victim = next((each for each in self._items if not each.urgent), next(stateless, self._items[0]))
            self._items.remove(victim)
            self.lost[str(victim.type)] += 1

    def drain(self) -> Handed:
        """All of them, and what gave way; nothing waits here any more."""
        handed = Handed(list(self._items), self.lost)
        self._items, self.lost = deque(), Counter()
        return handed

    def choose(self, limit: int, *, urgent_only: bool) -> list[Pending]:
        """The next items to write together."""
        if not urgent_only and len(self._items) <= limit:
            return list(self._items)
        return [item for item in self._items if item.urgent or not urgent_only][:limit]

    def releases(self, limit: int) -> list[Pending]:
        """Of the next items those that are urgent and small: without state."""
        return [item for item in self._items if item.type in URGENT and not item.state][:limit]

    def remove(self, written: Collection[Pending]) -> None:
        """These are durable; some may have gone before."""
        gone = set(map(id, written))
        self._items = deque(item for item in self._items if id(item) not in gone)

    def newly_failed(self) -> list[Pending]:
        """Mark all that wait as failed; answers those that were not before."""
        failed = [item for item in self._items if not item.failed]
        for item in failed:
            item.failed = True
        return failed
