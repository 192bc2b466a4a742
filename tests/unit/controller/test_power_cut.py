"""The journal after a power cut at any write: it opens, its chain holds, the list is the old one or the new one."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from controller.inputs import Moment
from controller.journal import NAME, Journal, open_journal
from controller.store import Store
from wire.chain import link_all
from wire.entries import EntryType

AT = 1_790_000_000_000
NOW = Moment(5_000, AT, AT, AT, "trusted")
SECTOR = 512


class Disk(NamedTuple):
    """The two files, and what they promise: the last entry of each epoch, and the list in force."""

    database: bytes
    log: bytes
    entries: dict[str, int]
    access_list: bytes | None


class Camera:
    """Looks at the disk before and after each commit and each checkpoint; between two looks only one file changes."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[Disk] = []
        self._folder = folder
        self._one_at_a_time = threading.RLock()
        for name in ("begin", "commit", "checkpoint", "reserve"):
            monkeypatch.setattr(Store, name, self._looking(getattr(Store, name)))

    def _looking(self, act: Callable[[Store], None]) -> Callable[[Store], None]:
        def looking(store: Store) -> None:
            if store.path.parent != self._folder:
                act(store)
                return
            with self._one_at_a_time:
                if not store.connection.in_transaction:
                    self._look()
                act(store)
                if not store.connection.in_transaction:
                    self._look()

        return looking

    def _look(self) -> None:
        wal = self._folder / f"{NAME}-wal"
        reader = Store(self._folder / NAME, read_only=True)
        entries = {epoch.epoch: epoch.last for epoch in reader.epochs()}
        files = (self._folder / NAME).read_bytes(), wal.read_bytes() if wal.exists() else b""
        self.seen.append(Disk(*files, entries, reader.value("list")))
        reader.close()


def torn(before: bytes, after: bytes) -> Iterator[bytes]:
    """A file on its way from one state to the next: cut at each sector, and once more with noise in what was written.

    Bytes of a sector that are not written are taken to survive, as SQLite does too (powersafe overwrite).
    """
    size = max(len(before), len(after))
    old, new = before.ljust(size, b"\0"), after.ljust(size, b"\0")
    for at in range(0, size, SECTOR):
        written = [byte for byte in range(at, min(at + SECTOR, size)) if old[byte] != new[byte]]
        if written:
            first, end = written[0], written[-1] + 1
            yield new[:first] + before[first:]
            yield new[:first] + b"\xa5" * (end - first) + before[end:]


async def short_life(folder: Path) -> None:
    """A start, entries, two lists one after the other, a checkpoint in between."""
    journal = Journal(folder, open_journal(folder), "boot-1", asyncio.get_running_loop())
    journal.start()

    async def write(kind: EntryType, state: dict[str, bytes | None] | None = None, **body: int) -> None:
        written = asyncio.get_running_loop().create_future()
        journal.append(kind, body, NOW, state=state, done=written.set_result)
        assert await written

    await write(EntryType.STARTED)
    for number in range(2):
        await write(EntryType.DOOR_OPENED, locker=number)
        await write(EntryType.ACCESS_APPLIED, {"list": b"list %d " % number * 900, "list_version": b"%d" % number})
        await asyncio.get_running_loop().run_in_executor(None, journal._maintain, False)
    journal._forget_reading()
    assert journal.stop()


def check(folder: Path, before: Disk, after: Disk) -> None:
    """What is found is whole, and lies between the two."""
    opened = open_journal(folder)
    assert opened.cause == "start", "an ordinary power cut must not set the journal aside"
    assert opened.store is not None
    try:
        for epoch in opened.epochs:
            rows = opened.store.connection.execute("SELECT line FROM entry WHERE no=? ORDER BY seq", (epoch.no,))
            start = opened.store.hash_at(epoch.no, epoch.pruned)
            assert start is not None
            assert link_all(start, [line for (line,) in rows]) == epoch.last_hash
        found = {epoch.epoch: epoch.last for epoch in opened.epochs}
        assert all(found.get(epoch, 0) >= last for epoch, last in before.entries.items()), "a durable entry was lost"
        assert all(last <= after.entries.get(epoch, 0) for epoch, last in found.items())
        assert opened.state.get("list") in (before.access_list, after.access_list)
    finally:
        opened.store.close()


@pytest.mark.parametrize("lives", [1, 2])
def test_power_cut_at_any_write_leaves_a_whole_journal_and_the_old_list_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives: int
) -> None:
    monkeypatch.setattr("controller.store.RESERVE_BYTES", 64 * 1024)
    life = tmp_path / "life"
    life.mkdir()
    for _ in range(lives - 1):
        asyncio.run(short_life(life))
    camera = Camera(life, monkeypatch)
    asyncio.run(short_life(life))
    cuts = 0
    for before, after in pairwise(camera.seen):
        assert before.database == after.database or before.log == after.log
        images = [(before.database, log) for log in torn(before.log, after.log)]
        images += [(database, after.log) for database in torn(before.database, after.database)]
        for database, log in images:
            cuts += 1
            folder = tmp_path / f"cut-{cuts}"
            folder.mkdir()
            (folder / NAME).write_bytes(database)
            (folder / f"{NAME}-wal").write_bytes(log)
            check(folder, before, after)
    assert cuts >= 100
