"""The journal on real files: durable in order, chained, bounded while the disk fails, set aside when corrupt."""

import asyncio
import errno
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from controller.inputs import Moment
from controller.journal import NAME, Journal, open_journal
from controller.journal_writer import Writer
from controller.pending import MAX_WAITING, Pending, Waiting
from controller.state_copy import COPY_NAME, read_copy, write_copy
from controller.storage import MACHINE, MachineStorage
from controller.store import DAY_MS, RESERVE_BYTES, Store
from controller.witnesses import mono_ms
from wire.chain import GENESIS, link_all
from wire.entries import Entry, EntryType, decode_entry

AT = 1_790_000_000_000
NOW = Moment(5_000, AT, AT, AT, "trusted")


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


def failing(code: int) -> Callable[[Store], None]:
    def commit(_store: Store) -> None:
        error = sqlite3.OperationalError("the disk does not answer")
        error.sqlite_errorcode = code
        raise error

    return commit


def test_entries_are_numbered_from_one_without_holes_and_their_chain_holds(tmp_path: Path) -> None:
    live(tmp_path, some)
    (entries,) = on_disk(tmp_path)
    assert [entry.type for entry in entries] == ["started", *["door_opened"] * 5]


def test_a_commit_is_flushed_to_the_disk(tmp_path: Path) -> None:
    """2 is FULL: SQLite calls fsync at each commit, in the log alone."""
    store = Store(tmp_path / NAME)
    settings = [store.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")]
    store.close()
    assert settings == [2, "wal"]


def test_each_start_begins_an_epoch_that_names_the_one_before(tmp_path: Path) -> None:
    live(tmp_path, some)
    live(tmp_path, some)
    first, second = on_disk(tmp_path)
    body = second[0].body
    assert body["previous_epoch"] == first[0].epoch
    assert body["previous_seq"] == 6
    assert first[0].body["previous_epoch"] is None


def test_entries_appended_together_are_one_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commits = []
    commit = Store.commit
    monkeypatch.setattr(Store, "commit", lambda store: (commits.append(1), commit(store)))

    async def use(life: Life) -> None:
        await life.written(locker=1)
        before = len(commits)
        life.append(EntryType.COMMAND_ACCEPTED, lambda _: None, command="c")
        assert await life.written(EntryType.RELEASE_INTENDED, release="r", locker=1)
        assert len(commits) == before + 1

    live(tmp_path, use)


def test_state_is_kept_with_its_entry_and_the_list_before_stays(tmp_path: Path) -> None:
    async def use(life: Life) -> None:
        for value in (b"first", b"second"):
            life.journal.append(EntryType.ACCESS_APPLIED, {}, NOW, state={"list": value})
            await life.written(locker=1)

    live(tmp_path, use)
    state = open_journal(tmp_path).state
    assert (state["list"], state["list_previous"]) == (b"second", b"first")


def test_a_locker_out_of_service_is_remembered_until_it_is_back_in_service(tmp_path: Path) -> None:
    async def use(life: Life) -> None:
        await life.written(EntryType.OUT_OF_SERVICE, locker=4, reason="broken", until=None)
        await life.written(EntryType.OUT_OF_SERVICE, locker=5, reason="wet", until=None)
        await life.written(EntryType.IN_SERVICE, locker=4)

    live(tmp_path, use)
    assert [name for name in open_journal(tmp_path).state if name.startswith("service:")] == ["service:5"]


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        (sqlite3.SQLITE_FULL, "full"),
        (sqlite3.SQLITE_READONLY, "readonly"),
        (sqlite3.SQLITE_IOERR, "broken"),
    ],
)
def test_what_a_failing_disk_refuses_is_said_at_once_kept_and_written_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, trouble: str
) -> None:
    async def use(life: Life) -> None:
        await life.written(locker=1)
        answers: list[bool] = []
        with monkeypatch.context() as broken:
            broken.setattr(Store, "commit", failing(code))
            life.append(EntryType.RELEASE_INTENDED, answers.append, release="r", locker=2)
            await until(lambda: bool(answers))
            assert answers == [False]
            assert life.journal.trouble == trouble
            assert life.journal.waiting == 1
        await until(lambda: answers == [False, True])
        assert life.journal.trouble is None

    live(tmp_path, use)
    (entries,) = on_disk(tmp_path)
    assert [entry.type for entry in entries] == ["started", "door_opened", "release_intended", "journal_late"]
    assert (entries[-1].body["first"], entries[-1].body["last"]) == (3, 3)


def test_a_commit_that_reached_the_disk_although_it_failed_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Store.commit

    def commit_and_fail(store: Store) -> None:
        commit(store)
        raise sqlite3.OperationalError("the answer was lost")

    async def use(life: Life) -> None:
        await life.written(locker=1)
        with monkeypatch.context() as broken:
            broken.setattr(Store, "commit", commit_and_fail)
            assert not await life.written(locker=2)
        assert await life.written(locker=3)

    live(tmp_path, use)
    (entries,) = on_disk(tmp_path)
    assert [entry.body.get("locker") for entry in entries if entry.type == "door_opened"] == [1, 2, 3]


def test_beyond_the_bound_the_oldest_that_is_not_a_release_gives_way_and_is_counted() -> None:
    waiting = Waiting(limit=3)
    waiting.add(Pending(EntryType.RELEASE_INTENDED, {}, AT, 1, "trusted"))
    for _ in range(4):
        waiting.add(Pending(EntryType.BADGE_REFUSED, {}, AT, 1, "trusted"))
    assert len(waiting) == 3
    assert waiting.choose(1, urgent_only=True)[0].type is EntryType.RELEASE_INTENDED
    assert waiting.lost == {"badge_refused": 2}
    assert MAX_WAITING >= 1_000


def test_a_newer_list_takes_the_place_of_one_that_still_waits() -> None:
    waiting = Waiting()
    for value in (b"old", b"new"):
        waiting.add(Pending(EntryType.ACCESS_APPLIED, {}, AT, 1, "trusted", {"list": value}))
    assert [item.state for item in waiting.choose(9, urgent_only=False)] == [{}, {"list": b"new"}]


def test_with_little_room_left_releases_are_still_written_and_the_rest_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        await life.written(locker=1)
        monkeypatch.setattr("controller.journal_writer.LOW_DISK_BYTES", 1 << 60)
        monkeypatch.setattr("controller.journal_writer._DISK_CHECK_MS", 0)
        refused: list[bool] = []
        life.append(EntryType.BADGE_REFUSED, refused.append, why="unknown")
        assert await life.written(EntryType.RELEASE_INTENDED, release="r", locker=2)
        assert life.journal.trouble == "low"
        assert refused == []
        monkeypatch.setattr("controller.journal_writer.LOW_DISK_BYTES", 0)
        await until(lambda: bool(refused))

    live(tmp_path, use)
    (entries,) = on_disk(tmp_path)
    assert [entry.type for entry in entries][-2:] == ["release_intended", "badge_refused"]


def test_releases_go_on_within_the_room_that_was_reserved_however_long_little_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that is never copied into the database eats what room there is, until no release is durable any more."""
    monkeypatch.setattr("controller.journal_writer._IDLE_S", 0.01)
    wal = tmp_path / f"{NAME}-wal"

    async def use(life: Life) -> None:
        await until(lambda: wal.exists() and wal.stat().st_size > RESERVE_BYTES)
        assert await life.written(locker=1)  # all is reserved by then
        monkeypatch.setattr("controller.journal_writer.LOW_DISK_BYTES", 1 << 60)
        monkeypatch.setattr("controller.journal_writer._DISK_CHECK_MS", 0)
        reserved = wal.stat().st_size
        for evening in range(4):
            for number in range(50):
                assert await life.written(EntryType.RELEASE_INTENDED, release=f"{evening}.{number}" * 3_000, locker=1)
            assert life.journal.trouble == "low"
            life.journal.tick(mono_ms() + 3_600_000)
            assert await life.journal.kept("nothing") is None  # the reader has done what it was given before
        assert wal.stat().st_size == reserved

    live(tmp_path, use)


def test_room_is_reserved_once_there_is_some_and_never_out_of_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal = tmp_path / f"{NAME}-wal"
    store = Store(tmp_path / NAME)
    writer = Writer(tmp_path / NAME, MACHINE, store, None, "boot-1", mono_ms, lambda _: None)
    try:
        monkeypatch.setattr(MachineStorage, "free_bytes", lambda *_: 3 * RESERVE_BYTES)
        writer.step()
        assert wal.stat().st_size < RESERVE_BYTES
        monkeypatch.setattr(MachineStorage, "free_bytes", lambda *_: 5 * RESERVE_BYTES)
        writer.step()
        assert wal.stat().st_size >= RESERVE_BYTES
    finally:
        writer.close()


def test_a_copy_of_the_list_that_the_disk_refused_is_made_once_it_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no room for a copy")

    async def looked_after(life: Life) -> bytes | None:
        assert await life.written()
        life.journal.tick(mono_ms() + 3_600_000)
        await life.journal.kept("list")  # the reader has done what it was given before
        return read_copy(tmp_path / COPY_NAME).get("list")

    async def use(life: Life) -> None:
        life.journal.keep({"list": b"old"}, NOW)
        assert await looked_after(life) == b"old"
        life.journal.keep({"list": b"new"}, NOW)
        with monkeypatch.context() as full:
            full.setattr(MachineStorage, "replace", refused)
            assert await looked_after(life) == b"old"
        assert await looked_after(life) == b"new"

    live(tmp_path, use)


@pytest.mark.parametrize("page", [0, 1, 3])
def test_a_corrupt_journal_is_set_aside_and_a_new_epoch_says_so(tmp_path: Path, page: int) -> None:
    async def use(life: Life) -> None:
        life.journal.append(EntryType.ACCESS_APPLIED, {}, NOW, state={"list": b"the list" * 2_000, "session": b"7"})
        await some(life, 200)

    live(tmp_path, use)
    write_copy(tmp_path / COPY_NAME, open_journal(tmp_path).state)
    with (tmp_path / NAME).open("r+b") as file:
        file.seek(page * 4096)
        file.write(b"\xa5" * 4096)
    reopened = open_journal(tmp_path)
    assert reopened.cause == "journal_set_aside"
    assert reopened.state["list"] == b"the list" * 2_000
    assert int(reopened.state["session"]) >= 7
    assert list(tmp_path.glob("journal.db.set-aside-*")) != []
    assert reopened.store is not None
    reopened.store.close()
    live(tmp_path, some)
    assert [entry.type for entry in on_disk(tmp_path)[-1]] == ["started", *["door_opened"] * 5]


def test_a_journal_that_becomes_corrupt_while_it_runs_goes_on_in_a_new_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(life: Life) -> None:
        await some(life, 3)
        with monkeypatch.context() as broken:
            broken.setattr(Store, "put_receipts", lambda store, _: failing(sqlite3.SQLITE_CORRUPT)(store))
            assert not await life.written(locker=4)
        assert await life.written(locker=5)

    live(tmp_path, use)
    before, after = on_disk(tmp_path)
    assert len(before) == 4
    assert after[0].type == "started"
    assert after[0].body["cause"] == "journal_set_aside"
    assert after[0].body["previous_hash"] is not None
    assert [entry.body.get("locker") for entry in after if entry.type == "door_opened"] == [4, 5]


def test_a_changed_line_is_noticed_at_the_next_start(tmp_path: Path) -> None:
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.connection.execute("UPDATE entry SET line=replace(line, 'locker', 'lockes') WHERE seq=4")
    store.close()
    assert open_journal(tmp_path).cause == "journal_set_aside"


def test_entries_go_35_days_after_their_receipt_and_not_before(tmp_path: Path) -> None:
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.begin()
    store.put_receipts([(1, 4, AT)])
    store.commit()
    for days, left in ((34, [1, 2, 3, 4, 5, 6]), (36, [5, 6])):
        store.begin()
        store.prune(AT + days * DAY_MS)
        store.commit()
        assert [seq for (seq,) in store.connection.execute("SELECT seq FROM entry ORDER BY seq")] == left
    page = store.page(1, 5, 100, 65_536)
    assert page is not None
    assert page.prev == store.hash_at(1, 4)
    store.close()
    on_disk(tmp_path)


def test_a_lower_receipt_takes_back_what_a_higher_one_allowed_to_go(tmp_path: Path) -> None:
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.begin()
    store.put_receipts([(1, 6, AT)])
    store.put_receipts([(1, 2, AT + DAY_MS)])
    store.prune(AT + 60 * DAY_MS)
    store.commit()
    assert [seq for (seq,) in store.connection.execute("SELECT seq FROM entry ORDER BY seq")] == [3, 4, 5, 6]
    store.close()


def test_a_page_never_begins_later_than_it_was_asked_to(tmp_path: Path) -> None:
    """Entries 1 to 4 are gone: offered as they are, the rest would pass for a forgery at the gateway."""
    live(tmp_path, some)
    store = Store(tmp_path / NAME)
    store.put_receipts([(1, 4, AT)])
    store.prune(AT + 36 * DAY_MS)
    assert [store.page(1, first, 100, 65_536) for first in (1, 3)] == [None, None]
    store.close()


def test_entries_let_go_while_running_are_told_to_the_outbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.journal_writer._PRUNE_EVERY_MS", 0)
    monkeypatch.setattr("controller.journal_writer.AT_REST_S", 0.05)
    live(tmp_path, some)

    async def use(life: Life) -> None:
        pruned: list[int] = []
        told = asyncio.Event()
        life.journal.changed = lambda result: told.set() if result.new_epochs and pruned else None
        await life.written(locker=1)
        life.journal.note_receipt(1, 4, AT)
        life.journal.note_receipt(2, 0, AT + 36 * DAY_MS)
        pruned.append(1)
        async with asyncio.timeout(10):
            await told.wait()
        epochs = await life.journal.epochs()
        assert epochs is not None
        assert epochs[0].pruned == 4

    live(tmp_path, use)


def test_a_single_witness_of_a_far_future_ages_no_receipt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.journal_writer._PRUNE_EVERY_MS", 0)
    monkeypatch.setattr("controller.journal_writer._IDLE_S", 0.01)
    live(tmp_path, some)

    async def use(life: Life) -> None:
        life.journal.note_receipt(1, 4, AT)
        spoofed = Moment(6_000, AT + 4_000 * DAY_MS, AT, AT + 4_000 * DAY_MS, "claimed")
        life.journal.append(EntryType.DOOR_OPENED, {"locker": 1}, spoofed)
        await life.written(locker=2)
        await asyncio.sleep(0.2)

    live(tmp_path, use)
    assert [len(epoch) for epoch in on_disk(tmp_path)] == [6, 3]


def test_what_waits_for_room_is_written_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(life: Life) -> None:
        await life.written(locker=1)
        monkeypatch.setattr("controller.journal_writer.LOW_DISK_BYTES", 1 << 60)
        monkeypatch.setattr("controller.journal_writer._DISK_CHECK_MS", 0)
        life.append(EntryType.BADGE_REFUSED, lambda _: None, why="unknown")
        await life.written(EntryType.RELEASE_INTENDED, release="r", locker=2)

    live(tmp_path, use)
    assert [entry.type for entry in on_disk(tmp_path)[0]][-1] == "badge_refused"


def test_beyond_the_bound_the_list_in_force_is_the_last_to_give_way() -> None:
    waiting = Waiting(limit=2)
    waiting.add(Pending(EntryType.ACCESS_APPLIED, {}, AT, 1, "trusted", {"list": b"new"}))
    for _ in range(3):
        waiting.add(Pending(EntryType.RELEASE_INTENDED, {}, AT, 1, "trusted"))
    assert waiting.choose(1, urgent_only=True)[0].state == {"list": b"new"}


def test_a_page_holds_what_fits_one_batch_and_the_hash_before_it(tmp_path: Path) -> None:
    async def use(life: Life) -> None:
        await some(life, 3)
        for _ in range(300):
            life.append(EntryType.DOOR_OPENED, lambda _: None, locker=1)
        await life.written(locker=2)
        assert life.journal.head is not None
        first = await life.journal.page(life.journal.head.no, 1)
        assert first is not None
        assert first.prev == GENESIS
        assert len(first.lines) == 100
        small = await life.journal.page(life.journal.head.no, 305)
        assert small is not None
        assert len(small.lines) == 1
        assert await life.journal.page(life.journal.head.no, 306) is None

    live(tmp_path, use)
