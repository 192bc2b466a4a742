"""Lives of a journal on real files, and what they left on the disk."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from controller.inputs import Moment
from controller.journal import NAME, Journal, Opened, open_journal
from controller.store import Store
from tests.wire_samples import ACCESS, EXAMPLE_KEY
from wire.chain import link_all
from wire.entries import Entry, EntryType, decode_entry
from wire.envelope import sign
from wire.messages import encode
from wire.topics import Topic

AT = 1_790_000_000_000
NOW = Moment(5_000, AT, AT, AT, "trusted")


def access(version: int) -> bytes:
    """A signed access list."""
    return sign(EXAMPLE_KEY, Topic.ACCESS, encode(msgspec.structs.replace(ACCESS, version=version)))


OLD_LIST, NEW_LIST = access(1), access(2)


class Life:
    """One life of the journal: started, used, ended."""

    def __init__(self, folder: Path) -> None:
        self.opened = open_journal(folder)
        self.journal = Journal(folder, self.opened, "boot-1", asyncio.get_running_loop())
        self.journal.start()
        self.journal.append(EntryType.STARTED, {"cause": self.opened.cause}, NOW)

    async def written(self, kind: EntryType = EntryType.DOOR_OPENED, **body: Any) -> bool:
        """Append, and wait for the first answer."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.append(kind, lambda ok: None if answer.done() else answer.set_result(ok), **body)
        async with asyncio.timeout(10):
            return await answer

    def append(self, kind: EntryType, done: Callable[[bool], None], **body: Any) -> None:
        self.journal.append(kind, body, NOW, done=done)


def left_in(folder: Path) -> Opened:
    """What a start would find, with the journal closed again."""
    opened = open_journal(folder)
    if opened.store is not None:
        opened.store.close()
    return opened


def live(folder: Path, use: Callable[[Life], Awaitable[None]]) -> None:
    """Run one life; it ends in order."""

    async def run() -> None:
        life = Life(folder)
        try:
            await use(life)
        finally:
            assert life.journal.stop()

    asyncio.run(run())


def on_disk(folder: Path) -> list[list[Entry]]:
    """The entries of each epoch, once its chain has been checked."""
    store = Store(folder / NAME)
    try:
        epochs = []
        for epoch in store.epochs():
            rows = store.connection.execute(
                "SELECT seq, line, hash FROM entry WHERE no=? ORDER BY seq", (epoch.no,)
            ).fetchall()
            start = store.hash_at(epoch.no, epoch.pruned)
            assert start is not None
            assert link_all(start, (line for _, line, _ in rows)) == epoch.last_hash
            assert [seq for seq, _, _ in rows] == list(range(epoch.pruned + 1, epoch.last + 1))
            epochs.append([decode_entry(line) for _, line, _ in rows])
        return epochs
    finally:
        store.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is the writer's thread that changes it
            await asyncio.sleep(0.01)


async def some(life: Life, count: int = 5) -> None:
    for number in range(1, count + 1):
        assert await life.written(locker=number)


def failing(code: int) -> Callable[..., None]:
    def commit(_store: Store, *_: Any) -> None:
        error = sqlite3.OperationalError("the disk does not answer")
        error.sqlite_errorcode = code
        raise error

    return commit
