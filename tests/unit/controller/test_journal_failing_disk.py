"""The journal on a disk that refuses or has little room: what must be written still is, and nothing goes unsaid."""

import errno
import sqlite3
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest

from controller.journal import NAME
from controller.journal_writer import Writer
from controller.pending import MAX_WAITING, Handed, Pending, Waiting
from controller.state_copy import COPY_NAME, read_copy
from controller.storage import MACHINE, MachineStorage
from controller.store import RESERVE_BYTES, Store
from controller.witnesses import mono_ms
from tests.unit.controller.journal_lives import AT, NEW_LIST, NOW, OLD_LIST, Life, failing, live, on_disk, until
from wire.entries import EntryType


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


def test_a_count_of_entries_let_go_that_reached_the_disk_is_not_written_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = Store.commit

    def commit_and_fail(store: Store) -> None:
        commit(store)
        raise sqlite3.OperationalError("the answer was lost")

    async def use(life: Life) -> None:
        await life.written(locker=1)
        waiting = life.journal._work._writer._waiting  # type: ignore[attr-defined]
        waiting.lost["door_forced"] = 7
        with monkeypatch.context() as broken:
            broken.setattr(Store, "commit", commit_and_fail)
            assert not await life.written(locker=2)
            waiting.lost["door_forced"] += 1  # while it was not known
        assert await life.written(locker=3)

    live(tmp_path, use)
    (entries,) = on_disk(tmp_path)
    assert [entry.body["count"] for entry in entries if entry.type == "suppressed"] == [7, 1]


@pytest.mark.parametrize("code", [sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR])
def test_state_alone_that_the_disk_refused_is_not_durable_before_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Badge keys leave the chain as it is: that its end is on the disk says nothing of them."""

    async def use(life: Life) -> None:
        await life.written(locker=1)
        answers: list[bool] = []
        with monkeypatch.context() as broken:
            broken.setattr(Store, "commit", failing(code))
            life.journal.keep({"keys": b"of the badges"}, NOW, answers.append)
            await until(lambda: bool(answers))
        await until(lambda: answers == [False, True])
        assert await life.journal.kept("keys") == b"of the badges"

    live(tmp_path, use)


def test_beyond_the_bound_the_oldest_that_is_not_a_release_gives_way_and_is_counted() -> None:
    waiting = Waiting(limit=3)
    waiting.add(Pending(EntryType.RELEASE_INTENDED, {}, AT, 1, "trusted"))
    for _ in range(4):
        waiting.add(Pending(EntryType.BADGE_REFUSED, {}, AT, 1, "trusted"))
    assert len(waiting) == 3
    assert waiting.choose(1, urgent_only=True)[0].type is EntryType.RELEASE_INTENDED
    assert waiting.lost == {"badge_refused": 2}
    assert MAX_WAITING >= 1_000


def test_state_that_was_renewed_leaves_nothing_that_waits_and_pushes_entries_out() -> None:
    """A floor every ten minutes: 35 days of a disk that takes nothing."""
    waiting = Waiting(limit=10)
    waiting.add(Pending(EntryType.BADGE_REFUSED, {}, AT, 1, "trusted"))
    for minute in range(100):
        waiting.add(Pending(None, {}, AT, 1, "trusted", {"time": b"%d" % minute}))
    assert [(item.type, item.state) for item in waiting.choose(99, urgent_only=False)] == [
        (EntryType.BADGE_REFUSED, {}),
        (None, {"time": b"99"}),
    ]
    assert waiting.lost == {}


def test_state_alone_that_somebody_waits_for_is_not_dropped_before_they_were_answered() -> None:
    waiting, told = Waiting(), []
    for number in (b"1", b"2"):
        waiting.add(Pending(None, {}, AT, 1, "trusted", {"session": number}, told.append))
    assert len(waiting) == 2
    for item in waiting.newly_failed():
        assert item.done is not None
        item.done(False)
    waiting.add(Pending(None, {}, AT, 1, "trusted", {"session": b"3"}, told.append))
    assert (len(waiting), told) == (1, [False, False])


def test_what_has_been_written_leaves_the_rest_to_wait_although_something_was_dropped_meanwhile() -> None:
    waiting = Waiting()
    old = Pending(None, {}, AT, 1, "trusted", {"time": b"1"})
    new = Pending(EntryType.ACCESS_APPLIED, {}, AT, 1, "trusted", {"time": b"2"})
    waiting.add(old)
    waiting.add(new)
    waiting.remove([old])
    assert waiting.choose(9, urgent_only=False) == [new]


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
        life.journal.keep({"list": OLD_LIST}, NOW)
        assert await looked_after(life) == OLD_LIST
        life.journal.keep({"list": NEW_LIST}, NOW)
        with monkeypatch.context() as full:
            full.setattr(MachineStorage, "replace", refused)
            assert await looked_after(life) == OLD_LIST
        assert await looked_after(life) == NEW_LIST

    live(tmp_path, use)


def test_a_copy_begun_while_the_disk_stalls_on_a_newer_list_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, may_go_on = Store.commit, threading.Event()

    def stalls(store: Store) -> None:
        may_go_on.wait(10)
        commit(store)

    async def copied(life: Life) -> bytes | None:
        life.journal.tick(mono_ms() + 3_600_000)
        await life.journal.kept("list")  # the reader has done what it was given before
        return read_copy(tmp_path / COPY_NAME).get("list")

    async def use(life: Life) -> None:
        life.journal.keep({"list": OLD_LIST}, NOW)
        assert await life.written()
        answers: list[bool] = []
        with monkeypatch.context() as slow:
            slow.setattr(Store, "commit", stalls)
            life.journal.keep({"list": NEW_LIST}, NOW, answers.append)
            assert await copied(life) == OLD_LIST
            may_go_on.set()
            await until(lambda: answers == [True])
        assert await copied(life) == NEW_LIST

    live(tmp_path, use)


def test_room_is_reserved_again_after_the_disk_has_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log goes with its last connection."""
    wal = tmp_path / f"{NAME}-wal"
    writer = Writer(tmp_path / NAME, MACHINE, Store(tmp_path / NAME), None, "boot-1", mono_ms, lambda _: None)
    try:
        writer.step()
        assert wal.stat().st_size >= RESERVE_BYTES
        with monkeypatch.context() as broken:
            broken.setattr(Store, "commit", failing(sqlite3.SQLITE_IOERR))
            writer.take(Handed([Pending(EntryType.DOOR_OPENED, {}, AT, 1, "trusted")], Counter()))
            writer.step()
        for _ in range(2):
            writer.step()
        assert wal.stat().st_size >= RESERVE_BYTES
    finally:
        writer.close()


def test_what_was_let_go_of_is_counted_though_something_else_is_written_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time that the bank keeps is written without an entry, which could say how many."""
    monkeypatch.setattr("controller.journal_writer.LOW_DISK_BYTES", 1 << 60)
    monkeypatch.setattr("controller.journal_writer._DISK_CHECK_MS", 0)
    writer = Writer(tmp_path / NAME, MACHINE, Store(tmp_path / NAME), None, "boot-1", mono_ms, lambda _: None)
    writer._waiting = Waiting(limit=3)
    try:
        for _ in range(8):
            writer.take(Handed([Pending(EntryType.DOOR_FORCED, {}, AT, 1, "trusted")], Counter()))
            writer.step()
        writer.take(Handed([Pending(None, {}, AT, 1, "trusted", {"time": b"now"})], Counter()))
        writer.step()
        writer.take(Handed([Pending(EntryType.RELEASE_INTENDED, {}, AT, 1, "trusted")], Counter()))
        writer.step()
    finally:
        writer.close()
    (entries,) = on_disk(tmp_path)
    assert [entry.body["count"] for entry in entries if entry.type == "suppressed"] == [6]


def test_a_list_that_a_full_disk_has_no_room_for_keeps_no_release_from_being_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_state = Store.put_state

    def refuses_lists(store: Store, values: Mapping[str, bytes | None]) -> None:
        if "list" in values:
            failing(sqlite3.SQLITE_FULL)(store)
        put_state(store, values)

    async def use(life: Life) -> None:
        await life.written(locker=1)
        answers: list[bool] = []
        with monkeypatch.context() as full:
            full.setattr(Store, "put_state", refuses_lists)
            life.journal.append(EntryType.ACCESS_APPLIED, {}, NOW, state={"list": b"new"}, done=answers.append)
            await until(lambda: bool(answers))
            for number in range(3):
                assert await life.written(EntryType.RELEASE_INTENDED, release="r", locker=number)
                assert life.journal.trouble == "full"
            assert answers == [False]
        await until(lambda: answers == [False, True])
        assert life.journal.trouble is None

    live(tmp_path, use)


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
